"""The patterns around a number: "learning rate of 0.1", "16 hidden units", "β_1 = 0.9"; and what makes such a number something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from ._choices import NEGATED
from ._numbers import COUNT, NUMBER, WORDS, number_of, print_number
from ._term import Term, compiled, plausible
from ._text import LISTED, squeeze

_SYMBOL = r"(?:[A-Za-zα-ωℓ]\w{0,3}(?:\s*_\s*\w+)?)"
_LETTER = r"(?:(?:[α-ω]|[A-Za-z]\b)(?:\s*_\s*\w+)?)"
_ABOUT = r"(?:about|approximately|around|roughly|~|up to|at most|only|exactly)"
# what may stand between a name and its value, in this order, each part or none of it
_CONNECT = (
    r"(?:\s*\([^()\d]{0,30}\))?(?:\s+(?:parameter|rate|value|size|ratio|probability|coefficient|factor|hyper-?parameter|level|threshold|norm)s?)?"
    r"(?:\s+(?:on|for)\s+(?:the\s+)?(?:[A-Z][\w-]*|(?:[a-z-]+\s+){1,2}(?:layers?|models?|networks?|data ?sets?|tasks?))(?=\s+(?:of|to|is|was|are|=|at|with)\b))?"
    rf"(?:\s+{_LETTER}(?=\s+(?:is|was|to|of)\b))?"
    r"(?:\s+of\s+(?:the\s+)?(?:[A-Z][\w-]*|[a-z]+ (?:loss|head|layers?|model))(?=\s+(?:is|was|are|=)))?"
    r"\s*(?:(?:is|was|are|were|to be|being)\s+)?(?:(?:always|then|initially|all|both|each|kept|held|chosen|used|selected)\s+)?"
    r"(?:(?:doubled|halved|increase[sd]?|raised|enlarged|grows|grown|lowered|reduced)\s+(?=to\b))?(?:(?:set|fixed|equal|equals|initiali[sz]ed|limited|chosen|constant|(?:searched|tuned|swept|selected|picked)(?= (?:in|from|over|among|between)))\s+)?(?:(?:that\s+)?(?:(?:starts?|starting|begins?)\s+(?:from|at|with)|(?:linearly\s+|exponentially\s+)?(?:anneal|decay|decreas)\w*(?:\s+linearly)?\s+from)\s+)?"
    r"(?:(?:of|to|as|at|is|with|by|in|from|over|among|be|:|=|∈|being|having)\s*)?(?:(?:a|an|the)\s+)?"
    r"(?:(?:constant|fixed|maximum|initial|total|uniform|global|l\s?_?\s?2|max|base|peak|rate|value|size|probability|factor|dimension|threshold|window|weight|coefficient|norm)(?:\s+(?:of|size|is))?\s+)*"
    rf"[\[(]?\s*(?:{_SYMBOL}\s*(?:=|∈)\s*(?:[^=,.;()\d][^=,.;()]{{0,24}}=\s*)?)?(?:{_ABOUT}\s*)?[\[(]?\s*"
)
_COMMA = rf"\s*[,{LISTED}]\s*"
# the factor that a set shares: "(1, 2, 4)×10^-4", "(2,3,5)e-5"
_FACTOR = r"\s*[)\]]\s*(?:[×x·*]\s*10\s*\^\s*\(?\s*(?P<power>-?\s*\d+)\)?|[eE]\s*\^?\s*(?P<exponent>-?\s*\d+))"
LIST = (
    rf"{NUMBER}(?:{_COMMA}{NUMBER})+{_FACTOR}|{NUMBER}(?:{_COMMA}(?:and |or )?\s*{NUMBER}){{2,}}"
    rf"|{NUMBER}\s+or\s+{NUMBER}|{NUMBER}{_COMMA}{NUMBER}(?=\s*\))"
)
_RANGE_AFTER = re.compile(rf"\s*(?:-|to\b|…|\bthrough\b)\s*(?:{_SYMBOL}\s*=\s*)?{NUMBER}")
_RANGE_BEFORE = re.compile(
    rf"(?<!start )(?<!starts )(?<!starting )(?<!begins )\b(?:between|from|ranging|range|interval)\s*(?:{_SYMBOL}\s*=\s*)?\[?\s*$"
)
_RANGE_END = re.compile(rf"(?:\bfrom\b[^,;]*\bto|\bbetween\b[^,;]*\band)\s*(?:{_SYMBOL}\s*=\s*)?$")
OTHERS = re.compile(r"\bet al\b|\b[Pp]rior work\b|\b[Pp]revious(?:ly)? (?:work|published|reported)\b|\b[Uu]nlike\b|(?<=[\w\s]),\s+who\b")
_TURN = re.compile(r";|\bin contrast\b|\bwhereas\b|\bwhile\b|\bbut\b|\bwe\b|\bour\b", re.IGNORECASE)
# "a dropout of 0.3 was slightly worse": a value that was tried and not kept
_REJECTED = re.compile(
    r"[^.,;()]{0,30}?\b(?:was|were|is|are|did|does|do|performs?|performed|works?|worked|gives?|gave|turned out)\s+(?:\w+ly\s+|much\s+|no\s+|a bit\s+)*(?:worse|better|not\s+(?:help|improve|work|converge|change)|unstable|harmful|insufficient|too\s+\w+|diverg\w+)\b"
)
# what speed is measured with is no setting of the training
_MEASURED = re.compile(
    r"\b(?:throughput|latency|fps|inference (?:speed|time)|run-?time|memory)\b[^.;]{0,40}\b(?:measured|benchmarked|timed|computed|profiled)\b",
    re.IGNORECASE,
)
# "5·10^-4 × batch size / 512"
_SCALED = re.compile(r"\s*(?:[×x·*]\s*)(?:total\s+)?(?:batch\s*_?\s*size|B\b)\s*/\s*(?P<reference>\d+)", re.IGNORECASE)
# "we increased the number of steps between target updates from 10,000 to 30,000": the second number is what holds
_CHANGES = re.compile(
    r"\b(?:increased?|decreased?|reduced?|changed?|raised?|lowered|enlarged?|doubled|shortened)\s+(?:the\s+|our\s+)?(?:[a-z]+\s+){0,3}$",
    re.IGNORECASE,
)
_CHANGED = re.compile(rf"{NUMBER}\s+to\s+(?P<value>{NUMBER})")
_CLAUSE = re.compile(r"[,;:()]|\band\b")
_AFTERWARDS = re.compile(
    r"\s*(?:in a row|(?:of )?(?:linear |learning rate )*warm|consecutive|warm|between|apart|per (?!update|iteration|rollout|phase)|before|later)|[\s,]*(?:we |it |the learning rate |the rate )?(?:is |are )?(?:decreas|reduc|divid|decay|halv|drop|lower)"
)
_VAGUE = re.compile(r"\b(?:about|approximately|around|roughly)\s*$|~\s*$")


@dataclass(frozen=True)
class Hit:
    """A value of a hyperparameter in a flattened sentence."""

    value: str
    number: float | None
    unit: str
    start: int  # of the words and the value
    end: int
    at: int  # of the value
    vague: bool  # "about 37000"
    scope: str = ""  # where the brackets around it say so: "(0 for the gates)"


def hits(term: Term, flat: str) -> Iterator[Hit]:
    """Yield the values that a sentence gives a hyperparameter, each number once."""
    if not mentioned(term, flat) or (term.needs and not compiled(term.needs).search(flat)):
        return
    taken: list[tuple[int, int]] = []
    for spot in (*_marked(term, flat, before=True), *_named(term, flat), *_marked(term, flat, before=False)):
        start, end = spot.at, spot.at + len(spot.value)
        if any(first < end and start < last for first, last in taken):
            continue
        changed = _CHANGED.match(flat, spot.at) if re.search(r"\bfrom\s+$", flat[:start]) and _CHANGES.search(flat[: spot.start]) else None
        if changed and (number := number_of(print_number(changed["value"]))) is not None and plausible(term.values, number):
            taken.append((start, changed.end()))
            yield Hit(print_number(changed["value"]), number, term.unit, spot.start, changed.end(), changed.start("value"), False)
            continue
        value = _value(term, spot, flat)
        if value is not None:
            taken.append((start, end))
            vague = bool(_VAGUE.search(flat[:start]))
            yield Hit(value, number_of(spot.value), _unit(term, flat, spot), spot.start, spot.end, start, vague)
            yield from _aside(term, flat, spot)


@dataclass(frozen=True)
class _Spot:
    """A term's words with a value beside them."""

    start: int  # of both
    end: int
    at: int  # of the value
    value: str
    words: str  # both


def _spot(flat: str, start: int, match: re.Match[str]) -> _Spot:
    return _Spot(start, match.end(), match.start("value"), match["value"], flat[start : match.end()])


def _named(term: Term, flat: str) -> Iterator[_Spot]:
    """Yield values behind the words of a term: the words, what may stand between, the value. Where the longest words lead to no value, shorter ones may."""
    if not term.before:
        return
    words, tail = _before(term), _tail(_counts(term), term.then, term.unless)
    at = 0
    while (head := words.search(flat, at)) is not None:
        start, found = head.start(), None
        while head is not None and (found := tail.match(flat, head.end())) is None and head.end() > start + 1:
            head = words.match(flat, start, head.end() - 1)
        if found is not None:
            yield _spot(flat, start, found)
        at = found.end() if found is not None else start + 1


def _marked(term: Term, flat: str, *, before: bool) -> Iterator[_Spot]:
    """Yield values behind a term's symbol ("β_1 = 0.9"), or before its words ("16 hidden units")."""
    if before:
        pattern = _symbol(term)
        for match in pattern.finditer(flat) if pattern is not None else ():
            yield _spot(flat, match.start(), match)
    elif term.after:
        # the numbers are looked for by one pattern for all terms, which is long, and a term's own words behind them
        numbers, words = _counted(_counts(term)), compiled(spaced(term.after))
        at = 0
        while (found := numbers.search(flat, at)) is not None:
            named = words.match(flat, found.end())
            if named is not None:
                yield _Spot(found.start(), named.end(), found.start("value"), found["value"], flat[found.start() : named.end()])
            at = named.end() if named is not None else found.start("value") + 1


_ASIDE = re.compile(rf"\s*(?:[a-z]+\s+)?\(\s*(?P<value>{NUMBER})\s+(?:for|on|in)\s+(?:the\s+)?(?P<scope>[^().;]{{2,40}})\)")


def _aside(term: Term, flat: str, spot: _Spot) -> Iterator[Hit]:
    """Yield the exception in brackets behind a value: "a length of 128 tokens (384 for SQuAD)"."""
    aside = _ASIDE.match(flat, spot.end)
    number = number_of(print_number(aside["value"])) if aside else None
    if aside is not None and number is not None and plausible(term.values, number):
        yield Hit(
            print_number(aside["value"]), number, term.unit, spot.start, aside.end(), aside.start("value"), False, squeeze(aside["scope"])
        )


def spaced(words: str) -> str:
    """Let a blank in a pattern stand for any white space: flattened text has runs of it."""
    return words.replace("[- ]", r"(?:-|\s+)").replace(" ", r"\s+")


def mentioned(term: Term, flat: str) -> bool:
    """Say whether a sentence holds any of a term's words or symbols."""
    return bool(_mention(term).search(_lower(flat)))


@cache
def _mention(term: Term) -> re.Pattern[str]:
    """A cheap look for any of a term's words in a lower-case text, before the long patterns are built and run."""
    return re.compile(spaced("|".join(part for part in (term.symbols, term.before, term.after) if part)) or r"(?!)")


@lru_cache(maxsize=4)
def _lower(flat: str) -> str:
    return flat.lower()


def _counts(term: Term) -> str:
    return (
        COUNT
        if term.values in ("integer", "size")
        else rf"(?:{NUMBER}|\b(?:zero|one)\b)"
        if term.name == "gradient clipping"
        else rf"(?:{NUMBER}|\bzero\b)"
    )


# the words between a name and its value are the same for all terms, and long: compiled once per kind of value, not once per term
@cache
def _tail(count: str, then: str, unless: str) -> re.Pattern[str]:
    ahead = (rf"(?=\s*{then})" if then else "") + (rf"(?!\s*(?:{unless}))" if unless else "")
    return re.compile(rf"{_CONNECT}(?P<value>{LIST}|{count}){ahead}", re.IGNORECASE)


@cache
def _before(term: Term) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{spaced(term.before)})", re.IGNORECASE)


@cache
def _symbol(term: Term) -> re.Pattern[str] | None:
    pattern = rf"(?<![\w_])(?:{term.symbols})\s*(?:=|:)\s*(?:[^=,.;()\d][^=,.;()]{{0,24}}=\s*){{0,2}}(?P<value>{NUMBER})"
    return re.compile(pattern, re.IGNORECASE) if term.symbols else None


@cache
def _counted(count: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?<![\w_]){_SYMBOL}\s*=\s*)?(?P<value>{LIST}|{count})(?:\s*-\s*|\s+)(?:of\s+)?", re.IGNORECASE)


def _value(term: Term, spot: _Spot, flat: str) -> str | None:
    """Return the printed value, None where the words around it make it something else: a denial, a range, another quantity or work."""
    if _elsewhere(term, spot, flat) or (spot.value.lower() == "one" and term.name == "layers" and "hidden" not in spot.words):
        return None
    if spot.value.lower() in WORDS:
        return str(WORDS[spot.value.lower()]) if plausible(term.values, WORDS[spot.value.lower()]) else None
    printed = listed(spot.value)
    values = [number_of(part) for part in printed.split(", ")]
    if any(value is None or not plausible(term.values, value) for value in values):
        return None
    if term.name == "learning rate" and (scaled := _SCALED.match(flat, spot.at + len(spot.value))):
        return f"{printed} × batch size / {scaled['reference']}"
    return _batch(flat, spot.at + len(spot.value), printed) if term.name == "batch size" else printed


def listed(value: str) -> str:
    """Return a number, or the numbers of a list, as a person would write them; a factor behind the list goes to each."""
    factor = re.search(_FACTOR + "$", value)
    parts = re.findall(NUMBER, value[: factor.start()] if factor else value)
    if factor:
        power = int(re.sub(r"\s", "", factor["power"] or factor["exponent"]))
        return ", ".join(f"{print_number(part)}e{power}" for part in parts)
    several = len(parts) > 1 and bool(re.search(rf",\s|{LISTED}|\bor\b", value))
    return ", ".join(map(print_number, parts)) if several else print_number(value)


def _elsewhere(term: Term, spot: _Spot, flat: str) -> bool:
    start, end = spot.at, spot.at + len(spot.value)
    head = re.split(_CLAUSE, flat[max(0, spot.start - 40) : spot.start])[-1]
    near = re.sub(r"^.*\b(?:each|every)\s+\w+\s+(?:is|are|was|were)\b", "", head[-30:] if term.unit in ("steps", "epochs") else head[-18:])
    if term.refuses and compiled(term.refuses).search(near + spot.words):
        return True
    if term.unit in ("steps", "epochs") and _AFTERWARDS.match(re.split(r"[;:()]|\band\b", flat[spot.end : spot.end + 30])[0]):
        return True
    if NEGATED.search(flat[: spot.start]) or re.match(r"\s*[×x]\s*(?!10\s*\^)\d", flat[end:]):
        return True
    if OTHERS.search(_TURN.split(flat[: spot.start])[-1]) or _REJECTED.match(flat, end) or _MEASURED.search(flat[: spot.start]):
        return True
    if term.name == "learning rate" and re.search(r"(?:anneal|decay|decreas)\w*(?:\s+linearly)?\s+from\s*$", flat[:start]):
        return False  # "annealed from 0.1 to 0": where it begins is the rate
    if "warmed up" in spot.words and term.name == "learning rate":  # "warmed up from 0 to its peak": the end of that range is the rate
        return bool(_RANGE_AFTER.match(flat, end))
    return bool(_RANGE_BEFORE.search(flat[:start]) or _RANGE_END.search(flat[:start]) or _RANGE_AFTER.match(flat, end))


def _batch(flat: str, end: int, printed: str) -> str:
    """Return "25000 source tokens and 25000 target tokens" where the text counts in other units than examples."""
    tail = re.match(
        rf"\s*(?:source |target |input |output )?tokens(?:\s+and\s+{_ABOUT}?\s*{NUMBER}\s+(?:source |target |output )?tokens)?", flat[end:]
    )
    return f"{printed} {re.sub(_ABOUT + ' ', '', squeeze(tail[0]))}" if tail else printed


def _unit(term: Term, flat: str, spot: _Spot) -> str:
    if term.name == "batch size":
        noun = re.match(
            r"\s*(?:source |target )?(tokens|sequences|images|sentences|examples|samples|graphs|frames)", flat[spot.at + len(spot.value) :]
        )
        return noun[1] if noun else term.unit
    return "fraction" if term.name == "warmup steps" and "%" in spot.value else term.unit
