"""Numbers of records and of prose."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.audit._logs import claimed_counts
from aquarius.audit._records import Printed, Records, agrees, last_of_each, leaves
from aquarius.audit._repository import load


def records(files: dict[str, str], tmp_path: Path) -> Records:
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    return Records(load(tmp_path))


@pytest.mark.parametrize(
    ("text", "value", "good"),
    [("0.97", 0.9713, True), ("97.1", 0.9713, True), ("2.87", 0.9713, True), ("0.98", 0.9613, False), ("1.31", 131.0, False)],
)
def test_a_printed_number_is_a_recorded_one(text: str, value: float, good: bool) -> None:
    assert agrees(Printed("README.md", text, "ours", 1), [value]) is good


def test_console_lines_become_rows(tmp_path: Path) -> None:
    found = records({"train.log": "seed=0 epoch=1 loss=0.50\nseed=0 epoch=2 loss=0.40\nseed=1 epoch=2 loss=0.45\n"}, tmp_path)
    (table,) = found.logs
    assert table.columns()["loss"] == [0.5, 0.4, 0.45]
    assert last_of_each(table)["loss"] == [0.4, 0.45]


def test_rows_of_records_are_lists() -> None:
    assert dict(leaves({"runs": [{"seed": 0, "acc": 0.5}, {"seed": 1, "acc": 0.6}], "ok": True})) == {
        "runs.seed": [0.0, 1.0],
        "runs.acc": [0.5, 0.6],
    }


def test_the_papers_column_is_not_ours(tmp_path: Path) -> None:
    found = records({"README.md": "# R\n\n| | paper | ours |\n|---|---|---|\n| accuracy | 0.913 | 0.894 |\n"}, tmp_path)
    assert [item.text for item in found.printed] == ["0.894"]


def test_counts_that_a_text_claims() -> None:
    assert claimed_counts("mean over six seeds and 20 folds, logged every 5 seeds", {"seeds", "folds"}) == [6, 20]
