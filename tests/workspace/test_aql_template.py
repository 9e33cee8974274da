"""The shipped reproduction of AQL: its claims, rules and controls; and, slow, every experiment at a tiny size on made-up data."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from aquarius.core import Evidence
from aquarius.dossier import Dossier, from_yaml
from aquarius.lab import train
from aquarius.subject import Limits
from aquarius.verdict import judge, register
from aquarius.verdict._gather import measured_value
from aquarius.workspace import Workspace
from aquarius.workspace._config import ExperimentFile, read_experiments
from aquarius.workspace._start import paper_path, start_workspace

SMALL: dict[str, dict[str, Any]] = {
    "arithmetic": {"small_heap": 100, "large_heap": 1000},
    "clean": {"source": "made", "images": 256, "hidden": 16, "samples": 320, "evaluate_every": 32, "printed_baseline": 20.0},
    "cost": {"alphabet": 64, "width": 16, "length": 8, "sequences": 4, "steps": 3},
    "language": {"source": "made", "windows": 400, "width": 8, "reference_width": 4, "samples": 640, "evaluate_every": 32, "reference_samples": 64, "validation_windows": 20, "buckets": 64},
    "redundant": {"source": "made", "images": 600, "originals": 20, "hidden": 16, "samples": 960, "evaluate_every": 32, "passes": 2},
    "uncertainty": {"source": "made", "images": 200, "hidden": 16, "test": 200},
}  # fmt: skip
CANNOT = {"report/N5", "report/N6", "report/N7", "report/N8/Fisher", "report/N13/wall clock", "report/N13/language"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return start_workspace("aql", tmp_path_factory.mktemp("aql") / "w", name="aql")


@pytest.fixture(scope="module")
def dossier(workspace: Workspace) -> Dossier:
    return from_yaml(workspace.dossier.read_text())


@pytest.fixture(scope="module")
def experiments(workspace: Workspace) -> dict[str, ExperimentFile]:
    return read_experiments(workspace.conf)


def test_every_claim_has_its_quote_and_all_thirteen_are_there(workspace: Workspace, dossier: Dossier) -> None:
    sheet = paper_path(workspace).read_bytes()
    assert all(claim.place.is_true_of(sheet) for claim in dossier.claims)
    named = {match[1] for claim in dossier.claims if (match := re.match(r"report/N(\d+)", claim.id))}
    assert named == {str(number) for number in range(1, 14)}


def test_every_claim_is_registered_or_says_what_it_needs(dossier: Dossier, experiments: dict[str, ExperimentFile]) -> None:
    rules = [rule for item in experiments.values() for rule in (item.rule, *item.rules) if rule is not None]
    registration = register(dossier, rules)
    ruled = {rule.claim for rule in registration.rules}
    left = {claim.id for claim in dossier.claims} - ruled
    assert left == CANNOT
    assert all(claim.needs for claim in dossier.claims if claim.id in left)
    assert all(rule.seeds == 5 and rule.alpha == 0.05 for rule in registration.rules)
    exact = {claim.id for claim in dossier.claims if claim.kind == "exact"}
    assert all(rule.margin and rule.margin_source for rule in registration.rules if rule.claim not in exact)


def test_the_large_configuration_is_not_run_unasked(workspace: Workspace, dossier: Dossier, experiments: dict[str, ExperimentFile]) -> None:
    assert set(experiments) == set(SMALL)
    large = read_experiments(workspace.conf / "large")["gpt2-wikitext103"]
    assert large.rule is not None
    register(dossier, [large.rule, *large.rules])
    settings = large.values()
    alphabet, length, width, layers = (settings[name] for name in ("alphabet", "length", "width", "layers"))
    assert (alphabet + length) * width + layers * (12 * width**2 + 13 * width) + 2 * width == 124_439_808  # GPT-2's count


def _run(workspace: Workspace, name: str, item: ExperimentFile, settings: dict[str, Any], seeds: int) -> list[Evidence]:
    return train(
        workspace.inside(item.experiment),
        name=name,
        seeds=seeds,
        settings=item.values() | settings,
        runs=workspace.runs,
        claim=item.claim,
        stand_in=True,
        limits=Limits(seconds=300),
        workers=1,
    )


def test_arithmetic_is_decided(workspace: Workspace, dossier: Dossier, experiments: dict[str, ExperimentFile]) -> None:
    item = experiments["arithmetic"]
    runs = _run(workspace, "arithmetic", item, SMALL["arithmetic"], 1)
    assert [run.status for run in runs] == ["pass"], runs[0].message
    claims = [item.claim, *(rule.claim for rule in item.rules)]
    stands = [run.model_copy(update={"stand_in": False, "details": run.details | {"claims": claims}}) for run in runs]
    results = {claim.claim: claim.result for claim in judge(dossier, stands).claims}
    assert all(results[f"report/N10/threshold {number}"] == "reproduced" for number in range(1, 7))
    assert results["report/N4"] == "refuted"  # 25 per cent, where the report has 5
    assert results["report/N5"] == "not tested"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SMALL if name != "arithmetic"])
def test_an_experiment_measures_all_that_its_claims_are_about(
    name: str, workspace: Workspace, dossier: Dossier, experiments: dict[str, ExperimentFile]
) -> None:
    item = experiments[name]
    runs = _run(workspace, name, item, SMALL[name], 1)
    assert [run.status for run in runs] == ["pass"], runs[0].message
    for rule in (item.rule, *item.rules):
        assert rule is not None
        claim = dossier.claim(rule.claim)
        assert claim is not None
        assert measured_value(runs[0], claim, rule) is not None, rule.claim
    results = {claim.claim: claim.result for claim in judge(dossier, runs, registered="before").claims}
    assert set(results.values()) <= {"not tested"}  # a stand-in can reproduce nothing
    counted = {key.rpartition("_")[0] for key in runs[0].values if key.endswith("_trained")}
    assert all(f"{arm}_{what}" in runs[0].values for arm in counted for what in ("seen", "scored", "trained"))


@pytest.mark.slow
def test_the_large_experiment_runs_at_reduced_scale(workspace: Workspace, dossier: Dossier, data_root: Path) -> None:
    large = read_experiments(workspace.conf / "large")["gpt2-wikitext103"]
    text = str(data_root / "tinyshakespeare" / "input.txt")
    reduced = {
        "training": text, "validation": text, "alphabet": 256, "length": 32, "width": 32, "layers": 1, "heads": 2,
        "steps": 40, "evaluate_every": 32, "validation_windows": 8, "learning_rate": 0.003,
    }  # fmt: skip
    runs = _run(workspace, "large", large, reduced, 1)
    assert [run.status for run in runs] == ["pass"], runs[0].message
    assert runs[0].values["aql_scored"] > runs[0].values["aql_trained"] == 320
    other = [run.model_copy(update={"stand_in": False, "scale": "reduced"}) for run in runs]
    assert large.rule is not None
    verdict = judge(dossier, other, register(dossier, [large.rule]), registered="before")
    found = next(claim for claim in verdict.claims if claim.claim == "report/N5")
    assert found.result == "not tested" and "reduced scale" in " ".join(found.reasons)


def test_an_arm_that_never_gets_there_supports_nothing(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    monkeypatch.syspath_prepend(str(workspace.root / "src" / "aql"))
    arms = importlib.import_module("arms")
    uniform = arms.Curve([100, 200, 300, 400], [300.0, 600.0, 900.0, 1200.0], [10.0, 20.0, 30.0, 30.0])
    quick = arms.Curve([50, 100], [300.0, 600.0], [30.0, 30.0])
    short = arms.Curve([50, 100], [300.0, 600.0], [10.0, 20.0])
    assert arms.compared(uniform, quick, 30.0) == {"ratio": 6.0, "compute": pytest.approx(300 / 900), "reached": 1.0}
    never = arms.compared(uniform, short, 30.0)
    assert (never["ratio"], never["compute"], never["reached"]) == (0.75, pytest.approx(2400 / 900), 0.0)
    half = arms.Curve([100, 200], [300.0, 600.0], [0.0, 20.0])
    assert half.reach(15.0) == (150.0, 450.0)  # smoothed 10, 20: half way between
    monkeypatch.delitem(sys.modules, "arms")
