"""Layer normalisation: every position is shifted to mean 0 and scaled to variance 1 over its own features."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part


def layer_norm(
    x: Float[Tensor, "*batch width"], gain: Float[Tensor, " width"], bias: Float[Tensor, " width"], *, eps: float = 1e-5
) -> Float[Tensor, "*batch width"]:
    """Return gain * (x - mean) / sqrt(variance + eps) + bias over the last axis, with the biased variance (division by the width).

    Source: arXiv:1607.06450, section 3, equation (3) and section 3.1, equation (4).
    Differs: eps stands inside the root; the paper has none.
    """
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return gain * centred * torch.rsqrt(variance + eps) + bias


class LayerNorm(nn.Module):
    """Layer normalisation with a learned gain (from 1) and bias (from 0).

    Raises:
        BadInput: the width or eps is not positive.
    """

    def __init__(self, width: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        if width < 1 or eps <= 0:
            raise BadInput(f"layer normalisation needs a positive width and eps, got {width=}, {eps=}.")
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        """Normalise over the last axis."""
        return layer_norm(x, self.gain, self.bias, eps=self.eps)


LAYER_NORM = Part(
    name="layer normalisation",
    paper="arXiv:1607.06450",
    section="section 3, equation (3)",
    equation=r"\frac{g}{\sigma} \odot (a - \mu) + b, \quad \mu = \frac{1}{H}\sum_{i=1}^{H} a_i, \quad \sigma = \sqrt{\frac{1}{H}\sum_{i=1}^{H} (a_i - \mu)^2}",
    gotcha="The variance is the biased one; eps is 1e-5 in torch, 1e-12 in BERT and 1e-6 in many vision models.",
    build=LayerNorm,
)
