"""`dossier propose`, as the command line calls it: the dossier on disk, the report of what was refused, and the workspace's own paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.dossier import from_yaml
from aquarius.workspace import actions
from aquarius.workspace._dossier_actions import dossier_propose

PAPER = "# A Net\n\nJo Doe\n\n## Abstract\n\nWe propose a net.\n\n## Training\n\nThe loss stalled for seven passes before we stopped.\n"
FACTS = "facts:\n- {group: recipe, name: patience, value: 7, quote: The loss stalled for seven passes}\n- {group: recipe, name: luck, value: 3, quote: we had three clovers}\n"


@pytest.fixture
def given(tmp_path: Path) -> tuple[Path, Path, Path]:
    paper, dossier, facts = tmp_path / "paper.md", tmp_path / "dossier.yaml", tmp_path / "facts.yaml"
    paper.write_text(PAPER)
    facts.write_text(FACTS)
    actions.distill(str(paper), to=dossier)
    return paper, dossier, facts


def test_what_is_held_is_written_and_what_is_not_is_named(given: tuple[Path, Path, Path]) -> None:
    paper, dossier, facts = given
    outcome = dossier_propose(facts, dossier=dossier, source=str(paper), by="Ada")
    assert not outcome.ok and outcome.data["refused"] == [{"name": "luck", "reason": "its quote is not in the paper"}]
    (fact,) = from_yaml(dossier.read_text()).recipe
    assert (fact.name, fact.value, fact.proposed_by) == ("patience", "7", "Ada")
    text = dossier.read_text()
    assert dossier_propose(facts, dossier=dossier, source=str(paper), by="Ada").data["accepted"] == [] and dossier.read_text() == text
    assert outcome.view() is not None


def test_a_dossier_needs_its_paper(given: tuple[Path, Path, Path]) -> None:
    _, dossier, facts = given
    with pytest.raises(BadInput, match="--dossier and --source belong together"):
        dossier_propose(facts, dossier=dossier)


def test_in_a_workspace_both_are_its_own(given: tuple[Path, Path, Path], tmp_path: Path) -> None:
    paper, _, facts = given
    actions.start(str(paper), tmp_path / "work", name="net", year=2024)
    outcome = dossier_propose(facts, by="Ada", folder=tmp_path / "work")
    assert [item["fact"]["name"] for item in outcome.data["accepted"]] == ["patience"]
