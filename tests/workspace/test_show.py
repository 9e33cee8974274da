"""Views show what records hold, failed things first, and hide nothing."""

from __future__ import annotations

import io

from rich.console import Console

from aquarius.core import Evidence, Receipt, measure
from aquarius.verdict import ClaimVerdict, Estimate, Verdict
from aquarius.workspace import _show


def shown(view: object) -> str:
    out = io.StringIO()
    Console(file=out, width=160, highlight=False, markup=False).print(view)
    return out.getvalue()


def claim(name: str, result: str, **more: object) -> ClaimVerdict:
    base = {
        "claim": name, "statement": "It is so.", "implementation": "verified", "execution": "complete", "result": result, "scale": "full",
        "paper": measure("81.5", unit="%"), "measured": None, "rule": None, "registered": "never", "test": "", "reasons": ("Because.",),
    }  # fmt: skip
    return ClaimVerdict.model_validate(base | more)


def test_findings_failed_first_with_their_hint() -> None:
    evidence = [
        Evidence(kind="finding", check="calm", status="pass", message="fine"),
        Evidence(kind="finding", check="leak", status="fail", message="the future leaks", where="Net.forward", hint="the mask"),
    ]
    text = shown(_show.evidence_view(evidence))
    assert text.index("leak") < text.index("calm")
    assert "look at: the mask" in text and "Net.forward" in text
    assert "1 pass, 1 fail" in text


def test_a_verdict_shows_what_was_tested_and_counts_the_rest() -> None:
    estimate = Estimate(mean=81.4, sd=0.7, n=20, low=81.1, high=81.7)
    claims = (
        claim("a", "reproduced", measured=estimate),
        claim("b", "not tested", execution="none", reasons=("Not tested: needs WMT 2014.",)),
        claim("c", "not tested", execution="none", reasons=("Not tested: needs WMT 2014.",)),
        claim("d", "inconclusive", scale="proxy"),
    )
    text = shown(_show.verdict_view(Verdict(title="T", dossier="0", registration=None, claims=claims)))
    assert "81.4 [81.1, 81.7], n = 20" in text
    assert "inconclusive (proxy)" in text
    assert "2 × not tested: Not tested: needs WMT 2014." in text
    assert "1 of 4 claims reproduced" in text and "81.5 %" in text


def test_runs_show_seed_mean_and_spread() -> None:
    runs = [
        Evidence(kind="run", check="x", status="pass", message="", values={"accuracy": value}, receipt=Receipt(command="", seed=seed))
        for seed, value in enumerate((80.0, 82.0))
    ]
    failed = Evidence(kind="run", check="x", status="fail", message="Seed 2 failed: it hung.", receipt=Receipt(command="", seed=2))
    text = shown(_show.runs_view([*runs, failed]))
    assert "accuracy: 81 ± 1.414 (n = 2)" in text
    assert "it hung" in text
    assert "it hung" in shown(_show.runs_view([failed]))


def test_markup_in_a_message_is_text() -> None:
    evil = Evidence(kind="finding", check="[red]x", status="fail", message="[link=http://x]click[/link]")
    text = shown(_show.evidence_view([evil]))
    assert "[link=http://x]click[/link]" in text and "[red]x" in text
