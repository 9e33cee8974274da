"""What a report shows, as rows."""

from __future__ import annotations

from aquarius.core import Evidence
from aquarius.report._view import deviations, findings, places, view

from .samples import bundle, dossier, evidence, run


def test_no_claim_is_lost() -> None:
    given = bundle()
    data = view(given)
    shown = [row["id"] for row in (*data["claims"], *data["untested"], *data["counts"]["rows"])]
    assert sorted(shown) == sorted(claim.claim for claim in given.verdict.claims)
    assert sum(share["count"] for share in data["shares"]) == len(given.verdict.claims)
    assert len(data["places"]) == len(dossier().claims) + 3


def test_findings_come_worst_first_and_trials_not_at_all() -> None:
    items = [Evidence(kind="finding", check=status, status=status, message="m") for status in ("pass", "skipped", "fail", "unsure")]
    trial = Evidence(kind="finding", check="trial", status="fail", message="m", counts=False)
    assert [row["check"] for row in findings([*items, trial])] == ["fail", "unsure", "pass", "skipped"]


def test_deviations_are_settings_that_differ_from_what_is_stated() -> None:
    found = deviations(dossier(), evidence())
    assert [(row["name"], row["paper"], row["here"]) for row in found] == [("layers", "6", "2"), ("warmup_steps", "4,000", "400")]
    assert deviations(dossier(), [run("a", 0, 1.0, settings={"dropout": 0.1, "warmup_steps": True, "other": 3})]) == []
    assert deviations(None, evidence()) == []


def test_an_address_that_is_none_is_no_link() -> None:
    for url in ("javascript:alert(1)", "data:text/html,x", 'https://a"onclick=', "ftp://a", "https://a b"):
        assert view(bundle(dossier=dossier().model_copy(update={"url": url})))["url"] is None
    assert view(bundle())["url"] == "https://arxiv.org/abs/1706.03762"


def test_quotes_are_one_line() -> None:
    assert all("\n" not in row["quote"] for row in places(dossier()))
