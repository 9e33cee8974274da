"""The patterns around a number: "learning rate of 0.1", "16 hidden units", "β_1 = 0.9"; and what makes such a number something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from ._choices import NEGATED
from ._numbers import COUNT, NUMBER, WORDS, number_of, print_number
from ._term import Term, compiled, plausible
from ._text import squeeze

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
    r"(?:(?:set|fixed|equal|equals|initiali[sz]ed|limited|chosen|constant|(?:searched|tuned|swept|selected|picked)(?= (?:in|from|over|among|between)))\s+)?(?:(?:that\s+)?(?:(?:starts?|starting|begins?)\s+(?:from|at|with)|(?:linearly\s+|exponentially\s+)?(?:anneal|decay|decreas)\w*(?:\s+linearly)?\s+from)\s+)?"
    r"(?:(?:of|to|as|at|is|with|by|in|from|over|among|be|:|=|∈|being|having)\s*)?(?:(?:a|an|the)\s+)?"
    r"(?:(?:constant|fixed|maximum|initial|total|uniform|global|l\s?_?\s?2|max|base|peak|rate|value|size|probability|factor|dimension|threshold|window|weight|coefficient|norm)(?:\s+(?:of|size|is))?\s+)*"
    rf"[\[(]?\s*(?:{_SYMBOL}\s*(?:=|∈)\s*(?:[^=,.;()]{{1,25}}=\s*)?)?(?:{_ABOUT}\s*)?[\[(]?\s*"
)
_LIST = rf"{NUMBER}(?:\s*,\s*(?:and |or )?\s*{NUMBER}){{2,}}|{NUMBER}\s+or\s+{NUMBER}|{NUMBER}\s*,\s*{NUMBER}(?=\s*\))"
_RANGE_AFTER = re.compile(rf"\s*(?:-|to\b|…|\bthrough\b)\s*(?:{_SYMBOL}\s*=\s*)?{NUMBER}")
_RANGE_BEFORE = re.compile(
    rf"(?<!start )(?<!starts )(?<!starting )(?<!begins )\b(?:between|from|ranging|range|interval)\s*(?:{_SYMBOL}\s*=\s*)?\[?\s*$"
)
_RANGE_END = re.compile(rf"(?:\bfrom\b[^,;]*\bto|\bbetween\b[^,;]*\band)\s*(?:{_SYMBOL}\s*=\s*)?$")
OTHERS = re.compile(r"\bet al\b|\b[Pp]rior work\b|\b[Pp]revious(?:ly)? (?:work|published|reported)\b|\b[Uu]nlike\b")
_TURN = re.compile(r";|\bin contrast\b|\bwhereas\b|\bwhile\b|\bbut\b|\bwe\b|\bour\b", re.IGNORECASE)
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


def hits(term: Term, flat: str) -> Iterator[Hit]:
    """Yield the values that a sentence gives a hyperparameter, each number once."""
    if not _mention(term).search(_lower(flat)) or (term.needs and not compiled(term.needs).search(flat)):
        return
    taken: list[tuple[int, int]] = []
    for pattern in _patterns(term):
        for match in pattern.finditer(flat):
            start, end = match.span("value")
            if any(first < end and start < last for first, last in taken):
                continue
            value = _value(term, match, flat)
            if value is not None:
                taken.append((start, end))
                vague = bool(_VAGUE.search(flat[:start]))
                yield Hit(value, number_of(match["value"]), _unit(term, flat, match), match.start(), match.end(), start, vague)
                yield from _aside(term, flat, match)


_ASIDE = re.compile(rf"\s*(?:[a-z]+\s+)?\(\s*(?P<value>{NUMBER})\s+(?:for|on|in)\s+[^().;]{{2,40}}\)")


def _aside(term: Term, flat: str, match: re.Match[str]) -> Iterator[Hit]:
    """Yield the exception in brackets behind a value: "a length of 128 tokens (384 for SQuAD)"."""
    aside = _ASIDE.match(flat, match.end())
    number = number_of(print_number(aside["value"])) if aside else None
    if aside is not None and number is not None and plausible(term.values, number):
        yield Hit(print_number(aside["value"]), number, term.unit, match.start(), aside.end(), aside.start("value"), False)


def spaced(words: str) -> str:
    """Let a blank in a pattern stand for any white space: flattened text has runs of it."""
    return words.replace("[- ]", r"(?:-|\s+)").replace(" ", r"\s+")


@cache
def _mention(term: Term) -> re.Pattern[str]:
    """A cheap look for any of a term's words in a lower-case text, before the long patterns are built and run."""
    return re.compile(spaced("|".join(part for part in (term.symbols, term.before, term.after) if part)) or r"(?!)")


@lru_cache(maxsize=4)
def _lower(flat: str) -> str:
    return flat.lower()


@cache
def _patterns(term: Term) -> tuple[re.Pattern[str], ...]:
    count = COUNT if term.values in ("integer", "size") else rf"(?:{NUMBER}|\bzero\b)"
    found = []
    if term.symbols:
        found.append(rf"(?<![\w_])(?:{term.symbols})\s*(?:=|:)\s*(?:[^=,.;()]{{1,25}}=\s*){{0,2}}(?P<value>{NUMBER})")
    if term.before:
        ahead = (rf"(?=\s*{term.then})" if term.then else "") + (rf"(?!\s*(?:{term.unless}))" if term.unless else "")
        found.append(rf"(?<![\w-])(?:{spaced(term.before)}){_CONNECT}(?P<value>{_LIST}|{count}){ahead}")
    if term.after:
        found.append(rf"(?:(?<![\w_]){_SYMBOL}\s*=\s*)?(?P<value>{count})(?:\s*-\s*|\s+)(?:of\s+)?(?:{spaced(term.after)})")
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in found)


def _value(term: Term, match: re.Match[str], flat: str) -> str | None:
    """Return the printed value, None where the words around it make it something else: a denial, a range, another quantity or work."""
    if _elsewhere(term, match, flat) or (match["value"].lower() == "one" and term.name == "layers" and "hidden" not in match[0]):
        return None
    if match["value"].lower() in WORDS:
        return str(WORDS[match["value"].lower()]) if plausible(term.values, WORDS[match["value"].lower()]) else None
    several = bool(re.search(r",\s|\bor\b", match["value"])) and len(re.findall(NUMBER, match["value"])) > 1
    printed = ", ".join(print_number(part) for part in re.findall(NUMBER, match["value"])) if several else print_number(match["value"])
    values = [number_of(part) for part in printed.split(", ")]
    if any(value is None or not plausible(term.values, value) for value in values):
        return None
    return _batch(flat, match.end("value"), printed) if term.name == "batch size" else printed


def _elsewhere(term: Term, match: re.Match[str], flat: str) -> bool:
    start, end = match.span("value")
    head = re.split(_CLAUSE, flat[max(0, match.start() - 40) : match.start()])[-1]
    near = re.sub(r"^.*\b(?:each|every)\s+\w+\s+(?:is|are|was|were)\b", "", head[-30:] if term.unit in ("steps", "epochs") else head[-18:])
    if term.refuses and compiled(term.refuses).search(near + match[0]):
        return True
    if term.unit in ("steps", "epochs") and _AFTERWARDS.match(re.split(r"[;:()]|\band\b", flat[match.end() : match.end() + 30])[0]):
        return True
    if NEGATED.search(flat[: match.start()]) or re.match(r"\s*[×x]\s*(?!10\s*\^)\d", flat[end:]):
        return True
    if OTHERS.search(_TURN.split(flat[: match.start()])[-1]):
        return True
    if term.name == "learning rate" and re.search(r"(?:anneal|decay|decreas)\w*(?:\s+linearly)?\s+from\s*$", flat[:start]):
        return False  # "annealed from 0.1 to 0": where it begins is the rate
    if "warmed up" in match[0] and term.name == "learning rate":  # "warmed up from 0 to its peak": the end of that range is the rate
        return bool(_RANGE_AFTER.match(flat, end))
    return bool(_RANGE_BEFORE.search(flat[:start]) or _RANGE_END.search(flat[:start]) or _RANGE_AFTER.match(flat, end))


def _batch(flat: str, end: int, printed: str) -> str:
    """Return "25000 source tokens and 25000 target tokens" where the text counts in other units than examples."""
    tail = re.match(
        rf"\s*(?:source |target |input |output )?tokens(?:\s+and\s+{_ABOUT}?\s*{NUMBER}\s+(?:source |target |output )?tokens)?", flat[end:]
    )
    return f"{printed} {re.sub(_ABOUT + ' ', '', squeeze(tail[0]))}" if tail else printed


def _unit(term: Term, flat: str, match: re.Match[str]) -> str:
    if term.name == "batch size":
        noun = re.match(
            r"\s*(?:source |target )?(tokens|sequences|images|sentences|examples|samples|graphs|frames)", flat[match.end("value") :]
        )
        return noun[1] if noun else term.unit
    return "fraction" if term.name == "warmup steps" and "%" in match["value"] else term.unit
