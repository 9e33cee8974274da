"""The ledger's bench prints what it measured, and says when it is over its budget."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput
from aquarius.workspace import _bench_ledger
from aquarius.workspace._bench_ledger import ledger_figures


def test_the_figures_of_a_small_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = ledger_figures(300, 5)
    assert figures["entries"] == 300 and figures["bytes"] > 300 * 200
    assert [row["figure"] for row in figures["rows"]] == ["verify 300 entries, s", "append one, ms"]
    monkeypatch.setattr(_bench_ledger, "APPEND_MS", 0.0)
    assert not ledger_figures(10, 3)["within"]


def test_too_few_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 1 entry and 3 appends are needed, got 10 and 1"):
        ledger_figures(10, 1)
