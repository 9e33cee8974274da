"""Labelled subjects are examined with facts and without; net detection leaves out what the correct subject fails too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput, Evidence
from aquarius.workspace import _bench_gauntlet as bench
from aquarius.workspace._bench_gauntlet import Case, gauntlet
from gauntlet.subjects import text


def _case(folder: Path, name: str, bug: str | None, **holes: str) -> None:
    (folder / name).mkdir()
    (folder / name / "subject.py").write_text(text(**holes))
    label = {"base": "net", "bug": bug, "category": "loss" if bug else "correct", "where": "loss" if bug else None}
    (folder / name / "label.json").write_text(json.dumps(label))


@pytest.mark.slow
def test_a_planted_bug_is_counted_and_the_correct_subject_is_silent(tmp_path: Path) -> None:
    _case(tmp_path, "one", None)
    _case(tmp_path, "two", "sigmoid", loss='return F.cross_entropy(forward(model, batch).softmax(-1), batch["label"])')
    figures = gauntlet(tmp_path, 2)
    rows = {row["measure"]: row for row in figures["rows"]}
    assert rows["net detection"]["with facts"] == rows["net detection"]["without facts"] == "1/1 = 100.0%"
    assert rows["false alarms"]["without facts"] == "0/1" and rows["loss"]["with facts"] == "1/1"
    assert [case["bug"] for case in figures["cases"]] == [None, "sigmoid"] and figures["cases"][1]["failed with facts"] != []


def _finding(check: str, where: str | None = None) -> Evidence:
    return Evidence(kind="finding", check=check, status="fail", message="m", where=where)


def test_a_check_that_the_correct_subject_fails_too_is_no_net_detection() -> None:
    label = {"base": "net", "bug": None, "category": "correct", "where": None}
    buggy = {"base": "net", "bug": "x", "category": "data", "where": "Net.forward"}
    cases = [
        Case("a", label, (_finding("noisy"),), 1.0),
        Case("b", buggy, (_finding("noisy", "Net.__init__"),), 2.0),
        Case("c", buggy, (_finding("noisy"), _finding("sharp", "batch")), 4.0),
        Case("d", buggy, (), 9.0),
    ]
    rows = bench._figures(cases)
    assert rows["net detection"] == "1/3 = 33.3%" and rows["false alarms"] == "1/1" and rows["data"] == "1/3"
    assert rows["localised, among detected"] == "1/2 = 50.0%"
    assert (rows["seconds, median"], rows["seconds, worst"]) == ("3.0", "9.0")


def test_a_folder_without_labels_a_bad_label_and_no_jobs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no labelled subject"):
        gauntlet(tmp_path, 2)
    with pytest.raises(BadInput, match="at least one subject"):
        gauntlet(tmp_path, 0)
    _case(tmp_path, "one", None)
    (tmp_path / "one" / "label.json").write_text('{"base": "net"}')
    with pytest.raises(BadInput, match="has no 'bug'"):
        gauntlet(tmp_path, 2)
    (tmp_path / "one" / "label.json").write_text("{")
    with pytest.raises(BadInput, match="is not JSON"):
        gauntlet(tmp_path, 2)


def test_our_own_corpus_is_written_from_a_checkout_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write_own_corpus(tmp_path / "corpus")
    labels = [json.loads(path.read_text()) for path in (tmp_path / "corpus").glob("*/label.json")]
    assert len(labels) >= 120 and sum(label["bug"] is None for label in labels) >= 20
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "site-packages" / "aquarius" / "workspace" / "_bench_gauntlet.py"))
    with pytest.raises(BadInput, match="name a folder of labelled subjects"):
        bench.write_own_corpus(tmp_path / "other")
