"""The runs of a report, by experiment and seed, and what it takes to make them again."""

from __future__ import annotations

from aquarius.core import Evidence
from aquarius.report._runs import environments, experiments, inputs, rerun, runs

from .samples import evidence, receipt, run, verdict


def test_experiments_say_what_they_cannot_support() -> None:
    trial = run("trial", 0, 1.0, settings={}, counts=False)
    failed = run("trial", 1, 1.0, settings={}, counts=False).model_copy(update={"status": "fail"})
    full, proxy, other = experiments([*evidence(), trial, failed])
    assert (full["name"], full["count"], full["notes"]) == ("copy-full", 10, [])
    assert proxy["notes"] == ["proxy scale, stand-in data: supports no claim of the paper's tables"]
    assert other["notes"] == ["a trial that does not count: no verdict uses it", "1 of 2 runs failed"]


def test_metrics_leave_out_what_is_not_finite_and_say_how_many_are_left() -> None:
    made = [run("a", seed, value, settings={}) for seed, value in enumerate((1.0, 2.0, 3.0, float("nan")))]
    accuracy = experiments(made)[0]["metrics"][0]
    assert accuracy == {"name": "accuracy", "n": 3, "mean": "2.00", "sd": "1.0", "low": "1.0", "high": "3.0"}
    assert experiments([run("a", 0, float("inf"), settings={})])[0]["metrics"][0]["mean"] == "—"


def test_panels_are_few_and_the_loss_comes_first() -> None:
    curves = {name: [(0, 1.0)] for name in ("z", "norm", "accuracy", "train loss", "b")} | {"empty": []}
    items = [Evidence(kind="run", check="a", status="pass", message="m", curves=curves, receipt=receipt(seed=seed)) for seed in (0, 1)]
    panels = experiments(items)[0]["panels"]
    assert list(panels) == ["train loss", "accuracy", "b", "norm"] and list(panels["b"]) == ["seed 0", "seed 1"]


def test_runs_say_whether_the_verdict_rests_on_them() -> None:
    rows = runs(evidence(), verdict())
    assert [row["used"] for row in rows] == [False] * 3 + [True] * 10
    assert rows[3]["log"] == "runs/copy-full-0/log.txt:41" and rows[3]["hash"].startswith(rows[3]["short"])
    bare = runs([run("a", 0, 1.0, settings={}).model_copy(update={"receipt": None})], verdict())[0]
    assert (bare["receipt"], bare["seed"], bare["exit_status"]) == (False, "—", "—")


def test_inputs_and_environments_are_told_once() -> None:
    rows = {row["name"]: row["count"] for row in inputs(evidence())}
    assert list(rows) == ["package:models/language/transformer.py", "value:settings", "workspace:src/transformer/model.py"]
    assert rows["workspace:src/transformer/model.py"] == len(evidence())
    (only,) = environments(evidence())
    assert only["count"] == 20 and {"name": "torch", "version": "2.13.0"} in only["packages"]


def test_commands_come_once_in_the_order_of_the_road() -> None:
    late = Evidence(kind="run", check="a", status="pass", message="m", receipt=receipt(command="aquarius train"))
    assert rerun([late, *evidence()]) == ["aquarius reproduce .", "aquarius train", "aquarius judge", "aquarius write"]
