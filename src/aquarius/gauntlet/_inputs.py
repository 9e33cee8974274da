"""What the entries of a batch are: which axis counts samples, which entries are tokens, sequences, labels or masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Batch = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """How the batch of a subject is laid out, found by comparing batches of two sizes."""

    size: int  # n of the batches that the checks use
    axes: Mapping[str, int | None]  # entry -> the axis that counts samples; None: its shape does not depend on n
    graph: bool  # one batch is one structure: samples cannot be exchanged

    @property
    def rows(self) -> bool:
        """Say whether every entry has its samples along axis 0."""
        return not self.graph and any(axis == 0 for axis in self.axes.values()) and all(axis in (0, None) for axis in self.axes.values())


def layout(small: Batch, large: Batch, sizes: tuple[int, int]) -> Layout:
    """Compare two batches of the sizes given; an entry whose shape follows n in another way, or twice, makes the batch a graph."""
    axes: dict[str, int | None] = {}
    graph = False
    for key, value in small.items():
        other = large.get(key)
        if not isinstance(value, Tensor) or not isinstance(other, Tensor) or value.ndim != other.ndim:
            continue
        changed = [axis for axis, (a, b) in enumerate(zip(value.shape, other.shape, strict=True)) if a != b]
        exact = [axis for axis in changed if (value.shape[axis], other.shape[axis]) == sizes]
        graph = graph or len(changed) != len(exact) or len(exact) > 1
        axes[key] = exact[0] if exact else None
    return Layout(sizes[0], axes, graph)


def is_integer(value: object) -> bool:
    """Say whether a value is a tensor of whole numbers."""
    return isinstance(value, Tensor) and value.dtype in (torch.int64, torch.int32, torch.int16, torch.uint8)


def is_mask(value: object) -> bool:
    """Say whether a value is a tensor of truth values, or of zeros and ones with both present."""
    if not isinstance(value, Tensor) or value.numel() == 0 or value.is_sparse:
        return False
    return value.dtype == torch.bool or (
        value.ndim >= 2 and bool(((value == 0) | (value == 1)).all()) and 0 < float(value.float().mean()) < 1
    )


def copy(batch: Mapping[str, Any]) -> Batch:
    """Return a batch whose tensors can be changed."""
    return {key: value.clone() if isinstance(value, Tensor) else value for key, value in batch.items()}


def select(batch: Mapping[str, Any], rows: Tensor | slice, axes: Mapping[str, int | None]) -> Batch:
    """Return some samples of a batch."""
    index = torch.arange(10**6)[rows] if isinstance(rows, slice) else rows
    chosen = {}
    for key, value in batch.items():
        axis = axes.get(key)
        chosen[key] = value if axis is None else value.index_select(axis, index[index < value.shape[axis]])
    return chosen
