"""Logs as other tools write them: CSV and JSON lines, with counters, gaps, words and numbers that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._logs import read_log


def write(folder: Path, text: str, name: str = "run.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_csv_with_a_header(tmp_path: Path) -> None:
    run = read_log(write(tmp_path, "epoch, step, train_loss, note, val_acc\n1,10,2.0,warm,\n1,20,1.5,,50%\n2,30,nan,,60%\n"))
    assert run.curves["val_acc"] == [(20, 50.0), (30, 60.0)] and set(run.curves) == {"train_loss", "val_acc"}
    assert run.values == {"val_acc": 60.0} and run.status == "fail" and "train_loss ends as no number" in run.message


def test_json_lines_with_a_torn_end(tmp_path: Path) -> None:
    run = read_log(
        write(tmp_path, '{"step": 0, "loss": 2.0, "tags": [1]}\n{"step": 5, "loss": 1.0, "val_loss": "inf"}\n{"step": 1', "run.jsonl")
    )
    assert run.curves["loss"] == [(0, 2.0), (5, 1.0)] and run.kind == "run" and not run.counts
    assert run.check == "run"


def test_rows_without_a_counter_are_counted(tmp_path: Path) -> None:
    assert read_log(write(tmp_path, "loss\n3\n2\n1\n")).curves["loss"] == [(0, 3.0), (1, 2.0), (2, 1.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: a log is CSV with a header, or one JSON object a line."),
        ("just words\nand more\n", "holds no numbers by name"),
        ('{"loss": 1}\nnot json\n{"loss": 2}\n', "line 2 is no JSON."),
        ("[1, 2]\n", "holds no numbers by name"),
    ],
)
def test_what_is_no_log_is_refused_in_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message.replace(".", r"\.")):
        read_log(write(tmp_path, text))
    with pytest.raises(BadInput, match="does not exist"):
        read_log(tmp_path / "none.csv")
