"""Every display of a paper: translated with what the text proves of its symbols, refused, open, or not a computation."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core import progress
from ..dossier import Dossier, Formula
from ..equations import Translation, defined_functions, infer, not_computed, unreadable
from ..reading import Document
from ..subject import Limits, run_in_child

SECONDS = 2.0  # for one display
LONGEST_INLINE = 400  # characters; what is longer states no shape
STATUSES = ("translated", "refused", "open", "not a computation")
_INLINE = re.compile(r"(?<![\\$])\$(?!\$)([^$]+)\$(?!\$)")
_REAL_SPACE = re.compile(
    r"(?:\\mathbb\s*\{?\s*R\s*\}?|\\Re|\\reals)\s*\^\s*(?:\{(?P<shape>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})+)\}|(?P<one>\w))$"
)
_INTERVAL = re.compile(r"[\[(]\s*(?P<low>-?[\d.]+)\s*,\s*(?P<high>-?[\d.]+|\\infty)\s*[\])]$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:\s*\\(?:times|cdot)\s*10\s*\^\s*\{?-?\d+\}?)?$|10\s*\^\s*\{?-?\d+\}?$")
_SCALAR_WORDS = re.compile(r"^(?:the|a|an)\s(?:[\w-]+\s){0,2}(?:scalar\b|(?:dimension|dimensionality|number|length)\sof\b)")
_CALLED = re.compile(r"\s*\((?:\\cdot|\.)\)$")
_ROW_GAP = 200  # bytes between two rows of one environment: a label, a comment
_BEGINS = re.compile(
    r"(?:[&~\s]|\\[,;:!]|\\q?quad|\\hspace\{[^}]*\})*(?P<sign>=|\+|-|\*|/|<|>|\\(?:cdot|times|odot|leq?|geq?|approx|propto|equiv|sim)(?![A-Za-z]))"
)
_ENDS = re.compile(r"(?:=|\+|-|\\(?:cdot|times|odot|leq?|geq?|approx|propto|equiv))[&~\s]*$")
_RELATION = re.compile(r"=|<|>|\\(?:leq?|geq?|approx|propto|equiv|sim|in|to|gets|leftarrow|coloneqq|triangleq|Rightarrow)(?![A-Za-z])")
_UNDECLARED = re.compile(r"^(?P<name>.+) is not declared$")


def hints_of(document: Document, dossier: Dossier) -> dict[str, Any]:
    """Collect what the paper's text proves of its symbols, as `aquarius.equations.infer` takes it.

    A shape counts where the text states one and no other. A stated number proves a scalar; its value stays a parameter of the code,
    because a paper may change it from one experiment to the next.
    """
    shapes: dict[str, set[tuple[str, ...]]] = {}
    scalars: dict[str, set[str]] = {}
    for passage in document.passages:
        for match in _INLINE.finditer(passage.text):
            for names, relation, right in _statements(match[1]) if len(match[1]) <= LONGEST_INLINE else ():
                shape = _shape(right) if relation == "in" else None
                domain = _scalar(relation, right)
                for name in names:
                    if shape is not None:
                        shapes.setdefault(name, set()).add(shape)
                    elif domain is not None:
                        scalars.setdefault(name, set()).add(domain)
    meanings = {symbol.latex: symbol.meaning for symbol in dossier.symbols}
    functions = {_CALLED.sub("", name) for name in meanings if _CALLED.search(name)}
    for name, meaning in meanings.items():
        if _SCALAR_WORDS.match(meaning):
            scalars.setdefault(name, set()).add("pos" if "scalar" not in meaning else "")
    arities: dict[str, set[int]] = {}
    for formula in dossier.formulas:
        for name, count in defined_functions(formula.latex):
            arities.setdefault(name, set()).add(count)
    functions |= {name for name, counts in arities.items() if len(counts) == 1}
    doubtful = {name for name, found in shapes.items() if len(found) > 1}
    return {
        "meanings": meanings,
        "shapes": {name: list(next(iter(found))) for name, found in sorted(shapes.items()) if name not in doubtful},
        "scalars": {name: next(iter(found)) if len(found) == 1 else "" for name, found in sorted(scalars.items()) if name not in doubtful},
        "functions": sorted(functions),
    }


def _statements(text: str) -> Iterator[tuple[list[str], str, str]]:
    """Yield (names, "in" or "=" or ">", right side) of inline mathematics: W, U \\in R^{d x k}, b \\in R^d."""
    waiting: list[str] = []
    for piece in _pieces(text.strip().rstrip(".,;")):
        match = re.match(r"(?P<left>.+?)\s*(?P<relation>\\in(?![a-z])|=|>)\s*(?P<right>.+)$", piece)
        if match is None:
            waiting.append(piece)
            continue
        yield [*waiting, match["left"].strip()], match["relation"].lstrip("\\"), match["right"].strip()
        waiting = []


def _pieces(text: str) -> list[str]:
    """Cut at commas outside brackets."""
    pieces, depth = [""], 0
    for letter in text:
        depth += (letter in "{[(") - (letter in "}])")
        if letter == "," and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    return [re.sub(r"^(?:\\[,;! ]|\s)+", "", piece).strip() for piece in pieces]


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


def list_equations(document: Document, dossier: Dossier) -> dict[str, Any]:
    """Say of every display what became of it, in the paper's order, and the counts. Rows that go on from one another are one display."""
    hints = hints_of(document, dossier)
    groups = joined(dossier.formulas)
    displays = [" \\\\ ".join(formula.latex for formula in group) for group in groups]
    limits = Limits(seconds=60.0 + (SECONDS + 0.5) * len(displays))
    answers: dict[int, dict[str, Any]] = {}

    def heard(message: Any) -> None:
        answers[message["index"]] = message
        progress.advance("displays", len(answers) / max(len(displays), 1))

    payload = {"displays": displays, "hints": hints, "seconds": SECONDS}
    result = run_in_child("aquarius.workspace._equations:equations_task", payload, limits=limits, on_message=heard)
    unheard = {"status": "refused", "why": f"it was not finished: {result.error.rstrip('.') or result.status}", "offset": 0}
    rows = []
    for index, group in enumerate(groups):
        answer = {name: value for name, value in answers.get(index, unheard).items() if name != "index"}
        first = {"id": group[0].id, "covers": [formula.id for formula in group[1:]], "latex": displays[index]}
        rows.append(first | {"place": f"{group[0].place.file}:{group[0].place.line}"} | answer)
    return {"equations": rows, "counts": counts_of(rows) | {"rows": len(dossier.formulas)}}


def joined(formulas: Sequence[Formula]) -> list[list[Formula]]:
    """Put rows together that go on from one another: half of an equation would be translated to half of its value."""
    groups: list[list[Formula]] = []
    for formula in formulas:
        if groups and _goes_on(groups[-1][-1], formula):
            groups[-1].append(formula)
        else:
            groups.append([formula])
    return groups


def _goes_on(before: Formula, after: Formula) -> bool:
    begins = _BEGINS.match(after.latex)
    if _ENDS.search(before.latex) or (begins is not None and begins["sign"] != "-"):
        return True
    rows = all(not item.place.quote.lstrip().startswith(("\\begin", "\\[", "$$")) for item in (before, after))
    near = before.place.file == after.place.file and 0 <= after.place.start - before.place.end <= _ROW_GAP
    return rows and near and (begins is not None or not _RELATION.search(after.latex))


def counts_of(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count the displays of each status, and all."""
    counts = Counter(row["status"] for row in rows)
    return {status: counts[status] for status in STATUSES} | {"displays": len(rows)}


def equations_task(emit: Any, payload: dict[str, Any]) -> None:
    """Run in the child: say of each display what it becomes, as it comes; no display takes longer than its seconds."""
    from ..equations import translate

    translate("y = x", {"inputs": {"x": ["n"]}})  # the libraries are loaded before the first display is timed
    for index, latex in enumerate(payload["displays"]):
        try:
            with _deadline(payload["seconds"]):
                answer = classify(latex, payload["hints"])
        except TimeoutError:
            answer = {"status": "refused", "why": f"it took longer than {payload['seconds']:g} s", "offset": 0}
        emit({"index": index} | answer)


def classify(latex: str, hints: dict[str, Any]) -> dict[str, Any]:
    """Say what becomes of one display: its status with code, or why and where, or the symbols that stay open."""
    from ..equations import translate

    why = not_computed(latex)
    if why:
        return {"status": "not a computation", "why": why}
    hopeless = unreadable(latex)
    if hopeless is not None:
        return {"status": "refused", "why": hopeless[0], "offset": hopeless[1]}
    if _BEGINS.match(latex) and not _RELATION.search(latex) and not latex.lstrip("& ").startswith("-"):
        return {"status": "refused", "why": "the row goes on from something that is not shown", "offset": 0}
    inferred = infer(latex, hints)
    if inferred.open:
        return {"status": "open", "open": list(inferred.open), "declared": inferred.symbols}
    translation = translate(latex, inferred.symbols)
    if translation.status == "ok":
        found = {"code": translation.code, "verified": translation.verified, "declared": inferred.symbols}
        return {"status": "translated", "supposes": supposed(translation)} | found
    missing = _UNDECLARED.match(translation.reason)
    if missing is not None:
        return {"status": "open", "open": [missing["name"]], "declared": inferred.symbols}
    return {"status": "refused", "why": translation.reason, "offset": translation.offset, "declared": inferred.symbols}


def supposed(translation: Translation) -> list[str]:
    """What a translation supposes about the results of functions that the display does not define, one sentence per way."""
    ways = [", ".join(f"{name} is {label}" for name, label in reading.supposed) for reading in translation.readings]
    return [way for way in ways if way]


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
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
