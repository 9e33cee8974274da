"""Policies: from scores to the samples that are trained on, their chance of being chosen and their weights.

A policy is a value with `select(scores [n], generator, progress) -> Selection`. A score of +inf marks a sample that was never scored: it goes first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..core import BadInput


@dataclass(frozen=True)
class Selection:
    """Places [k] among the candidates, the chance with which each was chosen, and the weight of its loss."""

    places: Tensor
    chance: Tensor
    weights: Tensor


class Policy(Protocol):
    """What chooses among n candidates."""

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection: ...

    def share(self) -> float:
        """The share of the candidates that is kept, about."""
        ...


def importance_weights(selection: Selection, candidates: int, *, clip: float = 10.0) -> Tensor:
    """Return k/(n πᵢ) [k], so that the weighted mean over the chosen estimates the mean over all candidates; clipped, which biases and calms.

    Source: Horvitz, Thompson (1952); for training, Katharopoulos, Fleuret (2018).
    """
    return (len(selection.places) / (candidates * selection.chance)).clamp(max=clip)


@dataclass(frozen=True)
class Uniform:
    """A share of the candidates, each with the same chance."""

    keep: float = 0.25

    def __post_init__(self) -> None:
        _checked(self.keep)

    def share(self) -> float:
        return self.keep

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection:
        n = _count(scores)
        k = max(1, round(self.keep * n))
        return _plain(torch.randperm(n, generator=generator)[:k], torch.full((k,), k / n))


@dataclass(frozen=True)
class TopK:
    """The best `keep` of the candidates, a share `floor` of the places given by lot to the others, so that every sample keeps a chance."""

    keep: float = 0.25
    floor: float = 0.1

    def __post_init__(self) -> None:
        _checked(self.keep, self.floor)

    def share(self) -> float:
        return self.keep

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection:
        n = _count(scores)
        k = max(1, round(self.keep * n))
        order = scores.argsort(descending=True, stable=True)
        wanted = self.floor * k if k < n else 0.0  # places by lot, on average: rounded at random
        low = math.floor(wanted)
        more = float(torch.rand((), generator=generator)) < wanted - low
        by_lot = low + int(more)
        top = k - by_lot
        others = torch.randperm(n - top, generator=generator)[:by_lot] + top
        ranks = torch.cat([torch.arange(top), others])
        chance = sum(
            share * _chance(ranks, k - lots, lots, n) for share, lots in ((1 - (wanted - low), low), (wanted - low, low + 1)) if share > 0
        )
        assert isinstance(chance, Tensor)
        return _plain(order[ranks], chance)


@dataclass(frozen=True)
class GumbelTopK:
    """`keep` of the candidates without replacement, the chance of each draw proportional to exp(score/temperature), mixed with `floor` of uniform.

    The temperature is in standard deviations of the scores.

    Source: Kool, van Hoof, Welling, "Stochastic Beams and Where to Find Them" (2019): Gumbel top-k, and its importance-weighted estimator for the chances.
    """

    keep: float = 0.25
    temperature: float = 0.5
    floor: float = 0.1

    def __post_init__(self) -> None:
        _checked(self.keep, self.floor)
        if not self.temperature > 0:
            raise BadInput(f"The temperature is positive; got {self.temperature}.")

    def share(self) -> float:
        return self.keep

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection:
        n = _count(scores)
        k = max(1, round(self.keep * n))
        known = _finite(scores.double())
        spread = float(known.std()) if n > 1 else 0.0
        chances = ((known - known.max()) / (self.temperature * max(spread, 1e-12))).softmax(0)
        logits = ((1 - self.floor) * chances + self.floor / n).clamp(min=1e-300).log()
        noise = -torch.log(torch.empty(n, dtype=torch.float64).exponential_(generator=generator))
        order = (logits + noise).argsort(descending=True)
        chosen = order[:k]
        if k == n:
            return _plain(chosen, torch.ones(n))
        bound = (logits + noise)[order[k]]
        return _plain(chosen, -torch.expm1(-torch.exp(logits[chosen] - bound)))


@dataclass(frozen=True)
class PercentilePower:
    """Each candidate by itself with the chance CDF(score)^power, at least `floor`; how many are kept varies around 1/(power + 1).

    Source: Jiang et al., "Accelerating Deep Learning by Focusing on the Biggest Losers" (2019), the selection probability.
    """

    power: float = 3.0
    floor: float = 0.02

    def __post_init__(self) -> None:
        _checked(1.0, self.floor)
        if not self.power > 0:
            raise BadInput(f"The power is positive; got {self.power}.")

    def share(self) -> float:
        return 1 / (self.power + 1)

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection:
        n = _count(scores)
        places = torch.empty(n, dtype=torch.float64)
        places[scores.argsort(stable=True)] = torch.arange(1, n + 1, dtype=torch.float64) / n
        return _by_lot(places.pow(self.power).clamp(min=self.floor), scores, generator)


@dataclass(frozen=True)
class SoftPruning:
    """Candidates below the mean score are left out with the chance `rate`, and weigh 1/(1 - rate) where they stay: the gradient's expectation is kept.

    The last `final` of the run trains on all.

    Source: Qin et al., "InfoBatch: Lossless Training Speed Up by Unbiased Dynamic Data Pruning" (2024).
    """

    rate: float = 0.5
    final: float = 0.125

    def __post_init__(self) -> None:
        if not (0 <= self.rate < 1 and 0 <= self.final <= 1):
            raise BadInput(f"Soft pruning has a rate in [0, 1) and a final share in [0, 1]; got {self.rate} and {self.final}.")

    def share(self) -> float:
        return 1 - self.rate / 2

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection:
        n = _count(scores)
        chance = torch.ones(n, dtype=torch.float64)
        if progress < 1 - self.final and bool(torch.isfinite(scores).any()):
            chance[scores < scores[torch.isfinite(scores)].mean()] = 1 - self.rate
        chosen = _by_lot(chance, scores, generator)
        return Selection(chosen.places, chosen.chance, (1 / chosen.chance).float())


@dataclass(frozen=True)
class Threshold:
    """Every candidate whose score is at least `value`, the others with the chance `floor`; never none."""

    value: float
    floor: float = 0.02

    def __post_init__(self) -> None:
        _checked(1.0, self.floor)

    def share(self) -> float:
        return 1.0

    def select(self, scores: Tensor, generator: torch.Generator, progress: float = 0.0) -> Selection:
        _count(scores)
        return _by_lot(torch.where(scores >= self.value, 1.0, self.floor).double(), scores, generator)


def with_quotas(selection: Selection, scores: Tensor, groups: Tensor, share: float = 0.5) -> Selection:
    """Give every class or domain, groups [n], at least `share` of the places it would have by its size among the candidates.

    What is missing is taken from the best of the group that were not chosen, in place of the least of groups above their quota. The chances of what
    was put in are not known, and are given as 1: do not weigh by importance after quotas.
    """
    if groups.shape != scores.shape or not 0 <= share <= 1:
        raise BadInput(
            f"Quotas need a group for every score and a share in [0, 1]; got {list(groups.shape)} for {list(scores.shape)} and {share}."
        )
    chosen = torch.zeros(len(scores), dtype=torch.bool)
    chosen[selection.places] = True
    names, group_of, sizes = groups.unique(return_inverse=True, return_counts=True)
    k = len(selection.places)
    least = (share * k * sizes / len(scores)).floor().long()
    have = torch.bincount(group_of[chosen], minlength=len(names))
    added: list[int] = []
    for group in range(len(names)):
        missing = int(least[group] - have[group])
        if missing > 0:
            own = ((group_of == group) & ~chosen).nonzero().squeeze(1)
            added += own[scores[own].argsort(descending=True, stable=True)[:missing]].tolist()
    spare = have - least
    out: set[int] = set()
    for place in selection.places[scores[selection.places].argsort(stable=True)].tolist():
        if len(out) < len(added) and spare[group_of[place]] > 0:
            spare[group_of[place]] -= 1
            out.add(place)
    stay = torch.tensor([place not in out for place in selection.places.tolist()], dtype=torch.bool)
    new = torch.tensor(added, dtype=torch.long)
    ones = torch.ones(len(added))
    return Selection(
        torch.cat([selection.places[stay], new]),
        torch.cat([selection.chance[stay], ones.to(selection.chance)]),
        torch.cat([selection.weights[stay], ones.to(selection.weights)]),
    )


def _checked(keep: float, floor: float = 0.0) -> None:
    if not (0 < keep <= 1 and 0 <= floor <= 1):
        raise BadInput(f"A policy keeps a share in (0, 1], with a floor in [0, 1]; got {keep} and {floor}.")


def _count(scores: Tensor) -> int:
    if scores.dim() != 1 or not len(scores) or bool(scores.isnan().any()):
        raise BadInput(f"A policy chooses among scores [n], n of at least 1, none NaN; got shape {list(scores.shape)}.")
    return len(scores)


def _plain(places: Tensor, chance: Tensor) -> Selection:
    return Selection(places, chance.double(), torch.ones(len(places)))


def _chance(ranks: Tensor, top: int, by_lot: int, n: int) -> Tensor:
    """The chance of the candidates at `ranks`: certain for the first `top`, by_lot/(n - top) for the others."""
    return torch.where(ranks < top, 1.0, by_lot / max(1, n - top)).double()


def _finite(scores: Tensor) -> Tensor:
    """Put what was never scored one standard deviation above the best."""
    known = scores[torch.isfinite(scores)]
    if not len(known):
        return torch.zeros_like(scores)
    above = known.max() + (known.std() if len(known) > 1 else 1.0)
    return torch.where(torch.isfinite(scores), scores, above)


def _by_lot(chance: Tensor, scores: Tensor, generator: torch.Generator) -> Selection:
    places = (torch.rand(len(chance), generator=generator, dtype=torch.float64) < chance).nonzero().squeeze(1)
    if not len(places):
        places = scores.argmax().reshape(1)
    return _plain(places, chance[places])
