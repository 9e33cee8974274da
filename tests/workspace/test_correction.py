"""The letter to the authors says what was found with quotes and numbers, and is not written where the mistake may be ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput, read_text
from aquarius.dossier import Contradiction, from_yaml, to_yaml
from aquarius.verdict import Verdict
from aquarius.workspace import Workspace
from aquarius.workspace import _judging as judging
from aquarius.workspace._correction import correction, to_markdown
from aquarius.workspace._facts import Facts
from workspace.samples import CLAIM, PAPER, complete, finding


@pytest.fixture
def worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose verdict says that the claim came out worse; whether it should is the verdict's affair."""
    work = complete(tmp_path / "gcn", accuracy=71.4)
    real = judging.judge_facts

    def judge(facts: Facts) -> Verdict:
        verdict = real(facts)
        (claim,) = verdict.claims
        return verdict.model_copy(update={"claims": (claim.model_copy(update={"result": "worse"}),)})

    monkeypatch.setattr(judging, "judge_facts", judge)
    return work


def test_a_result_that_does_not_come_out_is_put_with_quote_numbers_and_command(worse: Workspace, tmp_path: Path) -> None:
    (issue,), withheld = correction(work := worse)
    assert (issue.kind, issue.claim, withheld) == ("result", CLAIM, [])
    assert issue.counterexample[1] == "the run nearest to the paper: seed 1 gives 71.5 (runs/seed1/log.txt:1)"
    text = to_markdown(work, [issue])
    for wanted in ("Dear Ada Example,", "> 81.5 %", "mean 71.45 over 2 seeds", "seed 0: 71.4", "    aquarius train", "We may be wrong"):
        assert wanted in text, wanted
    assert str(tmp_path) not in text


def test_nothing_is_sent_where_the_implementation_is_not_verified(worse: Workspace) -> None:
    work = worse
    model = finding("causality", "fail", inputs=next(one for one in work.open_ledger().evidence() if one.kind == "finding").receipt.inputs)  # type: ignore[union-attr]
    work.open_ledger().append("evidence", model)
    issues, withheld = correction(work)
    assert issues == [] and withheld == [f"{CLAIM}: it came out 'worse', and our implementation is broken: repair that first."]
    with pytest.raises(BadInput, match="nothing here is held against the paper"):
        to_markdown(work, issues)


def test_a_claim_that_was_reproduced_says_nothing_against_the_paper(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    assert correction(work) == ([], [])
    issues, withheld = correction(work, (CLAIM,))
    assert issues == [] and "says nothing against the paper" in withheld[0]
    with pytest.raises(BadInput, match="the dossier has no claim 'nothing'"):
        correction(work, ("nothing",))


def test_a_contradiction_comes_with_both_quotes_and_only_if_they_stand_there(tmp_path: Path) -> None:
    work = complete(tmp_path / "gcn")
    dossier = from_yaml(read_text(work.dossier))
    place = dossier.claims[0].place
    at = PAPER.index("Graph Convolution")
    other = place.model_copy(update={"start": at, "end": at + 17, "line": 1, "quote": "Graph Convolution"})
    both = Contradiction(message="81.5 % here and none there.", places=(place, other))
    work.dossier.write_text(to_yaml(dossier.model_copy(update={"contradictions": (both,)})))
    (issue,), _ = correction(work)
    assert "> 81.5 %" in (text := to_markdown(work, [issue])) and "> Graph Convolution" in text
    false = both.model_copy(update={"places": (place, other.model_copy(update={"quote": "Graph Revolution!"}))})
    work.dossier.write_text(to_yaml(dossier.model_copy(update={"contradictions": (false,)})))
    assert correction(work)[0] == []
