"""What the sentences of a paper say of its symbols: shapes, numbers, matrices and vectors, functions. Each with its quote and place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

BY_VALUE = "value"  # a number because a value is stated: weak, where the letter is also something that is drawn
LONGEST_INLINE = 400  # characters; what is longer states no shape
_INLINE = re.compile(r"(?<![\\$])\$(?!\$)([^$]+)\$(?!\$)")
_REAL_SPACE = re.compile(
    r"(?:\\mathbb\s*\{?\s*R\s*\}?|\\Re|\\reals)\s*\^\s*(?:\{(?P<shape>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})+)\}|(?P<one>\w))$"
)
_INTERVAL = re.compile(r"[\[(]\s*(?P<low>-?[\d.]+)\s*,\s*(?P<high>-?[\d.]+|\\infty)\s*[\])]$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:\s*\\(?:times|cdot)\s*10\s*\^\s*\{?-?\d+\}?)?$|10\s*\^\s*\{?-?\d+\}?$")
_WORDS = {"scalar": 0, "scalars": 0, "vector": 1, "vectors": 1, "matrix": 2, "matrices": 2}
_ONE = ("scalar", "vector", "matrix")
_LIST = r"(?P<list>\$[^$]{1,60}\$(?:\s*(?:,|and|or|, and)\s*\$[^$]{1,60}\$){0,6})"
_BEFORE = re.compile(rf"\b(?P<word>{'|'.join(_WORDS)})\s+{_LIST}", re.IGNORECASE)
_AFTER = re.compile(
    rf"{_LIST}\s*(?:,\s*)?(?:is|are|be|being|denotes?|represents?|as)\s+(?:the|a|an|our|two|three|learnable|learned|trainable)?\s*"
    rf"(?:(?!of\b|for\b|that\b|which\b|from\b|in\b|to\b|between\b)[\w-]+\s+){{0,4}}?(?P<word>{'|'.join(_WORDS)})\b",
    re.IGNORECASE,
)
_ROW_OF = re.compile(r"\b(?:row|column)s?\s+of\s+(?:the\s+)?(?:\w+\s+)?\$(?P<name>[^$]{1,40})\$")
_ONE_NUMBER = (
    "learning rate|step size|temperature|discount factor|margin|threshold|scalar|noise level|time ?step|"
    "number of [^$]*|dimension(?:ality)? of [^$]*|length of [^$]*|regularization strength|loss weight|scaling factor|momentum|position"
)
_SCALAR_WORDS = re.compile(rf"^(?:the|a|an|some|our)\s(?:[\w-]+\s){{0,2}}?(?P<word>{_ONE_NUMBER})(?=$|[\s,.;)])", re.IGNORECASE)
_DRAWN = re.compile(r"(?:\$|[,(&]\s*)(?P<name>\\?[A-Za-z]+(?:_(?:\w|\{[^{}]*\}))?)\s*\\sim(?![A-Za-z])")
_LOSS = re.compile(
    r"\b(?P<word>loss|objective|cost|cross[- ]entropy|energy|negative log[- ]likelihood)(?: functions?)?\b(?:[^.$]|\$[^$]{1,20}\$){0,60}\$\$\s*(?P<name>[^=$]{1,50}?)\s*(?:&\s*)?=",
    re.IGNORECASE,
)
_NO_NUMBER = re.compile(r"gradient|derivative|vector|matrix|update|where|per[- ]|\$\$.*\$\$", re.IGNORECASE)
_NUMBER_BEFORE = re.compile(
    rf"\b(?P<word>learning rates?|step sizes?|temperature|discount factor|margin|scalars?|momentum|"
    rf"timesteps?|time steps?|scaling factors?|loss weights?)\s+{_LIST}",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"number of|dimension|length of|rate|size|temperature|strength", re.IGNORECASE)
_MAP = re.compile(
    r"\$(?P<name>[^$:=]{1,40}?)\s*:\s*[^$]{1,60}?(?:\\to|\\rightarrow|\\mapsto|\\xrightarrow(?:\[\])?\{\})(?![A-Za-z])(?P<target>[^$]{1,60})\$"
)
_CALLED = re.compile(r"\s*\((?:\\cdot|\.)\)$")
_FUNCTION_BEFORE = re.compile(
    rf"\b(?P<word>functions?|networks?|maps?|mappings?|encoders?|decoders?|polic(?:y|ies))\s+{_LIST}", re.IGNORECASE
)


@dataclass(frozen=True)
class Said:
    """One piece of evidence on a symbol: `kind` is shape, rank, scalar or function; `source` says where it comes from."""

    name: str
    kind: str
    value: tuple[str, ...]  # the sizes, the number of axes, the domain, or nothing
    quote: str
    place: str
    source: str = "the text"


def stated(passages: Iterable[tuple[str, str]]) -> list[Said]:
    """Collect what sentences say; a passage is (text with $formulas$, place)."""
    found: list[Said] = []
    for text, place in passages:
        for match in _INLINE.finditer(text):
            if len(match[1]) <= LONGEST_INLINE:
                found += _of_formula(match[1], _around(text, match.start(), match.end()), place)
        found += [replace(item, place=place) for item in (*_kinds(text), *_functions(text), *_losses(text))]
        found += [Said(match["name"].strip(), "drawn", (), match[0], place) for match in _DRAWN.finditer(text)]
        found += [Said(match["name"].strip(), "rank", ("2",), match[0], place) for match in _ROW_OF.finditer(text)]
    return found


def _kinds(text: str) -> Iterator[Said]:
    """a matrix Q; vectors u and v; A is a matrix; a learning rate eta. A singular word is said of one name."""
    for pattern in (_BEFORE, _AFTER):
        for match in pattern.finditer(text):
            rank = _WORDS[match["word"].lower()]
            names = _names(match["list"])
            if match["word"].lower() in _ONE:
                names = names[:1] if pattern is _BEFORE else names[-1:]
            for name in names:
                yield Said(name, "scalar" if rank == 0 else "rank", ("",) if rank == 0 else (str(rank),), match[0], "")
    for match in _NUMBER_BEFORE.finditer(text):
        word = match["word"].lower()
        names = _names(match["list"])[: None if word.endswith("s") else 1]
        for name in names:
            if "step" not in word or "size" in word or "_" not in name:  # the time step x_t is no number
                yield Said(name, "scalar", ("pos" if _POSITIVE.search(word) else "",), match[0], "")


def _functions(text: str) -> Iterator[Said]:
    """t: X -> R^k; a function f; the networks f and g."""
    for match in _MAP.finditer(text):
        yield Said(re.sub(r"\s*\([^()]*\)$", "", match["name"].strip()), "function", _target(match["target"]), match[0], "")
    for match in _FUNCTION_BEFORE.finditer(text):
        names = _names(match["list"], called=True)
        for name in names[: None if match["word"].lower().endswith("s") else 1]:
            yield Said(name, "function", (), match[0], "")


def _losses(text: str) -> Iterator[Said]:
    """The loss is $$J(x) = ...$$: what it defines is a number."""
    for match in _LOSS.finditer(text):
        if _NO_NUMBER.search(text[: match.start()].rsplit(".", 1)[-1] + match[0]):
            continue
        name = re.sub(r"\s*\(.*\)$", "", re.sub(r"^\\begin\{[a-z*]+\}|&", "", match["name"]).strip())
        kind, value = ("function", ("0",)) if "(" in match["name"] else ("scalar", ("",))
        yield Said(name, kind, value, f"{match['word']}: {match['name'].strip()}", "")


def defined(meanings: Mapping[str, tuple[str, str]]) -> list[Said]:
    """Collect what definitions say: name -> (meaning, place)."""
    found: list[Said] = []
    for name, (meaning, place) in meanings.items():
        quote = f"{name} is {meaning}"
        if _CALLED.search(name):
            found.append(Said(_CALLED.sub("", name), "function", (), quote, place))
        scalar = _SCALAR_WORDS.match(meaning)
        if scalar is not None:
            found.append(Said(name, "scalar", ("pos" if _POSITIVE.search(scalar["word"]) else "",), quote, place))
    return found


def _target(right: str) -> tuple[str, ...]:
    """The number of axes of what a map returns, where its target is a real space: R is a number, R^k a vector."""
    shape = _shape(right.strip())
    if shape is not None:
        return (str(len(shape)),)
    return ("0",) if re.fullmatch(r"\\mathbb\s*\{?\s*R\s*\}?(?:\s*\^?_?\{?[+]\}?)?|\\Re|\\reals", right.strip()) else ()


def _around(text: str, start: int, end: int) -> str:
    """The words beside a formula, so that a person can find it."""
    begin = max(text.rfind(" ", 0, max(start - 30, 0)) + 1, 0)
    stop = text.find(" ", min(end + 15, len(text)))
    return text[begin : stop if stop > 0 else len(text)].strip()


def _names(printed: str, called: bool = False) -> list[str]:
    """The names of a list of formulas; a formula that is more than a name is none."""
    names = []
    for inner in re.findall(r"\$([^$]+)\$", printed):
        for piece in pieces(inner):
            piece, relation, right = _cut(piece)
            if (relation == ":" and not called) or (relation == "\\in" and _shape(right) is None):
                continue
            piece = re.sub(r"\s*\([^()]*\)$", "", piece) if called else piece
            if re.match(r"[A-Za-z\\]", piece) and not re.search(r"[=<>+]|\\(?:in|times|leq|geq)(?![A-Za-z])", piece):
                names.append(piece)
            if relation in {"=", ":"}:
                break
    return names


def _cut(piece: str) -> tuple[str, str, str]:
    """A name, what stands behind it (in, =, or the colon of a map), and the rest."""
    match = re.search(r"\\in(?![A-Za-z])|=|:", piece)
    return (piece[: match.start()].strip(), match[0], piece[match.end() :].strip()) if match is not None else (piece, "", "")


def _of_formula(text: str, quote: str, place: str) -> Iterator[Said]:
    for names, relation, right in _relations(text):
        shape = _shape(right) if relation == "in" else None
        domain = _scalar(relation, right)
        for name in names:
            if shape is not None:
                yield Said(name, "shape", shape, quote, place)
            elif domain is not None:
                yield Said(name, "scalar", (domain, BY_VALUE) if relation == "=" else (domain,), quote, place)


def _relations(text: str) -> Iterator[tuple[list[str], str, str]]:
    """Yield (names, "in" or "=" or ">", right side) of inline mathematics: W, U \\in R^{d x k}, b \\in R^d."""
    waiting: list[str] = []
    for piece in pieces(text.strip().rstrip(".,;")):
        match = re.match(r"(?P<left>.+?)\s*(?P<relation>\\in(?![a-z])|=|>)\s*(?P<right>.+)$", piece)
        if match is None:
            waiting.append(piece)
            continue
        yield [*waiting, match["left"].strip()], match["relation"].lstrip("\\"), match["right"].strip()
        waiting = []


def pieces(text: str) -> list[str]:
    """Cut at commas outside brackets."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter in "{[(") - (letter in "}])")
        if letter == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += letter
    return [re.sub(r"^(?:\\[,;! ]|\s)+", "", piece).strip() for piece in found]


def _shape(right: str) -> tuple[str, ...] | None:
    match = _REAL_SPACE.match(right)
    if match is None:
        return None
    sizes = tuple(size.strip() for size in re.split(r"\\times", match["shape"] or match["one"]))
    return sizes if "+" not in sizes and all(sizes) else None


def _scalar(relation: str, right: str) -> str | None:
    """The domain of what the notation proves to be one number; None where it proves nothing."""
    if relation == "in":
        if re.fullmatch(r"\\mathbb\s*\{?\s*[RNZ]\s*\}?|\\Re|\\reals", right):
            return ""
        interval = _INTERVAL.match(right)
        if interval is None:
            return None
        return "prob" if (interval["low"], interval["high"]) in {("0", "1"), ("0.0", "1.0")} else ""
    if relation == ">":
        return "pos" if re.fullmatch(r"0|1", right) else None
    if not _NUMBER.match(right) or not re.search(r"[1-9]", right):
        return None  # x = 0 may be the vector of zeros
    return "" if right.startswith("-") else "pos"
