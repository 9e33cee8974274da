"""What bears on a claim, and what is read of it."""

from __future__ import annotations

import pytest

from aquarius.core import Evidence, Receipt
from aquarius.verdict._gather import (
    bears_on,
    implementation,
    measured_value,
    names_within,
    ordered,
    same_inputs,
    same_name,
    samples,
    split_kinds,
    stated,
    stated_signature,
    stated_split,
)

from .cases import CODE, GOOD, checks, claim, rule, runs, spread


def test_evidence_is_ordered_by_content_and_counted_once() -> None:
    assert list(ordered([*GOOD, *GOOD[::-1]]).items()) == list(ordered(GOOD[::-1]).items()) and len(ordered(GOOD)) == 20
    assert all(item.content_hash == digest for digest, item in ordered(GOOD).items())


def test_bearing_is_by_claim_or_by_list() -> None:
    listed = runs([1.0], claim=None, details={"claims": ["a", "b"]})[0]
    assert bears_on(listed, "b") and not bears_on(listed, "c") and bears_on(GOOD[0], "table2/cora/gcn")
    assert not bears_on(runs([1.0], claim=None, details={"claims": "abc"})[0], "a")  # a text is no list of ids


@pytest.mark.parametrize(
    ("values", "expected"),
    [({"accuracy": 81.0}, 81.0), ({"Accuracy": 81.0, "loss": 0.5}, 81.0), ({"test_accuracy": 81.0, "validation accuracy": 79.0}, 81.0), ({"validation accuracy": 79.0}, None),
     ({"accuracy": 81.0, "test accuracy": 80.0}, None), ({"loss": 0.5}, None), ({}, None), ({"table2/cora/gcn": 81.0}, 81.0)],
)  # fmt: skip
def test_the_value_is_that_of_the_quantity_or_none(values: dict[str, float], expected: float | None) -> None:
    assert measured_value(runs([1.0], values=values)[0], claim(), rule()) == expected


def test_names() -> None:
    assert same_name("top-1 Accuracy", "top 1 accuracy") and not same_name(None, None) and not same_name("accuracy", "balanced accuracy")
    assert names_within("Cora", "planetoid-cora") and names_within("the Cora dataset", "cora") and not names_within("Cora", "Citeseer")
    assert not names_within("MNIST", "Fashion MNIST") and not names_within("", "Cora") and not names_within("the data", "the set")
    assert stated(GOOD[0], "dataset") == "Cora" and stated(GOOD[0], "nothing") is None
    assert stated(runs([1.0], details={"split": "  "})[0], "split") is None


def test_a_crash_that_was_made_good_by_the_same_seed_is_no_failure() -> None:
    crashed = runs([0.0], seeds=[3], status="fail", values={})
    found = samples([*GOOD, *crashed], claim(), rule())
    assert (len(found.values), found.failed, found.repeated) == (20, (), ())
    assert samples([*GOOD[4:], *crashed], claim(), rule()).failed == tuple(crashed)


def test_samples_come_in_the_order_of_seeds() -> None:
    found = samples(GOOD[::-1], claim(), rule())
    assert [sample.seed for sample in found.values] == list(range(20)) and found.numbers == spread(81.4, 0.7)


def test_inputs_are_the_same_where_shared_names_agree() -> None:
    other = runs([1.0], inputs={"workspace:src/model.py": "f" * 64})[0]
    config = runs([1.0], inputs={"value:config": "f" * 64})[0]
    assert same_inputs(GOOD[0], config) and not same_inputs(GOOD[0], other)
    assert same_inputs(GOOD[0], GOOD[1].model_copy(update={"receipt": None}))


@pytest.mark.parametrize(
    ("evidence", "state", "words"),
    [
        (checks(), "verified", "1 checks passed, 1 equations conform"),
        ([], "unverified", "nothing was checked"),
        (checks()[:1], "unverified", "no equation of the paper"),
        (checks()[1:], "unverified", "gauntlet was not run"),
        (checks("unsure"), "unverified", "gradient could not tell (Every parameter has a gradient)"),
        (checks("fail"), "broken", "gradient failed"),
        (checks("pass", "fail"), "broken", "equation (2) failed"),
        (checks(claim="table3/other"), "unverified", "nothing was checked"),
        (checks("fail", claim="table2/cora/gcn"), "broken", "gradient failed"),
        (
            checks("fail", receipt=Receipt(command="c", inputs={"workspace:src/model.py": "f" * 64})),
            "unverified",
            "on other code than the runs",
        ),
    ],
)
def test_state_of_the_implementation(evidence: list[Evidence], state: str, words: str) -> None:
    found, why = implementation(evidence, "table2/cora/gcn", GOOD)
    assert found == state and words in why
    assert CODE["workspace:src/model.py"] == "a" * 64


def test_a_run_states_itself_in_its_details_its_settings_or_the_names_of_its_values() -> None:
    settings = runs([1.0], details={"dataset": None, "split": None, "settings": {"dataset": "planetoid-cora", "epochs": 200}})[0]
    assert stated(settings, "dataset") == "planetoid-cora" and stated(settings, "epochs") is None
    assert stated_split(settings, claim(), None) is None
    named = runs([1.0], values={"test_accuracy": 81.0, "validation_accuracy": 79.0}, details={"split": None, "metric": "test_accuracy"})[0]
    assert stated_split(named, claim(), rule()) == "test" and measured_value(named, claim(), rule()) == 81.0
    assert stated_signature(named) is None and stated_signature(GOOD[0]) is None
    assert stated_signature(runs([1.0], details={"metric": "balanced accuracy"})[0]) == "balanced accuracy"
    both = rule(split="planetoid: 140 training, 500 validation, 1,000 test nodes")
    assert measured_value(named, claim(split=None), both) == 81.0  # the test split, where the rule describes all three


def test_kinds_of_split() -> None:
    assert split_kinds("dev") == split_kinds("Validation set") == {"validation"} and split_kinds("planetoid") == split_kinds(None) == set()
