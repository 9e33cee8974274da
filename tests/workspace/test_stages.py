"""One stop of the road: evidence is kept with all its inputs, and made again only where one of them changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput, Evidence, Receipt
from aquarius.dossier import from_yaml
from aquarius.workspace import Workspace, _stages
from aquarius.workspace._config import Binding, ExperimentFile, Plan, Setting, read_plan
from aquarius.workspace._start import start_workspace
from workspace.small_paper import fill, write_paper


@pytest.fixture
def small(tmp_path: Path) -> Workspace:
    workspace = start_workspace(write_paper(tmp_path), tmp_path / "line", name="line")
    fill(workspace.root, "table1/Line (ours)/accuracy")
    return workspace


def test_a_stage_is_made_once_and_again_after_a_change(small: Workspace) -> None:
    calls: list[int] = []
    model = small.root / "src/line/model.py"

    def make() -> list[Evidence]:
        calls.append(1)
        return [
            Evidence(kind="finding", check="x", status="pass", message="m", receipt=Receipt(command="", inputs={"workspace:wrong.py": "0"}))
        ]

    config = {"subject": "src/line/model.py"}
    first = _stages._once(small, "finding", config, make, files=[model])
    again = _stages._once(small, "finding", config, make, files=[model])
    assert first == again and len(calls) == 1
    assert first[0].receipt is not None
    assert set(first[0].receipt.inputs) == {"workspace:src/line/model.py", _stages.STAGE}
    model.write_text(model.read_text() + "# changed\n")
    _stages._once(small, "finding", config, make, files=[model])
    assert len(calls) == 2


def test_a_formula_that_is_not_there_is_refused(small: Workspace) -> None:
    dossier = from_yaml(small.dossier.read_text())
    plan = Plan(equations=(Binding(formula="equation (9)", code="src/line/model.py:line"),))
    with pytest.raises(BadInput, match=r"binds 'equation \(9\)', and the dossier has no such formula \(it has equation \(1\)\)"):
        _stages.conform(small, plan, dossier)


def test_nothing_is_done_without_a_plan(small: Workspace) -> None:
    dossier = from_yaml(small.dossier.read_text())
    assert _stages.draw_subject(small, Plan(), dossier) is None
    assert _stages.examine_subject(small, Plan(), dossier) == []
    assert _stages.count(small, read_plan(small.bindings), dossier) == []
    assert _stages.register(small, dossier, {}) is None


def test_missing_data_are_replaced_by_a_stand_in_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = Setting(value="mnist", origin="gap", source="images")
    item = ExperimentFile(experiment="src/x.py", data=("mnist",), otherwise={"source": "made"}, settings={"source": told})
    monkeypatch.setattr(_stages, "locate", lambda name: None)
    assert _stages._with_data("x", item) == item  # at hand: nothing changes

    def missing(name: str) -> None:
        raise BadInput(f"{name} is not at hand.")

    monkeypatch.setattr(_stages, "locate", missing)
    made = _stages._with_data("x", item)
    assert (made.data, made.stand_in, made.values(), made.scale) == ((), True, {"source": "made"}, "full")
    assert _stages._with_data("x", item.model_copy(update={"otherwise": {}})).data == ("mnist",)  # no stand-in: the run refuses
