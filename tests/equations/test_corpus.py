"""Our own corpus: every right code is accepted in its style, every mutant is rejected, and what cannot be read is not called either."""

# tests _calling.py
# tests _gradients.py

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest

from aquarius.equations import Translation, translate
from aquarius.equations._corpus import corpus
from aquarius.equations._score import table_of, verdict_of

CORPUS = corpus()
CASES = {case["id"]: case for case in CORPUS["cases"]}
# The translation refuses these; the bench shows them as refused.
NOT_READ = {"swiglu"}


@functools.cache
def translation_of(name: str) -> Translation:
    return translate(CASES[name]["latex"], table_of(CASES[name]))


def test_the_corpus_is_large_and_each_mutant_changes_something() -> None:
    assert len(CASES) >= 60
    assert len(CORPUS["mutants"]) >= 200
    assert len(CORPUS["refuse"]) >= 25
    same = [(item["id"], item["mutation"]) for item in CORPUS["mutants"] if item["correct"] == item["mutant"]]
    assert same == []


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_READ])
def test_right_code_is_accepted_and_mutants_are_rejected(name: str) -> None:
    mutants = [item for item in CORPUS["mutants"] if item["id"] == name]
    for source in dict.fromkeys(item["correct"] for item in mutants):
        assert verdict_of(CASES[name], translation_of(name), source) == "conforms", source
    for item in mutants:
        assert verdict_of(CASES[name], translation_of(name), item["mutant"]) == "differs", item["mutation"]


@pytest.mark.parametrize("name", sorted(NOT_READ))
def test_what_is_not_read_is_unsure(name: str) -> None:
    assert verdict_of(CASES[name], translation_of(name), CASES[name]["reference"]) == "unsure"


def test_the_verdict_is_the_same_with_and_without_the_search_for_a_reason() -> None:
    from aquarius.equations import conform

    item = next(item for item in CORPUS["mutants"] if item["id"] == "focal")
    space: dict[str, Any] = {"torch": __import__("torch")}
    exec(item["mutant"], space)
    binding = {"p_t": "p_t", r"\alpha_t": "alpha_t", r"\gamma": "gamma"}
    assert set(binding.values()) == set(inspect.signature(space["f"]).parameters)
    found = [
        conform(CASES["focal"]["latex"], table_of(CASES["focal"]), space["f"], binding=binding, explain=explain)
        for explain in (True, False)
    ]
    assert [item.verdict for item in found] == ["differs", "differs"]
    assert [bool(item.explanation) for item in found] == [True, False]
