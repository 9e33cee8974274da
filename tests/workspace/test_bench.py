"""Benchmarks print what they measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._bench import reading, startup


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
