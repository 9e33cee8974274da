"""The forward of whatever model: logits from a tensor, a tuple or a mapping of inputs, on the model's own device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..core import BadInput
from ._loader import moved


def device_of(model: nn.Module) -> torch.device:
    """Return where the model's first parameter lies; the processor for a model without parameters."""
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


def logits_of(model: nn.Module, x: Any) -> Tensor:
    """Return the logits of `model(x)`, `model(*x)` for a tuple or list, `model(**x)` for a mapping; the field "logits" of what it returns, if it has one.

    Raises:
        BadInput: the model returns neither.
    """
    x = moved(x, device_of(model))
    made = model(**x) if isinstance(x, dict) else model(*x) if isinstance(x, (tuple, list)) else model(x)
    found = made["logits"] if isinstance(made, dict) and "logits" in made else getattr(made, "logits", made)
    if not isinstance(found, Tensor):
        raise BadInput(f"The model returns {type(made).__name__}, and logits are needed: a tensor, or a field of that name.")
    return found
