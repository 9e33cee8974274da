"""Freezing rules: each once, with what the dossier says of its claim."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput, measure
from aquarius.dossier import Dossier
from aquarius.verdict import judge, register, related_claims
from aquarius.verdict._registration import claim_hash

from .cases import GOOD, baseline, claim, order, rule

DOSSIER = Dossier(title="t", authors=(), document="d", claims=(claim(), baseline(), order()))


def test_a_rule_is_kept_once_with_the_hash_of_its_claim() -> None:
    made = register(DOSSIER, [rule(), rule()])
    assert made.rules == (rule(),) and made.dossier == DOSSIER.content_hash
    assert made.claims == {"table2/cora/gcn": claim_hash(DOSSIER, "table2/cora/gcn")}


@pytest.mark.parametrize(
    ("change", "same"),
    [({"statement": "Other words."}, True), ({"needs": ("a graph",)}, True), ({"measure": measure("81.4")}, False), ({"direction": None}, False), ({"split": "validation"}, False)],
)  # fmt: skip
def test_the_hash_follows_the_substance_of_a_claim(change: dict[str, object], same: bool) -> None:
    changed = DOSSIER.model_copy(update={"claims": (claim(**change), *DOSSIER.claims[1:])})
    assert (claim_hash(changed, "table2/cora/gcn") == claim_hash(DOSSIER, "table2/cora/gcn")) is same


def test_an_order_rests_on_the_values_of_both_systems() -> None:
    assert related_claims(DOSSIER, "text/gcn-beats-planetoid") == {"text/gcn-beats-planetoid", "table2/cora/gcn", "table2/cora/planetoid"}
    assert related_claims(DOSSIER, "table2/cora/gcn") == {"table2/cora/gcn"}


@pytest.mark.parametrize(
    ("rules", "message"), [([rule(), rule(margin=2.0)], "two different rules"), ([rule(claim="nothing")], "no claim of the dossier")]
)
def test_what_cannot_be_frozen_is_refused(rules: list, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        register(DOSSIER, rules)


def test_numbers_that_were_seen_and_replaced_are_told_and_lower_nothing() -> None:
    frozen = register(DOSSIER, [rule()])
    plain = judge(DOSSIER, GOOD, frozen, registered="before").claims[0]
    told = judge(DOSSIER, GOOD, frozen, registered="before", seen_before={"table2/cora/gcn": 3}).claims[0]
    assert told.result == plain.result == "reproduced"
    assert [reason for reason in told.reasons if reason not in plain.reasons] == [
        "3 earlier runs that counted gave other numbers and are not used: code, data or settings were changed after they were seen."
    ]
