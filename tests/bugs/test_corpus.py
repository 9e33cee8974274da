"""Every planted bug is found by its check and placed; every correct base passes every check, with facts and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import (
    BASES,
    BUGS,
    CELLS,
    GENERATIVE,
    GENERATIVE_VARIANTS,
    LANGUAGE_VARIANTS,
    LANGUAGES,
    NAMES,
    NEIGHBOURS,
    ODD_CELLS,
    ODD_NEIGHBOURS,
    ODD_ROLLOUTS,
    ODD_TOKENS,
    ROLLOUTS,
    SEQUENCES,
    STILL_OPEN,
    TABULAR,
    TOKENS,
    VARIANTS,
    VISION,
    VISION_VARIANTS,
    Bug,
    Variant,
    changed,
    findings,
    load,
    planted,
    same_place,
    write_corpus,
)

SAMPLE = (
    "decoder",
    "episodes",
    "forecast",
    "graph",
    "masked",
    "policy",
    "residual",
    "sampler",
    "segment",
    "student",
    "translator",
    "truncated",
    "values",
    "views",
)
EVERY_BASE = [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
LATER = frozenset(CELLS + TOKENS + SEQUENCES + LANGUAGES + GENERATIVE + VISION + TABULAR + ROLLOUTS + NEIGHBOURS) - frozenset(
    SEQUENCES[::4] + LANGUAGES[::8] + VISION[::8] + TABULAR[::8] + ROLLOUTS[::8]
)
EVERY_BUG = [pytest.param(bug, marks=pytest.mark.slow) if bug in LATER else bug for bug in BUGS]
WITHOUT_FACTS = [
    pytest.param(bug, marks=pytest.mark.slow) if bug in CELLS + TOKENS + SEQUENCES + VISION + TABULAR + ROLLOUTS + NEIGHBOURS else bug
    for bug in BUGS
    if not bug.facts
]
EVERY_VARIANT = [
    pytest.param(variant, marks=pytest.mark.slow)
    if variant in LANGUAGE_VARIANTS + GENERATIVE_VARIANTS + VISION_VARIANTS + ODD_ROLLOUTS + ODD_NEIGHBOURS + ODD_TOKENS + ODD_CELLS
    else variant
    for variant in VARIANTS
]
QUICK = ["overfit"]  # trains: run once for each base, with its facts


def _names_without(left_out: list[str]) -> list[str]:
    from aquarius.gauntlet._examine import check_names

    return [name for name in check_names() if name not in left_out]


@pytest.mark.parametrize("base", EVERY_BASE)
def test_a_correct_base_passes_with_its_facts(base: str, tmp_path: Path) -> None:
    found = findings(load((BASES / f"{base}.py").read_text(), tmp_path))
    assert [(finding.check, finding.message) for finding in found if finding.status == "fail"] == []
    assert sum(finding.status == "pass" for finding in found) >= 8


@pytest.mark.parametrize("base", EVERY_BASE)
def test_a_correct_base_passes_without_facts(base: str, tmp_path: Path) -> None:
    found = findings(load((BASES / f"{base}.py").read_text(), tmp_path), _names_without(QUICK), facts=False)
    assert [(finding.check, finding.message) for finding in found if finding.status == "fail"] == []


@pytest.mark.parametrize("facts", [True, False], ids=["facts", "no facts"])
@pytest.mark.parametrize("variant", EVERY_VARIANT, ids=lambda variant: f"{variant.base}-{variant.name}")
def test_an_odd_but_correct_variant_passes(variant: Variant, facts: bool, tmp_path: Path) -> None:
    found = findings(load(changed(variant), tmp_path), None if facts else _names_without(QUICK), facts=facts)
    assert [(finding.check, finding.message) for finding in found if finding.status == "fail"] == []


@pytest.mark.parametrize("bug", EVERY_BUG, ids=lambda bug: f"{bug.base}-{bug.name}")
def test_a_planted_bug_is_found_and_placed(bug: Bug, tmp_path: Path) -> None:
    failed = [finding for finding in findings(load(planted(bug), tmp_path), [bug.check]) if finding.status == "fail"]
    assert [finding.check for finding in failed] != []
    assert any(same_place(finding.where, bug.where) for finding in failed), [finding.where for finding in failed]


@pytest.mark.parametrize("bug", WITHOUT_FACTS, ids=lambda bug: f"{bug.base}-{bug.name}")
def test_a_planted_bug_is_found_without_facts(bug: Bug, tmp_path: Path) -> None:
    found = findings(load(planted(bug), tmp_path), [bug.check], facts=False)
    assert any(finding.status == "fail" for finding in found), [(finding.status, finding.message) for finding in found]


def test_the_corpus_names_each_bug_once() -> None:
    assert len({(bug.base, bug.name) for bug in BUGS}) == len(BUGS) >= 25
    assert {bug.base for bug in BUGS} <= set(NAMES) and len(NAMES) >= 6


def test_the_corpus_is_written_as_the_benchmark_takes_it(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    assert (
        len(list(tmp_path.glob("*/subject.py"))) == len(list(tmp_path.glob("*/label.json"))) == len([*NAMES, *VARIANTS, *BUGS, *STILL_OPEN])
    )


def test_every_check_has_a_planted_bug() -> None:
    from aquarius.gauntlet import checks

    elsewhere = {
        "interface",
        "training runs",
        "unheard layers",
        "dead start",
        "stated noise",
        "steps drawn",
        "noise to predict",
        "both directions",
        "margin of equal samples",
        "stated mining",
        "followed copies",
        "turned labels",
        "views made alike",
        "last token",
        "overlap of the right answer",
        "dropped branches",
        "parameters",
        "entries",
        "initial loss",
        "absent elements",
        "distance bias",
        "position table",
        "negatives",
        "self-loops",
        "activation",
        "embedding scale",
        "overfit",
        "derivative",
        "half precision",
        "guards",
        "ladder",
        "own level",
        "own series",
        "norm stream",
        "overlapping target",
        "idle code",
        "counting",
        "class weights",
        "class axis",
        "segments",
        "stated columns",
        "partial penalty",
        "equation slips",
        "stated stop-gradient",
        "attention order",
        "likelihood spread",
        "unread parts",
        "triples",
        "stray sample",
        "trained action",
        "known formulas",
        "ablation",
        "value coefficient",
        "last state",
        "averaged heads",
        "one normalisation",
        "value target",
        "matrix equations",
        "reach",
        "neighbour weights",
        "standing still",
        "own answers",
        "nearer positives",
        "answer likelihood",
        "rewards alone",
        "action axis",
        "first state",
        "stated smoothing",
    }
    assert {check.name for check in checks()} - {bug.check for bug in BUGS} <= elsewhere  # those have theirs in tests/gauntlet
