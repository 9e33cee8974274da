"""Scores from what the training forward already made: logits, labels and the input of the head. Higher means more worth training on.

Every function takes logits [B, C] or [B, T, V] and gives one value per position, [B] or [B, T]; `per_sample` averages over positions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import BadInput
from ._shapes import IGNORED, checked_logits, wide


def entropy(logits: Tensor) -> Tensor:
    """Return H[p] in nats, H = logsumexp(z) - Σ p z.

    Source: Shannon (1948), section 6; as uncertainty sampling, Settles, "Active Learning Literature Survey" (2009), section 3.1.
    """
    checked_logits(logits)
    z = wide(logits)
    z = z - z.amax(-1, keepdim=True)
    log_sum = z.logsumexp(-1)
    probabilities = (z - log_sum.unsqueeze(-1)).exp()
    return (log_sum - (probabilities * z.clamp(min=-1e30)).sum(-1)).clamp(min=0)


def margin(logits: Tensor) -> Tensor:
    """Return 1 - (p₁ - p₂), the two largest probabilities: 1 where the model cannot decide, 0 where it is sure.

    Source: Scheffer et al., "Active Hidden Markov Models for Information Extraction" (2001); Settles (2009), section 3.1.
    """
    checked_logits(logits)
    best = wide(logits).softmax(-1).topk(2, dim=-1).values
    return 1 - (best[..., 0] - best[..., 1])


def gini(logits: Tensor) -> Tensor:
    """Return 1 - Σ p², the trace of diag(p) - ppᵀ, without making p: 1 - exp(logsumexp(2z) - 2 logsumexp(z)).

    Source: Breiman et al., "Classification and Regression Trees" (1984).
    """
    checked_logits(logits)
    z = wide(logits)
    return -torch.expm1((2 * z).logsumexp(-1) - 2 * z.logsumexp(-1)).clamp(max=0)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy logsumexp(z) - z_y in nats; 0 at ignored positions."""
    checked_logits(logits, labels)
    z = wide(logits)
    return (z.logsumexp(-1) - _of_label(z, labels)).masked_fill(labels == IGNORED, 0.0)


def el2n(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the error's norm ‖p - y‖₂, by ‖p - y‖² = Σ p² - 2 p_y + 1; 0 at ignored positions.

    Source: Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet" (2021), the EL2N score.
    """
    checked_logits(logits, labels)
    z = wide(logits)
    log_sum = z.logsumexp(-1)
    squares = ((2 * z).logsumexp(-1) - 2 * log_sum).exp()
    own = (_of_label(z, labels) - log_sum).exp()
    return (squares - 2 * own + 1).clamp(min=0).sqrt().masked_fill(labels == IGNORED, 0.0)


def gradient_norm(logits: Tensor, labels: Tensor, features: Tensor, *, bias: bool = False) -> Tensor:
    """Return the norm of the loss's gradient in the head, ‖p - y‖ · ‖φ‖, exact for its weight; with `bias`, φ gains a one.

    Source: Katharopoulos, Fleuret, "Not All Samples Are Created Equal" (2018), for the bound; the head's gradient is (p - y)φᵀ.
    """
    checked_logits(logits, labels, features)
    squares = wide(features).square().sum(-1) + float(bias)
    return el2n(logits, labels) * squares.sqrt()


def mutual_information(probabilities: Tensor) -> Tensor:
    """Return H[mean p] - mean H[p] of probabilities [S, ..., C] of S members: what the members disagree about, in nats.

    Source: Houlsby et al., "Bayesian Active Learning for Classification and Preference Learning" (2011), equation 2.
    """
    if probabilities.dim() < 2 or probabilities.shape[0] < 2:
        raise BadInput(f"Mutual information needs the probabilities of two members or more, [S, ..., C]; got {list(probabilities.shape)}.")
    within = torch.special.entr(probabilities).sum(-1).mean(0)
    return (torch.special.entr(probabilities.mean(0)).sum(-1) - within).clamp(min=0)


def _of_label(z: Tensor, labels: Tensor) -> Tensor:
    known = labels.masked_fill(labels == IGNORED, 0)
    if bool(((known < 0) | (known >= z.shape[-1])).any()):
        raise BadInput(f"A label lies outside 0 .. {z.shape[-1] - 1}; labels to leave out are {IGNORED}.")
    return z.gather(-1, known.unsqueeze(-1)).squeeze(-1)
