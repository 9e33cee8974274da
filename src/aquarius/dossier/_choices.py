"""Facts whose value is a word: optimizer, activation, loss, schedule, initialization, hardware, input size, augmentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from ._numbers import COUNT, NUMBER, number_of, print_number
from ._term import Group
from ._text import squeeze
from ._vocabulary import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES

# what stands before a value that is denied, or another's
NEGATED = re.compile(
    r"(?:\b(?:no|not|without|never|neither|nor|instead of|rather than|unlike|omit\w*|disabl\w*|remov\w*)\b|n't\b)(?:\s+[\w-]+){0,3}\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """A choice in a flattened sentence."""

    value: str
    start: int
    end: int
    number: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Choice:
    """A kind of choice, and the function that finds it in a flattened sentence."""

    group: Group
    key: str
    name: str
    find: Callable[[str], Found | None]


def choices(flat: str) -> Iterator[tuple[Choice, Found]]:
    """Yield what a sentence chooses, at most one of a kind."""
    for choice in CHOICES:
        found = choice.find(flat)
        while found is not None:
            if not NEGATED.search(flat[: found.start]):
                yield choice, found
            # "BASE on 64 GPUs and LARGE on 128 GPUs"; "the cross-entropy; for regression the L1 loss"
            rest = found.end if choice.name == "hardware" else flat.find(";", found.end)
            if rest < 0 or choice.name not in ("hardware", "loss", "optimizer", "activation", "learning rate schedule"):
                break
            found = choice.find(" " * rest + flat[rest:])


def _found(match: re.Match[str], value: str, number: float | None = None, unit: str = "") -> Found:
    return Found(value, match.start(), match.end(), number, unit)


_OPTIMIZER = "|".join(re.escape(name) for name in OPTIMIZERS)
_OPTIMIZER_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"[“\"`']*(?<![\w-])(?P<value>{_OPTIMIZER})[”\"']*(?:\s+\([^()]*\))?\s+(?:optimi[sz]er|optimi[sz]ation (?:algorithm|method)|solver|update rule|algorithm)",
        rf"(?:train(?:ed|ing)?|optimi[sz]e[ds]?|optimi[sz]ation|optimi[sz]er|optimi[sz]ing|minimi[sz]e[ds]?|learn(?:ed|ing)?|updat(?:ed?|ing)|performed|run|use[ds]?|using|employ(?:ed|ing|s)?)\b[^.;()]{{0,70}}?"
        rf"\b(?:with|using|by|via|use[ds]?|is|was|employ(?:ed|s)?)\s+(?:the |plain |standard |vanilla |mini-?batch |synchroni[sz]ed |synchronous |asynchronous |distributed |a variant of )*[“\"`']*(?P<value>{_OPTIMIZER})\b",
        rf"(?:optimi[sz]er\s*[:=]|[:,;(])\s*(?P<value>{_OPTIMIZER})\b(?=(?:[^.]|\.\d)*(?:learning rate|schedule|weight decay|warm|\blr\b))",
        rf"optimi[sz]er\s*[:=]\s*(?P<value>{_OPTIMIZER})\b",
        rf"\b(?:and|with|by|using)\s+(?P<value>{_OPTIMIZER})\s*\(",
        rf"^\s*(?P<value>{_OPTIMIZER})\s+(?:has|uses|runs|is (?:used|run|applied))\b|\bfine-?\s?tun\w*\b[^;()]{{0,160}}?\s(?:with|using|by)\s+(?P<tuned>{_OPTIMIZER})\b",
        rf"(?:we |are |is )?us(?:e|ed|ing)\s+(?:the )?[“\"`']*(?P<value>{_OPTIMIZER})\b(?=(?:[^.]|\.\d)*(?:learning rate|β|momentum|optimi|gradient|hyper-?parameters|default|weight decay|decay|warm-?up|schedule|epochs|steps))",
    )
)
_ANY_OPTIMIZER = re.compile(rf"(?<![\w-])(?:{_OPTIMIZER})\b", re.IGNORECASE)


def _optimizer(flat: str) -> Found | None:
    for pattern in _OPTIMIZER_PATTERNS if _ANY_OPTIMIZER.search(flat) else ():
        match = pattern.search(flat)
        group = "tuned" if match and match.groupdict().get("tuned") else "value"
        if match and not NEGATED.search(flat[: match.start(group)]):
            name = next(name for name in OPTIMIZERS if name.lower() == match[group].lower())
            first = re.search(rf"({_OPTIMIZER})\s+$", flat[max(0, match.start(group) - 20) : match.start(group)], re.IGNORECASE)
            name = next((known for known in OPTIMIZERS if first and known.lower() == first[1].lower()), name)  # "the Adam SGD optimizer"
            return _found(match, "SGD" if name.startswith("stochastic") else name)
    return None


_NEAR_ACTIVATION = r"(?:activations?(?: functions?)?|non-?linearit(?:y|ies)|units?|rectifier|hidden|neurons|transfer function)"
# a name that is nothing but an activation says so by itself
_PRINTED = {
    "ReLU": "ReLUs?",
    "GELU": "GELUs?",
    "SiLU": "SiLU|Swish",
    "SwiGLU": "SwiGLU",
    "GEGLU": "GEGLU",
    "Mish": "Mish",
    "PReLU": "PReLU",
    "ELU": "ELUs?",
    "SELU": "SELU",
}
_SLOPE = re.compile(rf"(?:slope|leak)(?: of| is| =)?\s*({NUMBER})|(?:max)?\s*\(\s*x\s*,\s*(\d*\.\d+)\s*x\s*\)", re.IGNORECASE)


@cache
def _activation_patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    return tuple(
        (
            name,
            re.compile(words, re.IGNORECASE),
            re.compile(
                rf"(?:(?-i:{_PRINTED.get(name, '(?!)')})(?![\w-])|(?:{words})\S*(?:\s+\(?[\w-]+\)?){{0,2}}?\s+(?:{_NEAR_ACTIVATION}|in\s+between)"
                rf"|(?:activation|non-?linearity)(?: function)?s?\s*(?:is|was|of|:|=)?\s*(?:the |an? )?(?:{words}))",
                re.IGNORECASE,
            ),
        )
        for words, name in ACTIVATIONS.items()
    )


def _activation(flat: str) -> Found | None:
    for name, words, pattern in _activation_patterns():
        match = pattern.search(flat) if words.search(flat) else None
        if match is None:
            continue
        slope = _SLOPE.search(flat) if name == "leaky ReLU" else None
        return _found(match, f"{name} {(slope[1] or slope[2]).strip()}" if slope else name)
    return None


@cache
def _loss_patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    verbs = r"(?:minimi[sz]\w+|optimi[sz]\w+|train\w*|use[ds]?|using|objective|loss|criterion|evaluate)\b"
    return tuple(
        (
            name,
            re.compile(words, re.IGNORECASE),
            re.compile(
                rf"{verbs}[^.;]{{0,50}}?(?:{words})|(?:{words})[^.;]{{0,60}}?\b(?:loss|objective|criterion)"
                rf"|(?:loss|objective)\w*[^.;]{{0,30}}?\bis\b[^.;]{{0,15}}?(?:{words})",
                re.IGNORECASE,
            ),
        )
        for words, name in LOSSES.items()
    )


def _loss(flat: str) -> Found | None:
    for name, words, pattern in _loss_patterns():
        match = pattern.search(flat) if words.search(flat) else None
        if match:
            return _found(match, name)
    return None


_ABOUT_SCHEDULE = re.compile(r"learning rate|\blr\b|(?<!noise )(?<!variance )schedule|anneal|step number|warm-?up", re.IGNORECASE)
_NOISE = re.compile(
    r"(?P<value>linear|cosine|sigmoid|quadratic|exponential)\s+(?:noise|variance|beta|β)\s+schedule|\bnoise\b[^.;,]{0,25}?\b(?P<after>linear|cosine|sigmoid|quadratic|exponential)\s+schedule",
    re.IGNORECASE,
)


def _noise_schedule(flat: str) -> Found | None:
    match = _NOISE.search(flat)
    return _found(match, (match["value"] or match["after"]).lower()) if match else None


def _schedule(flat: str) -> Found | None:
    if _NOISE.search(flat) and "rate" not in flat:
        return None
    if not _ABOUT_SCHEDULE.search(flat):
        return None
    for words, name in SCHEDULES.items():
        match = re.search(words, flat, re.IGNORECASE)
        if match and not re.match(r"\s+(?:similarity|distance|noise|variance)", flat[match.end() :]):
            return _found(match, name)
    return None


_INIT = re.compile(
    r"(?:\b(?:weights?|parameters?|matrices|networks?|models?|layers|embeddings?|kernels?)\b)?[^.;]{0,40}?\b(?:initiali[sz](?:ed|ation|e)|drawn|sampled)\b[^.;]{0,60}?"
    r"(?P<value>xavier|glorot|kaiming|\bhe (?:normal|uniform|initiali)|orthogonal\w*|(?:truncated |zero-mean |a )*(?:gaussian|normal)(?: distribution)?(?![a-z])|n\s*\(\s*0\s*,"
    r"|uniform(?:ly| distribution)?|lecun|identity|pre-?trained)(?P<tail>(?:[^.;]|\.\d){0,130})",
    re.IGNORECASE,
)
_INITIALIZED = re.compile(
    r"\b(?:weights?|parameters?|matri(?:x|ces)|networks?|models?|layers?|embeddings?|kernels?|training)\b", re.IGNORECASE
)
_OTHER_INIT = re.compile(r"\bbias|random seeds|different|runs", re.IGNORECASE)
_INIT_NUMBERS = re.compile(
    rf"mean (?:of )?(?P<mean>zero|{NUMBER})|(?:standard deviation|std\.?(?: dev\.?)?|variance)(?: of)?\s*(?P<std>{NUMBER}|1\s*/[^,.;]{{1,20}})"
    rf"|(?P<sigma>σ)\s*=\s*(?P<deviation>{NUMBER})|(?:between|in|from)\s*\[?\s*(?P<low>-\s?{NUMBER}|{NUMBER})\s*(?:,|and|to)\s*(?P<high>{NUMBER})",
    re.IGNORECASE,
)
_SCHEMES = {
    "xavier": "Glorot", "glorot": "Glorot", "kaiming": "He", "he ": "He", "lecun": "LeCun", "orthogonal": "orthogonal", "uniform": "uniform",
    "identity": "identity", "pre": "pretrained",
}  # fmt: skip


def _initialization(flat: str) -> Found | None:
    match = (
        _INIT.search(flat) if "nitiali" in flat or re.search(r"\b(?:weights?|matri|parameters)\b.*\b(?:drawn|sampled)\b", flat) else None
    )
    if (
        match is None
        or not _INITIALIZED.search(match[0])
        or _OTHER_INIT.search(re.split("nitiali", flat[match.start() : match.start("value")])[0])
    ):
        return None
    name = next((full for start, full in _SCHEMES.items() if match["value"].lower().startswith(start)), "Gaussian")
    details = []
    for part in _INIT_NUMBERS.finditer(match["tail"]):
        if part["mean"]:
            details.append(f"mean {'0' if part['mean'] == 'zero' else print_number(part['mean'])}")
        if part["std"]:
            details.append(f"std {squeeze(part['std'])}".replace("√", "sqrt "))
        if part["sigma"]:
            details.append(f"std {print_number(part['deviation'])}")
        if part["low"]:
            details.append(f"{print_number(part['low'])} to {print_number(part['high'])}")
    return _found(match, ", ".join([name, *details]))


_BIAS = re.compile(
    r"\bbias(?:es| vectors?| terms?)?\b[^.;]{0,40}?\b(?:initiali[sz]ed|set)\b[^.;]{0,15}?\b(?P<value>zeros?|ones?|\d*\.?\d+)|\binitiali[sz]ed\s+with\s+(?:a\s+)?bias(?:es)?(?:\s+b)?(?:\s+of|\s*=)?\s*(?P<other>zeros?|ones?|-?\d*\.?\d+)",
    re.IGNORECASE,
)


def _bias(flat: str) -> Found | None:
    match = _BIAS.search(flat)
    return (
        _found(match, {"zero": "0", "zeros": "0", "one": "1", "ones": "1"}.get((value := match["value"] or match["other"]).lower(), value))
        if match
        else None
    )


_WORK = re.compile(r"\b(?:(?:pre-?)?train|run|ran|use|experiment|took|machine|fit|perform)", re.IGNORECASE)
_MAKERS = r"(?:(?:NVIDIA|Nvidia|nVidia|Google|Cloud|Tesla|GeForce|Titan(?: Xp?| V| RTX)?|TITAN(?: Xp?| V| RTX)?|Pascal|Volta|Ampere|Hopper|RTX|GTX|Quadro|AMD)\s+)*"
_HARDWARE = re.compile(
    rf"(?P<value>(?:{COUNT}|\ban?\b|\bsingle\b)\s+(?:single\s+)?{_MAKERS}(?:[A-Z]{{0,4}}-?\d{{2,4}}\w{{0,3}}(?:\s?(?:Ti|X|Xp|GB|SXM\d?|PCIe|Black))*\s+)?"
    r"(?:GPUs?|TPUs?|TPU ?v\d(?: chips| cores)?|CPU cores?|graphics cards?|[AVHPTL]\d{2,4}s?(?![\w-])|(?:RTX |GTX )\d{3,4}(?: ?Ti)?s?))(?![\w-])(?!\s+(?:hours?|days?|weeks?|minutes?|memory))"
)


def _hardware(flat: str) -> Found | None:
    match = _HARDWARE.search(flat)
    if match is None or not (_WORK.search(flat) or re.search(r"\d", match[0])):
        return None
    value = squeeze(match["value"])
    count = re.match(COUNT, value, re.IGNORECASE)
    if count is None and re.match(r"an? (?!single)", value) and not re.search(r"[GT]PU|card|core|\b[AVHP]100|\bA\d{2,4}|RTX|NVIDIA", value):
        return None
    if (
        count is None
        and not re.search(r"[GT]PU|card|core|single", value)
        and not re.search(r"\b(?:on|with|using|to)\s*$", flat[: match.start()])
    ):
        return None  # "9.5 TFLOPS for a P100" runs on none
    if count is None:  # "a single V100 GPU" is 1 V100 GPU
        value = re.sub(r"^(?:an? )?(?:single )?", "1 ", value)
    elif not re.search(r"\d", count[0]):
        value = value.replace(count[0], f"{number_of(count[0]):g}", 1)  # "one RTX 2080 Ti"
    return _found(match, value, number_of(count[0]) if count else 1.0, "accelerators")


_SIZES = r"\d{2,4}\s*[×x]\s*\d{2,4}(?:\s*[×x]\s*\d{1,2})?"
_RESOLUTION = re.compile(
    rf"\b(?:inputs?|images?|resolutions?|resized?|rescaled?|cropp?(?:ed)?|crops)\b[^.;,]{{0,30}}?\b(?P<inside>{_SIZES})\b"
    rf"|(?<![\w×])(?P<before>{_SIZES})\s*(?:pixels|(?:input )?images|inputs|crops|resolution)",
    re.IGNORECASE,
)
# "resolution 384^2", "their shorter side is 800 pixels"
_SQUARED = re.compile(
    r"\bresolution\s+(?:of\s+)?(?P<squared>\d{2,4})\s*\^\s*2|\bshort(?:er|est)? (?:side|edge)s? (?:is|are|of|to|has|have)\s+(?P<side>\d{2,4})\b",
    re.IGNORECASE,
)
_WINDOW = re.compile(r"kernel|filter|conv|patch|window|pool|grid", re.IGNORECASE)


def _input_size(flat: str) -> Found | None:
    squared = _SQUARED.search(flat)
    if squared is not None:
        value = squared["squared"] or squared["side"]
        return _found(squared, value, float(value), "pixels")
    match = _RESOLUTION.search(flat)
    if match is None or _WINDOW.search(flat[max(0, match.start() - 25) : match.end() + 12]):
        return None
    sizes = re.split(r"\s*[×x]\s*", match["inside"] or match["before"])
    return _found(match, "×".join(sizes), float(sizes[0]), "pixels")


_AUGMENTATION = re.compile(
    r"(?:random(?:ly)? |horizontal(?:ly)? |left-right |colou?r |image )+(?:crop\w*|flip\w*|jitter\w*|rotat\w*|erasing)"
    r"|\b(?:mix-?up|cut-?mix|rand-?augment|auto-?augment|cutout)\b|horizontal(?:ly)? flip\w*|gaussian blur|spec-?augment|random grayscale",
    re.IGNORECASE,
)


def _augmentation(flat: str) -> Found | None:
    matches = list(_AUGMENTATION.finditer(flat))
    return (
        Found(", ".join(dict.fromkeys(squeeze(match[0]) for match in matches)), matches[0].start(), matches[-1].end()) if matches else None
    )


_POOLINGS = {
    r"(?:global )?(?:mean|average)[- ]pool(?:ing|ed)?": "mean",
    r"(?:global )?max[- ]pool(?:ing|ed)?": "max",
    r"(?:global )?sum[- ]pool(?:ing|ed)?": "sum",
    r"attention[- ]pool(?:ing|ed)?|attentive (?:statistics )?pooling": "attention",
}
_NORMS = {
    r"rms-?norm": "RMSNorm",
    r"layer-?\s?norm(?:ali[sz]ation)?s?": "layer normalization",
    r"batch-?\s?norm(?:ali[sz]ation)?s?": "batch normalization",
    r"group-?\s?norm(?:ali[sz]ation)?s?": "group normalization",
    r"revin|reversible instance normali[sz]ation": "RevIN",
    r"instance-?\s?norm(?:ali[sz]ation)?s?": "instance normalization",
}
_POSITIONS = {
    r"rotary (?:position(?:al)? )?(?:embedding|encoding)s?|\brope\b": "rotary",
    r"sinusoidal (?:position(?:al)? )?(?:embedding|encoding)s?": "sinusoidal",
    r"learn(?:ed|able|t) (?:absolute )?position(?:al)? (?:embedding|encoding)s?": "learned",
    r"relative position(?:al)? (?:embedding|encoding|bias)e?s?": "relative",
    r"\balibi\b": "ALiBi",
}
_TRIED = re.compile(
    r"\b(?:experiment\w* with|tried|replac\w+|instead|ablat\w+|compar\w+|unlike)\b", re.IGNORECASE
)  # another's choice, or one of several
_APPLIES = r"(?:\bus(?:e|es|ed|ing)|\bhas|\bhave|\bwith|\bappl(?:y|ied)|\bemploy\w*|\badopt\w*|followed by|\bby)\b[^.;]{0,60}?"


def _used(names: dict[str, str]) -> Callable[[str], Found | None]:
    """Return a finder of what a sentence says is used, out of a list of names."""
    patterns = [
        (
            re.compile(
                rf"{_APPLIES}(?<![\w-])(?P<value>{words})(?![\w-])|(?<![\w-])(?P<passive>{words})[^.;,]{{0,20}}?\b(?:is|are) (?:applied|used|employed|added|performed)",
                re.IGNORECASE,
            ),
            name,
        )
        for words, name in names.items()
    ]

    known = re.compile("|".join(names))

    def find(flat: str) -> Found | None:
        if not known.search(flat.lower()) or _TRIED.search(flat):
            return None
        for pattern, name in patterns:
            match = pattern.search(flat)
            printed = match["value"] or match["passive"] if match else ""
            if match and not NEGATED.search(flat[: match.start("value" if match["value"] else "passive")]):
                return _found(match, printed if re.fullmatch(r"[A-Z]\w*Norm", printed) else name)
        return None

    return find


_BACKBONE = re.compile(
    r"\b(?:backbone|encoder|image encoder|base (?:model|architecture|network)|feature extractor)s?(?: network| architecture)? (?:is|are|was|were) (?:an? |the )?(?P<is>[A-Z][\w.+/-]*(?:[ -][\dA-Z][\w./-]*)?)"
    r"|\b(?:an? |the )(?P<named>[A-Z][\w.+/-]*(?:-\d[\w./-]*)?) (?:backbone|as (?:the |our )?backbone)\b"
)


def _backbone(flat: str) -> Found | None:
    match = _BACKBONE.search(flat) if "backbone" in flat or "encoder" in flat or "base" in flat or "extractor" in flat else None
    return _found(match, squeeze(match["is"] or match["named"])) if match else None


_SQUARE_KERNEL = re.compile(r"(?<![\w×])(?P<size>\d{1,2})\s*×\s*(?P=size)\s+(?:[a-z-]+\s+){0,2}?(?:conv|kernel|filter)", re.IGNORECASE)
_PRECISION = re.compile(
    r"(?P<mixed>mixed[- ]precision)|(?:in|using|with)\s+(?P<format>bfloat16|bf16|fp16|float16|half[- ]precision)", re.IGNORECASE
)


_SQUARE_PATCH = re.compile(r"(?<![\w×])(?P<size>\d{1,3})\s*×\s*(?P=size)\s+(?:[a-z-]+\s+){0,2}?patches", re.IGNORECASE)


def _patch(flat: str) -> Found | None:
    match = _SQUARE_PATCH.search(flat)
    return _found(match, f"{match['size']}×{match['size']}", float(match["size"])) if match else None


def _kernel(flat: str) -> Found | None:
    match = _SQUARE_KERNEL.search(flat)
    return _found(match, f"{match['size']}×{match['size']}", float(match["size"])) if match else None


def _precision(flat: str) -> Found | None:
    match = _PRECISION.search(flat)
    return _found(match, "mixed precision" if match["mixed"] else match["format"]) if match else None


# "divided by 10 at 60k and 80k iterations", "decayed by a factor of 0.1 at epochs 150, 180 and 210"
_SPOTS = rf"{NUMBER}(?:\s*,\s*(?:and )?{NUMBER})*(?:\s*,?\s+and\s+(?:again\s+)?(?:at\s+)?{NUMBER})?"
_MILESTONES = re.compile(
    rf"\b(?:decay|divid|drop|reduc|multipl|decreas|lower)\w*[^.;]{{0,60}}?\b(?:at|after)\s+(?:the\s+)?(?:(?:epochs?|steps?|iterations?)\s+(?P<first>{_SPOTS})|(?P<last>{_SPOTS})\s+(?P<unit>epochs|steps|iterations|updates))",
    re.IGNORECASE,
)


def _milestones(flat: str) -> Found | None:
    match = _MILESTONES.search(flat) if "rate" in flat else None
    if match is None:
        return None
    spots = [print_number(part) for part in re.findall(NUMBER, match["first"] or match["last"])]
    return _found(match, ", ".join(spots), number_of(spots[0]) if len(spots) == 1 else None, match["unit"] or "")


# "an ε-greedy policy with the ε decreasing linearly from 1 to 0.1", "evaluated with an ε-greedy policy where ε = 0.05"
_EXPLORES = re.compile(
    rf"(?:\bε|\bexploration(?: rate)?)\b[^.;]{{0,50}}?(?:decreas|anneal|decay|reduc)\w*[^.;]{{0,20}}?\bfrom\s+(?:ε\s*=\s*)?(?P<first>{NUMBER})\s+to\s+(?:ε\s*=\s*)?(?P<last>{NUMBER})",
    re.IGNORECASE,
)
_GREEDY = re.compile(rf"\bε\s*-?\s*greedy\b[^.;]{{0,40}}?\bε\s*(?:=|of|is)\s*(?P<value>{NUMBER})", re.IGNORECASE)


def _exploration(part: str) -> Callable[[str], Found | None]:
    def find(flat: str) -> Found | None:
        match = _EXPLORES.search(flat) if "ε" in flat or "xploration" in flat else None
        return _found(match, print_number(match[part]), number_of(print_number(match[part]))) if match else None

    return find


def _evaluated_exploration(flat: str) -> Found | None:
    match = _GREEDY.search(flat) if "ε" in flat and re.search(r"evaluat|test", flat) else None
    return _found(match, print_number(match["value"]), number_of(print_number(match["value"]))) if match else None


_NO_DECAY = re.compile(r"\b(?:no|without|zero)\s+weight\s+decay\b(?!\s+(?:of|rate)\b)", re.IGNORECASE)


def _no_decay(flat: str) -> Found | None:
    match = _NO_DECAY.search(flat) if "decay" in flat else None
    return _found(match, "0", 0.0) if match else None


_SPLIT = re.compile(
    r"\bsplit\w*\b[^.;]{0,60}?(?<![\d:/])(?P<value>\d{1,2}\s?[:/]\s?\d{1,2}(?:\s?[:/]\s?\d{1,2})?)(?![\d:/])|(?<![\d:/])(?P<before>\d{1,2}\s?[:/]\s?\d{1,2}\s?[:/]\s?\d{1,2})(?![\d:/])[^.;]{0,30}?\bsplits?\b",
    re.IGNORECASE,
)


def _split(flat: str) -> Found | None:
    match = _SPLIT.search(flat) if "split" in flat else None
    return _found(match, re.sub(r"\s", "", match["value"] or match["before"])) if match else None


CHOICES = (
    Choice("recipe", "weight_decay", "weight decay", _no_decay),
    Choice("evaluation", "split", "split", _split),
    Choice("recipe", "optimizer", "optimizer", _optimizer),
    Choice("architecture", "activation", "activation", _activation),
    Choice("recipe", "loss", "loss", _loss),
    Choice("recipe", "lr_schedule", "learning rate schedule", _schedule),
    Choice("recipe", "init", "initialization", _initialization),
    Choice("recipe", "bias_init", "bias initialization", _bias),
    Choice("recipe", "gpus", "hardware", _hardware),
    Choice("recipe", "input_size", "input size", _input_size),
    Choice("recipe", "lr_decay_epochs", "learning rate milestones", _milestones),
    Choice("architecture", "kernel_size", "kernel size", _kernel),
    Choice("architecture", "patch_size", "patch size", _patch),
    Choice("recipe", "precision", "precision", _precision),
    Choice("recipe", "exploration_initial", "initial exploration", _exploration("first")),
    Choice("recipe", "exploration_final", "final exploration", _exploration("last")),
    Choice("evaluation", "eval_epsilon", "evaluation epsilon", _evaluated_exploration),
    Choice("recipe", "noise_schedule", "noise schedule", _noise_schedule),
    Choice("architecture", "pooling", "pooling", _used(_POOLINGS)),
    Choice("architecture", "normalization", "normalization", _used(_NORMS)),
    Choice("architecture", "positional_encoding", "positional encoding", _used(_POSITIONS)),
    Choice("architecture", "backbone", "backbone", _backbone),
    Choice("recipe", "data_augmentation", "data augmentation", _augmentation),
)
