"""`compare_models`: two implementations of one model, the same weights, the same batch, and the first module where they part."""

from __future__ import annotations

from pathlib import Path

from ...core import BadInput, Evidence
from ...subject import Limits, Subject, run_in_child
from .._examine import require_functions

TASK = "aquarius.gauntlet.comparison._parting:run_comparison"
COMPARED = ("build", "batch", "forward")


def compare_models(first: Subject | str | Path, second: Subject | str | Path, *, limits: Limits | None = None) -> Evidence:
    """Return one finding: `pass` where the implementations agree, `fail` with the first module where they part, `unsure` where that cannot be told.

    The weights of the first are laid onto the second by shape and order of use; `details["map"]` shows how. Both run in one child process.

    Raises:
        BadInput: a file that is missing, not Python, does not import, or lacks build, batch or forward.
    """
    subjects = [subject if isinstance(subject, Subject) else Subject(Path(subject)) for subject in (first, second)]
    for subject in subjects:
        require_functions(subject, COMPARED)
    names = _names(subjects[0].path, subjects[1].path)
    payload = {"second": str(subjects[1].path.resolve()), "names": names}
    result = run_in_child(TASK, payload, subject=subjects[0], limits=limits or Limits(seconds=90))
    if len(result.messages) < 2:
        raise BadInput(f"{subjects[len(result.messages)].path} does not import: {result.error}.")
    if result.status == "ok":
        found = result.value
    elif result.status == "raised":
        found = {"status": "unsure", "message": f"the comparison came upon {result.error}", "where": result.where}
    else:
        found = {"status": "unsure", "message": f"the comparison did not come to an end: {result.error}"}
    return Evidence(kind="finding", check="compare-models", seconds=round(result.seconds, 4), **found)


def _names(first: Path, second: Path) -> list[str]:
    """Return the shortest names that tell two files apart."""
    one, two = first.resolve().parts, second.resolve().parts
    for length in range(1, max(len(one), len(two)) + 1):
        names = ["/".join(parts[-length:]) for parts in (one, two)]
        if names[0] != names[1]:
            return names
    return [f"{first.name} (1)", f"{second.name} (2)"]
