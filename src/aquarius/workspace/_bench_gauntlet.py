"""The gauntlet on labelled subjects: what it finds, what it cries over, and how long it takes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import BadInput, Evidence, progress, read_text

FIELDS = ("base", "bug", "category", "where")


@dataclass(frozen=True)
class Case:
    """A labelled subject and the failed findings of its examination."""

    name: str
    label: dict[str, Any]
    failed: tuple[Evidence, ...]
    seconds: float


def write_own_corpus(folder: Path) -> None:
    """Write our own corpus, which lies in the tests of a source checkout, as NAME/subject.py and NAME/label.json.

    Raises:
        BadInput: this is no checkout, or the corpus cannot be written.
    """
    tests = Path(__file__).resolve().parents[3] / "tests"
    if not (tests / "bugs" / "corpus.py").is_file():
        raise BadInput(
            "our own corpus lies in the source checkout, and Aquarius is installed without it: name a folder of labelled subjects."
        )
    script = "import sys; from pathlib import Path; from bugs.corpus import write_corpus; write_corpus(Path(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": str(tests)}
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise BadInput(f"our own corpus cannot be written: {(done.stderr.strip().splitlines() or ['no reason was given'])[-1]}.")


def gauntlet(folder: Path, jobs: int) -> dict[str, Any]:
    """Examine every NAME/subject.py that has a label.json, with facts and without; return detection, alarms, places, categories and seconds.

    A detection is net where a check fails that no correct subject of the same base fails too.

    Raises:
        BadInput: no labelled subject, a label without its fields, or fewer than one job.
    """
    if jobs < 1:
        raise BadInput(f"at least one subject is examined at a time, got --jobs {jobs}.")
    labels = {path.parent: _label(path) for path in sorted(folder.glob("*/label.json")) if (path.parent / "subject.py").is_file()}
    if not labels:
        raise BadInput(f"{folder} holds no labelled subject: a folder with subject.py and label.json for each.")
    columns = {}
    for title, facts in (("with facts", True), ("without facts", False)):
        begun = [0]

        def one(item: tuple[Path, dict[str, Any]], facts: bool = facts, begun: list[int] = begun) -> Case:
            begun[0] += 1
            progress.advance("subjects", begun[0] / len(labels))
            return _examined(item[0], item[1], facts)

        with ThreadPoolExecutor(jobs) as pool:
            columns[title] = list(pool.map(one, labels.items()))
    figures = {title: _figures(cases) for title, cases in columns.items()}
    names = dict.fromkeys(name for column in figures.values() for name in column)
    rows = [{"measure": name} | {title: column.get(name, "") for title, column in figures.items()} for name in names]
    return {"rows": rows, "cases": [_told(*pair) for pair in zip(*columns.values(), strict=True)]}


def _label(path: Path) -> dict[str, Any]:
    try:
        label = json.loads(read_text(path))
    except ValueError:
        raise BadInput(f"{path} is not JSON.") from None
    missing = [name for name in FIELDS if not isinstance(label, dict) or name not in label]
    if missing:
        raise BadInput(f"{path} has no {missing[0]!r}: a label has {', '.join(FIELDS)}.")
    return dict(label)


def _examined(case: Path, label: dict[str, Any], facts: bool) -> Case:
    from ..gauntlet import examine

    begin = time.perf_counter()
    try:
        failed = tuple(finding for finding in examine(case / "subject.py", facts=facts) if finding.status == "fail")
    except BadInput as error:  # refusing to look at a labelled subject is no answer: it counts as a failed check
        failed = (Evidence(kind="finding", check="refused", status="fail", message=str(error)),)
    return Case(case.name, label, failed, time.perf_counter() - begin)


def _figures(cases: list[Case]) -> dict[str, str]:
    buggy = [case for case in cases if case.label["bug"] is not None]
    correct = [case for case in cases if case.label["bug"] is None]
    noisy: dict[str, set[str]] = {}
    for case in correct:
        noisy.setdefault(str(case.label["base"]), set()).update(_checks(case))
    net = {case.name for case in buggy if _checks(case) - noisy.get(str(case.label["base"]), set())}
    detected = [case for case in buggy if case.failed]
    local = [case for case in detected if any(_same_place(finding.where, str(case.label["where"])) for finding in case.failed)]
    rows = {
        "net detection": _share(len(net), len(buggy)),
        "false alarms": f"{sum(bool(case.failed) for case in correct)}/{len(correct)}",
        "localised, among detected": _share(len(local), len(detected)),
    }
    for category in sorted({str(case.label["category"]) for case in buggy}):
        names = [case.name for case in buggy if case.label["category"] == category]
        rows[category] = f"{sum(name in net for name in names)}/{len(names)}"
    times = [case.seconds for case in cases]
    return rows | {"seconds, median": f"{statistics.median(times):.1f}", "seconds, worst": f"{max(times):.1f}"}


def _checks(case: Case) -> set[str]:
    return {finding.check for finding in case.failed}


def _same_place(found: str | None, label: str) -> bool:
    """The label's function, or another method of its class."""
    return found == label or (bool(found) and "." in label and str(found).split(".")[0] == label.split(".")[0])


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}" + (f" = {part / whole:.1%}" if whole else "")


def _told(with_facts: Case, without: Case) -> dict[str, Any]:
    return {
        "case": with_facts.name,
        "base": with_facts.label["base"],
        "bug": with_facts.label["bug"],
        "failed with facts": sorted(_checks(with_facts)),
        "failed without facts": sorted(_checks(without)),
    }
