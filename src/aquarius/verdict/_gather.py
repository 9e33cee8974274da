"""From all the evidence, what bears on one claim: the runs, the measured values, the state of the implementation.

What is read of a run, beside its scale, receipt and status: `values[quantity]` (or `values["test accuracy"]`, the split before it), and of
`details`, or of `details["settings"]`: "claims" (ids, where it bears on several), "dataset", "split", "signature" (of its metric), "selection"
(how the reported model was chosen), "unit", "system" (which side of an order it measures) and the setting that a trend goes along. A curve is
`curves[quantity]`, named like a value. What is not stated there cannot be told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..core import Evidence
from ..dossier import Claim
from ._verdict import Implementation, Rule

CODE_AND_DATA = ("workspace:", "package:", "data:")  # the inputs that runs of one experiment share; a configuration may hold the seed

NEUTRAL = frozenset(["the", "a", "of", "on", "data", "set", "dataset", "corpus", "benchmark", "split", "public", "standard", "planetoid"])
SPLITS = {
    "train": "training", "training": "training", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "development": "validation", "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One measured value, and the run it came from."""

    value: float
    seed: int | None
    evidence: Evidence


@dataclass(frozen=True)
class Samples:
    """The values of a claim's runs: each seed once, in the order of the seeds."""

    values: tuple[Sample, ...]
    failed: tuple[Evidence, ...]  # ended with an error, or gave no finite value
    repeated: tuple[int, ...]  # seeds that gave two different values

    @property
    def numbers(self) -> list[float]:
        """Return the values alone."""
        return [sample.value for sample in self.values]


def ordered(evidence: Iterable[Evidence]) -> dict[str, Evidence]:
    """Return each piece of evidence once under its content hash, sorted by it, so that the order in which it came changes nothing."""
    return dict(sorted({item.content_hash: item for item in evidence}.items()))


def bears_on(item: Evidence, claim_id: str) -> bool:
    """Say whether a piece of evidence is about a claim."""
    named = item.details.get("claims")
    return item.claim == claim_id or (isinstance(named, list | tuple) and claim_id in named)


def same_name(first: str | None, second: str | None) -> bool:
    """Say whether two names are the same but for case, spaces and punctuation."""
    return first is not None and second is not None and _words(first) == _words(second)


def names_within(first: str, second: str) -> bool:
    """Say whether two names are the same but for words that name no other thing: "Cora" and "planetoid-cora", not "MNIST" and "Fashion MNIST"."""
    if same_name(first, second):
        return True
    one, other = set(_words(first)) - NEUTRAL, set(_words(second)) - NEUTRAL
    return bool(one) and one == other


def split_kinds(name: str | None) -> set[str]:
    """Return which of training, validation and test a name speaks of."""
    return {SPLITS[word] for word in _words(name or "") if word in SPLITS}


def stated(item: Evidence, name: str) -> str | None:
    """Return what a run says of itself under `name`, else what its settings say, or None."""
    settings = item.details.get("settings")
    for value in (item.details.get(name), settings.get(name) if isinstance(settings, dict) else None):
        if isinstance(value, str) and value.strip():
            return value
    return None


def stated_split(item: Evidence, claim: Claim, rule: Rule | None) -> str | None:
    """Return the split that a run says it was measured on, else the one in the name of the measured value, or None."""
    said = stated(item, "split")
    if said is not None:
        return said
    kinds = {kind for name in _measured_names(item, claim, rule) for kind in split_kinds(name)}
    return kinds.pop() if len(kinds) == 1 else None


def stated_signature(item: Evidence) -> str | None:
    """Return the signature of a run's metric; the bare name of one of its values is none."""
    for name in ("signature", "metric"):
        said = stated(item, name)
        if said is not None and said not in item.values:
            return said
    return None


def speaks_of(text: str, quantity: str) -> bool:
    """Say whether all words of a quantity stand in a text."""
    return set(_words(quantity)) <= set(_words(text))


def measured_value(item: Evidence, claim: Claim, rule: Rule | None) -> float | None:
    """Return the value of the claim's quantity in a run, or None where it has none or two different ones."""
    found = {item.values[name] for name in _measured_names(item, claim, rule)}
    return found.pop() if len(found) == 1 else None


def measured_curve(item: Evidence, claim: Claim, rule: Rule | None) -> list[tuple[float, float]] | None:
    """Return the curve of the claim's quantity in a run, by step, without what is not finite; None where it has none or two of them."""
    names = _names_of(item.curves, claim, rule)
    points = [(step, value) for step, value in item.curves[names[0]] if math.isfinite(value)] if len(names) == 1 else []
    return sorted(points) or None


def end_of_curve(item: Evidence, claim: Claim, rule: Rule | None) -> float | None:
    """Return the last value of the claim's curve in a run."""
    curve = measured_curve(item, claim, rule)
    return curve[-1][1] if curve else None


def stated_number(item: Evidence, name: str) -> float | None:
    """Return a number that a run states among its details, its settings or its values, or None."""
    settings = item.details.get("settings")
    inside = settings if isinstance(settings, dict) else {}
    for place in (item.details, inside, item.values):
        for key, value in place.items():
            if same_name(str(key), name) and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                return float(value)
    return None


def samples(
    runs: Sequence[Evidence],
    claim: Claim,
    rule: Rule | None,
    value_of: Callable[[Evidence, Claim, Rule | None], float | None] | None = None,
) -> Samples:
    """Take the measured values out of a claim's runs; a seed that was run twice with the same result counts once."""
    value_of = value_of or measured_value
    by_seed: dict[int, Sample] = {}
    unseeded: list[Sample] = []
    failed: list[Evidence] = []
    repeated: set[int] = set()
    for item in runs:
        value = value_of(item, claim, rule)
        ended = item.receipt is None or item.receipt.exit_status == 0
        if value is None or not math.isfinite(value) or item.status != "pass" or not ended:
            failed.append(item)
            continue
        seed = item.receipt.seed if item.receipt else None
        sample = Sample(value, seed, item)
        if seed is None:
            unseeded.append(sample)
        elif seed not in by_seed:
            by_seed[seed] = sample
        elif by_seed[seed].value != value:
            repeated.add(seed)
    again = {sample.seed for sample in by_seed.values()}
    failed = [item for item in failed if item.receipt is None or item.receipt.seed is None or item.receipt.seed not in again]
    return Samples((*(by_seed[seed] for seed in sorted(by_seed)), *unseeded), tuple(failed), tuple(sorted(repeated)))


def same_inputs(first: Evidence, second: Evidence) -> bool:
    """Say whether two pieces of evidence agree on the hash of every code and data file that both name."""
    if first.receipt is None or second.receipt is None:
        return True
    mine, theirs = first.receipt.inputs, second.receipt.inputs
    return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys() if name.startswith(CODE_AND_DATA))


def implementation(evidence: Sequence[Evidence], claim_id: str, decisive: Sequence[Evidence]) -> tuple[Implementation, str]:
    """Return the state of the implementation that a claim rests on, and the sentence that says why.

    Findings and equation checks about other code than the deciding evidence's are left out; so are those about another claim.
    """
    about = [item for item in evidence if item.kind in ("finding", "conformance") and (item.claim is None or bears_on(item, claim_id))]
    checks = [item for item in about if all(same_inputs(item, other) for other in decisive)]
    failed = [item for item in checks if item.status == "fail"]
    if failed:
        return "broken", f"The implementation is broken: {failed[0].check} failed ({_sentence(failed[0].message)})."
    if len(checks) < len(about):
        return "unverified", "The implementation is unverified: some of its checks were made on other code than the runs."
    unsure = [item for item in checks if item.status == "unsure"]
    if unsure:
        return "unverified", f"The implementation is unverified: {unsure[0].check} could not tell ({_sentence(unsure[0].message)})."
    conforms = [item for item in checks if item.kind == "conformance" and item.status == "pass"]
    passed = [item for item in checks if item.kind == "finding" and item.status == "pass"]
    if not checks:
        return "unverified", "The implementation is unverified: nothing was checked."
    if not conforms:
        return "unverified", "The implementation is unverified: no equation of the paper was held against it."
    if not passed:
        return "unverified", "The implementation is unverified: the gauntlet was not run on it."
    return "verified", f"The implementation is verified: {len(passed)} checks passed, {len(conforms)} equations conform."


def _sentence(text: str) -> str:
    return text.strip().rstrip(".")


def _measured_names(item: Evidence, claim: Claim, rule: Rule | None) -> list[str]:
    return _names_of(item.values, claim, rule)


def _names_of(names: Iterable[str], claim: Claim, rule: Rule | None) -> list[str]:
    kinds = split_kinds(claim.split) or split_kinds(rule.split if rule else None)
    words = {word for word, kind in SPLITS.items() if kind in (kinds - {"training", "validation"} or kinds or {"test"})}
    wanted = {_words(name) for name in (claim.id, claim.quantity, *(f"{word} {claim.quantity}" for word in words))}
    if rule is not None and rule.metric:
        wanted.add(_words(rule.metric))
    return [name for name in names if _words(name) in wanted]


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold().replace("_", " ")))
