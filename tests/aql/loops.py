"""A small task, a small network and loaders, for whatever trains."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

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
