"""Shapes that every score agrees on: classes are the last dimension, a sample is the first, positions lie between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..core import BadInput

HALF = (torch.float16, torch.bfloat16)
IGNORED = -100  # the label of a position that does not count, as in torch.nn.functional.cross_entropy


def checked_logits(logits: Tensor, labels: Tensor | None = None, features: Tensor | None = None) -> None:
    """Refuse logits [B, C] or [B, T, V] that do not agree with labels [B] or [B, T] and features [..., d].

    Raises:
        BadInput: the shapes do not agree; classes first, [B, C, T], is named.
    """
    if logits.dim() < 2 or not logits.is_floating_point():
        raise BadInput(f"Logits have shape {list(logits.shape)} and type {logits.dtype}; give floating point [B, C] or [B, T, V].")
    places = list(logits.shape[:-1])
    if labels is not None and list(labels.shape) != places:
        turned = logits.dim() == 3 and list(labels.shape) == [logits.shape[0], logits.shape[2]]
        advice = "they look like [B, C, T]: transpose them" if turned else "one label per position is needed"
        raise BadInput(f"Labels have shape {list(labels.shape)} and logits {list(logits.shape)}, whose classes are last; {advice}.")
    if features is not None and list(features.shape[:-1]) != places:
        raise BadInput(
            f"Features have shape {list(features.shape)} and logits {list(logits.shape)}; all but the last dimension must agree."
        )


def counted(labels: Tensor | None) -> Tensor | None:
    """Return the mask of the positions that count, None where all do."""
    if labels is None:
        return None
    mask = labels != IGNORED
    return None if bool(mask.all()) else mask


def per_sample(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Average values [B, ...] over the positions that count, to [B]; a sample none of whose positions count gets 0."""
    if values.dim() == 1:
        return values if mask is None else values.masked_fill(~mask, 0.0)
    flat = values.flatten(1)
    if mask is None:
        return flat.mean(1)
    keep = mask.flatten(1).to(flat.dtype)
    return torch.where(keep > 0, flat, flat.new_zeros(())).sum(1) / keep.sum(1).clamp(min=1)


def wide(values: Tensor) -> Tensor:
    """Return detached values in at least single precision: scores of half-precision logits are computed in float32."""
    values = values.detach()
    return values.float() if values.dtype in HALF else values


@contextmanager
def exact(values: Tensor) -> Iterator[None]:
    """No gradient and no autocast: statistics are products of their own precision also inside a mixed-precision loop."""
    with torch.no_grad():
        if torch.is_autocast_enabled(values.device.type):
            with torch.autocast(values.device.type, enabled=False):
                yield
        else:
            yield
