"""The checklist of what a re-implementer needs."""

from __future__ import annotations

import re

from aquarius.dossier._choices import CHOICES
from aquarius.dossier._needs import NEEDS
from aquarius.dossier._terms import TERMS


def test_every_need_asks_has_options_with_sources_and_a_weight() -> None:
    assert len({need.name for need in NEEDS}) == len(NEEDS)
    for need in NEEDS:
        assert need.question.endswith("?") and need.options and all(value and source for value, source in need.options)
        assert 0 < need.weight <= 1 and all(re.compile(part) for part in (need.words, need.when, need.partial))


def test_every_fact_that_answers_a_need_is_one_that_can_be_found() -> None:
    known = {term.name for term in TERMS} | {choice.name for choice in CHOICES} | {"precision"}
    assert {name for need in NEEDS for name in need.facts} <= known
