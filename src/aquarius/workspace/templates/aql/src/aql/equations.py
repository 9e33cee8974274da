"""The functions that are held against the report's equations: thin doors to the code that the experiments run."""

import torch
from torch import Tensor

from aquarius import aql as library

WARM_UP, START = 0.2, 0.3


def impurity(logits: Tensor) -> Tensor:
    """Equation (1): logits [C] -> 1 - Σ p², the spread of the predicted classes."""
    return library.gini(logits[None])[0]


def damped_average(old: Tensor, gradient: Tensor) -> Tensor:
    """Equation (2): the Fisher information's average [n] and a gradient [n] -> the next average."""
    return 0.95 * old + 0.05 * gradient**2


def rising(share: Tensor) -> Tensor:
    """Equation (3): the share of the run after the warm-up -> the curriculum's threshold."""
    return START + (1 - START) * torch.sqrt(share)


def schedule(share: Tensor) -> Tensor:
    """Return the threshold at a share of the run: even steps through the warm-up, then equation (3)."""
    return START * share / WARM_UP if share < WARM_UP else rising((share - WARM_UP) / (1 - WARM_UP))
