"""A small task, a small network and loaders, for whatever trains."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from aquarius.aql import LaplacianUncertainty

COUNT = 480


def samples(count: int = COUNT, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 6, generator=generator)
    return x, (x[:, 0] > 0).long() + (x[:, 1] > 1).long()


class Stream(IterableDataset[Any]):
    """The same samples, without indices."""

    def __iter__(self) -> Any:
        return iter(zip(*samples(), strict=True))


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))


def loader(count: int = COUNT, *, seed: int = 0, batch_size: int = 8, **options: Any) -> DataLoader[Any]:
    return DataLoader(TensorDataset(*samples(count, seed)), batch_size=batch_size, **options)


def doubts(*ranks: int) -> torch.Tensor:
    """The epistemic scores of ten samples after batches whose halves these ranks saw; they met twice, and each went on for two batches."""
    generator = torch.Generator().manual_seed(1)
    own = LaplacianUncertainty(form="kronecker", decay=0.5)
    for step in range(6):
        features, logits = torch.randn(2, 8, 5, generator=generator), torch.randn(2, 8, 3, generator=generator)
        own.update_fisher(torch.cat([logits[rank] for rank in ranks]), torch.cat([features[rank] for rank in ranks]))
        if step in (1, 3, 5):
            own.synchronise()
    own.load_state_dict(own.state_dict())
    return own.score(torch.randn(10, 3, generator=generator), torch.randn(10, 5, generator=generator))
