"""When a rule was frozen: against runs of every kind, and against a claim that is edited after they were seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aquarius.core import Measure, measure, read_text, write_text
from aquarius.dossier import Claim, Dossier, from_yaml, to_yaml
from aquarius.verdict import Registration, Rule, register
from aquarius.workspace import Ledger, registered
from aquarius.workspace._config import read_experiments
from aquarius.workspace._judging import judge_workspace
from aquarius.workspace._registered import apart, registrations, seen_before
from aquarius.workspace._stages import _other_claims
from aquarius.workspace._stages import register as freeze
from workspace.samples import CLAIM, complete, registration, run


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def paper(value: str = "81.5", **fields: Any) -> Dossier:
    from aquarius.core import Place

    place = Place(file="p", start=0, end=1, line=1, quote="q", label="")
    given: dict[str, Any] = {
        "kind": "value",
        "statement": "s",
        "quantity": "accuracy",
        "direction": "higher",
        "dataset": "Cora",
        "place": place,
    }
    mine = Claim(**(given | {"id": CLAIM, "subject": "GCN", "measure": measure(value)} | fields))
    other = Claim(**(given | {"id": "table2/planetoid/cora", "subject": "Planetoid", "measure": measure("75.7"), "own": False}))
    order = Claim(**(given | {"id": "text/beats", "kind": "order", "subject": "GCN", "against": other.id}))
    return Dossier(title="t", authors=(), document="d", claims=(mine, other, order))


def frozen(dossier: Dossier, *claims: str, **fields: Any) -> Registration:
    return register(dossier, [Rule(claim=claim, margin=1.0, **fields) for claim in claims or (CLAIM,)])


def test_a_claim_that_is_edited_after_the_runs_has_changed_its_rule(ledger: Ledger) -> None:
    ledger.append("registration", frozen(paper()))
    ledger.append("evidence", run(0))
    ledger.append("registration", frozen(paper(statement="Said otherwise.")))  # prose changes nothing
    assert registered(ledger, CLAIM) == "before"
    ledger.append("registration", frozen(paper("80.1")))
    assert registered(ledger, CLAIM) == "after"


def test_a_baseline_that_is_edited_after_the_runs_changes_the_rule_too(ledger: Ledger) -> None:
    first = paper()
    lower = first.model_copy(
        update={"claims": (first.claims[0], first.claims[1].model_copy(update={"measure": Measure(value=70.0)}), first.claims[2])}
    )
    ledger.append("registration", frozen(first))
    ledger.append("evidence", run(0))
    ledger.append("registration", frozen(lower))
    assert registered(ledger, CLAIM) == "after"


def table(*claims: str) -> Registration:
    return Registration(rules=tuple(Rule(claim=claim, margin=1.0) for claim in claims), dossier="d" * 64)


def test_a_claim_that_joins_its_table_after_runs_of_it_is_named(ledger: Ledger) -> None:
    ledger.append("registration", table("table2/a", "table2/b", "table3/a"))
    ledger.append("evidence", run(0, claim="table2/a"))
    both = table("table2/a", "table2/b", "table2/c", "table3/a", "table3/b")
    ledger.append("registration", both)
    assert apart(list(ledger.entries()), both) == {"table2/c": "table2/a"}  # of table3 nothing was seen; b was there from the start
    pilot = Ledger(ledger.path.with_name("pilot.jsonl"))
    pilot.append("registration", table("table2/a"))
    pilot.append("evidence", run(0, claim="table2/a", counts=False))
    pilot.append("registration", table("table2/a", "table2/b"))
    assert apart(list(pilot.entries()), table("table2/a", "table2/b")) == {}


def test_a_rule_that_was_frozen_before_a_field_existed_has_not_changed(ledger: Ledger) -> None:
    old = frozen(paper()).to_data()
    for name in ("drift", "drift_source"):
        del old["rules"][0][name]
    ledger.append("registration", old)
    ledger.append("evidence", run(0))
    ledger.append("registration", frozen(paper()))
    assert registered(ledger, CLAIM) == "before"
    ledger.append("registration", frozen(paper(), drift=0.1, drift_source="both cards"))
    assert registered(ledger, CLAIM) == "after"


def test_a_registration_of_another_dossier_without_hashes_of_claims_counts_anew(ledger: Ledger) -> None:
    ledger.append("registration", registration())
    ledger.append("evidence", run(0))
    ledger.append("registration", registration(dossier="e" * 64))
    assert registered(ledger, CLAIM) == "after"


def test_an_older_registration_gains_the_hashes_without_counting_anew(ledger: Ledger) -> None:
    dossier = paper()
    rule = Rule(claim=CLAIM, margin=1.0)
    ledger.append("registration", Registration(rules=(rule,), dossier=dossier.content_hash))
    ledger.append("evidence", run(0))
    ledger.append("registration", register(dossier, [rule]))
    assert registered(ledger, CLAIM) == "before"


def test_an_order_registered_after_the_runs_of_its_systems_is_after(ledger: Ledger) -> None:
    dossier = paper()
    ledger.append("registration", frozen(dossier))
    ledger.append("evidence", run(0))
    ledger.append("registration", frozen(dossier, CLAIM, "text/beats"))
    when = registrations(list(ledger.entries()), ledger.registration(), dossier)
    assert when == {CLAIM: "before", "text/beats": "after"}


def test_a_run_that_names_several_claims_bears_on_each(ledger: Ledger) -> None:
    ledger.append("evidence", run(0, claim=None, details={"claims": [CLAIM]}))
    ledger.append("registration", registration())
    assert registered(ledger, CLAIM) == "after"


@pytest.mark.parametrize(
    ("seed", "fields", "when"),
    [(0, {}, "after"), (7, {}, "before"), (0, {"scale": "reduced"}, "before"), (0, {"stand_in": True}, "before")],
)
def test_a_pilot_on_a_seed_that_counts_was_a_look_at_the_result(ledger: Ledger, seed: int, fields: dict[str, Any], when: str) -> None:
    ledger.append("evidence", run(seed, counts=False, **fields))
    ledger.append("registration", registration())
    ledger.append("evidence", run(0))
    assert registered(ledger, CLAIM) == when


def test_numbers_that_were_replaced_are_counted(ledger: Ledger) -> None:
    ledger.append_all("evidence", [run(0, 70.0), run(1, 71.0), run(2, 81.0), run(3, 60.0, scale="reduced"), run(4, 60.0, counts=False)])
    stands = [run(0, 81.0), run(1, 81.2), run(2, 81.0)]
    ledger.append_all("evidence", stands)
    assert seen_before(ledger.entries(), stands) == {CLAIM: 2}
    assert seen_before(ledger.entries(), []) == {CLAIM: 5}


def test_in_a_workspace_the_verdict_is_marked(tmp_path: Path) -> None:
    """The whole way: a claim lowered in dossier.yaml after the runs, registered again, is judged and decides nothing."""
    work = complete(tmp_path / "w")
    experiments = read_experiments(work.conf)
    assert judge_workspace(work).claims[0].registered == "before"
    dossier = from_yaml(read_text(work.dossier))
    claims = tuple(
        one.model_copy(update={"measure": measure("81.4")}) if one.id == CLAIM else one for one in dossier.claims
    )  # fmt: skip
    assert claims != dossier.claims
    write_text(work.dossier, to_yaml(dossier.model_copy(update={"claims": claims})))
    unregistered = judge_workspace(work).claims[0]
    assert unregistered.result == "inconclusive" and "another version of the dossier" in unregistered.reasons[0]
    freeze(work, from_yaml(read_text(work.dossier)), experiments)
    found = judge_workspace(work).claims[0]
    assert (found.registered, found.result) == ("after", "inconclusive")
    assert "it or its claim was changed then" in found.reasons[0]


def test_every_rule_of_an_experiment_is_frozen_once(tmp_path: Path) -> None:
    work = complete(tmp_path / "w")
    dossier = from_yaml(read_text(work.dossier))
    experiment = read_experiments(work.conf)["gcn-cora"]
    twice = {"a": experiment, "b": experiment.model_copy(update={"rules": (experiment.rule,)})}
    made = freeze(work, dossier, twice)
    assert made is not None and [rule.claim for rule in made.rules] == [CLAIM] and set(made.claims) == {CLAIM}


def test_runs_bear_on_the_other_claims_of_their_conf_but_not_on_an_order(tmp_path: Path) -> None:
    work = complete(tmp_path / "w")
    dossier = from_yaml(read_text(work.dossier))
    own = next(one for one in dossier.claims if one.id == CLAIM)
    trend = own.model_copy(update={"id": "text/grows", "kind": "trend", "measure": None})
    order = own.model_copy(update={"id": "text/beats", "kind": "order", "against": CLAIM})
    write_text(work.dossier, to_yaml(dossier.model_copy(update={"claims": (*dossier.claims, trend, order)})))
    item = read_experiments(work.conf)["gcn-cora"]
    assert _other_claims(work, item) == {}
    both = item.model_copy(update={"rules": (Rule(claim="text/grows", along="layers"), Rule(claim="text/beats"))})
    assert _other_claims(work, both) == {"claims": [CLAIM, "text/grows"]}
    assert _other_claims(work, item.model_copy(update={"rules": (Rule(claim="text/beats"),)})) == {}
