"""AQL's bench prints what it measured, and says when a figure is over its budget."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput
from aquarius.workspace import _bench_aql
from aquarius.workspace._bench_aql import aql_figures


def test_the_figures_of_a_short_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bench_aql, "K", 100)
    monkeypatch.setattr(_bench_aql, "CHUNK", 5000)
    monkeypatch.setattr(_bench_aql, "MODELS", {"convolutional network": _bench_aql._vision})
    monkeypatch.setattr(_bench_aql, "LEAST_RATE", 1e9)
    figures = aql_figures(5, 2, 50_000)
    rows = {row["figure"]: row for row in figures["rows"]}
    assert len(rows) == 12 and rows["stream: share equal to a sort"]["median"] == 1.0
    assert rows["after 5,000 scores: buffer, MiB"]["median"] == rows["after 50,000 scores: buffer, MiB"]["median"] > 0
    assert rows["after 50,000 scores: process, MiB more"]["within"] == "yes"
    assert rows["convolutional network: 10 passes of MC dropout, % of a step"]["median"] > 50
    assert all(row["low"] <= row["median"] <= row["high"] for row in rows.values())
    assert rows["stream, k = 100: million scores/s, all 2 chunks"]["within"] == "no" and not figures["within"]


def test_too_few_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 5 steps, 1 chunk and 1,000,000 scores are needed, got 4, 1 and 1,000,000,000"):
        aql_figures(4, 1)
