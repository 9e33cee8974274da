"""blueprint.yaml and conf/*.yaml are checked before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._config import read_experiments, read_plan
from workspace.small_paper import CONF, PLAN


def test_a_plan_and_an_experiment_are_read(tmp_path: Path) -> None:
    (tmp_path / "blueprint.yaml").write_text(PLAN)
    (tmp_path / "line.yaml").write_text(CONF.replace("CLAIM", "table1/line/accuracy"))
    plan = read_plan(tmp_path / "blueprint.yaml")
    assert (plan.subject, plan.equations[0].code) == ("src/line/model.py", "src/line/model.py:line")
    experiment = read_experiments(tmp_path)["line"] if not (tmp_path / "blueprint.yaml").unlink() else None
    assert experiment is not None and experiment.rule is not None
    assert (experiment.rule.claim, experiment.rule.seeds, experiment.rule.margin) == ("table1/line/accuracy", 4, 1.0)
    assert experiment.values() == {"centre": 80.0}


def test_a_missing_plan_is_empty(tmp_path: Path) -> None:
    assert read_plan(tmp_path / "blueprint.yaml").equations == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("claim: x\n", "claim: x\nclaym: y\n"), r"conf/a\.yaml: claym: extra inputs are not permitted"),
        (("origin: stated", "origin: guessed"), "origin"),
        (("metric: test_accuracy\nseeds", "seeds"), "without a rule and a metric"),
        (("seeds: 4", "seeds: four"), r"conf/a\.yaml: (seeds|rule)"),
        (("experiment: src/line/train.py", "- experiment"), "is not YAML"),
    ],
)
def test_a_wrong_experiment_is_refused(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    text = CONF.replace("CLAIM", "x")
    assert change[0] in text
    (folder / "a.yaml").write_text(text.replace(*change))
    with pytest.raises(BadInput, match=words):
        read_experiments(folder)


def test_other_rules_take_the_number_of_seeds_unless_they_state_one(tmp_path: Path) -> None:
    text = CONF.replace("CLAIM", "table1/line/accuracy") + "rules:\n  - {claim: other}\n  - {claim: third, seeds: 7}\n"
    (tmp_path / "line.yaml").write_text(text)
    assert [(rule.claim, rule.seeds) for rule in read_experiments(tmp_path)["line"].rules] == [("other", 4), ("third", 7)]


def test_a_stand_in_replaces_settings_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "line.yaml").write_text(CONF.replace("CLAIM", "x") + "otherwise: {center: 1}\n")
    with pytest.raises(BadInput, match="replaces the setting 'center' where data are missing, and has no such setting"):
        read_experiments(tmp_path)
