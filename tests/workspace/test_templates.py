"""The reproductions that ship: every binding, builder and experiment is there, and no gap is left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.dossier import from_yaml
from aquarius.workspace._config import read_experiments, read_plan
from aquarius.workspace._facts import open_gaps
from aquarius.workspace._start import start_workspace
from aquarius.workspace._templates import template_files, template_names


def test_the_names() -> None:
    assert template_names() == ["aql", "attention", "gcn-cora", "sgc-cora"]


@pytest.mark.parametrize("name", template_names())
def test_a_template_is_whole(name: str, tmp_path: Path) -> None:
    workspace = start_workspace(name, tmp_path / "w", name=name)
    dossier = from_yaml(workspace.dossier.read_text())
    plan, experiments = read_plan(workspace.bindings), read_experiments(workspace.conf)
    assert plan.subject is not None and workspace.inside(plan.subject).is_file()
    formulas = {formula.id for formula in dossier.formulas}
    for binding in plan.equations:
        assert binding.formula in formulas
        path, _, function = binding.code.rpartition(":")
        assert f"def {function}(" in workspace.inside(path).read_text()
    for experiment in experiments.values():
        assert workspace.inside(experiment.experiment).is_file()
        assert experiment.claim is None or dossier.claim(experiment.claim) is not None
    assert [gap.name for gap in open_gaps(workspace, dossier, experiments.values())] == []


@pytest.mark.parametrize("name", template_names())
def test_nothing_of_a_cache_ships(name: str) -> None:
    assert not any("__pycache__" in path or path.endswith(".pyc") for path in template_files(name))
