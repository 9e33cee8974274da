"""Benchmarks print what they measured."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput
from aquarius.workspace._bench import startup


def test_start_is_within_its_budget() -> None:
    figures = startup(5)
    assert [row["command"] for row in figures["rows"]][:2] == ["bare Python", "aquarius --help"]
    assert figures["rows"][1]["median"] > figures["rows"][0]["median"]
    assert figures["within"] == (figures["difference_ms"] <= 150)


def test_too_few_runs_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 3 runs"):
        startup(2)
