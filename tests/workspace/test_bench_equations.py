"""Equations are scored in a child: right, refused and silently wrong are told apart, and other readers get a column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.equations._corpus import corpus
from aquarius.workspace import actions
from aquarius.workspace._bench_equations import displays_of, score_equations, score_rows

PAPER = r"""\documentclass{article}
\begin{document}
We use
\begin{equation} y = W x + b \end{equation}
and
\begin{equation} y = (W x \end{equation}
\end{document}
"""
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
    assert {table[name] for name in ("translated right", "refused", "silently wrong")} == {"1/3 = 33.3%"}
    assert {table[name] for name in ("refused of those that must be", "right code accepted", "mutants rejected")} == {"1/1 = 100.0%"}
    assert table["emitted text = interpreter"] == "2/2 = 100.0%"
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
    assert table["silently wrong"].startswith("0/25")


def test_without_cases_our_own_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    found = corpus()
    few = {
        "cases": found["cases"][:2],
        "mutants": [item for item in found["mutants"] if item["id"] == found["cases"][0]["id"]],
        "refuse": found["refuse"][:2],
    }
    monkeypatch.setattr("aquarius.equations._corpus.corpus", lambda: few)
    table = {row["measure"]: row["Aquarius"] for row in score_equations(seeds=1)["rows"]}
    assert table["translated right"] == "2/2 = 100.0%"
    assert table["right code accepted"] == "1/1 = 100.0%"
    with pytest.raises(BadInput, match="go with a file of CASES"):
        score_equations(mutants=Path("mutants.jsonl"))


def test_displays_of_papers_are_parsed(tmp_path: Path) -> None:
    paper = tmp_path / "papers" / "one"
    paper.mkdir(parents=True)
    (paper / "main.tex").write_text(PAPER)
    assert [item["latex"].strip() for item in displays_of(tmp_path / "papers")] == ["y = W x + b", "y = (W x"]
    cases = _jsonl(tmp_path / "cases.jsonl", CASES[:1])
    figures = score_equations(cases, papers=tmp_path / "papers", seeds=1)
    table = {row["measure"]: row["Aquarius"] for row in figures["rows"]}
    assert table["displays of papers parsed, no symbol lost"] == "1/2 = 50.0%"
    with pytest.raises(BadInput, match="holds no paper"):
        displays_of(tmp_path / "nothing")


def test_other_readers_stand_beside_us() -> None:
    case = {"kind": "case", "outcome": "right", "text": True, "parse_ms": 1.0, "translate_ms": 2.0}
    others = {"sympy, lark": {"outcome": "silently wrong", "ms": 3.0}}
    rows = {row["measure"]: row for row in score_rows([case | {"others": others}])}
    assert rows["silently wrong"] == {"measure": "silently wrong", "Aquarius": "0/1 = 0.0%", "sympy, lark": "1/1 = 100.0%"}
    assert rows["parse, median ms"]["sympy, lark"] == "3.00"
