"""The Verdict: claim by claim, a point in a small lattice, decided by rule from evidence alone."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..core import Measure, Noun, Record

Implementation = Literal["verified", "unverified", "broken"]
Execution = Literal["complete", "partial", "none"]
Result = Literal["reproduced", "better", "worse", "refuted", "inconclusive", "not tested"]
Scale = Literal["full", "reduced", "proxy"]


class Rule(Record):
    """How one claim will be judged, fixed before the first run that counts."""

    claim: str
    test: Literal["usual", "equivalence", "non-inferiority"] = "usual"  # usual: equivalence for a value, being ahead for an order
    margin: float | None = None  # in the unit of the claim's measure; None for an exact claim or an order
    margin_source: str = ""  # "the paper's standard deviation", "pilot of 5 seeds, not counted", "1 % of the metric's range"
    alpha: float = 0.05
    design: Literal["independent", "paired"] = "independent"
    seeds: int = 1
    metric: str = ""  # its signature: name, average, tokenisation, version
    dataset: str | None = None
    split: str | None = None
    selection: str = "none"  # how the reported model was chosen: "none", "best validation epoch", ...
    along: str = ""  # for a trend: the setting or value that the quantity changes with, "layers"
    curve: tuple[tuple[float, float], ...] = ()  # for a curve: the paper's, as (step, value), read before the first run
    reading_error: float = 0.0  # of that curve's values, added to the margin
    drift: float = 0.0  # how far the metric may move in a rerun on other hardware or other versions; between equal processors: nothing
    drift_source: str = ""  # where that was measured
    horizon: float | None = None  # the step that a run must reach for the effect to be seen


class Registration(Noun):
    """The rules of a workspace, frozen. When they were frozen is told by the ledger, not by the record."""

    SCHEMA: ClassVar[str] = "aquarius.registration"

    rules: tuple[Rule, ...]
    dossier: str  # content hash of the dossier that the rules are about
    claims: dict[str, str] = {}  # claim -> hash of what the dossier says of it: a claim that is edited later has changed its rule


class Estimate(Record):
    """What was measured: mean, spread between seeds, and the interval at the rule's level, 1 - 2 alpha."""

    mean: float
    sd: float | None
    n: int
    low: float | None  # of the mean
    high: float | None


class Difference(Record):
    """Measured less paper (for an order: the one less the other), its interval at the rule's level, and the whole margin it was held against."""

    value: float
    low: float
    high: float
    margin: float  # with half a unit in the last printed place


class ClaimVerdict(Record):
    """The verdict on one claim, and all that it rests on."""

    claim: str
    statement: str
    implementation: Implementation
    execution: Execution
    result: Result
    scale: Scale
    paper: Measure | None
    measured: Estimate | None
    difference: Difference | None = None
    rule: Rule | None
    registered: Literal["before", "after", "never"]  # the rule, relative to the first run that counts
    test: str  # "TOST, one-sample t", "equality within printed rounding", ...
    reasons: tuple[str, ...]  # full sentences, the deciding one first
    assumptions: tuple[str, ...] = ()
    seeds_needed: dict[str, int] = {}  # power ("0.8", "0.9") -> seeds that would decide, where that can be told
    evidence: tuple[str, ...] = ()  # content hashes


class Verdict(Noun):
    """All claims of a dossier, judged. The same evidence gives the same bytes."""

    SCHEMA: ClassVar[str] = "aquarius.verdict"

    title: str
    dossier: str  # content hash
    registration: str | None  # content hash
    claims: tuple[ClaimVerdict, ...]
    left_out: int = 0  # baselines' numbers that the paper prints and nobody tested: they are no claim of this paper's system

    def count(self, result: Result) -> int:
        """Return how many claims have this result."""
        return sum(claim.result == result for claim in self.claims)
