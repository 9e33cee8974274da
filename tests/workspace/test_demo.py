"""`aquarius demo`, the main job, as a user runs it; and the same from the paper's own source where that is at hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "aquarius", *arguments, "--json"], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run("demo", "--into", str(tmp_path_factory.mktemp("demo") / "attention"))


def test_every_stop_of_the_road_left_evidence(journey: dict[str, Any]) -> None:
    evidence = journey["evidence"]
    assert all(item["status"] != "fail" for item in evidence if item["kind"] != "count")
    assert [item["status"] for item in evidence if item["kind"] == "conformance"] == ["pass"] * 5
    checks = {item["check"] for item in evidence if item["kind"] == "finding" and item["status"] == "pass"}
    assert {"gradient", "causality", "padding", "overfit", "initial loss"} <= checks
    runs = [item for item in evidence if item["kind"] == "run"]
    assert len(runs) == 3 and all(item["scale"] == "proxy" and item["stand_in"] and item["claim"] is None for item in runs)
    assert all(item["values"]["token_accuracy"] > 0.9 for item in runs)


def test_the_eleven_printed_counts_are_judged_and_nothing_is_claimed_that_was_not_shown(journey: dict[str, Any]) -> None:
    claims = {item["claim"]: item for item in journey["verdict"]["claims"]}
    counted = [item for name, item in claims.items() if name.endswith("/parameters")]
    assert len(counted) == 11
    assert all((item["measured"]["mean"] > 1e7 and item["assumptions"]) or item["reasons"] for item in counted)
    assert all(item["result"] == "inconclusive" for item in counted)  # no row agrees at the vocabulary that the paper states
    table = next(item for item in journey["evidence"] if item["kind"] == "count" and item["claim"] is None)
    assert (table["values"]["served"], table["values"]["rows"]) == (10, 11)
    bleu = [item for name, item in claims.items() if "BLEU" in name]
    assert bleu and all(item["result"] == "not tested" for item in bleu)
    assert any("needs WMT 2014 English-German" in reason for item in bleu for reason in item["reasons"])


def test_the_report_is_one_small_file_without_a_network(journey: dict[str, Any]) -> None:
    text = Path(journey["report"]).read_text()
    assert len(text.encode()) < 2_000_000
    assert not re.findall(r"<(?:script|link|iframe)\b|(?:src|url)\s*[=(]\s*[\"']?https?:", text)


def test_every_required_gate_is_open(journey: dict[str, Any]) -> None:
    state = run("status", journey["workspace"])
    shut = [
        f"{gate['name']}: {gate['reason']}" for phase in state["phases"] for gate in phase["gates"] if gate["required"] and not gate["open"]
    ]
    assert not shut


def test_again_nothing_is_done_twice(journey: dict[str, Any]) -> None:
    ledger = Path(journey["workspace"]) / ".aquarius" / "ledger.jsonl"
    before = ledger.read_bytes()
    again = run("demo", "--into", journey["workspace"])
    assert again["verdict"] == journey["verdict"]
    assert ledger.read_bytes() == before


@pytest.mark.slow
def test_the_papers_own_source_comes_to_the_same_verdicts(journey: dict[str, Any], shared: Path, tmp_path: Path) -> None:
    source = run("demo", "--paper", str(shared / "papers" / "attention" / "source"), "--into", str(tmp_path / "w"))
    result = lambda item: (item["result"], item["paper"] and item["paper"]["value"])
    # the sheet says in its own words what the paper's sentences say
    short = lambda found: {item["claim"]: result(item) for item in found["verdict"]["claims"] if not item["claim"].startswith("text/")}
    assert short(source) == short(journey)
