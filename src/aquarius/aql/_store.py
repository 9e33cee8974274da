"""What is known about each sample: its last scores, when they were made, and how often it was visited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..core import BadInput
from ._ranks import gathered


class ScoreStore:
    """Scores by sample id, with ages; grows with the largest id. A score that was never made is NaN.

    memory: share of the old value in an updated score; 0 keeps the latest alone, more averages over visits.
    """

    def __init__(self, size: int = 0, *, memory: float = 0.0) -> None:
        if size < 0 or not 0 <= memory < 1:
            raise BadInput(f"A score store has a size of at least 0 and a memory in [0, 1); got {size} and {memory}.")
        self.memory = memory
        self.columns: dict[str, Tensor] = {}
        self.stamps = torch.full((size,), -1, dtype=torch.long)  # the step of the latest score, -1 before the first
        self.visits = torch.zeros(size, dtype=torch.long)
        self._shared_visits = torch.zeros(0, dtype=torch.long)

    def __len__(self) -> int:
        return len(self.stamps)

    def update(self, ids: Tensor, step: int, scores: Mapping[str, Tensor], *, visit: bool = True) -> None:
        """Write scores [n] by name for samples ids [n], made at `step`; of an id that comes twice the last one stays. A visit is counted where it is one.

        Raises:
            BadInput: shapes do not agree, or an id is negative.
        """
        ids = ids.detach().cpu().long()
        if ids.dim() != 1 or any(values.shape != ids.shape for values in scores.values()):
            shapes = {name: list(values.shape) for name, values in scores.items()}
            raise BadInput(f"Scores are [n] for ids [n]; got ids {list(ids.shape)} and {shapes}.")
        if not len(ids):
            return
        least, most = (int(each) for each in ids.aminmax())
        if least < 0:
            raise BadInput("A sample id is negative: ids are the places of samples in their data set.")
        self._grow(most + 1)
        for name, values in scores.items():
            if name not in self.columns:
                self.columns[name] = torch.full((len(self),), float("nan"))
            column, new = self.columns[name], values.detach().float().cpu()
            if self.memory:
                old = column[ids]
                new = torch.where(old.isnan(), new, self.memory * old + (1 - self.memory) * new)
            column[ids] = new
        self.stamps[ids] = step
        if visit:
            self.visits.index_add_(0, ids, torch.ones_like(ids))

    def get(self, name: str, ids: Tensor | None = None) -> Tensor:
        """Return the score [n] of samples ids [n], of all if not given; NaN where it was never made."""
        column = self.columns.get(name)
        if ids is None:
            return torch.full((len(self),), float("nan")) if column is None else column.clone()
        ids = ids.detach().cpu().long()
        values = torch.full(ids.shape, float("nan"))
        if column is not None:
            inside = ids < len(column)
            values[inside] = column[ids[inside]]
        return values

    def synchronise(self, group: Any = None) -> None:
        """Bring the scores of all ranks of an initialised `torch.distributed` together: of each sample the latest stays, visits are added up.

        Call it on every rank at once. Without ranks nothing changes.
        """
        states = gathered({**self.state_dict(), "fresh": self.visits - self._common(len(self))}, group)
        if len(states) == 1:
            return
        self._grow(max(len(state["stamps"]) for state in states))
        latest = torch.stack([_longer(state["stamps"], len(self), -1) for state in states])
        rank = latest.argmax(0)  # of equal stamps the first rank's, the same everywhere
        for name in sorted({name for state in states for name in state["columns"]}):
            each = [_longer(state["columns"].get(name, torch.empty(0)), len(self), float("nan")) for state in states]
            self.columns[name] = torch.stack(each).gather(0, rank.unsqueeze(0)).squeeze(0)
        self.stamps = latest.amax(0)
        self.visits = self._common(len(self)) + sum(_longer(state["fresh"], len(self), 0) for state in states)
        self._shared_visits = self.visits.clone()

    def _common(self, size: int) -> Tensor:
        """The visits that all ranks knew of when they were last brought together."""
        return _longer(self._shared_visits, size, 0)

    def ages(self, step: int) -> Tensor:
        """Return the steps since the latest visit of each visited sample."""
        return step - self.stamps[self.stamps >= 0]

    def _grow(self, size: int) -> None:
        more = size - len(self)
        if more <= 0:
            return
        self.stamps = torch.cat([self.stamps, torch.full((more,), -1, dtype=torch.long)])
        self.visits = torch.cat([self.visits, torch.zeros(more, dtype=torch.long)])
        self.columns = {name: torch.cat([column, torch.full((more,), float("nan"))]) for name, column in self.columns.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later reads depend on."""
        columns = {name: column.clone() for name, column in self.columns.items()}
        own = {"stamps": self.stamps.clone(), "visits": self.visits.clone(), "shared_visits": self._shared_visits.clone()}
        return {"columns": columns, **own, "memory": self.memory}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.columns = {name: column.clone() for name, column in state["columns"].items()}
        self.stamps, self.visits, self.memory = state["stamps"].clone(), state["visits"].clone(), state["memory"]
        self._shared_visits = state["shared_visits"].clone()


def _longer(values: Tensor, size: int, filling: float) -> Tensor:
    """Pad values to [size]."""
    return torch.cat([values, values.new_full((size - len(values),), filling)])


def ranks(values: Tensor) -> Tensor:
    """Return the average rank of each value [n] as a share of n, in (0, 1]; equal values have equal ranks, NaN stays NaN."""
    known = ~values.isnan()
    result = torch.full(values.shape, float("nan"), dtype=torch.float64)
    if bool(known.any()):
        _, places, counts = values[known].unique(return_inverse=True, return_counts=True)
        average = counts.cumsum(0) - (counts - 1) / 2
        result[known] = average.double()[places] / int(known.sum())
    return result


def rank_mixture(scores: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return the weighted mean of ranks [n] over the measures that a sample has: no unit, no outlier; NaN where it has none.

    Source: the four measures and their weights are those of the AQL v2.0 description; ranks as in Platanios et al., "Competence-based Curriculum
    Learning for Neural Machine Translation" (2019), section 2.1.

    Raises:
        BadInput: a weight is negative, all are zero, or names a measure that is not there.
    """
    used = {name: weight for name, weight in weights.items() if weight > 0}
    if not used or any(not weight >= 0 for weight in weights.values()):
        raise BadInput("The weights of a difficulty are at least 0, and one of them is more.")
    missing = sorted(set(used) - set(scores))
    if missing:
        raise BadInput(f"The difficulty weighs {missing[0]!r}, which was never scored; scored: {', '.join(sorted(scores)) or 'nothing'}.")
    each = torch.stack([ranks(scores[name]) for name in used])
    shares = torch.tensor(list(used.values()), dtype=torch.float64).unsqueeze(1) * ~each.isnan()
    return (each.nan_to_num(0.0) * shares).sum(0) / shares.sum(0)
