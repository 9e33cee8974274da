"""Residual connections with the normalisation after the sum (2017) or before the sub-layer (2020)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part
from ..norm import LayerNorm

Placement = Literal["post", "pre"]
Sublayer = Callable[[Tensor], Tensor]


def post_norm(x: Float[Tensor, "*batch width"], sublayer: Sublayer, norm: Sublayer) -> Float[Tensor, "*batch width"]:
    """Return LayerNorm(x + Sublayer(x)).

    Source: arXiv:1706.03762, section 3.1.
    """
    return norm(x + sublayer(x))


def pre_norm(x: Float[Tensor, "*batch width"], sublayer: Sublayer, norm: Sublayer) -> Float[Tensor, "*batch width"]:
    """Return x + Sublayer(LayerNorm(x)). A stack of these needs one more normalisation at its end.

    Source: arXiv:2002.04745, section 3.
    """
    return x + sublayer(norm(x))


class Residual(nn.Module):
    """A residual connection around a sub-layer that is given with every call; dropout acts on the sub-layer's output, before the sum.

    Source: arXiv:1706.03762, sections 3.1 and 5.4.

    Raises:
        BadInput: a placement other than "post" or "pre".
    """

    def __init__(self, width: int, *, dropout: float = 0.0, placement: Placement = "post", eps: float = 1e-5) -> None:
        super().__init__()
        if placement not in ("post", "pre"):
            raise BadInput(f'the placement of a normalisation is "post" or "pre", got {placement!r}.')
        self.placement = placement
        self.norm = LayerNorm(width, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "*batch width"], sublayer: Sublayer) -> Float[Tensor, "*batch width"]:
        """Apply `sublayer` within the connection."""
        place = post_norm if self.placement == "post" else pre_norm
        return place(x, lambda inside: self.dropout(sublayer(inside)), self.norm)


RESIDUAL = Part(
    name="residual connection",
    paper="arXiv:1706.03762",
    section="section 3.1",
    equation=r"\mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))",
    gotcha="torch's nn.Transformer is post-norm by default and adds a last LayerNorm to each stack, which the 2017 paper does not have; pre-norm stacks do need it.",
    build=Residual,
)
