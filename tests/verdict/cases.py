"""Worked cases of the lattice: each a sentence, what is given, and the verdict that the rules give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aquarius.core import Evidence, Measure, Place, Receipt, measure
from aquarius.dossier import Claim, Dossier, Fact
from aquarius.verdict import Registration, Rule

PLACE = Place(file="paper.tex", start=0, end=4, line=1, quote="81.5", label="Table 2")
CODE = {"workspace:src/model.py": "a" * 64, "data:cora": "b" * 64}

# 20 values whose mean is 0 and whose standard deviation is 1, in no particular order
STANDARD = [0.0717, -1.2353, 0.5401, -0.2169, 1.5138, -0.7944, 0.3681, -1.5138, 0.9980, -0.3681,
            2.0400, -0.0717, -0.9980, 0.2169, 0.7944, -0.5401, 1.2353, -2.0400, 0.0, 0.0]  # fmt: skip


def spread(mean: float, sd: float, n: int = 20) -> list[float]:
    """Return `n` values around a mean."""
    return [round(mean + sd * value, 4) for value in STANDARD[:n]]


def claim(kind: str = "value", **fields: Any) -> Claim:
    """Return a claim: accuracy of GCN on Cora, 81.5 %, unless told otherwise."""
    given: dict[str, Any] = {
        "id": "table2/cora/gcn", "kind": kind, "statement": "GCN reaches 81.5 % on Cora.", "subject": "GCN", "quantity": "accuracy",
        "measure": measure("81.5", unit="%"), "direction": "higher", "dataset": "Cora", "split": "test", "place": PLACE,
    }  # fmt: skip
    return Claim(**(given | fields))


def baseline(value: str = "75.7", **fields: Any) -> Claim:
    """Return a baseline's number on the same data."""
    given: dict[str, Any] = {"id": "table2/cora/planetoid", "subject": "Planetoid", "measure": measure(value, unit="%"), "own": False}
    return claim(**(given | fields))


def rule(**fields: Any) -> Rule:
    """Return the rule of that claim: margin 1, 20 seeds."""
    given: dict[str, Any] = {
        "claim": "table2/cora/gcn",
        "margin": 1.0,
        "margin_source": "1 %",
        "seeds": 20,
        "metric": "accuracy",
        "dataset": "Cora",
        "split": "test",
    }
    return Rule(**(given | fields))


def runs(values: Sequence[float], /, *, seeds: Sequence[int | None] | None = None, **fields: Any) -> list[Evidence]:
    """Return one run per value."""
    details = {"dataset": "Cora", "split": "test", "metric": "accuracy", "selection": "none"} | fields.pop("details", {})
    details = {name: value for name, value in details.items() if value is not None}
    inputs = fields.pop("inputs", CODE)
    given: dict[str, Any] = {
        "kind": "run",
        "check": "gcn-cora",
        "status": "pass",
        "message": "Trained.",
        "claim": "table2/cora/gcn",
        "details": details,
    }
    return [
        Evidence(**(given | {"values": {"accuracy": value}, "receipt": Receipt(command="aquarius run gcn-cora", seed=seed, inputs=inputs)} | fields))
        for value, seed in zip(values, seeds if seeds is not None else range(len(values)), strict=True)
    ]  # fmt: skip


def checks(finding: str = "pass", conformance: str = "pass", **fields: Any) -> list[Evidence]:
    """Return one finding and one comparison with an equation."""
    receipt = fields.pop("receipt", Receipt(command="aquarius check", inputs=CODE))
    return [
        Evidence(kind="finding", check="gradient", status=finding, message="Every parameter has a gradient.", receipt=receipt, **fields),
        Evidence(kind="conformance", check="equation (2)", status=conformance, message="The code equals the equation.", receipt=receipt, **fields),
    ]  # fmt: skip


def count(value: float, **fields: Any) -> Evidence:
    """Return a count of parameters."""
    given: dict[str, Any] = {
        "kind": "count", "check": "parameters", "status": "pass", "message": "Counted.", "claim": "table3/base/parameters",
        "values": {"counted": value}, "receipt": Receipt(command="aquarius draw"),
    }  # fmt: skip
    return Evidence(**(given | fields))


def parameters(**fields: Any) -> Claim:
    """Return the claim of a parameter count, 65×10^6."""
    given: dict[str, Any] = {
        "id": "table3/base/parameters", "statement": "The base model has 65 million parameters.", "subject": "Transformer (base model)",
        "quantity": "parameters", "measure": measure("65×10^6"), "direction": None, "dataset": None, "split": None,
    }  # fmt: skip
    return claim("exact", **(given | fields))


def order(**fields: Any) -> Claim:
    """Return the claim that GCN beats Planetoid by 5.8 points."""
    given: dict[str, Any] = {
        "id": "text/gcn-beats-planetoid",
        "statement": "GCN beats Planetoid.",
        "measure": measure("5.8"),
        "against": "table2/cora/planetoid",
    }
    return claim("order", **(given | fields))


def system(name: str, values: Sequence[float], **fields: Any) -> list[Evidence]:
    """Return the runs of one side of the order."""
    return runs(values, claim="text/gcn-beats-planetoid", details={"system": name} | fields.pop("details", {}), **fields)


ORDER_RULE = rule(claim="text/gcn-beats-planetoid", margin=None)
PAIRED = rule(claim="text/gcn-beats-planetoid", margin=None, design="paired")


def sd_of_paper(spread: float, n: int | None = 100, kind: str = "sd") -> Measure:
    """Return 81.5 ± spread."""
    return measure("81.5", unit="%", spread=spread, spread_kind=kind, n=n)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """What is given, and the verdict on its first claim."""

    says: str
    result: str
    because: str  # words of the first reason
    claims: tuple[Claim, ...] = (claim(),)
    facts: tuple[Fact, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rule: Rule | None = None
    registered: str = "before"
    implementation: str | None = None
    execution: str | None = None
    scale: str | None = None

    def dossier(self) -> Dossier:
        """Return the dossier of the case."""
        return Dossier(title="A paper", authors=("A. Author",), document="d" * 64, claims=self.claims, recipe=self.facts)

    def registration(self) -> Registration | None:
        """Return the registration of the case."""
        return Registration(rules=(self.rule,), dossier=self.dossier().content_hash) if self.rule else None


GOOD = tuple(runs(spread(81.4, 0.7)))
SKEWED = [round(81.3 + 0.02 * i, 2) for i in range(19)] + [87.0]  # one of twenty seeds is far off
PAR = rule(claim="text/gcn-beats-planetoid", margin=1.0, test="equivalence")
NOT_BEHIND = rule(claim="text/gcn-beats-planetoid", margin=1.0, test="non-inferiority")
GROWS = rule(margin=None, along="layers", seeds=5)
CURVE = rule(margin=1.0, seeds=5, curve=tuple((float(step), 60.0 + step / 5) for step in range(0, 101, 10)), reading_error=0.1)


def grown(means: Sequence[float], sd: float = 0.3, n: int = 5, **fields: Any) -> list[Evidence]:
    """Return runs at 1, 2, 4, ... layers, with the same seeds at each."""
    settings = fields.pop("settings", True)
    made: list[Evidence] = []
    for index, mean in enumerate(means):
        layers = {"settings": {"layers": 2**index}} if settings else {}
        noise = [value * sd for value in STANDARD[index : index + n]]
        made += runs([round(mean + each, 4) for each in noise], details=layers, **fields)
    return made


def trained(shift: float, sd: float = 0.3, n: int = 5, last: int = 100, tilt: float = 0.0, **fields: Any) -> list[Evidence]:
    """Return runs whose accuracy follows the registered curve, shifted, tilted, and noisy by seed."""
    made = []
    for seed in range(n):
        curve = [(step, round(60.0 + step / 5 + shift + tilt * (step - 50) + sd * STANDARD[seed], 4)) for step in range(0, last + 1, 5)]
        made += runs([1.0], seeds=[seed], values={"loss": 1.0}, curves={"accuracy": curve}, **fields)
    return made


def trend(says: str, result: str, because: str, evidence: Sequence[Evidence], given: Rule | None = None, **fields: Any) -> Case:
    """Return a case about a trend along the number of layers, or about a curve."""
    claims = fields.pop("claims", (claim("trend", measure=None),))
    return Case(says, result, because, claims=claims, evidence=tuple(evidence), rule=given or GROWS, **fields)


def value(says: str, result: str, because: str, evidence: Sequence[Evidence], given: Rule | None = None, **fields: Any) -> Case:
    """Return a case about a value, with the usual rule."""
    return Case(says, result, because, evidence=tuple(evidence), rule=given or rule(), **fields)


def exact(says: str, result: str, because: str, *evidence: Evidence, **fields: Any) -> Case:
    """Return a case about a count."""
    return Case(says, result, because, claims=(parameters(),), evidence=evidence, **fields)


def beats(says: str, result: str, because: str, evidence: Sequence[Evidence], given: Rule | None = None, **fields: Any) -> Case:
    """Return a case about an order."""
    claims = fields.pop("claims", (order(), baseline()))
    return Case(says, result, because, claims=claims, evidence=tuple(evidence), rule=given or ORDER_RULE, **fields)


def solved(low: float | None, high: float | None, **fields: Any) -> Evidence:
    """Return a count that was solved for the vocabulary."""
    ends = {"low": low, "high": high} if low is not None and high is not None else {}
    given: dict[str, Any] = {
        "status": "unsure",
        "values": {"offset": 44_138_496.0, "slope": 512.0, **ends},
        "details": {"size": "vocabulary"},
    }
    return count(0, **(given | fields))


def fact(name: str, value: str, number: float | None, quote: str = "") -> Fact:
    """Return a fact of the recipe."""
    return Fact(
        name=name,
        value=value,
        number=number,
        place=Place(file="paper.tex", start=0, end=1, line=1, quote=quote or value, label="Section 5"),
    )


CASES: tuple[Case, ...] = (
    # --- values: what the numbers say
    value("Twenty seeds whose interval lies inside the margin reproduce the value.", "reproduced", "lies inside the margin ±1.05", GOOD, execution="complete", scale="full"),
    value("An interval above the margin is better, where higher is better.", "better", "lies outside the margin", runs(spread(84.0, 0.7))),
    value("An interval below the margin is worse, where higher is better.", "worse", "lies outside the margin", runs(spread(79.0, 0.7))),
    value("An interval above the margin is worse, where lower is better.", "worse", "lies outside", runs(spread(84.0, 0.7)), claims=(claim(direction="lower"),)),
    value("Outside the margin without a known direction, the value is refuted.", "refuted", "lies outside", runs(spread(84.0, 0.7)), claims=(claim(direction=None),)),
    value("An interval across the edge of the margin is inconclusive.", "inconclusive", "crosses the edge", runs(spread(80.5, 0.7))),
    value("Few seeds with a wide spread are inconclusive, however near the mean.", "inconclusive", "crosses the edge", runs(spread(81.5, 1.5, 5)), rule(seeds=5)),
    value("The margin gains half a unit of the last printed place: 80.75 is within 0.5 of 81 printed without decimals.", "reproduced", "±1 ", runs(spread(80.25, 0.2)), rule(margin=0.5), claims=(claim(measure=measure("81", unit="%")),)),
    value("The same values against 81.00 are not: nothing was rounded away.", "worse", "±0.505", runs(spread(80.25, 0.2)), rule(margin=0.5), claims=(claim(measure=measure("81.00", unit="%")),)),
    value("Where a bootstrap does not confirm the t interval, skewed values decide nothing.", "inconclusive", "a bootstrap", runs(SKEWED), rule(margin=0.8)),
    # --- values: not behind by more than a margin
    value("Non-inferiority asks about the bad side alone: well above the paper's number is not behind it.", "better", "lies outside", runs(spread(84.0, 0.7)), rule(test="non-inferiority")),
    value("An interval across the good edge is not behind either.", "reproduced", "crosses the edge", runs(spread(82.5, 0.7)), rule(test="non-inferiority")),
    value("An interval across the bad edge does not show that it is not behind.", "inconclusive", "crosses the edge", runs(spread(80.5, 0.7)), rule(test="non-inferiority")),
    value("An interval beyond the bad edge is worse.", "worse", "lies outside", runs(spread(79.0, 0.7)), rule(test="non-inferiority")),
    value("Non-inferiority without a known direction is inconclusive.", "inconclusive", "whether higher or lower", GOOD, rule(test="non-inferiority"), claims=(claim(direction=None),)),
    # --- values: one seed
    value("One seed at the paper's very number does not reproduce it.", "inconclusive", "One seed never reproduces", runs([81.5]), rule(seeds=1)),
    value("One seed far off does not refute a number printed without a spread.", "inconclusive", "One seed never reproduces", runs([60.0]), rule(seeds=1)),
    value("One seed refutes what the paper's own standard deviation makes impossible.", "refuted", "One run refutes", runs([77.0]), rule(seeds=1), claims=(claim(measure=sd_of_paper(0.5)),)),
    value("One seed within the paper's own spread stays undecided.", "inconclusive", "One seed never reproduces", runs([80.5]), rule(seeds=1), claims=(claim(measure=sd_of_paper(0.5)),)),
    value("One seed cannot refute where the kind of the paper's spread is unknown.", "inconclusive", "One seed never reproduces", runs([70.0]), rule(seeds=1), claims=(claim(measure=sd_of_paper(0.5, kind="unknown")),)),
    # --- values: the paper's own spread
    value("A standard deviation over 100 runs hardly widens the interval.", "reproduced", "lies inside", GOOD, claims=(claim(measure=sd_of_paper(0.5)),)),
    value("A standard error as wide as the margin forbids equivalence.", "inconclusive", "crosses the edge", GOOD, claims=(claim(measure=sd_of_paper(1.0, kind="se")),)),
    value("An unknown spread whose readings agree is judged.", "reproduced", "lies inside", GOOD, claims=(claim(measure=sd_of_paper(0.2, kind="unknown")),)),
    value("An unknown spread whose readings disagree is not judged.", "inconclusive", "readings of the paper's spread disagree", GOOD, claims=(claim(measure=sd_of_paper(1.0, kind="unknown")),)),
    value("A standard deviation without its number of runs is read both ways.", "inconclusive", "readings of the paper's spread disagree", GOOD, claims=(claim(measure=sd_of_paper(1.0, n=None)),)),
    # --- values: registration
    Case("Without a registration a perfect match is inconclusive.", "inconclusive", "no margin was registered", evidence=GOOD, registered="never"),
    value("A rule registered after the runs decides nothing.", "inconclusive", "registered after", GOOD, registered="after"),
    value("Nor does it decide that the value is worse.", "inconclusive", "registered after", runs(spread(79.0, 0.7)), registered="after"),
    value("A rule of unknown time decides nothing.", "inconclusive", "not known when", GOOD, registered="never"),
    value("A rule without a margin decides nothing.", "inconclusive", "states no margin", GOOD, rule(margin=None)),
    value("A level laxer than 0.05 decides nothing.", "inconclusive", "laxer than 0.05", GOOD, rule(alpha=0.2)),
    # --- values: the evidence
    Case("Without evidence the claim is not tested, and what it needs is named.", "not tested", "needs WMT 2014 English-German", claims=(claim(needs=("WMT 2014 English-German",)),), execution="none"),
    Case("Without evidence and without needs it is plainly not tested.", "not tested", "no evidence bears on it", execution="none"),
    value("A pilot is never used.", "not tested", "no evidence bears on it", runs(spread(81.4, 0.7), counts=False), execution="none"),
    value("Stand-in data never enter a comparison.", "not tested", "stand-in", runs(spread(81.4, 0.7), stand_in=True), scale="proxy"),
    value("A proxy experiment supports no claim of the table.", "not tested", "Not tested at this scale", runs(spread(81.4, 0.7), scale="proxy"), scale="proxy"),
    value("A reduced scale supports no claim of the table.", "not tested", "Not tested at this scale", runs(spread(81.4, 0.7), scale="reduced"), scale="reduced"),
    value("Nor does it show that the paper's number is not reached.", "not tested", "Not tested at this scale", runs(spread(60.0, 0.7), scale="reduced"), scale="reduced"),
    value("Full-scale runs are judged, and proxies beside them left out.", "reproduced", "lies inside", (*GOOD, *runs([10.0], seeds=[99], scale="proxy")), scale="full"),
    value("A run that ends before the registered horizon cannot show the effect.", "not tested", "a run ended at step 50", runs(spread(81.4, 0.7), details={"settings": {"steps": 50}}), rule(horizon=100)),
    value("Nor can one that does not say how far it went.", "not tested", "do not say how far they went", GOOD, rule(horizon=100)),
    value("One that reaches it is judged.", "reproduced", "lies inside", runs(spread(81.4, 0.7), details={"settings": {"steps": 100}}), rule(horizon=100)),
    value("Another data set is another claim.", "not tested", "the runs used Citeseer", runs(spread(81.4, 0.7), details={"dataset": "Citeseer"})),
    value("A rule for another data set than the claim's does not help.", "not tested", "registered for MNIST", runs(spread(81.4, 0.7), details={"dataset": "MNIST"}), rule(dataset="MNIST")),
    value("Runs that do not name their data set are not trusted with one.", "inconclusive", "do not say which data set", runs(spread(81.4, 0.7), details={"dataset": None})),
    value("Another split is inconclusive.", "inconclusive", "the split 'validation'", runs(spread(81.4, 0.7), details={"split": "validation"})),
    value("An unstated split is inconclusive.", "inconclusive", "do not say which split", runs(spread(81.4, 0.7), details={"split": None})),
    value("A rule for another split than the claim's is inconclusive.", "inconclusive", "registered for the split", runs(spread(81.4, 0.7), details={"split": "validation"}), rule(split="validation")),
    value("Another metric signature is not compared.", "inconclusive", "two metrics are not compared", runs(spread(81.4, 0.7), details={"metric": "balanced accuracy"})),
    value("Selection on the test split is no estimate.", "inconclusive", "selected on the test split", runs(spread(81.4, 0.7), details={"selection": "best test epoch"})),
    value("Not even where it was registered so.", "inconclusive", "selected on the test split", runs(spread(81.4, 0.7), details={"selection": "best test epoch"}), rule(selection="best test epoch")),
    value("The best of several seeds is no average.", "inconclusive", "selected among seeds", runs(spread(81.4, 0.7), details={"selection": "best of 5 seeds"})),
    value("Another selection than the registered one is inconclusive.", "inconclusive", "was selected by", runs(spread(81.4, 0.7), details={"selection": "best validation epoch"})),
    value("The registered selection on validation data is fine.", "reproduced", "lies inside", runs(spread(81.4, 0.7), details={"selection": "best validation epoch"}), rule(selection="best validation epoch")),
    value("Fractions are not held against per cent.", "inconclusive", "look like fractions", runs(spread(0.814, 0.007))),
    value("A stated unit that is another one is not compared.", "inconclusive", "measured in 'nats'", runs(spread(81.4, 0.7), details={"unit": "nats"})),
    value("A number without a receipt decides nothing.", "inconclusive", "without a receipt", runs(spread(81.4, 0.7), receipt=None)),
    value("Runs without seeds may be one run twenty times.", "inconclusive", "did not record a seed", runs(spread(81.4, 0.7), seeds=[None] * 20)),
    value("A seed with two results is not a seed.", "inconclusive", "Seed 3 gave two different values", (*GOOD, *runs([81.0], seeds=[3]))),
    value("A seed run twice with one result counts once.", "reproduced", "lies inside", (*GOOD, *runs(spread(81.4, 0.7)[:3], message="Trained again."))),
    value("A failed run makes the execution partial, and the rest a selection.", "inconclusive", "1 of 20 runs failed", (*GOOD[:19], *runs([81.4], seeds=[19], status="fail")), execution="partial"),
    value("A NaN is a failed run.", "inconclusive", "1 of 20 runs failed", (*GOOD[:19], *runs([float("nan")], seeds=[19])), execution="partial"),
    value("A missing value is a failed run.", "inconclusive", "1 of 20 runs failed", (*GOOD[:19], *runs([1.0], seeds=[19], values={"loss": 1.0})), execution="partial"),
    value("A command that ended with an error is a failed run.", "inconclusive", "1 of 20 runs failed", (*GOOD[:19], *runs([81.4], receipt=Receipt(command="x", seed=19, inputs=CODE, exit_status=1))), execution="partial"),
    value("No finite value at all is inconclusive.", "inconclusive", "20 of 20 runs failed", runs([float("inf")] * 20), execution="partial"),
    value("Fewer seeds than registered are inconclusive.", "inconclusive", "12 seeds of the 20 registered", GOOD[:12], execution="partial"),
    value("More seeds than registered are inconclusive.", "inconclusive", "20 seeds ran where 10 were registered", GOOD, rule(seeds=10)),
    value("Equal values of all seeds count as one run.", "inconclusive", "All 20 values are equal", runs([81.5] * 20)),
    value("Unless the paper prints a spread of zero too.", "reproduced", "lies inside", runs([81.5] * 20), claims=(claim(measure=sd_of_paper(0.0)),)),
    value("Runs of different code are no sample.", "inconclusive", "different code or data", (*GOOD[:10], *runs(spread(81.4, 0.7)[10:], seeds=range(10, 20), inputs={"workspace:src/model.py": "c" * 64}))),
    # --- values: the margin against the claim
    value("A margin wider than the gap to the best baseline cannot support the claim.", "inconclusive", "Refused: the margin", GOOD, claims=(claim(), baseline("75.7"), baseline("80.9", id="table2/cora/other"))),
    value("A margin within that gap can.", "reproduced", "lies inside", GOOD, claims=(claim(), baseline("75.7"))),
    value("A baseline on other data sets no bound.", "reproduced", "lies inside", GOOD, claims=(claim(), baseline("81.4", dataset="Citeseer"))),
    value("A wide margin does not hide that the value is worse.", "worse", "lies outside", runs(spread(79.0, 0.7)), claims=(claim(), baseline("80.9"))),
    # --- implementation
    value("Passed checks and a conforming equation verify the implementation.", "reproduced", "lies inside", (*GOOD, *checks()), implementation="verified"),
    value("Checks without an equation leave it unverified.", "reproduced", "lies inside", (*GOOD, checks()[0]), implementation="unverified"),
    value("A check that cannot tell leaves it unverified.", "reproduced", "lies inside", (*GOOD, *checks("unsure")), implementation="unverified"),
    value("A skipped check says nothing against it.", "reproduced", "lies inside", (*GOOD, *checks(), checks("skipped")[0]), implementation="verified"),
    value("A failed check breaks it, and a broken implementation reproduces nothing.", "inconclusive", "implementation is broken: gradient failed", (*GOOD, *checks("fail")), implementation="broken"),
    value("A broken implementation does not show that the paper's number is wrong either.", "inconclusive", "is broken", (*runs(spread(79.0, 0.7)), *checks("fail")), implementation="broken"),
    value("An equation that differs breaks it.", "inconclusive", "implementation is broken: equation (2) failed", (*GOOD, *checks("pass", "fail")), implementation="broken"),
    value("Checks of other code verify nothing.", "reproduced", "lies inside", (*GOOD, *checks(receipt=Receipt(command="c", inputs={"workspace:src/model.py": "c" * 64}))), implementation="unverified"),
    value("A failed trial that does not count breaks nothing.", "reproduced", "lies inside", (*GOOD, *checks("fail", counts=False)), implementation="unverified"),
    # --- exact claims
    exact("A count within the printed rounding under a stated assumption reproduces it.", "reproduced", "65,082,368 is 65×10^6 ± 500,000, assuming vocabulary = 37000 (section 5)", count(65_082_368, assumptions=("vocabulary = 37000 (section 5)",)), facts=(fact("vocabulary", "37000", 37_000.0),)),
    exact("A count that needs no assumption reproduces it.", "reproduced", "64,500,000 is", count(64_500_000)),
    exact("One parameter below the rounding does not.", "refuted", "64,499,999 is not", count(64_499_999)),
    exact("Agreement under an unstated assumption is inconclusive.", "inconclusive", "only under what the paper does not state exactly, assuming vocabulary = 37000", count(65_000_000, assumptions=("vocabulary = 37000",))),
    exact("Agreement under what the paper hedges is inconclusive.", "inconclusive", "does not state exactly", count(65_000_000, assumptions=("vocabulary = 37000",)), facts=(fact("vocabulary", "37000", 37_000.0, "about 37000 tokens"),)),
    exact("Agreement only at a solved size names its interval.", "inconclusive", "comes out for a vocabulary from 39,769 to 41,722", count(63_082_496, assumptions=("vocabulary = 37000",)), solved(39_769, 41_722)),
    exact("Even where another size is stated: its reading may be the wrong one.", "inconclusive", "comes out for a vocabulary from 39,769 to 41,722", count(63_082_496, assumptions=("vocabulary = 37000",)), solved(39_769, 41_722), facts=(fact("vocabulary", "37000", 37_000.0),)),
    exact("Disagreement whatever the open size refutes it.", "refuted", "whatever the vocabulary is", count(60_000_000, assumptions=("vocabulary = 30000",)), solved(None, None, status="fail")),
    exact("Unless something else was assumed that the paper does not state.", "inconclusive", "assumption", solved(None, None, status="fail", assumptions=("untied embeddings",))),
    exact("A count that does not depend on the open size is a count.", "refuted", "44,138,496 is not", solved(None, None, values={"offset": 44_138_496.0, "slope": 0.0})),
    exact("Disagreement under one unstated assumption is inconclusive: another may hold.", "inconclusive", "under 1 assumption", count(60_000_000, assumptions=("vocabulary = 30000",))),
    exact("Two stated readings that disagree are inconclusive.", "inconclusive", "gives different counts", count(65_000_000), count(60_000_000)),
    exact("A count of a broken implementation reproduces nothing.", "inconclusive", "is broken", count(65_000_000), *checks("fail")),
    exact("A count without a receipt is inconclusive.", "inconclusive", "without a receipt", count(65_000_000, receipt=None)),
    exact("A count of a reduced model is not tested.", "not tested", "Not tested at this scale", count(65_000_000, scale="reduced")),
    exact("A count that is not finite is inconclusive.", "inconclusive", "no finite parameters", count(float("nan"))),
    Case("An exact number means equality.", "refuted", "1,023 is not 1024", claims=(parameters(measure=Measure(value=1024, printed="1024")),), evidence=(count(1023),)),
    # --- orders
    beats("A lower bound above zero reproduces an order.", "reproduced", "GCN is ahead by 5", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(76.0, 0.7))),
    beats("An upper bound below zero refutes it.", "refuted", "GCN is ahead by −5", system("GCN", spread(76.0, 0.7)) + system("Planetoid", spread(81.4, 0.7))),
    beats("Where lower is better, the order turns.", "reproduced", "GCN is ahead by 5", system("GCN", spread(76.0, 0.7)) + system("Planetoid", spread(81.4, 0.7)), claims=(order(direction="lower"), baseline())),
    beats("An interval around zero is inconclusive.", "inconclusive", "GCN is ahead by 0", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(81.4, 0.8))),
    beats("An effect that could hardly be seen is not tested at this scale.", "not tested", "Not tested at this scale", system("GCN", spread(81.4, 9.0, 3)) + system("Planetoid", spread(81.0, 9.0, 3)), rule(claim="text/gcn-beats-planetoid", margin=None, seeds=3)),
    beats("A pairing by seed sees what independent samples do not.", "reproduced", "ahead by 0.2905", system("GCN", spread(81.3, 0.7)) + system("Planetoid", [v + 0.01 * (i % 3) for i, v in enumerate(spread(81.0, 0.7))]), PAIRED),
    beats("A paired design on different seeds is inconclusive.", "inconclusive", "different seeds", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(76.0, 0.7), seeds=range(50, 70)), PAIRED),
    beats("A printed number is no opponent.", "not tested", "one of the two systems was not run", system("GCN", spread(81.4, 0.7))),
    beats("An order without a direction is inconclusive.", "inconclusive", "whether higher or lower", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(76.0, 0.7)), claims=(order(direction=None), baseline())),
    beats("An order without a registered rule is inconclusive.", "inconclusive", "not known when", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(76.0, 0.7)), registered="never"),
    beats("An order on a proxy is not tested.", "not tested", "Not tested at this scale", system("GCN", spread(81.4, 0.7), scale="proxy") + system("Planetoid", spread(76.0, 0.7), scale="proxy")),
    beats("On a par within a margin is an equivalence of two systems.", "reproduced", "lies inside the margin", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(81.4, 0.8)), PAR),
    beats("A system well ahead is not on a par.", "refuted", "lies outside the margin", system("GCN", spread(84.4, 0.7)) + system("Planetoid", spread(81.4, 0.8)), PAR),
    beats("A system well ahead is not behind.", "reproduced", "lies outside the margin", system("GCN", spread(84.4, 0.7)) + system("Planetoid", spread(81.4, 0.8)), NOT_BEHIND),
    beats("A tie of every seed is no order.", "inconclusive", "GCN is ahead by 0", system("GCN", spread(81.4, 0.7)) + system("Planetoid", spread(81.4, 0.7)), PAIRED),
    # --- trends
    trend("A trend whose slope is above zero over the seeds is reproduced.", "reproduced", "accuracy rises by", grown([70, 72, 74, 75])),
    trend("A slope below zero refutes it.", "refuted", "accuracy rises by −", grown([75, 74, 72, 70])),
    trend("Where a fall is claimed, the trend turns.", "reproduced", "accuracy falls by", grown([75, 74, 72, 70]), claims=(claim("trend", measure=None, direction="lower"),)),
    trend("A slope around zero is inconclusive.", "inconclusive", "accuracy rises by", grown([70, 70.1, 69.9, 70], 1.0)),
    trend("A trend that turns back between two levels does not hold all along.", "inconclusive", "turns back between layers = 4 and 8", grown([60, 70, 80, 76])),
    trend("Two levels are no trend.", "inconclusive", "at least 3 levels of layers", grown([70, 75])),
    trend("Runs that do not state the setting leave the rest a selection.", "inconclusive", "2 runs did not say at which layers", (*grown([70, 72, 74, 75]), *runs([70.0, 71.0], seeds=[50, 51]))),
    trend("One sweep of few points is no trend.", "inconclusive", "at least 10 of them", grown([70, 72, 74, 75], n=1), rule(margin=None, along="layers", seeds=1)),
    trend("One sweep of many points is decided by ranks.", "reproduced", "coefficient of", grown([70 + i for i in range(12)], n=1), rule(margin=None, along="layers", seeds=1)),
    trend("A paper's coefficient is a value, and its interval decides.", "inconclusive", "crosses the edge", grown([70 + i for i in range(12)], 5.0, n=1), rule(margin=0.05, along="layers", seeds=1), claims=(claim("trend", measure=measure("0.90")),)),
    trend("A coefficient of the other sign refutes the paper's.", "refuted", "lies outside", grown([80 - i for i in range(12)], n=1), rule(margin=0.05, along="layers", seeds=1), claims=(claim("trend", measure=measure("0.9")),)),
    trend("A trend on a proxy is not tested.", "not tested", "Not tested at this scale", grown([70, 72, 74, 75], scale="proxy")),
    trend("A trend without a direction is inconclusive.", "inconclusive", "rises or falls", grown([70, 72, 74, 75]), claims=(claim("trend", measure=None, direction=None),)),
    # --- curves
    trend("A curve inside the registered band at every point is reproduced.", "reproduced", "At all 11 points", trained(0.1), CURVE),
    trend("A curve that leaves the band on the bad side is worse.", "worse", "At 11 of 11 points", trained(-3.0), CURVE),
    trend("On the good side it is better.", "better", "lies outside ±1.1", trained(3.0), CURVE),
    trend("One that crosses the paper's is refuted.", "refuted", "the simultaneous band lies outside", trained(0.0, tilt=0.08), CURVE),
    trend("A band that crosses the margin somewhere is inconclusive.", "inconclusive", "crosses the edge of the band", trained(0.9), CURVE),
    trend("A run that ends before the paper's curve does is not tested at this scale.", "not tested", "go from step 0 to 50", trained(0.1, last=50), CURVE),
    trend("One seed never reproduces a curve.", "inconclusive", "One seed never reproduces a curve", trained(0.1, n=1), CURVE.model_copy(update={"seeds": 1})),
    trend("Curves of stand-in data never stand beside the paper's.", "not tested", "stand-in", trained(0.1, stand_in=True), CURVE),
    trend("A curve without a margin has no band.", "inconclusive", "no margin for its band", trained(0.1), CURVE.model_copy(update={"margin": None})),
    # --- the rest
    Case("A trend with evidence is not decided by rule.", "inconclusive", "not decided by rule", claims=(claim("trend"),), evidence=GOOD, rule=rule()),
    Case("A qualitative claim without evidence is not tested.", "not tested", "no evidence", claims=(claim("qualitative"),)),
)  # fmt: skip
