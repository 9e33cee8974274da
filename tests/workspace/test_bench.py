"""Benchmarks print what they measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace import actions
from aquarius.workspace._bench import reading, score_equations, startup


def test_start_is_within_its_budget() -> None:
    figures = startup(5)
    assert [row["command"] for row in figures["rows"]][:2] == ["bare Python", "aquarius --help"]
    assert figures["rows"][1]["median"] > figures["rows"][0]["median"]
    assert figures["within"] == (figures["difference_ms"] <= 150)


def test_too_few_runs_and_no_papers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least 3 runs"):
        startup(2)
    with pytest.raises(BadInput, match="holds no paper"):
        reading(tmp_path)


def test_papers_with_gold_are_measured(shared: Path) -> None:
    rows = {row["paper"]: row for row in reading(shared / "papers")["rows"]}
    assert rows["attention"]["title"] is True
    assert rows["attention"]["authors"] == "8/8"


CASES = [
    {"id": "line", "latex": "y = W x", "inputs": {"W": ["m", "n"], "x": ["n"]}, "reference": "def f(W, x):\n    return W @ x"},
    {"id": "lie", "latex": "y = 2 x", "inputs": {"x": ["n"]}, "reference": "def f(x):\n    return 3 * x"},
    {"id": "open", "latex": "y = W z", "inputs": {"W": ["m", "n"]}, "reference": "def f(W):\n    return W"},
]


def _jsonl(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_equations_are_scored_in_a_child(tmp_path: Path) -> None:
    cases = _jsonl(tmp_path / "cases.jsonl", CASES)
    mutants = _jsonl(
        tmp_path / "mutants.jsonl", [{"id": "line", "correct": CASES[0]["reference"], "mutant": "def f(W, x):\n    return W @ x + 1"}]
    )
    refuse = _jsonl(tmp_path / "refuse.jsonl", [{"id": "typo", "latex": "y = (x", "declarations": {"inputs": {"x": ["n"]}}}])
    figures = actions.bench_equations(cases, mutants=mutants, refuse=refuse, seeds=1).data
    table = {row["measure"]: row["Aquarius"] for row in figures["rows"]}
    assert (table["right"], table["refused"], table["silently wrong"]) == ("1/3", "1/3", "1/3")
    assert (table["refused of those that must be"], table["right code accepted"], table["mutants rejected"]) == ("1/1", "1/1", "1/1")
    assert {item["id"]: item["outcome"] for item in figures["cases"] if item["kind"] == "case"}["lie"] == "silently wrong"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "nothing to score"), ("{", "line 1 of .* is not JSON"), ('{"id": "a", "latex": "y", "inputs": {}}', "has no 'reference'")],
)
def test_cases_that_cannot_be_read_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        score_equations(path)


def test_a_mutant_of_no_case_is_refused(tmp_path: Path) -> None:
    cases = _jsonl(tmp_path / "cases.jsonl", CASES)
    mutants = _jsonl(tmp_path / "mutants.jsonl", [{"id": "none", "correct": "", "mutant": ""}])
    with pytest.raises(BadInput, match="has a mutant of 'none'"):
        score_equations(cases, mutants=mutants)
    with pytest.raises(BadInput, match="at least 1 draw"):
        score_equations(cases, seeds=0)


def test_the_shared_equations_have_none_that_is_silently_wrong(shared: Path) -> None:
    table = {row["measure"]: row["Aquarius"] for row in score_equations(shared / "equations" / "dev.jsonl")["rows"]}
    assert table["silently wrong"] == "0/25"
