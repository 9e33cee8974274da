"""The runner: whatever happens inside a check is a finding; its time is bounded; every card is filled in."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from aquarius.core import Evidence
from aquarius.gauntlet import Check, Examination, checks, examine
from aquarius.gauntlet import _runner as runner
from gauntlet.subjects import module, text


def _check(function: object) -> Check:
    return Check("probe", "test", "x", (), "x", "instant", function)  # type: ignore[arg-type]


def test_an_error_in_a_check_is_unsure_and_names_the_subjects_function(tmp_path: Path) -> None:
    examination = Examination(module(tmp_path, forward="return self.outer(x)"))
    (found,), _ = runner.run_check(_check(lambda e: e.passed(str(e.forward(e.build(), e.batch())))), examination, 30.0)
    assert (found.status, found.where) == ("unsure", "Net.forward") and "the subject's Net.forward raised RuntimeError" in found.message


def test_an_error_of_the_check_itself_is_unsure_without_a_place(tmp_path: Path) -> None:
    (found,), _ = runner.run_check(_check(lambda e: 1 / 0), Examination(module(tmp_path)), 30.0)
    assert (found.status, found.where) == ("unsure", None) and "ZeroDivisionError" in found.message


def test_a_check_that_runs_out_of_time_is_skipped(tmp_path: Path) -> None:
    (found,), seconds = runner.run_check(_check(lambda e: time.sleep(20)), Examination(module(tmp_path)), 1.0)
    assert found.status == "skipped" and "its share of the time" in found.message and seconds < 5


def test_a_call_that_does_not_come_back_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "HANG", 0.5)
    examination = Examination(module(tmp_path, loss="while True: pass"))
    (found,), _ = runner.run_check(_check(lambda e: e.loss(e.build(), e.batch(4))), examination, 1.5)
    assert (found.check, found.status, found.where) == ("process", "fail", "loss")


def test_one_call_that_does_not_come_back_is_told_before_the_budget_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runner.CALL == 20.0
    monkeypatch.setattr(runner, "CALL", 0.6)
    monkeypatch.setattr(runner, "HANG", 0.5)
    monkeypatch.setattr(runner, "TICK", 0.2)
    examination = Examination(module(tmp_path, loss="while True: pass"))
    (found,), seconds = runner.run_check(_check(lambda e: e.loss(e.build(), e.batch(4))), examination, 60.0)
    assert (found.check, found.status, found.where) == ("process", "fail", "loss") and seconds < 5


def test_many_calls_that_come_back_are_no_hang_and_an_error_leaves_no_call_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CALL", 0.6)
    monkeypatch.setattr(runner, "TICK", 0.1)
    examination = Examination(module(tmp_path, loss="import time; time.sleep(0.3); raise RuntimeError"))

    def look(e: Examination) -> Evidence:
        for _ in range(3):
            with contextlib.suppress(RuntimeError):
                e.loss(None, {})  # type: ignore[arg-type]
        time.sleep(1.0)
        return e.passed("done")

    assert [found.status for found in runner.run_check(_check(look), examination, 30.0)[0]] == ["pass"]


@pytest.mark.slow
def test_a_build_that_hangs_is_told_within_a_call_of_twenty_seconds(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(text().replace("return Net()", "while True: pass"))
    begin = time.perf_counter()
    failed = [found for found in examine(path) if found.status == "fail"]
    assert [(found.check, found.where) for found in failed] == [("process", "build")] and time.perf_counter() - begin < 40


def test_no_time_left_is_skipped_without_a_look(tmp_path: Path) -> None:
    (found,), seconds = runner.run_check(_check(lambda e: pytest.fail("it ran")), Examination(module(tmp_path)), 0.1)
    assert found.status == "skipped" and seconds == 0.0


def test_nothing_found_is_skipped(tmp_path: Path) -> None:
    (found,), _ = runner.run_check(_check(lambda e: []), Examination(module(tmp_path)), 5.0)
    assert isinstance(found, Evidence) and found.status == "skipped"


def test_every_card_is_filled_in_and_names_are_unique() -> None:
    cards = checks()
    assert len({card.name for card in cards}) == len(cards) >= 50
    assert all(card.finds.endswith(".") and card.misled_by.endswith(".") and callable(card.function) for card in cards)
