"""Every display of a paper: translated with what the paper shows of its symbols, refused, open with a question, or not a computation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..core import progress
from ..dossier import Dossier, Formula
from ..equations import Said, answers, defined, questions, stated
from ..reading import Document
from ..subject import Limits, run_in_child

SECONDS = 3.0  # for one display
STATUSES = ("translated", "refused", "open", "not a computation")
HALF = {"status": "refused", "why": "the row goes on from something that is not shown", "offset": 0}
_ROW_GAP = 200  # bytes between two rows of one environment: a label, a comment
_BEGINS = re.compile(
    r"(?:[&~\s]|\\[,;:!]|\\q?quad|\\hspace\{[^}]*\})*(?P<sign>=|\+|-|\*|/|<|>|\\(?:cdot|times|odot|leq?|geq?|approx|propto|equiv|sim)(?![A-Za-z]))"
)
_ENDS = re.compile(r"(?:=|\+|-|\\(?:cdot|times|odot|leq?|geq?|approx|propto|equiv))[&~\s]*$")
_RELATION = re.compile(r"=|<|>|\\(?:leq?|geq?|approx|propto|equiv|sim|in|to|gets|leftarrow|coloneqq|triangleq|Rightarrow)(?![A-Za-z])")


def evidence_of(document: Document, dossier: Dossier) -> list[Said]:
    """Collect what the sentences of a paper say of its symbols, each with its quote and place."""
    found = stated((passage.text, _spot(passage.place)) for passage in document.passages)
    return found + defined({symbol.latex: (symbol.meaning, _spot(symbol.place)) for symbol in dossier.symbols})


def _spot(place: Any) -> str:
    return f"{place.file}:{place.line}"


def list_equations(document: Document, dossier: Dossier, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Say of every display what became of it, in the paper's order, the questions that are left, and the counts.

    Rows that go on from one another are one display. `given` holds a person's answers.

    Raises:
        BadInput: an answer is not understood.
    """
    answers(given)
    groups = joined(dossier.formulas)
    displays = [{"id": group[0].id, "latex": " \\\\ ".join(formula.latex for formula in group)} for group in groups]
    payload = {
        "displays": displays,
        "said": [asdict(item) for item in evidence_of(document, dossier)],
        "meanings": {symbol.latex: symbol.meaning for symbol in dossier.symbols},
        "given": dict(given or {}),
        "seconds": SECONDS,
    }
    found: dict[int, dict[str, Any]] = {}

    def heard(message: Any) -> None:
        found[message["index"]] = message
        progress.advance("displays", len(found) / max(len(displays), 1))

    limits = Limits(seconds=60.0 + (SECONDS + 0.5) * len(displays))
    result = run_in_child("aquarius.workspace._equations:equations_task", payload, limits=limits, on_message=heard)
    unheard = {"status": "refused", "why": f"it was not finished: {result.error.rstrip('.') or result.status}", "offset": 0}
    rows = []
    for index, group in enumerate(groups):
        half = _is_half(displays[index]["latex"])
        answer = HALF if half else {name: value for name, value in found.get(index, unheard).items() if name != "index"}
        first = {"id": group[0].id, "covers": [formula.id for formula in group[1:]], "latex": displays[index]["latex"]}
        rows.append(first | {"place": f"{group[0].place.file}:{group[0].place.line}"} | answer)
    pictured = sum(equation.pictured for equation in document.equations)
    told = {"pictured": pictured} if pictured else {}
    return {"equations": rows, "questions": questions(rows), "counts": counts_of(rows) | {"rows": len(dossier.formulas)}, **told}


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


def _is_half(latex: str) -> bool:
    """A row that goes on from something that no row before it shows."""
    return bool(_BEGINS.match(latex)) and not _RELATION.search(latex.lstrip("&~ ").lstrip("=")) and not latex.lstrip("& ").startswith("-")


def counts_of(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count the displays of each status, and all."""
    counts = Counter(row["status"] for row in rows)
    return {status: counts[status] for status in STATUSES} | {"displays": len(rows)}


def equations_task(emit: Any, payload: dict[str, Any]) -> None:
    """Run in the child: say of each display what it becomes, as it comes."""
    from ..equations import Shown, survey, translate

    translate("y = x", {"inputs": {"x": ["n"]}})  # the libraries are loaded before the first display is timed
    displays = [Shown(display["id"], display["latex"]) for display in payload["displays"]]
    said = [Said(**item | {"value": tuple(item["value"])}) for item in payload["said"]]

    def tell(index: int, row: dict[str, Any]) -> None:
        emit({"index": index} | row)

    survey(displays, said, payload["meanings"], answers(payload["given"]), seconds=payload["seconds"], tell=tell)
