"""Cross-entropy against smoothed labels, as a mean over the tokens that count."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ...core import BadInput
from .._part import Part


def masked_mean(values: Float[Tensor, "*batch"], mask: Bool[Tensor, "*batch"]) -> Float[Tensor, ""]:
    """Return the mean of the values where the mask is True, 0 where it is True nowhere. What is masked out may be infinite or NaN."""
    kept = values.masked_fill(~mask, 0.0)
    return kept.sum() / mask.sum().clamp(min=1)


def label_smoothed_cross_entropy(
    logits: Float[Tensor, "*batch classes"], targets: Int[Tensor, "*batch"], *, smoothing: float = 0.1, ignore_index: int | None = None
) -> Float[Tensor, ""]:
    """Return the mean over tokens of -sum_k q(k) log p(k), q(k) = (1 - smoothing) [k = target] + smoothing / classes.

    The mean is over all tokens of the batch whose target is not `ignore_index` (a mean over tokens, not a mean of sequences' means); 0 without any.

    Source: arXiv:1512.00567, section 7, with epsilon_ls = 0.1 from arXiv:1706.03762, section 5.4.
    Differs: the authors' library spread epsilon over the other classes only (epsilon / (classes - 1)), which is another loss.

    Raises:
        BadInput: a smoothing outside [0, 1], or targets that do not have the logits' shape without the last axis.
    """
    if not 0 <= smoothing <= 1:
        raise BadInput(f"the smoothing must lie between 0 and 1, got {smoothing=}.")
    if logits.shape[:-1] != targets.shape:
        raise BadInput(f"targets of shape {tuple(targets.shape)} do not fit logits of shape {tuple(logits.shape)}.")
    log_probability = torch.log_softmax(logits, dim=-1)
    counts = torch.ones_like(targets, dtype=torch.bool) if ignore_index is None else targets != ignore_index
    index = targets.masked_fill(~counts, 0)  # an ignored target may be no class at all, such as -100
    of_target = log_probability.gather(-1, index[..., None])[..., 0]
    of_all = log_probability.mean(dim=-1)
    return masked_mean(-(1 - smoothing) * of_target - smoothing * of_all, counts)


LABEL_SMOOTHED_CROSS_ENTROPY = Part(
    name="label-smoothed cross-entropy",
    paper="arXiv:1512.00567",
    section="section 7",
    equation=r"-\sum_{k=1}^{K} q'(k) \log p(k), \quad q'(k) = (1 - \epsilon)\delta_{k,y} + \frac{\epsilon}{K}",
    gotcha="epsilon/K goes to every class, the target too (torch does the same); tensor2tensor gives epsilon/(K-1) to the others only.",
    build=label_smoothed_cross_entropy,
)
