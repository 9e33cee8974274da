"""What a stated value holds for: a model size, a data set, a setting, or the part of the paper it stands in."""

from __future__ import annotations

import re

from ._exceptions import ruled
from ._names import dataset_spans
from ._text import Sentence, squeeze
from ._vocabulary import language_pair

_SIZE = re.compile(
    r"\(?\b((?i:base|big|tuned|small|large|tiny|mini|medium|huge|giant|extra[- ]large|teacher|student|generator|discriminator)|XX?L)\b\)?"
    r"(?=[- ]+(?:models?|transformers?|networks?|variants?|architectures?|configurations?|versions?|nets?|encoders?|decoders?|ones?)\b|\)|\s+model)"
    r"|\b(BASE|LARGE|SMALL|TINY|HUGE|\d+-way(?:,?\s+\d+-shot)?|\d+-shot|[A-Z][A-Za-z]+(?:-[\w.]+)*-(?:\d+(?:\.\d+)?[BM]|[STBLHG]|Ti|XL|Small|Base|Large|Huge)(?:/\d+)?)\b",  # "ViT-L/16", "Llama-2-7B"
)
_BARE_SIZE = re.compile(r"\b(teacher|student|generator|discriminator)\b")
_SETTING = re.compile(
    r"\b(?i:for|in|of|the) (?:the )?([\w-]+(?: only)?|[A-Z][\w-]*(?: [\w-]+)?) (?:setting|task|experiments?|problem|case|regime|domain)s?\b"
)
_FOLLOWS = re.compile(r"^\s*(?:\w+\s+){0,4}?(?:for|on|in) (?:the )?(?P<name>[\w-]+(?: [\w-]+)?) (?:setting|task|experiments?|problem)s?\b")
GENERIC = re.compile(
    r"^(?:training|model|experiment|method|result|set-?\s?up|implementation|hyper-?parameter|optimi[sz]|regulari[sz]|hardware|evaluation|data|details?|architecture|network|approach|encoder|decoder|introduction|appendix|schedule|settings?|protocol|baselines?|analysis|discussion|supplement|additional|ablation|general|our|the|overview|preliminar|background|notation|position|embedding|attention|multi|scaled|semi|example|layer)",
    re.IGNORECASE,
)
_NOT_SETTINGS = {
    "this",
    "our",
    "all",
    "each",
    "the",
    "both",
    "these",
    "same",
    "other",
    "such",
    "that",
    "every",
    "which",
    "default",
    "main",
    "a",
    "an",
    "any",
    "some",
    "of",
    "experimental",
    "following",
    "hyperparameter",
    "parameter",
    "training",
}
_PART = re.compile(r"(?:[,;]|\band)\s+(?:for|on|in)\s+(?:the\s+)?", re.IGNORECASE)
# the part of training that a sentence is about: "For linear evaluation we train", "Fine-tuning is run", "we pretrain"
_STAGES = r"pre-?\s?training|fine-?\s?tuning|linear (?:evaluation|probing|probe|classification)|semi-supervised (?:learning|training)|instruction tuning|distillation"
_STAGE = re.compile(
    rf"(?:\b(?:for|during|in|at|when)\s+(?:the\s+)?(?:[\w-]+\s+){{0,2}}?|^\s*(?:our\s+|full\s+)?)(?P<stage>{_STAGES})\b|\b(?P<verb>pre-?\s?train|fine-?\s?tune)(?:d|ed)?\b(?!\s+(?:model|network|weight|checkpoint|encoder|on\b))",
    re.IGNORECASE,
)
_KINDS = r"(?:networks?|tasks?|data ?sets?|images?|benchmarks?|domains?|environments?|graphs?|games?|evaluation|learning|baselines?|languages?|pairs?|variants?|models?|features?|resolutions?|split)"
_PROPER = r"[A-Z][\w.+/-]*(?:\s+(?:[A-Z][\w.+/-]*|\d[\w.]*))*"
_WHAT = rf"(?:{_PROPER}(?:(?:,\s+|,?\s+and\s+){_PROPER})*(?:\s+{_KINDS})?|(?!(?:all|each|every|this|these|those|both|our|its|their|any|training|test|validation|which)\b)[\w×-]+(?:\s+×\s+\w+|\s+[\w-]+)?\s+{_KINDS})"
_TASK = r"(?:[a-z-]+\s+)?(?:classification|segmentation|detection|generation|translation|retrieval|summari[sz]ation|forecasting|imputation|recognition|synthesis|tagging|captioning|reconstruction|regression|clustering|completion)"
_LEAD = re.compile(rf"^\s*(?:[Ff]or|[Oo]n|[Ii]n)\s+(?:the\s+)?(?P<what>{_WHAT}|{_TASK})\s*(?:,|\b(?:we|our|the|an?)\b)")
_TAIL = re.compile(
    rf"^\S+(?:\s+[a-zA-Z][\w-]*){{0,3}}?\s+(?:for|on)\s+(?:the\s+)?(?P<what>{_WHAT})(?=\s*(?:$|[,.;:)]|\b(?:and|with|in|which|to|while|but)\b))"
)
_VAGUE_WHAT = re.compile(
    r"^(?:all|each|every|this|that|our|Table|Figure|Section|Appendix|Sec|Fig|Eq|GPUs?|TPUs?|[AVH]\d{2,3}|NVIDIA|Nvidia|Adam|SGD|larger models)\b|^other models?$|^the\b"
)
_SUBJECT = re.compile(
    r"^\s*(?:The|Our|Each|Both)\s+(?P<what>(?:[\w-]+\s+){0,2}?(?:(?<=\s)(?:projection|prediction|classification|output|policy|value)\s+heads?|encoder|decoder|actor|critic|policy|predictor|projector|classifier|prior|reward model|world model|value (?:function|network)|Q-?(?:function|network)|(?!(?:neural|whole|proposed|resulting|full|entire|final|same|first|second|last|deep)\s)[a-z-]+\s+(?:network|module|branch|tower|gate)))"
    r"(?:\s+networks?)?\s+(?:is|are|has|have|consists?|uses?|contains?|comprises?)\b"
)
# "Actor and critics are MLPs", "Critics have": parts of a model that open a sentence
_PART_NAMED = re.compile(
    r"(?:encoder|diffusion|distillation|gate|actor|critic|generator|discriminator|policy|prior|head|tokeni[sz]er|teacher|student|training|tuning|adapter|prompt|retriever|reader|classifier|router|expert|codebook)s?\b",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"^\s*(?:(?:The|Our|Both)\s+)?(?P<what>(?i:(?:actor|critic|encoder|decoder|policy|generator|discriminator|teacher|student)s?)(?:\s+and\s+(?:the\s+)?(?i:(?:actor|critic|encoder|decoder|policy|value (?:function|network)|generator|discriminator|teacher|student)s?))?)"
    r"\s+(?:is|are|has|have|uses?|both|share)\b"
)
# "TD3 uses a policy delay of 2": a short name with two capitals or a digit in it, which says what it is trained with
_CALLED = re.compile(
    r"^\s*(?P<what>(?=[\w+-]*[A-Z\d][\w+-]*[A-Z\d])[A-Z][\w+-]+)\s+(?:uses|employs|fine-?tunes|trains|tunes|updates|optimi[sz]es|(?:is|was|are|were)\s+(?:fine-?tuned|trained|optimi[sz]ed|run))\b"
)
# "the actor learning rate is 3e-4", "adapter dropout of 0.1": a part of the model right before the name of the value
_MODIFIER = re.compile(
    r"\b(?P<part>adapter|gate|actor|critic|encoder|decoder|generator|discriminator|policy|backbone|router|predictor|projector|prompt|codebook|head)s?(?:'s|s')?\s+"
    r"(?:learning\s+rate|dropout|weight\s+decay|batch\s+size|hidden\s+size|width|depth|optimi[sz]er|embedding\s+size)\b[^,;.]{0,20}$",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"(?<=\w)\s+(?:models?|networks?|variants?|tasks?|data ?sets?|settings?|experiments?|environments?|benchmarks?)$"
)  # "the big model" is "big"
_RIVAL = re.compile(r"\b([A-Z][\w+-]*)\s+baselines?\b")
_NEAR = re.compile(r"[^,;]{0,25}?\b(?:for|on)\s+(?:the\s+)?")  # between a value and the data set it is for
_CARRIED = ("vocabulary size", "training set size", "source vocabulary size", "target vocabulary size")


def scope_of(sentence: Sentence, at: int, before: Sentence | None, name: str, carried: str = "") -> str:
    """Return the scope of a value at character `at` of a sentence: "base", "big, English-French (EN-FR)", "" for the whole paper.

    `carried` is what an earlier sentence of the paragraph opened with ("On VCTK, ..."): it holds where this one names nothing of its own.
    """
    flat = ruled(sentence.flat, at)
    parts: list[str] = []
    sizes = [(match.start(), match[1] or match[2]) for match in _SIZE.finditer(flat)] or [
        (match.start(), match[1]) for match in _BARE_SIZE.finditer(flat)
    ]
    own = _own(flat, at)
    size = _nearest(sizes, at)
    rival = _RIVAL.search(flat)
    if size and not any(match[1] or match[2] for match in _SIZE.finditer(own)):
        called = re.search(rf"\b{re.escape(size)}\b[^(),.;]{{0,12}}\(\s*(?P<name>[A-Z][\w.+/-]*)\s*\)", flat)  # "the large model (Net-L)"
        named = re.search(rf"\b(?P<size>base|big|small|large|tiny|medium|huge)\b[^(),.;]{{0,12}}\(\s*{re.escape(size)}\s*\)", flat)
        parts += [size, called["name"]] if called else [named["size"], size] if named else [size]
    elif rival and rival[1] not in ("The", "All", "For", "Our", "These", "Other", "Both"):
        parts += [rival[1], "baseline"]
    elif re.search(r"\bbaselines?\b", flat) and not re.search(r"\bour\b|\bwe (?:train|use)", flat, re.IGNORECASE):
        parts.append("baseline")
    side = re.match(r"\S+[\s-]+(encoder|decoder)\b", flat[at:])
    if side:
        parts.append(side[1])
    if own:
        parts.append(own)
    subject = _SUBJECT.match(flat) or _CALLED.match(flat) or _PARTS.match(flat)
    if subject and subject.end("what") <= at and not side:
        parts.append(squeeze(subject["what"]))
    if name in ("channels", "kernel size", "stride") and "onv" in flat and (ordinal := _ordinal(flat, at)):
        parts.append(f"conv{ordinal}")
    part = _MODIFIER.search(flat[:at])
    if part and not side:
        parts.append(part["part"].lower())
    data = "" if own else _data(flat, at)
    if not own and not data and before is not None and name in _CARRIED:
        data = _data(before.flat, len(before.flat))
    if data:
        parts.append(data)
    if sentence.passage.kind == "caption" and re.match(r"\W*ablation", flat, re.IGNORECASE):
        parts.append("ablation")
    stage = _stage(flat, at)
    if stage:
        parts.append(stage)
    setting = _setting(flat, at)
    if setting:
        parts.append(setting)
    if carried and not parts:
        parts.append(carried)
    title = squeeze(sentence.section).rstrip(".")
    headed = sentence.role in ("experiments", "appendix", "other", "method") and sentence.level >= 2
    on = _HEADED_ON.match(title) if sentence.role != "related" else None
    if on:  # "Experiments on speech recognition" says what its experiments are on, at any level
        parts.append(on["what"])
    elif (
        sentence.role == "method"
        and sentence.level >= 2
        and _PART_NAMED.search(title)
        and not GENERIC.match(title)
        and len(title.split()) <= 4
    ) or (headed and ((sentence.number and sentence.role != "method" and not GENERIC.match(title)) or _heads(title))):
        parts.append(title)
    return ", ".join(dict.fromkeys(parts))


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def _ordinal(flat: str, at: int) -> int:
    """Return the number of the layer that a sentence speaks of at a value: "the second layer has 64 filters"; 0 where it numbers none."""
    found = [
        match[1].lower()
        for match in re.finditer(
            r"\b(first|second|third|fourth|fifth|sixth|final|last)\s+(?:[a-z]+\s+){0,2}layer", flat[:at], re.IGNORECASE
        )
    ]
    if not found:
        return 0
    if found[-1] in _ORDINALS:
        return _ORDINALS.index(found[-1]) + 1
    known = [_ORDINALS.index(word) + 1 for word in found if word in _ORDINALS]
    return max(known) + 1 if known else 0


def carries(sentence: Sentence, carried: str) -> str:
    """Return what the next sentence of a paragraph is still about: the data set or task that this one opens with, else what it was about before.

    A sentence about everything ("Each agent", "All models", "We evaluate") ends it.
    """
    lead = _LEAD.match(sentence.flat)
    if lead and not _VAGUE_WHAT.match(lead["what"]) and not re.match(_STAGES, lead["what"], re.IGNORECASE):
        named = dataset_spans(lead["what"]) or re.match(r"[A-Z][\w.+-]*[\d-]\w*", lead["what"])
        return _KIND.sub("", squeeze(lead["what"]).rstrip(".")) if named and not language_pair(lead["what"]) else ""
    return "" if _EVERYTHING.search(sentence.flat) else carried


_EVERYTHING = re.compile(
    r"^\s*(?:Each|All|Every|Our|Both|In\s+(?:all|both|each|total)|For\s+(?:all|both|each|every)|As\s+in|Table|Figure|(?:At|During|For)\s+(?:inference|test|sampling|evaluation|generation)|We\s+(?:evaluat|report|compar|measur))\b|\b(?:throughout|across\s+all|in\s+all|for\s+all|all\s+(?:experiments|models|methods|tasks|runs))\b",
    re.IGNORECASE,
)


def _own(flat: str, at: int) -> str:
    """Return what the words right behind a value, else the opening of its sentence, say it is for: "64 for larger images", "For MobileNetV2 we ..."."""
    for pattern, text in ((_TAIL, flat[at:]), (_LEAD, flat)):
        found = pattern.match(text)
        if found and not _VAGUE_WHAT.match(found["what"]) and not re.match(_STAGES, found["what"], re.IGNORECASE):
            if language_pair(found["what"]) or re.match(r"(?:WMT|IWSLT)\b.*\d", found["what"]):
                return ""  # `_data` says it in full
            if pattern is _LEAD and at < found.end():
                return ""
            return _KIND.sub("", squeeze(found["what"]).rstrip("."))
    named = re.match(rf"\s*(?P<what>{_PROPER}(?:\s*→\s*\w+)?)\s*:", flat)  # "Cityscapes: 2975 training images"
    if named and named.end() <= at and (dataset_spans(named["what"]) or "→" in named["what"]):
        return squeeze(named["what"])
    return ""


def _stage(flat: str, at: int) -> str:
    """Return the last part of training that a sentence names before a value: "fine-tuning", "linear evaluation"."""
    found = list(_STAGE.finditer(flat[:at]))
    if not found:
        return ""
    if found[-1]["stage"]:
        return re.sub(r"\s+", " ", found[-1]["stage"]).lower()
    return "pre-training" if found[-1]["verb"].lower().startswith("pre") else "fine-tuning"


_HEADED_ON = re.compile(
    r"^(?:[\w-]+\s+){0,2}?(?:experiments?|results?|evaluations?|training|study|studies|pre-?training|fine-?tuning)\s+(?:\w+\s+)?(?:on|for|with|in)\s+(?:the\s+)?(?P<what>[\w(].{2,50})$",
    re.IGNORECASE,
)


def _heads(title: str) -> bool:
    """Say whether a heading without a number is itself what its text is about: a data set, a part of training, a method's short name."""
    if len(title.split()) <= 4 and dataset_spans(title):
        return True
    return bool(re.fullmatch(r"[A-Z]{2,}[\w-]*|[A-Z]\w*-[\w-]+", title) or re.fullmatch(_STAGES, title, re.IGNORECASE))


def _printed(flat: str, name: str, start: int, end: int) -> str:
    """Return a data set as the sentence spells it, where that is its name with other signs ("CIFAR10")."""
    words = squeeze(flat[start:end])
    plain = re.sub(r"\W", "", words).lower()
    return words if plain == re.sub(r"\W", "", name).lower() else name


def _nearest(found: list[tuple[int, str]], at: int) -> str:
    """Return the last word before the value, else the first after it."""
    earlier = [word for start, word in found if start <= at]
    return earlier[-1] if earlier else (found[0][1] if found else "")


def _data(flat: str, at: int) -> str:
    """Return the data sets a sentence names, where they are what the value is for: "for English-French", "on Cora and Pubmed"."""
    spans = [span for span in dataset_spans(flat) if not re.match(r"newstest", span[0], re.IGNORECASE)]
    earlier = [match.end() for match in _PART.finditer(flat[:at])]
    turn = earlier[-1] if earlier and any(earlier[-1] <= start <= at for _, start, _ in spans) else 0  # "..., and for CIFAR-10 we use"
    spans = [(_printed(flat, *span), *span[1:]) for span in spans]
    names = [name for name, start, _ in spans if turn <= start <= at] or [
        name for name, start, _ in spans if _NEAR.fullmatch(flat[at:start])
    ]
    clause = re.search(r"\b(?:[Ff]or|[Oo]n)\s+(?:the )?([A-Z][a-z]+-(?:to-)?[A-Z][a-z]+)", flat)
    pair = language_pair(clause[1]) if clause else language_pair(" ".join(names[-1:]))
    if pair is None:
        near = re.search(r"\b(?:[Ff]or|[Oo]n)\s+(?:the )?(?:[\w ]{0,20})", flat)
        pair = language_pair(flat) if near and len(set(re.findall(r"[A-Z][a-z]+-(?:to-)?[A-Z][a-z]+", flat))) == 1 else None
    if pair:
        return f"{pair[0]} ({pair[1]})"
    return ", ".join(dict.fromkeys(names))


def _setting(flat: str, at: int) -> str:
    after = _FOLLOWS.match(flat[at:][re.match(r"\S*", flat[at:]).end() :]) if flat[at:] else None  # type: ignore[union-attr]
    if after and after["name"].split()[0].lower() not in _NOT_SETTINGS:
        return str(after["name"])
    found = [(match.start(), match[1]) for match in _SETTING.finditer(flat)]
    word = _nearest(found, at)
    return "" if word.split(" ")[0].lower() in _NOT_SETTINGS else word
