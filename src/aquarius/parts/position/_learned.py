"""Learned positions: one vector per position, up to a longest length."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part


class LearnedPositions(nn.Module):
    """Adds a learned vector to every position.

    Source: arXiv:1706.03762, section 3.5 and Table 3 (E), after arXiv:1705.03122.
    Differs: the start N(0, 1/width) is ours, the paper states none.

    Raises:
        BadInput: the context is not positive, or a sequence is longer than it.
    """

    def __init__(self, context: int, width: int) -> None:
        super().__init__()
        if context < 1 or width < 1:
            raise BadInput(f"learned positions need a positive context and width, got {context=}, {width=}.")
        self.table = nn.Parameter(torch.empty(context, width))
        nn.init.normal_(self.table, std=width**-0.5)

    def forward(self, x: Float[Tensor, "batch length width"]) -> Float[Tensor, "batch length width"]:
        """Return x plus the vectors of positions 0 to length - 1."""
        length, context = x.shape[-2], self.table.shape[0]
        if length > context:
            raise BadInput(f"a sequence of {length} positions is longer than the {context} learned ones: build with a larger context.")
        return x + self.table[:length]


LEARNED_POSITIONS = Part(
    name="learned positions",
    paper="arXiv:1706.03762",
    section="Table 3, row (E)",
    equation=r"x_{pos} + P_{pos}",
    gotcha="nn.Embedding starts with standard deviation 1, which drowns token embeddings of a smaller scale.",
    build=LearnedPositions,
)
