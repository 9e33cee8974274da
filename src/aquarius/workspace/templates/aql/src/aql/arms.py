"""One arm of a comparison: a model, a rule that chooses what it is trained on, and a curve of quality against samples and against compute.

Compute is counted in forwards of one sample: 3 for a sample that is trained on, 1 for a sample that is scored by a forward of its own, and what
else the arm says that it costs. Samples seen, scored and trained on are three numbers, always.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from aquarius import aql as library
from aquarius.aql import AQL, Uniform

SMOOTH = 3  # evaluations in a row whose mean counts, so that one lucky evaluation reaches nothing


@dataclass
class Curve:
    """Quality (higher is better) after so many samples and so much compute."""

    samples: list[int] = field(default_factory=list)
    compute: list[float] = field(default_factory=list)
    quality: list[float] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)

    def smooth(self) -> list[float]:
        """The mean of each evaluation and the next two."""
        return [sum(self.quality[i : i + SMOOTH]) / len(self.quality[i : i + SMOOTH]) for i in range(len(self.quality))]

    def reach(self, target: float) -> tuple[float, float] | None:
        """Return samples and compute at which three evaluations in a row are first at the target on average, between two of them by proportion."""
        values = self.smooth()
        found = next((i for i, value in enumerate(values) if value >= target), None)
        if found is None:
            return None
        if found == 0:
            return float(self.samples[0]), self.compute[0]
        part = (target - values[found - 1]) / (values[found] - values[found - 1])
        samples, compute = ((one[found - 1] + part * (one[found] - one[found - 1])) for one in (self.samples, self.compute))
        return samples, compute

    def at_samples(self, samples: float) -> float:
        """Return the quality, smoothed, at the last evaluation within so many samples."""
        return self._last(self.samples, samples)

    def at_compute(self, compute: float) -> float:
        """Return the quality, smoothed, at the last evaluation within so much compute."""
        return self._last(self.compute, compute)

    def _last(self, spent: list[int] | list[float], limit: float) -> float:
        inside = [i for i, value in enumerate(spent) if value <= limit]
        if not inside:
            return self.quality[0]
        first = max(0, inside[-1] - SMOOTH + 1)
        kept = self.quality[first : inside[-1] + 1]
        return sum(kept) / len(kept)


class Places(Dataset):
    """The places 0 .. n-1: the loader's collate function fetches the samples of a batch at once."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> int:
        return place


@dataclass(frozen=True)
class Task:
    """What all arms share: inputs [n, ...] and labels [n, ...], the model's builder, how it is judged, and the recipe."""

    x: Tensor
    y: Tensor
    build: Callable[[], nn.Module]
    quality: Callable[[nn.Module], float]
    learning_rate: float
    batch_size: int
    every: int  # samples between two evaluations
    seed: int
    clip: float = 0.0
    averaged: float = 0.0  # decay of the average of the weights that is judged; 0 judges the weights themselves


def train_arm(
    task: Task,
    samples: int,
    *,
    fixed_cost: float = 0.0,
    cost_of_scoring: float = 0.0,
    kind: Tensor | None = None,
    attach: Callable[[nn.Module], Callable] | None = None,
    **options,
) -> Curve:
    """Train one arm on so many samples; `options` go to AQL, none of them is uniform training on a random order.

    cost_of_scoring: forwards for each scored sample beyond the one that the library counts. attach: makes a scorer that needs the model.
    """
    torch.manual_seed(task.seed)
    model = task.build()
    optimizer = torch.optim.Adam(model.parameters(), lr=task.learning_rate)
    if attach is not None:
        options["scorer"] = attach(model)
    options = options or {"scorer": "loss", "policy": Uniform(1.0)}
    aql = AQL(model, budget=None, seed=task.seed, total_steps=samples // task.batch_size, **options)
    loader = DataLoader(Places(len(task.x)), batch_size=task.batch_size, collate_fn=lambda places: (task.x[places], task.y[places]))
    curve, kinds, due = Curve(), torch.zeros(FAMILIES), task.every
    judged = copy.deepcopy(model) if task.averaged else model
    while aql.trained < samples:
        for batch in aql.wrap(loader):
            optimizer.zero_grad()
            aql.loss(model(batch.x), batch.y).backward()
            if task.clip:
                nn.utils.clip_grad_norm_(model.parameters(), task.clip)
            optimizer.step()
            if task.averaged:
                with torch.no_grad():
                    for mean, value in zip(judged.parameters(), model.parameters(), strict=True):
                        mean.lerp_(value, 1 - task.averaged)
            if kind is not None:
                kinds += torch.bincount(kind[batch.ids], minlength=FAMILIES)
            if aql.trained >= due:
                due += task.every
                report = aql.report()
                extra = fixed_cost + cost_of_scoring * (report.forwards - 3 * report.trained)
                curve.samples.append(aql.trained)
                curve.compute.append(report.forwards + extra)
                judged.eval()
                with torch.no_grad():
                    curve.quality.append(task.quality(judged))
                judged.train()
            if aql.trained >= samples:
                break
    report = aql.report()
    scored = report.forwards - 3 * report.trained  # by a forward of their own
    curve.counts = {"seen": float(report.seen), "scored": scored, "trained": float(report.trained)}
    if kind is not None:
        curve.counts["useful"] = float(kinds[USEFUL] / kinds.sum())
    aql.close()
    return curve


FAMILIES, USEFUL = 4, 1  # kinds of samples; the kind that is worth training on, which an experiment puts at 1


def plausible(least: float, base: Callable[[Tensor], Tensor] = library.margin) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """Return a scorer: the closeness of the two likeliest classes, of samples whose own label the model gives a chance of at least `least`; the others come last.

    A wrong label looks like a sample that the model contradicts: highest loss, and nothing to learn.
    """

    def score(logits: Tensor, labels: Tensor, features: Tensor | None) -> Tensor:
        own = logits.softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
        values = base(logits)
        return torch.where(own >= least, values, values - 100.0)

    return score


def shuffled(seed: int) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """Return a broken scorer: the entropies of the candidates, dealt out among them at random."""
    generator = torch.Generator().manual_seed(seed)

    def score(logits: Tensor, labels: Tensor, features: Tensor | None) -> Tensor:
        values = library.entropy(logits)
        values = values.mean(-1) if values.dim() > 1 else values
        return values[torch.randperm(len(values), generator=generator)]

    return score


def by_dropout(passes: int, candidates: int) -> Callable[[nn.Module], Callable]:
    """Return what makes a scorer by MC dropout of a model: the mutual information over so many masks, a forward each, of so many candidates."""

    def attach(model: nn.Module) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
        given: list[Tensor] = []
        model.register_forward_pre_hook(lambda module, inputs: given.__setitem__(slice(None), [inputs[0]]))

        def score(logits: Tensor, labels: Tensor, features: Tensor | None) -> Tensor:
            if len(logits) < candidates:  # the batch that is trained on: it was chosen already
                return logits.new_zeros(len(logits))
            return library.mc_dropout(model, given[0], passes=passes)

        return score

    return attach


def compared(first: Curve, second: Curve, target: float) -> dict[str, float]:
    """Return how many times fewer samples, and how much of the compute, `second` needs to reach a quality, and whether it reached it.

    Where `first` never reaches it, its end counts, which is to its advantage. Where `second` does not, it counts as if it had needed all the samples of
    `first`: no ratio can then support that fewer are enough.
    """
    mine = first.reach(target) or (first.samples[-1], first.compute[-1])
    theirs = second.reach(target)
    reached = theirs is not None
    if theirs is None:
        longer = max(1.0, first.samples[-1] / second.samples[-1])
        theirs = (longer * second.samples[-1], longer * second.compute[-1])
    return {"ratio": mine[0] / theirs[0], "compute": theirs[1] / mine[1], "reached": float(reached)}
