"""The learning rate of the Transformer: a linear warm-up, then the inverse square root of the step."""

from __future__ import annotations

from ...core import BadInput
from .._part import Part


def noam_learning_rate(step: float, *, d_model: float, warmup_steps: float = 4000) -> float:
    """Return d_model^-0.5 * min(step^-0.5, step * warmup_steps^-1.5), for a positive step; the first is 1.

    Source: arXiv:1706.03762, section 5.3, equation (3).

    Raises:
        BadInput: a step that is not positive (step 0 would have the learning rate 0, and a wasted update), or such a size.
    """
    if step <= 0:
        raise BadInput(f"steps of the schedule count from 1, got {step=}.")
    if d_model <= 0 or warmup_steps <= 0:
        raise BadInput(f"the schedule needs a positive d_model and warmup_steps, got {d_model=}, {warmup_steps=}.")
    return float(d_model**-0.5 * min(step**-0.5, step * warmup_steps**-1.5))


NOAM_SCHEDULE = Part(
    name="Noam schedule",
    paper="arXiv:1706.03762",
    section="section 5.3, equation (3)",
    equation=r"lrate = d_{\text{model}}^{-0.5} \cdot \min({step\_num}^{-0.5}, {step\_num} \cdot {warmup\_steps}^{-1.5})",
    gotcha="The first step is 1: LambdaLR counts from 0, where the rate is 0 and the first update is lost.",
    build=noam_learning_rate,
)
