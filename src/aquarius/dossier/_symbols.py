"""Symbols that the text defines, display equations as formulas, the sentences of the primary claim, and the kind of mechanism."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..reading import Document
from ._dossier import Fact, Formula, Symbol
from ._text import Sentence

_WRAPPER = re.compile(r"\\(?:begin|end)\{(?:aligned|align|equation|split|gathered|gather|eqnarray|multline)\*?\}")
_DEFINED = re.compile(
    r"\$(?P<latex>[^$=<>]{1,40})\$\s*(?:,\s*)?(?:is|are|denotes?|represents?|stands? for|refers? to|be|being)\s+(?P<meaning>(?:the|a|an|our|learned|learnable|some|any)\s(?:(?! and \$| and\s*$)[^,.;$()]){3,90}(?:\$[^$]{1,30}\$(?:(?! and \$)[^,.;$()]){0,40})?)"
)
_OF_DIMENSION = re.compile(
    r"\b(?P<meaning>(?:\w+,? ){0,2}(?:\w+ and )?\w+) (?P<word>of|have|has) (?:dimension(?:ality)?|size|length) \$(?P<latex>[^$=<>]{1,30})\$"
)
_SHAPED = re.compile(
    r"\$(?P<latex>[^$=<>]{1,30}?)\s*\\in\s*\\mathbb\s*\{?R\}?\s*\^\s*(?:\{(?P<shape>(?:[^{}]|\{[^{}]*\})+)\}|(?P<single>\w))\s*\$"
)
_ASSIGNED = re.compile(r"(?:where|with|[Hh]ere)\s+\$(?P<latex>[^$=]{1,30})=(?P<value>[^$]{1,120})\$\s+is\s+(?P<meaning>the\s[^,.;$]{3,80})")
_MECHANISMS = {
    "attention": r"\b(?:self-)?attention\b", "convolution": r"\bconvolution", "recurrence": r"\brecurrent|\blstm\b|\bgru\b", "graph": r"\bgraph (?:neural|convolution|network)|\bnodes of a graph",
    "normalization": r"\b(?:batch|layer|group|instance|weight) normali[sz]ation", "loss": r"\b(?:new|novel|propose\w*|modified)\b[^.]{0,40}\b(?:loss|objective)\b", "optimizer": r"\b(?:new|novel|propose\w*)\b[^.]{0,40}\boptimi[sz]er|stochastic optimi[sz]ation",
    "regularization": r"\bdropout\b|\bregulari[sz]", "distillation": r"\bdistill", "generative model": r"\bgenerative|\bdiffusion|\badversarial network|\bautoencoder", "reinforcement learning": r"\breinforcement learning|\bq-learning|\bpolicy gradient",
    "meta-learning": r"\bmeta-?learning", "adapter": r"\badapters?\b|\bparameter-efficient", "pretraining": r"\bpre-?train", "segmentation": r"\bsegmentation", "object detection": r"\bobject detect", "training dynamics": r"\btraining dynamics|\blearning curve",
}  # fmt: skip


def formulas(document: Document) -> tuple[Formula, ...]:
    """Return the display equations in order; one without a number is called by its place among all displays.

    Those of a picture of text are none: their structure is lost, and what is left must not be computed with.
    """
    found = []
    for index, equation in enumerate(document.equations, start=1):
        if equation.pictured:
            continue
        latex = _WRAPPER.sub(" ", equation.expanded or equation.latex)
        latex = re.sub(r"\\(?:nonumber|notag)\b", " ", latex)
        latex = re.sub(r"(?:\s*\\\\)+$", "", re.sub(r"\s+", " ", latex).strip()).strip()
        if "\\\\" not in latex and "\\begin" not in latex:  # a row of its own has nothing to be aligned with
            latex = re.sub(r"\s*(?<!\\)&\s*", " ", latex).strip()
        name = f"equation ({equation.number})" if equation.number else f"display {index}"
        place = equation.place if equation.place.label else equation.place.model_copy(update={"label": name})
        found.append(Formula(id=name, latex=latex, label=equation.label, place=place))
    return tuple(found)


def symbols(text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Symbol, ...]:
    """Return each symbol at the first sentence that says what it is, with its shape where the text states one."""
    shapes: dict[str, tuple[str, ...]] = {}
    for sentence in text:
        for match in _SHAPED.finditer(sentence.text):
            shape = match["shape"] or match["single"]
            shapes.setdefault(match["latex"].strip(), tuple(part.strip() for part in re.split(r"\\times", shape)))
    found: dict[str, Symbol] = {}
    for sentence in text:
        if sentence.role in ("references", "related"):
            continue
        for pattern in (_ASSIGNED, _DEFINED, _OF_DIMENSION):
            for match in pattern.finditer(sentence.text):
                latex = match["latex"].strip()
                if latex in found or not re.search(r"[A-Za-z\\]", latex) or latex.count("{") != latex.count("}"):
                    continue
                meaning = re.sub(r"\s+", " ", match["meaning"]).strip()
                meaning = re.sub(r"\s+(?:and|or|where|with)$", "", meaning)
                if pattern is _OF_DIMENSION:
                    meaning = "the dimension of " + re.sub(
                        r"^(?:and|or)\s+", "", re.split(r"\b(?:to|into|for|with|on|of|from|as|by|the|only|a)\s+", meaning)[-1].lower()
                    )
                found[latex] = Symbol(
                    latex=latex, meaning=meaning, shape=shapes.get(latex), place=sentence.place(match.start(), match.end(), files)
                )
    for sentence in text:
        for match in _SHAPED.finditer(sentence.text):
            latex = match["latex"].strip()
            if latex not in found and "," not in latex:
                found[latex] = Symbol(
                    latex=latex,
                    meaning="a parameter" if latex[:1] in "Wb" else "a tensor",
                    shape=shapes[latex],
                    place=sentence.place(match.start(), match.end(), files),
                )
    return tuple(found.values())


_PROPOSES = re.compile(r"\b(?:we|paper|work)\b[^.]{0,40}\b(?:propos|present|introduc|develop|describ)", re.IGNORECASE)
_REACHES = re.compile(
    r"\b(?:achiev|reach|outperform|improv|state[- ]of[- ]the[- ]art|surpass|better than|establish|exceed|more accurate|new single-model best|reduc|faster)",
    re.IGNORECASE,
)
_PRIMARY = 3  # sentences


def summary(document: Document, text: list[Sentence], files: Mapping[str, bytes] | None) -> tuple[Fact, ...]:
    """Return the primary claim: the three sentences of abstract and conclusion that propose, compare and give numbers most, quoted, best first.

    A sentence of the conclusion that says what one of the abstract says already is left out.
    """
    found: list[tuple[int, int, Fact, set[str]]] = []
    for index, sentence in enumerate(text):
        if sentence.role not in ("abstract", "conclusion"):
            continue
        plain = re.sub(r"\s+", " ", sentence.text).strip()
        proposes, reaches = bool(_PROPOSES.search(plain)), bool(_REACHES.search(plain))
        if not (proposes or reaches) or re.search(r"\bfuture\b|\bplan to\b|\bhope\b", plain, re.IGNORECASE):
            continue
        score = (
            3 * proposes
            + 2 * reaches
            + bool(re.search(r"\d", plain))
            + 2 * (sentence.role == "abstract")
            + bool(re.search(r"\b(?:our|we)\b", plain, re.I))
        )
        words = set(re.findall(r"[a-z0-9.]{3,}", plain.lower()))
        if any(len(words & other) > 0.6 * min(len(words), len(other)) for *_, other in found):
            continue
        found.append(
            (-score, index, Fact(name="contribution" if proposes else "result", value=plain, place=sentence.place(files=files)), words)
        )
    return tuple(fact for _, _, fact, _ in sorted(found, key=lambda item: item[:2])[:_PRIMARY])


def mechanism(document: Document) -> tuple[str, ...]:
    """Return the kinds of mechanism that the title and the abstract name, most often named first."""
    text = f"{document.title}. {document.title}. {document.abstract}"
    counts = {name: len(re.findall(pattern, text, re.IGNORECASE)) for name, pattern in _MECHANISMS.items()}
    return tuple(sorted((name for name, count in counts.items() if count), key=lambda name: (-counts[name], name)))
