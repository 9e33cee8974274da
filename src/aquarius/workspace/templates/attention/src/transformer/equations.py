"""The functions that are held against the paper's equations: thin doors to the code that the model is made of.

Each takes the symbols of its equation, in the shapes the paper gives them, and calls the very modules of the encoder-decoder.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call

from aquarius.parts.attention import MultiHeadAttention, scaled_dot_product_attention
from aquarius.parts.feed_forward import PositionWiseFeedForward
from aquarius.parts.position import sinusoidal_encoding
from aquarius.parts.schedule import noam_learning_rate


def attention(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    """Equation (1): Q [n, d_k], K [m, d_k], V [m, d_v] -> [n, d_v]."""
    return scaled_dot_product_attention(Q, K, V)


def multi_head(Q: Tensor, K: Tensor, V: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
    """Section 3.2.2: Q [n, d_model], K and V [m, d_model], W_Q and W_K [h, d_model, d_k], W_V [h, d_model, d_v], W_O [h d_v, d_model]."""
    heads, d_model, d_k = W_Q.shape
    module = MultiHeadAttention(d_model, heads, d_k=d_k, d_v=W_V.shape[-1]).to(Q.dtype)
    weights = {
        "query.weight": W_Q.transpose(1, 2).flatten(end_dim=1),  # (h d_k, d_model): nn.Linear keeps the transpose
        "key.weight": W_K.transpose(1, 2).flatten(end_dim=1),
        "value.weight": W_V.transpose(1, 2).flatten(end_dim=1),
        "output.weight": W_O.T,
    }
    out: Tensor = functional_call(module, weights, (Q[None], K[None], V[None]))
    return out[0]


def feed_forward(x: Tensor, W_1: Tensor, b_1: Tensor, W_2: Tensor, b_2: Tensor) -> Tensor:
    """Equation (2): x [n, d_model], W_1 [d_model, d_ff], W_2 [d_ff, d_model] -> [n, d_model]."""
    module = PositionWiseFeedForward(*W_1.shape).to(x.dtype)
    weights = {"inner.weight": W_1.T, "inner.bias": b_1, "outer.weight": W_2.T, "outer.bias": b_2}
    out: Tensor = functional_call(module, weights, (x,))
    return out


def positional_encoding(length: int, d_model: int) -> Tensor:
    """Section 3.5: the table of positions 0 .. length-1 -> [length, d_model]."""
    return sinusoidal_encoding(length, d_model, dtype=torch.float64)


def learning_rate(d_model: float, step_num: float, warmup_steps: float) -> float:
    """Equation (3)."""
    return noam_learning_rate(step_num, d_model=d_model, warmup_steps=warmup_steps)
