"""Masks of attention: which query may look at which key. True = may attend, everywhere in Aquarius.

`torch.nn.functional.scaled_dot_product_attention` has the same sense; `torch.nn.MultiheadAttention`'s masks have the opposite one.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ...core import BadInput


def causal_mask(queries: int, keys: int | None = None, *, device: torch.device | None = None) -> Bool[Tensor, "queries keys"]:
    """Return the mask in which query i sees keys up to its own position, with the *last* query at the last key.

    With as many keys as queries this is the lower triangle. With more keys (decoding after a prefix) the first query sees the whole prefix.

    Source: arXiv:1706.03762, section 3.2.3.
    Differs: `is_causal` of torch's attention aligns at the top left, so that one query after a prefix sees the first key only.

    Raises:
        BadInput: fewer keys than queries, or a negative length.
    """
    keys = queries if keys is None else keys
    if queries < 0 or keys < queries:
        raise BadInput(f"a causal mask needs at least as many keys as queries, got {queries} queries and {keys} keys.")
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(diagonal=keys - queries)


def padding_mask(tokens: Int[Tensor, "batch length"], padding_index: int) -> Bool[Tensor, "batch 1 1 length"]:
    """Return the mask that hides padding from every head and every query: True where a key is a real token."""
    return (tokens != padding_index)[:, None, None, :]
