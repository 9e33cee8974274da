"""All displays of a paper together: what one equation shows of a symbol holds in the others, and what stays open is asked for once."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ._answers import Answers
from ._displays import not_computed, unreadable
from ._infer import infer
from ._knowledge import Knowledge, as_printed, knowledge, words_of
from ._printed import tidy
from ._settle import Settled, family, settle
from ._stated import Said
from ._translate import Translation, translate
from ._unknowns import DRAWN, FACTOR, RANGE, SAMPLES, SEVERAL, Inferred

_RANGELESS = re.compile(r"^the range of the index (?P<name>.+) does not show")
_UNDECLARED = re.compile(r"^(?P<name>.+) is not declared$")
RETURNS = "a function whose result is used as a number"
ANSWERS: dict[str, list[str]] = {  # what is open of a name that no shape settles -> what it may be
    FACTOR: ["a number", "a function"],
    DRAWN: [],
    RANGE: [],
    "said to be two things in the text": ["a number", "a vector", "a matrix", "a function"],
    "its stated shape is no plain size": ["a vector", "a matrix"],
}
PASSES = 3  # over all displays: what one shows narrows another


@dataclass(frozen=True)
class Shown:
    """A display as the paper prints it, with the name it is cited by."""

    id: str
    latex: str


def survey(
    displays: Sequence[Shown],
    said: Sequence[Said],
    meanings: dict[str, str],
    given: Answers,
    *,
    seconds: float,
    tell: Callable[[int, dict[str, Any]], None],
) -> None:
    """Say of each display what becomes of it, and again where another display settled it; no display takes longer than its seconds."""
    known = knowledge([display.latex for display in displays], said, meanings, given)
    waiting = dict(enumerate(displays))
    narrowed: set[str] = set()
    for turn in range(PASSES):
        learnt: dict[str, tuple[frozenset[int], str]] = {}
        results: dict[str, list[tuple[int, frozenset[int], str]]] = {}
        for index, display in list(waiting.items()):
            inferred = infer(display.latex, known.hints)
            if turn and not narrowed & {family(item.name) for item in inferred.unknown}:
                continue
            here = known.at(index)
            row, settled = _timed(display, inferred, here, seconds)
            tell(index, row)
            if row["status"] != "open":
                waiting.pop(index)
            for name, left in settled.ranks.items() if settled is not None else ():
                if name in known.ranks or name not in here.ranks:  # what a definition behind it taught stays behind it
                    _learn(learnt, here, name, left, display.id)
            for name, left in settled.results.items() if settled is not None else ():
                results.setdefault(name, []).append((index, left, f"by shape unification with {display.id}, which defines it"))
        narrowed = known.learn(learnt, results)
        if not narrowed:
            return


def _learn(learnt: dict[str, tuple[frozenset[int], str]], known: Knowledge, name: str, left: frozenset[int], display: str) -> None:
    """Only what fits with all displays is learnt; a name that two displays use in two ways teaches nothing."""
    before = learnt.get(name, (known.ranks.get(name), ""))
    both = left if before[0] is None else before[0] & left
    source = before[1] if before[1] and both == before[0] else f"by shape unification with {display}"
    learnt[name] = (both, source)


def _timed(display: Shown, inferred: Inferred, known: Knowledge, seconds: float) -> tuple[dict[str, Any], Settled | None]:
    try:
        with deadline(seconds):
            return classify(display.latex, inferred, known)
    except TimeoutError:
        return {"status": "refused", "why": f"it took longer than {seconds:g} s", "offset": 0}, None


def classify(latex: str, inferred: Inferred, known: Knowledge) -> tuple[dict[str, Any], Settled | None]:
    """Say what becomes of one display: code with what it rests on, why and where it is refused, or what has to be asked."""
    why = not_computed(latex)
    if why:
        return {"status": "not a computation", "why": why}, None
    hopeless = unreadable(latex) or _hopeless(inferred)
    if hopeless is not None:
        return {"status": "refused", "why": hopeless[0], "offset": hopeless[1]}, None
    barred = [{"symbol": item.name, "why": item.why, "candidates": ANSWERS[item.why]} for item in inferred.unknown if item.why]
    if barred:
        return {"status": "open", "ask": barred}, None
    if not inferred.unknown:
        translation = translate(latex, inferred.symbols)
        settled = Settled(
            translation if translation.status == "ok" else None, inferred.symbols, reason=translation.reason, offset=translation.offset
        )
    else:
        settled = settle(latex, inferred, known.ranks)
    if settled.translation is not None:
        vague = _vague(settled.translation, known)
        if vague:
            known_to = known.returns.get(as_printed(vague))
            if known_to is not None:
                return {"status": "refused", "why": f"{vague} returns no number, which alone would fit here", "offset": 0}, settled
            return {"status": "open", "ask": [{"symbol": vague, "why": RETURNS, "candidates": ["a function to a number"]}]}, settled
        return _translated(settled.translation, inferred, settled, known), settled
    if settled.ask:
        names = {family(item.name): item.name for item in inferred.unknown}
        asked = [{"symbol": names[name], "why": "", "candidates": words_of(left)} for name, left in settled.ask.items()]
        return {"status": "open", "ask": asked}, settled
    index = _RANGELESS.match(settled.reason)
    if index is not None:
        return {"status": "open", "ask": [{"symbol": index["name"], "why": RANGE, "candidates": []}]}, settled
    undeclared = _UNDECLARED.match(settled.reason)
    if undeclared is not None:
        why = f"how {tidy(undeclared['name'])} is meant in this place does not show"
        return {"status": "refused", "why": why, "offset": settled.offset}, settled
    return {"status": "refused", "why": tidy(settled.reason) or "the shapes that are stated do not fit", "offset": settled.offset}, settled


def _hopeless(inferred: Inferred) -> tuple[str, int] | None:
    """Why no answer of a person could help, where a name is used as nothing that can be declared."""
    for item in inferred.unknown:
        if item.why == SEVERAL:
            return f"{item.name} is called in several ways: it stands for several functions", 0
        if item.why and item.why not in ANSWERS:
            return f"{item.name} is {item.why}", 0
    return None


def _vague(translation: Translation, known: Knowledge) -> str:
    """A function of which only a number fits, though it takes arrays and nothing says that it returns a number; "" where there is none."""
    stated = translation.symbols.output_shapes
    if stated and all(stated.get(name) == () for name in translation.returns):
        return ""  # what is computed is said to be a number, so it is no guess
    labels: dict[str, set[str]] = {}
    for reading in translation.readings:
        for call, label in reading.supposed:
            labels.setdefault(call, set()).add(label)
    for call, found in labels.items():
        name = (
            call.removeprefix("result of ").rsplit(" of ", 1)[0]
            if " of [" not in call
            else call.removeprefix("result of ").split(" of ", 1)[0]
        )
        if found == {"a number"} and known.returns.get(as_printed(name)) != 0:
            return name
    return ""


def _translated(translation: Translation, inferred: Inferred, settled: Settled, known: Knowledge) -> dict[str, Any]:
    evidence = []
    free = {item.name for item in inferred.unknown if len(settled.ranks.get(family(item.name), ())) > 1}
    passed = {item.name for item in inferred.unknown if item.handed and family(item.name) not in known.ranks}
    free |= passed
    walked = {item.name: item.axes for item in inferred.unknown}
    for name, shape in settled.table.get("inputs", {}).items():
        what = "a number" if not shape else f"[{', '.join(shape)}]"
        if name in free:
            handed = name in passed
            because = "it is only handed to functions" if handed else "the code is the same for each"
            what = "of any shape" if handed else _free_words(name, walked[name], settled)
            evidence.append({"symbol": name, "is": what, "because": because})
            continue
        because = known.because.get(family(as_printed(name))) or ("it fits in no other way" if name in walked else "the text")
        evidence.append({"symbol": name, "is": what, "because": because})
    for name in settled.table.get("functions", ()):
        evidence.append({"symbol": name, "is": "a function", "because": known.because.get(family(as_printed(name)), "the notation")})
    for name in inferred.samples:
        evidence.append(
            {"symbol": name, "is": f"drawn: its axis {SAMPLES} holds the samples", "because": "the notation: the expectation names it"}
        )
    return {
        "status": "translated",
        "code": translation.code,
        "verified": translation.verified,
        "supposes": supposed(translation),
        "declared": settled.table,
        "evidence": evidence,
    }


def _free_words(name: str, axes: tuple[str, ...], settled: Settled) -> str:
    left = sorted(settled.ranks.get(family(name), (0, 1, 2)))
    if len(left) < 3:
        return " or ".join(words_of(left))
    walked = ", ".join(axis for axis in axes if axis)
    return f"of any shape{f' behind the axis {walked}' if walked else ''}"


def supposed(translation: Translation) -> list[str]:
    """What a translation supposes about the results of functions that the display does not define, one sentence per function."""
    returns: dict[str, list[str]] = {}
    for reading in translation.readings:
        for call, label in reading.supposed:
            name = call.removeprefix("result of ").split(" of [", 1)[0].split(" of a number", 1)[0]
            kind = "a number" if label == "a number" else "an array like one of its arguments"
            found = returns.setdefault(name, [])
            found += [kind] if kind not in found else []
    return [f"{name} returns {' or '.join(kinds)}" for name, kinds in returns.items()]


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the main thread when that much processor time is over: a busy machine changes no answer."""

    def over(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
