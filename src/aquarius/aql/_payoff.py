"""Does selection pay? Windows of uniform training among those of selection, compared with their neighbours; back to uniform when it does not."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..core import BadInput


class Payoff:
    """Every `period`-th window between two validations is trained uniformly; its fall of validation loss is held against the windows around it.

    With `least` such pairs, selection ends for good when its advantage, the mean difference of log falls, is below zero by a standard error.
    Windows must hold equally many trained samples.
    """

    def __init__(self, *, period: int = 4, least: int = 3) -> None:
        if period < 2 or least < 2:
            raise BadInput(f"The period of uniform windows and the least number of pairs are at least 2; got {period} and {least}.")
        self.period, self.least = period, least
        self.ended = False
        self.losses: list[float] = []

    @property
    def selecting(self) -> bool:
        """Whether the window that runs now is one of selection."""
        return not self.ended and not self._uniform(len(self.losses))

    def _uniform(self, window: int) -> bool:
        """Window w ends with the validation number w; number 0 ends the first."""
        return window % self.period == self.period - 1

    def observe(self, validation_loss: float) -> bool:
        """Tell the validation loss at the end of a window; return whether the next one is of selection.

        Raises:
            BadInput: the loss is negative or not a number: its log fall has no meaning.
        """
        if not validation_loss >= 0:
            raise BadInput(f"A validation loss is a number of at least 0; got {validation_loss}.")
        self.losses.append(max(validation_loss, 1e-12))
        differences = self.differences()
        if len(differences) >= self.least:
            values = torch.tensor(differences, dtype=torch.float64)
            error = float(values.std()) / math.sqrt(len(values))
            self.ended = self.ended or float(values.mean()) + error < 0
        return self.selecting

    def differences(self) -> list[float]:
        """Return, for each uniform window with a window of selection on both sides, the log fall of those two on average less its own."""
        falls = [math.log(before / after) for before, after in zip(self.losses, self.losses[1:], strict=False)]  # fall w ends window w + 1
        own = [window for window in range(1, len(falls)) if self._uniform(window + 1)]
        return [(falls[window - 1] + falls[window + 1]) / 2 - falls[window] for window in own if window + 1 < len(falls)]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later decisions depend on."""
        return {"losses": list(self.losses), "ended": self.ended}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.losses, self.ended = list(state["losses"]), state["ended"]
