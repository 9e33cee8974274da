"""Glorot's uniform start (also called Xavier): the same variance forwards and backwards."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import BadInput
from .._part import Part


@torch.no_grad()
def glorot_uniform_(weight: Float[Tensor, "fan_a fan_b"]) -> Float[Tensor, "fan_a fan_b"]:
    """Fill a matrix in place from U(-a, a) with a = sqrt(6 / (fan_in + fan_out)); return it. It does not matter which axis is which.

    Source: Glorot and Bengio 2010, section 4.2.1, equation (16).

    Raises:
        BadInput: not a matrix.
    """
    if weight.ndim != 2:
        raise BadInput(f"Glorot's start is defined for a matrix, got the shape {tuple(weight.shape)}.")
    bound = math.sqrt(6.0 / (weight.shape[0] + weight.shape[1]))
    return weight.uniform_(-bound, bound)


GLOROT_UNIFORM = Part(
    name="Glorot uniform",
    paper="Glorot and Bengio 2010",
    section="section 4.2.1, equation (16)",
    equation=r"W \sim U\left[-\frac{\sqrt{6}}{\sqrt{n_j + n_{j+1}}}, \frac{\sqrt{6}}{\sqrt{n_j + n_{j+1}}}\right]",
    gotcha="nn.Linear does not start like this: its default is U(-1/sqrt(fan_in), 1/sqrt(fan_in)).",
    build=glorot_uniform_,
)
