"""Scaled dot-product attention: softmax(QK^T/sqrt(d_k)) V."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ...core import BadInput
from .._part import Part


def attention_weights(
    query: Float[Tensor, "*batch queries d_k"],
    key: Float[Tensor, "*batch keys d_k"],
    *,
    mask: Bool[Tensor, ...] | None = None,
) -> Float[Tensor, "*batch queries keys"]:
    """Return softmax(QK^T/sqrt(d_k)): how much every query takes from every key. Rows sum to 1.

    `mask` broadcasts to (..., queries, keys); True = may attend. A row that may attend to nothing is all 0, not NaN.

    Source: arXiv:1706.03762, section 3.2.1, equation (1).

    Raises:
        BadInput: queries and keys differ in width, or the mask is not boolean.
    """
    if query.shape[-1] != key.shape[-1]:
        raise BadInput(f"queries and keys must have one width d_k, got {query.shape[-1]} and {key.shape[-1]}.")
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., queries, keys)
    if mask is None:
        return torch.softmax(scores, dim=-1)
    if mask.dtype != torch.bool:
        raise BadInput(f"an attention mask must be boolean with True = may attend, got {mask.dtype}.")
    # The lowest finite number, not -inf: a row of -inf is NaN, in the softmax and in its gradient.
    # What it leaves behind in an empty row (equal weights) the second fill takes away; in any other row exp() has made it an exact 0.
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)


def scaled_dot_product_attention(
    query: Float[Tensor, "*batch queries d_k"],
    key: Float[Tensor, "*batch keys d_k"],
    value: Float[Tensor, "*batch keys d_v"],
    *,
    mask: Bool[Tensor, ...] | None = None,
) -> Float[Tensor, "*batch queries d_v"]:
    """Return Attention(Q, K, V) = softmax(QK^T/sqrt(d_k)) V; masks and refusals as in `attention_weights`.

    Source: arXiv:1706.03762, section 3.2.1, equation (1).
    """
    return attention_weights(query, key, mask=mask) @ value


SCALED_DOT_PRODUCT_ATTENTION = Part(
    name="scaled dot-product attention",
    paper="arXiv:1706.03762",
    section="section 3.2.1, equation (1)",
    equation=r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V",
    gotcha="A boolean mask means True = may attend here and in torch's scaled_dot_product_attention, and the opposite in nn.MultiheadAttention; a fully masked row gives NaN where scores are filled with -inf.",
    build=scaled_dot_product_attention,
)
