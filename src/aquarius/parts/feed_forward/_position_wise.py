"""The position-wise feed-forward network: two linear maps with a ReLU between, the same at every position."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part
from ..initialisation import glorot_uniform_


def position_wise_feed_forward(
    x: Float[Tensor, "*batch d_model"],
    weight_1: Float[Tensor, "d_model d_ff"],
    bias_1: Float[Tensor, " d_ff"],
    weight_2: Float[Tensor, "d_ff d_model"],
    bias_2: Float[Tensor, " d_model"],
) -> Float[Tensor, "*batch d_model"]:
    """Return FFN(x) = max(0, x W_1 + b_1) W_2 + b_2, weights as the paper writes them.

    Source: arXiv:1706.03762, section 3.3, equation (2).
    """
    return (x @ weight_1 + bias_1).clamp(min=0) @ weight_2 + bias_2


class PositionWiseFeedForward(nn.Module):
    """FFN(x) = max(0, x W_1 + b_1) W_2 + b_2.

    Source: arXiv:1706.03762, section 3.3, equation (2).

    Raises:
        BadInput: a size is not positive.
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        if d_model < 1 or d_ff < 1:
            raise BadInput(f"a feed-forward network needs positive sizes, got {d_model=}, {d_ff=}.")
        self.inner = nn.Linear(d_model, d_ff)
        self.outer = nn.Linear(d_ff, d_model)
        for linear in (self.inner, self.outer):
            glorot_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Apply the network to every position."""
        out: Tensor = self.outer(self.inner(x).relu())
        return out


POSITION_WISE_FEED_FORWARD = Part(
    name="position-wise feed-forward",
    paper="arXiv:1706.03762",
    section="section 3.3, equation (2)",
    equation=r"\mathrm{FFN}(x)=\max(0, xW_1 + b_1) W_2 + b_2",
    gotcha="The paper multiplies from the right, nn.Linear stores the transpose; no dropout stands between the two maps in the paper.",
    build=PositionWiseFeedForward,
)
