"""The ranking: planted causes come first, twins are silent, equal input gives equal order, and every run is a command."""

# tests _diagnose.py _suspect.py
from __future__ import annotations

import random

import pytest

from aquarius.core import Evidence
from aquarius.dossier import Gap, Option
from aquarius.gauntlet import Commands, Diagnosis, diagnose
from aquarius.gauntlet._diagnose import two_groups
from gauntlet.test_settings import PAPER, finding
from gauntlet.training.test_curves import HEALTHY, LOW, PLANTED


def run(curves: dict[str, list[tuple[int, float]]], status: str = "pass", **values: float) -> Evidence:
    return Evidence(kind="run", check="mine", status=status, message="Seed 0 failed: nan", curves=curves, values=values)


def names(diagnosis: Diagnosis) -> list[str]:
    return [suspect.name for suspect in diagnosis.suspects]


def test_where_there_is_nothing_it_says_so() -> None:
    found = diagnose(
        [finding("causality", "pass", None)],
        [run(HEALTHY, val_acc=92.0)],
        dossier=PAPER,
        settings={"lr": 0.1},
        metric="val_acc",
        claimed=92.0,
    )
    assert found.suspects == () and found.measured == 92.0
    assert found.looked_at == ("1 findings", "1 settings beside the dossier's", "the curves of 1 run, up to 40 points")
    assert diagnose().suspects == () and len(diagnose().missing) == 4


def test_a_failed_check_comes_before_a_recipe_before_a_curve() -> None:
    found = diagnose(
        [finding("causality", "fail", "Block.forward")],
        [run(LOW | PLANTED["too few steps"], val_acc=85.0)],
        dossier=PAPER,
        settings={"lr": 0.01},
        metric="val_acc",
        claimed=92.0,
    )
    assert [suspect.source for suspect in found.suspects][:3] == ["finding", "recipe", "curve"]
    assert [suspect.weight for suspect in found.suspects] == sorted((suspect.weight for suspect in found.suspects), reverse=True)


def test_two_sources_with_one_theme_support_each_other() -> None:
    curves = LOW | PLANTED["the learning rate is too low"]
    alone = diagnose(dossier=PAPER, settings={"lr": 0.01}, claimed=92.0, measured=85.0)
    both = diagnose((), [run(curves, val_acc=85.0)], dossier=PAPER, settings={"lr": 0.01}, metric="val_acc", claimed=92.0)
    rate = "learning rate is 0.01, and 0.1 is stated"
    weight = {name: next(s.weight for s in d.suspects if s.name == rate) for name, d in (("alone", alone), ("both", both))}
    assert weight["both"] == pytest.approx(weight["alone"] + 0.08)
    assert any("agrees with: the learning rate is too low" in line for line in both.suspects[0].evidence)


def test_order_is_stable() -> None:
    runs = [run(LOW | PLANTED[name], val_acc=85.0) for name in PLANTED]
    first = diagnose((), runs, dossier=PAPER, settings={"lr": 0.01, "epochs": 9}, metric="val_acc", claimed=92.0, facts={"classes": 10})
    shuffled = list(reversed(runs))
    second = diagnose((), runs, dossier=PAPER, settings={"epochs": 9, "lr": 0.01}, metric="val_acc", claimed=92.0, facts={"classes": 10})
    assert first.to_data() == second.to_data()
    assert names(first) == names(
        diagnose((), shuffled, dossier=PAPER, settings={"lr": 0.01, "epochs": 9}, metric="val_acc", claimed=92.0, facts={"classes": 10})
    )


def test_runs_are_commands_where_the_files_are_known() -> None:
    commands = Commands(model="src/m/model.py", train="aquarius train src/m/train.py --seeds 1", settings={"lr": 0.01, "name": "a b"})
    found = diagnose([finding("loaders", "fail", "batch")], dossier=PAPER, settings={"lr": 0.01}, commands=commands)
    assert found.suspects[0].run == "aquarius check src/m/model.py --only loaders"
    assert found.suspects[1].run == "aquarius train src/m/train.py --seeds 1 --setting lr=0.1 --setting name='a b'"
    assert diagnose(dossier=PAPER, settings={"lr": 0.01}).suspects[0].run == "train one seed with learning rate 0.1 in place of 0.01"


@pytest.mark.parametrize(
    ("claimed", "measured", "name"),
    [
        (92.0, 0.919, "another unit"),
        (0.92, 91.0, "another unit"),
        (92.0, 8.2, "the complement is measured"),
        (92.0, 10.3, "the result is that of guessing"),
    ],
)
def test_two_numbers_alone_tell(claimed: float, measured: float, name: str) -> None:
    assert names(diagnose(claimed=claimed, measured=measured, facts={"classes": 10}))[:1] == [name]


@pytest.mark.parametrize("measured", [85.0, 91.9, 50.0, 0.85])
def test_two_ordinary_numbers_tell_nothing(measured: float) -> None:
    claimed = 92.0 if measured > 1 else 0.92
    assert names(diagnose(claimed=claimed, measured=measured, facts={"classes": 10})) == []


def seeds(*values: float) -> list[Evidence]:
    return [run({}, acc=value) for value in values]


def test_seeds_in_two_groups_and_their_twin() -> None:
    found = diagnose((), seeds(92.1, 91.8, 71.0, 92.3, 70.2), metric="acc", claimed=92.0)
    assert names(found) == ["the seeds fall into two groups"]
    assert "2 seeds lie at 70.2 to 71, 3 at 91.8 to 92.3" in found.suspects[0].evidence[0]
    draw = random.Random(0)
    wrong = sum(two_groups([draw.gauss(80, 2) for _ in range(n)]) is not None for n in (4, 5, 8, 20) for _ in range(250))
    assert wrong <= 30, wrong  # one group is rarely taken for two
    assert two_groups([5.0, 5.0, 5.0, 5.0]) is None


def test_a_difference_within_the_spread_may_be_chance() -> None:
    assert names(diagnose((), seeds(90.0, 92.0, 91.0), metric="acc", claimed=92.0)) == ["the difference may be chance"]
    assert names(diagnose((), seeds(85.0, 85.2, 85.1), metric="acc", claimed=92.0)) == []


def test_some_seeds_that_fail_are_named() -> None:
    some = [run({}, acc=92.0), run({}, status="fail"), run({}, acc=92.1)]
    assert "some seeds fail" in names(diagnose((), some, metric="acc", claimed=92.0))
    assert "some seeds fail" not in names(diagnose((), seeds(92.0, 92.1), metric="acc", claimed=92.0))


def test_what_few_runs_show_weighs_less() -> None:
    sick, well = run(LOW | PLANTED["over-fitting"]), run(LOW)
    all_of_them = diagnose((), [sick, sick]).suspects[0]
    one_of_two = diagnose((), [sick, well]).suspects[0]
    assert all_of_them.name == one_of_two.name == "over-fitting" and one_of_two.weight < all_of_them.weight
    assert "in 1 of 2 runs" in one_of_two.evidence


def test_gaps_are_named_last_and_only_where_there_is_a_difference() -> None:
    options = (Option(value="Glorot", source="Glorot 2010"), Option(value="He", source="He 2015"))
    gap = Gap(name="initialisation", question="How?", status="unspecified", options=options, suggestion="Glorot", weight=0.5)
    paper = PAPER.model_copy(update={"gaps": (gap, gap.model_copy(update={"name": "slight", "weight": 0.3}))})
    found = diagnose(dossier=paper, settings={"lr": 0.01}, claimed=92.0, measured=85.0)
    assert names(found) == ["learning rate is 0.01, and 0.1 is stated", "not stated: initialisation"]
    assert "initialisation He" in found.suspects[1].run
    assert names(diagnose(dossier=paper, claimed=92.0, measured=92.0)) == []
