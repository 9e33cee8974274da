"""What `AQL.wrap` gives for a data set with indices: batches of chosen samples, by scores in the store or by fresh ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ._curriculum import CurriculumAQL
from ._loader import Batch, ChosenSampler, checked_loader, rebuilt, rows_of

if TYPE_CHECKING:
    from ._aql import AQL

FRESH = ("online", "proxy")  # modes that score candidates by a forward of their own


class Wrapped:
    """What `AQL.wrap` gives: iterate over it once an epoch. A batch that was left by `break` is not given again; the rest of its epoch is."""

    def __init__(self, aql: AQL, loader: DataLoader[Any], unpack: Callable[[Any], tuple[Any, Any]]) -> None:
        count, size = checked_loader(loader)
        share = aql.policy.share()
        self.source, self.count, self._aql, self._unpack = loader, count, aql, unpack
        self.length = max(1, int(count * share) // size)
        self._fresh = aql.mode in FRESH
        candidates = max(1, round(size / share))
        if self._fresh:
            self.sampler = ChosenSampler(count, min(candidates, count), self.length, candidates, as_they_are, self._admit, aql.generator)
        else:
            self.sampler = ChosenSampler(count, size, self.length, candidates, aql.choose, self._admit, aql.generator)
        self._loader = rebuilt(loader, self.sampler)

    def _admit(self, ids: Tensor) -> Tensor:
        curriculum = self._aql.curriculum
        return curriculum.easy_enough(ids) if isinstance(curriculum, CurriculumAQL) else torch.ones(len(ids), dtype=torch.bool)

    @property
    def seen(self) -> int:
        """Candidates that were considered."""
        return self.sampler.seen

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Batch]:
        self._aql.arrived()
        for ids, data in self._loader:
            weights = torch.tensor([weight for _, weight in self.sampler.hand_out()])
            x, y = self._unpack(data)
            batch = Batch(x=x, y=y, ids=ids, weights=weights, data=data)
            if self._fresh:
                batch = self._chosen(batch)
            self._aql.current = batch
            yield batch
            self._aql.arrived()

    def _chosen(self, batch: Batch) -> Batch:
        """Score the candidates with a forward of their own, and keep those that the policy chooses."""
        aql = self._aql
        model = aql.proxy if aql.mode == "proxy" else aql.model
        assert model is not None
        values = aql.fresh_scores(model, batch.x, batch.y, batch.ids)
        labels = batch.y if isinstance(batch.y, Tensor) and batch.y.dim() == 1 else torch.zeros(len(batch.ids))
        places, weights = aql.select(values, labels.cpu().float())
        data = rows_of(batch.data, places)
        x, y = self._unpack(data)
        return replace(batch, x=x, y=y, ids=batch.ids[places], weights=weights, data=data)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later batches depend on."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.sampler.load_state_dict(state)


def as_they_are(candidates: list[int]) -> list[tuple[int, float]]:
    """Choose all candidates, each with the weight 1."""
    return [(name, 1.0) for name in candidates]
