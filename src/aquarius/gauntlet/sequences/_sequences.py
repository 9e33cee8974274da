"""Sequences in a batch: which entries run over positions, where padding begins, how an output is laid out over positions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .._examination import Examination
from .._inputs import Batch, is_integer, is_mask


@dataclass(frozen=True)
class Padded:
    """A token entry with padding at the ends of its rows."""

    key: str
    index: int
    stated: bool  # the padding token is stated; False: it was inferred from the batch


def read_sequences(examination: Examination) -> list[str]:
    """Return the entries of shape (n, T, ...) with T >= 3 that `forward` looks at."""
    if not examination.layout.rows:
        return []
    batch = examination.batch()
    keys = [key for key, axis in examination.layout.axes.items() if axis == 0 and batch[key].ndim in (2, 3) and batch[key].shape[1] >= 3]
    return [key for key in keys if examination.reads(key)]


def over_positions(output: Tensor, samples: int, length: int) -> Tensor | None:
    """Return an output as (n, positions, ...) with `length` or `length - 1` positions; None where it has no such axis."""
    if output.ndim == 2 and output.shape[0] == samples * length:
        return output.view(samples, length, -1)
    if output.ndim < 2 or output.shape[0] != samples:
        return None
    if output.ndim == 2 and output.shape[1] == length != samples:
        return output.unsqueeze(-1)  # one number for each position; a square may compare all samples with all
    if output.ndim >= 3 and output.shape[1] in (length, length - 1):
        return output
    if output.ndim == 3 and output.shape[2] in (length, length - 1):
        return output.transpose(1, 2)
    return None


def trailing(tokens: Tensor, index: int) -> Tensor | None:
    """Return the number of tokens before the padding of every row; None where padding stands anywhere else than at the ends."""
    padding = tokens == index
    lengths = (~padding).sum(dim=1)
    ends = torch.arange(tokens.shape[1])[None] >= lengths[:, None]
    return lengths if bool((padding == ends).all()) else None


def padded_entries(examination: Examination) -> list[Padded]:
    """Return the token entries with padding at their ends, by the stated padding token or by what the batch shows.

    Without a statement a token is taken for padding where it fills the ends of at least a quarter of 24 rows, at three lengths or more, and
    stands nowhere else.
    """
    stated = examination.number("padding_index")
    found = []
    for key in read_sequences(examination):
        tokens = examination.batch(24)[key]
        if not is_integer(tokens) or tokens.ndim != 2 or is_mask(tokens):
            continue
        index = int(stated) if stated is not None else int(tokens[:, -1].mode().values)
        lengths = trailing(tokens, index)
        if lengths is None:
            continue
        short = lengths < tokens.shape[1]
        if stated is not None and bool(short.any()):
            found.append(Padded(key, index, True))
        elif stated is None and float(short.float().mean()) >= 0.25 and len(lengths.unique()) >= 3 and index in (0, 1):
            found.append(Padded(key, index, False))
    return found


def prefix_mask(mask: Tensor) -> Tensor | None:
    """Return which elements are present where every row of a mask is ones then zeros, or zeros then ones, at three lengths or more.

    The first element of a row is present, whichever value says so.
    """
    mask = mask.bool()
    if mask.ndim != 2 or mask.shape[1] < 3:
        return None
    if bool(mask[:, 0].all()):
        present = mask
    elif not bool(mask[:, 0].any()):
        present = ~mask
    else:
        return None
    lengths = present.sum(dim=1)
    ends = torch.arange(mask.shape[1])[None] < lengths[:, None]
    return present if bool((present == ends).all()) and len(lengths.unique()) >= 3 else None


def cut(batch: Batch, key: str, length: int, shares: list[str]) -> Batch:
    """Return the batch with `key`, and the entries that share its positions, cut to `length` positions."""
    return {name: value[:, :length] if name == key or name in shares else value for name, value in batch.items()}
