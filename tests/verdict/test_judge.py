"""Every claim judged by rule: the worked cases, and what must hold for all of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquarius.core import BadInput, Measure
from aquarius.dossier import Dossier
from aquarius.verdict import ClaimVerdict, Registration, Verdict, judge, score

from .cases import CASES, GOOD, Case, baseline, checks, claim, count, order, parameters, rule, runs, spread, system, value


def judged(case: Case) -> ClaimVerdict:
    return judge(case.dossier(), case.evidence, case.registration(), registered=case.registered).claims[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_worked_case(case: Case) -> None:
    found = judged(case)
    assert (found.result, case.because in found.reasons[0]) == (case.result, True), f"{found.result}: {found.reasons}"
    assert case.implementation in (None, found.implementation)
    assert case.execution in (None, found.execution)
    assert case.scale in (None, found.scale)


def test_cases_are_many_and_each_is_a_sentence() -> None:
    assert len({case.says for case in CASES}) == len(CASES) >= 60
    assert all(case.says.endswith(".") for case in CASES)


@pytest.mark.parametrize("case", [case for case in CASES if len(case.evidence) > 1], ids=lambda case: case.says)
def test_order_of_evidence_changes_no_byte(case: Case) -> None:
    shuffled = list(case.evidence) + list(case.evidence[:2])
    random.Random(7).shuffle(shuffled)
    first = judge(case.dossier(), case.evidence, case.registration(), registered=case.registered)  # type: ignore[arg-type]
    second = judge(case.dossier(), shuffled, case.registration(), registered=case.registered)  # type: ignore[arg-type]
    assert first.to_json() == second.to_json()
    assert Verdict.from_json(first.to_json()) == first


def test_a_pilot_changes_no_byte() -> None:
    dossier = Case("", "", "").dossier()
    with_pilot = (*GOOD, *runs([99.0], seeds=[77], counts=False), *checks("fail", counts=False))
    assert judge(dossier, with_pilot).to_json() == judge(dossier, GOOD).to_json()


def test_stand_in_numbers_do_not_stand_beside_the_paper() -> None:
    case = next(case for case in CASES if "Stand-in" in case.says)
    found = judged(case)
    assert (found.measured, found.difference, found.test) == (None, None, "none")
    assert len(found.evidence) == 20
    assert not any("81.4" in reason for reason in found.reasons)


def test_reproduced_is_said_only_under_every_condition() -> None:
    """No worked case is reproduced with a rule that was not registered before, at another scale, or on broken code."""
    for case in CASES:
        found = judged(case)
        if found.result in ("reproduced", "better", "worse"):
            assert found.scale == "full" and found.implementation != "broken" and found.execution == "complete"
            assert found.registered == "before" or found.test == "equality within printed rounding"


def test_difference_and_estimate_have_the_digits_they_carry() -> None:
    found = judged(CASES[0])
    assert found.measured is not None and found.difference is not None
    assert (found.measured.mean, found.measured.n) == (81.4, 20)
    assert found.measured.sd == pytest.approx(0.7, abs=0.06)
    assert found.difference.margin == 1.05
    assert all(len(repr(x)) <= 6 for x in (found.difference.value, found.difference.low, found.difference.high, found.measured.low))
    assert found.measured.low is not None and found.measured.low - 81.5 == pytest.approx(found.difference.low, abs=0.01)


def test_inconclusive_names_the_seeds_that_would_decide() -> None:
    found = judged(next(case for case in CASES if case.says.startswith("Few seeds")))
    assert found.seeds_needed["0.8"] < found.seeds_needed["0.9"]
    assert f"{found.seeds_needed['0.8']} seeds (power 0.8)" in found.reasons[1]


def test_untested_baselines_are_left_out_and_counted() -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim(), baseline(), baseline(id="table2/cora/other")))
    tested = runs(spread(75.7, 0.5), claim="table2/cora/other")
    verdict = judge(dossier, tested)
    assert [found.claim for found in verdict.claims] == ["table2/cora/gcn", "table2/cora/other"]
    assert verdict.left_out == score(verdict).left_out == 1


def test_differences_of_one_table_are_corrected_for_their_number() -> None:
    # one borderline difference: alone it stands, among nine others of its table it does not
    borderline = runs(spread(80.13, 0.7), claim="table2/0")
    claims = [claim(id=f"table2/{i}") for i in range(10)]
    rules = [rule(claim=f"table2/{i}") for i in range(10)]
    others = [run for i in range(1, 10) for run in runs(spread(81.5, 0.7), claim=f"table2/{i}")]
    alone = Dossier(title="t", authors=(), document="d", claims=tuple(claims[:1]))
    table = Dossier(title="t", authors=(), document="d", claims=tuple(claims))
    by_itself = judge(alone, borderline, Registration(rules=tuple(rules[:1]), dossier=alone.content_hash), registered="before")
    together = judge(table, borderline + others, Registration(rules=tuple(rules), dossier=table.content_hash), registered="before")
    assert by_itself.claims[0].result == "worse"
    assert together.claims[0].result == "inconclusive" and "Holm" in together.claims[0].reasons[0]
    assert [found.result for found in together.claims[1:]] == ["reproduced"] * 9  # equivalences need no correction


def test_order_takes_the_runs_of_both_claims() -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(order(), claim(), baseline()))
    registration = Registration(rules=(rule(claim="text/gcn-beats-planetoid", margin=None),), dossier=dossier.content_hash)
    evidence = (*GOOD, *runs(spread(75.7, 0.5), claim="table2/cora/planetoid"))
    found = judge(dossier, evidence, registration, registered="before").claims[0]
    assert found.result == "reproduced" and len(found.evidence) == 40
    assert found.difference is not None and found.difference.value == pytest.approx(5.7, abs=0.05)


def test_one_run_may_bear_on_several_claims() -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim(), claim(id="table2/cora/loss", quantity="loss", measure=None)))
    both = runs(
        spread(81.4, 0.7), claim=None, values={"accuracy": 81.0, "loss": 0.9}, details={"claims": ["table2/cora/gcn", "table2/cora/loss"]}
    )
    assert [len(found.evidence) for found in judge(dossier, both).claims] == [20, 20]


def test_registration_may_be_told_claim_by_claim() -> None:
    case = CASES[0]
    for when, expected in (("before", "reproduced"), ("after", "inconclusive")):
        verdict = judge(case.dossier(), case.evidence, case.registration(), registered={"table2/cora/gcn": when})  # type: ignore[dict-item]
        assert (verdict.claims[0].result, verdict.claims[0].registered) == (expected, when)
    assert judge(case.dossier(), case.evidence, case.registration(), registered={}).claims[0].registered == "never"


def test_a_run_as_the_lab_makes_it_is_enough() -> None:
    """The lab states its metric's name and its settings; data set and split are read from there."""
    prose = rule(metric="accuracy, percent, over the 1,000 test nodes", split="planetoid: 140 labelled, 500 validation, 1,000 test nodes")
    details = {"dataset": None, "split": None, "selection": None, "metric": "test_accuracy", "settings": {"dataset": "planetoid-cora"}}
    made = [
        run.model_copy(update={"values": {"test_accuracy": run.values["accuracy"], "epochs": 200.0}})
        for run in runs(spread(81.4, 0.7), details=details)
    ]
    dossier = Case("", "", "").dossier()
    found = judge(dossier, made, Registration(rules=(prose,), dossier=dossier.content_hash), registered="before").claims[0]
    assert found.result == "reproduced", found.reasons


def test_a_claim_that_joined_its_table_late_shows_no_difference_and_can_be_reproduced() -> None:
    name = claim().id
    for measured, alone, late in ((79.0, "worse", "inconclusive"), (83.5, "better", "inconclusive"), (81.4, "reproduced", "reproduced")):
        case = value("", alone, "", (*runs(spread(measured, 0.2)), *checks()))
        given: dict[str, Any] = {"registered": "before"}
        first = judge(case.dossier(), case.evidence, case.registration(), **given).claims[0]
        found = judge(case.dossier(), case.evidence, case.registration(), **given, apart={name: "table2/cora/sgc"}).claims[0]
        assert (first.result, found.result) == (alone, late)
        assert any("frozen after runs for table2/cora/sgc of the same table" in reason for reason in found.reasons)
        assert judge(case.dossier(), case.evidence, case.registration(), **given, apart={"another/claim": name}).claims[0] == first


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ((rule(), rule()), "two rules for 'table2/cora/gcn'"),
        ((rule(claim="table2/cora/gcm"),), "no claim of the dossier. Did you mean 'table2/cora/gcn'?"),
        ((rule(margin=0.0),), "must be finite and positive, got 0.0"),
        ((rule(margin=float("nan")),), "must be finite and positive"),
        ((rule(margin=0.5, drift=0.6, drift_source="two cards"),), "the drift budget of .* must lie between 0 and its margin"),
        ((rule(margin=0.5, drift=0.1),), r"and say where it was measured \(drift_source\)"),
        ((rule(alpha=0.5),), "must lie between 0 and 0.5"),
        ((rule(seeds=0),), "must be positive, got 0"),
    ],
)
def test_a_registration_that_cannot_be_is_refused(rules: tuple, message: str) -> None:
    dossier = Case("", "", "").dossier()
    with pytest.raises(BadInput, match=message.replace("?", r"\?")):
        judge(dossier, GOOD, Registration(rules=rules, dossier=dossier.content_hash), registered="before")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ((claim(), claim()), "two claims of the id 'table2/cora/gcn'"),
        ((claim(measure=Measure(value=float("nan"))),), "a number that cannot be \\(nan\\): correct it"),
        ((claim(measure=Measure(value=1.0, last_place=-0.1)),), "a number that cannot be"),
        ((claim(measure=Measure(value=1.0, spread=-0.1)),), "a number that cannot be"),
        ((claim(measure=Measure(value=1.0, n=0)),), "a number that cannot be"),
    ],
)
def test_a_dossier_that_cannot_be_is_refused(claims: tuple, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        judge(Dossier(title="t", authors=(), document="d", claims=claims), ())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_reproduced_needs_every_condition(data: st.DataObject) -> None:
    """Whatever is wrong with the evidence or the rule, alone or together, a perfect match is not called reproduced, and nothing raises."""
    wrong: dict[str, Any] = {
        "scale": st.sampled_from(["reduced", "proxy"]), "stand_in": st.just(True), "status": st.sampled_from(["fail", "unsure", "skipped"]), "receipt": st.none(), "counts": st.just(False),
        "values": st.sampled_from([{}, {"accuracy": float("nan")}, {"loss": 81.5}, {"accuracy": 81.5, "test accuracy": 3.0}]),
        "details": st.sampled_from([{"dataset": "Citeseer"}, {"dataset": None}, {"split": "validation"}, {"split": None}, {"signature": "F1"}, {"selection": "best test epoch"}, {"selection": "best of 5 seeds"}, {"unit": "nats"}]),
        "rule": st.sampled_from([{"margin": None}, {"alpha": 0.2}, {"seeds": 21}, {"seeds": 19}, {"dataset": "MNIST"}, {"split": "validation"}, {"metric": "F1"}]),
        "registered": st.sampled_from(["after", "never"]), "check": st.just("fail"),
    }  # fmt: skip
    chosen = data.draw(st.lists(st.sampled_from(sorted(wrong)), min_size=1, max_size=4, unique=True))
    drawn = {name: data.draw(wrong[name]) for name in chosen}
    given_rule, registered, check = rule(**drawn.pop("rule", {})), drawn.pop("registered", "before"), drawn.pop("check", "pass")
    dossier = Case("", "", "").dossier()
    evidence = [*runs(spread(81.5, 0.4), **drawn), *checks(check)]
    verdict = judge(dossier, evidence, Registration(rules=(given_rule,), dossier=dossier.content_hash), registered=registered)
    assert verdict.claims[0].result in ("inconclusive", "not tested"), (chosen, verdict.claims[0].reasons)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["claims", "dataset", "split", "metric", "settings", "size", "table", "system", "deviations", "intervals", "code"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_details_of_any_shape_raise_nothing(details: dict[str, Any]) -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim(), parameters(), order(), baseline()))
    plain_runs = runs(spread(81.5, 0.4, 3))
    odd = [
        run.model_copy(update={"details": details})
        for run in (
            *plain_runs,
            *runs([1.0], claim="text/gcn-beats-planetoid"),
            count(65e6),
            count(0, values={"slope": 1.0, "low": 1.0, "high": 2.0}),
        )
    ]
    registration = Registration(rules=(rule(seeds=3),), dossier=dossier.content_hash)
    assert len(judge(dossier, odd, registration, registered="before").claims) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "wrong"), [(1.05, ("reproduced", "better")), (-1.05, ("reproduced", "worse")), (0.0, ("better", "worse", "refuted"))]
)
def test_wrong_verdicts_are_rare(shift: float, wrong: tuple[str, ...]) -> None:
    """The whole way from runs to verdict: at the edge of the margin neither "reproduced" nor "better" is said in more than 5 % of the cases."""
    dossier, chance, draws = Case("", "", "").dossier(), random.Random(11), 1_500
    registration = Registration(rules=(rule(seeds=8),), dossier=dossier.content_hash)
    found = [
        judge(dossier, runs([chance.gauss(81.5 + shift, 0.6) for _ in range(8)]), registration, registered="before").claims[0].result
        for _ in range(draws)
    ]
    for result in wrong:
        assert found.count(result) / draws <= 0.05 + 3 * (0.05 * 0.95 / draws) ** 0.5, (result, found.count(result))


def test_a_rule_for_another_dossier_decides_nothing() -> None:
    registration = Registration(rules=(rule(),), dossier="e" * 64)
    found = judge(Case("", "", "").dossier(), GOOD, registration, registered="before").claims[0]
    assert found.result == "inconclusive" and "another version of the dossier" in found.reasons[0]


def test_score_shows_every_share() -> None:
    dossier = Dossier(title="t", authors=(), document="d", claims=(parameters(), claim(), order(), baseline()))
    verdict = judge(dossier, (count(65_000_000), *GOOD, *system("GCN", spread(1.0, 0.1))))
    shares = score(verdict)
    assert (shares.claims, shares.left_out) == (3, 1)
    assert (shares.reproduced, shares.inconclusive, shares.not_tested) == (0.333333, 0.333333, 0.333333)
    weighted = score(verdict, {"table3/base/parameters": 2.0})
    assert weighted.reproduced == 0.5
    assert score(judge(Dossier(title="t", authors=(), document="d"), ())).reproduced == 0.0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"nothing": 1.0}, "no claim of the verdict"),
        ({"table2/cora/gcn": -1.0}, "not negative"),
        ({"table2/cora/gcn": 0.0}, "all weights are zero"),
    ],
)
def test_score_refuses_weights_that_cannot_be(weights: dict[str, float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        score(judge(Case("", "", "").dossier(), GOOD), weights)
