"""The form of a session: every heading filled from evidence, and a report that departs from it is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aquarius.core import file_hash
from aquarius.workspace import Workspace
from aquarius.workspace._session import HEADINGS, session, session_problems
from workspace.samples import MODEL, complete, finding, put, workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return complete(tmp_path_factory.mktemp("session") / "gcn").root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "gcn")
    return Workspace(tmp_path / "gcn")


def test_a_session_of_an_empty_workspace_has_every_heading(tmp_path: Path) -> None:
    work = workspace(tmp_path)
    text = session(work)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(HEADINGS)
    assert "- Open the gate paper of phase 1: the paper was read." in text and "- paper: shut, " in text
    assert session_problems(text, work) == []


def test_a_session_tells_code_answers_bugs_and_gates(work: Workspace) -> None:
    inputs = {f"workspace:{MODEL}": file_hash(work.root / MODEL)}
    bad = finding("causality", "fail", inputs=inputs, hint="Look at the mask.")
    work.open_ledger().append("evidence", bad)
    text = session(work)
    assert f"- {MODEL}\n" in text and "23 (right)" in text
    assert "- causality (fail): causality: fail. Look at the mask." in text
    assert "- gauntlet: shut, 1 findings failed: causality at the model" in text
    put(work, MODEL, "weight = 2\n")
    assert f"- {MODEL} (changed since, its evidence is stale)" in session(work)


def test_a_broken_ledger_still_gives_a_session(work: Workspace) -> None:
    work.ledger.write_text("nonsense\n")
    text = session(work)
    assert session_problems(text, work) == [] and "is no entry of a ledger" in text


def test_what_departs_from_the_form_is_named(work: Workspace) -> None:
    text = session(work)
    assert session_problems(text.replace("## Code\n", "## Coding\n"), work) == ["The heading 'Code' is missing."]
    empty = text[: text.index("## Next")] + "## Next\n"
    assert session_problems(empty, work) == ["The section 'Next' is empty."]
    swapped = text.replace("## Goal", "## X").replace("## Next", "## Goal").replace("## X", "## Next")
    assert session_problems(swapped, work) == [f"The headings are not in their order: {', '.join(HEADINGS)}."]


def test_reproduced_is_said_by_the_verdict_alone(work: Workspace) -> None:
    text = session(work)
    verdict = work.open_ledger().verdict()
    assert verdict is not None and verdict.count("reproduced") == 0  # two seeds decide nothing
    claimed = text + "\nThe result was reproduced.\n"
    assert session_problems(claimed, work) == ['It says "reproduced", and no current verdict of the workspace does.']
    assert session_problems(text + "\nIt was not reproduced.\n", work) == []
