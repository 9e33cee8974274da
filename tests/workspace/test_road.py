"""The whole road on a small paper: what is finished is not done again, what changed is stale, what was edited is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.verdict import Verdict
from aquarius.workspace import Workspace
from aquarius.workspace._judging import judge_workspace
from aquarius.workspace._road import reproduce, travel, write_report
from aquarius.workspace._start import start_workspace
from aquarius.workspace._verify import verify_workspace
from workspace.small_paper import fill, write_paper

CLAIM = "table1/Line (ours)/accuracy"


@pytest.fixture
def small(tmp_path: Path) -> Workspace:
    workspace = start_workspace(write_paper(tmp_path), tmp_path / "line", name="line")
    claims = [line.strip() for line in workspace.dossier.read_text().splitlines() if "ccuracy" in line and "id:" in line]
    assert any(CLAIM.casefold() in line.casefold() for line in claims), claims
    fill(workspace.root, CLAIM)
    return workspace


def the_claim(verdict: Verdict) -> object:
    return next(claim for claim in verdict.claims if claim.claim == CLAIM)


def test_the_road_ends_in_a_verdict_and_a_report(small: Workspace) -> None:
    journey = travel(small, workers=2)
    claim = the_claim(journey.verdict)
    assert (claim.result, claim.registered, claim.implementation) == ("reproduced", "before", "verified"), claim.reasons
    assert claim.measured.n == 4
    text = journey.report.read_text()
    assert "A Small Paper on Lines" in text and "http://" not in text.replace("http://www.w3.org", "")
    assert verify_workspace(small)[0] == []

    # again: nothing is done twice, and the verdict is the same to the byte
    lines = small.ledger.read_bytes()
    again = travel(small, workers=2)
    assert again.verdict.to_json() == journey.verdict.to_json()
    assert small.ledger.read_bytes() == lines
    assert judge_workspace(small).to_json() == judge_workspace(small).to_json()

    # changed code: the old evidence is stale and can support nothing
    model = small.root / "src/line/model.py"
    model.write_text(model.read_text() + "\n# changed\n")
    problems = verify_workspace(small)[0]
    assert any("src/line/model.py changed" in problem for problem in problems)
    assert the_claim(judge_workspace(small)).implementation == "unverified"


def test_an_edited_number_in_the_ledger_is_named(small: Workspace) -> None:
    travel(small, workers=2)
    lines = small.ledger.read_text().splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if '"kind":"run"' in line)
    lines[index] = lines[index].replace('"status":"pass"', '"status":"fail"', 1)
    small.ledger.write_text("".join(lines))
    problems, _ = verify_workspace(small)
    assert any(f"line {index + 1}" in problem for problem in problems)
    with pytest.raises(Exception, match=f"line {index + 1}"):
        judge_workspace(small)


def test_more_seeds_after_the_first_runs_are_marked(small: Workspace) -> None:
    travel(small, workers=2)
    later = travel(small, seeds=5, workers=2)
    claim = the_claim(later.verdict)
    assert claim.registered == "after"
    assert claim.result == "inconclusive"


def test_a_broken_model_can_reproduce_nothing(small: Workspace) -> None:
    model = small.root / "src/line/model.py"
    model.write_text(model.read_text().replace("return W @ x + b", "return W @ x - b"))
    claim = the_claim(travel(small, workers=2).verdict)
    assert claim.implementation == "broken"
    assert claim.result != "reproduced"


def test_a_report_can_be_written_elsewhere_in_every_format(small: Workspace, tmp_path: Path) -> None:
    travel(small, workers=2)
    for kind, name in ("markdown", "r.md"), ("json", "r.json"), ("html", "r.html"):
        path = write_report(small, to=tmp_path / name, format=kind)  # type: ignore[arg-type]
        assert path.stat().st_size > 200
    json.loads((tmp_path / "r.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"what": "none-such"}, "neither a paper nor a shipped reproduction"),
        ({"what": "gcn-cora", "seeds": 0}, "must be positive"),
        ({"what": "gcn-cora", "workers": 0}, "must be positive"),
    ],
)
def test_what_cannot_be_walked_is_refused(
    arguments: dict[str, object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=words):
        reproduce(**arguments)  # type: ignore[arg-type]


def test_a_path_outside_the_workspace_is_refused(small: Workspace) -> None:
    small.bindings.write_text("subject: ../../../etc/passwd\n")
    with pytest.raises(BadInput, match="lies outside"):
        travel(small)
