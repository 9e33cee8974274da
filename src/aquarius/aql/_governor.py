"""The governor keeps measured overhead inside a budget: scoring that the budget does not cover is left out of that step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..core import BadInput

FREE = 3  # scorings before the budget counts: their cost is what the next are judged by
EVERY_ON_A_GPU = 20  # scorings between two that are timed: timing there waits for the device


class Governor:
    """Counts wall time between steps and time spent scoring; `due` says whether the budget, a share of the wall time, covers one more scoring.

    With budget None every step is due and nothing depends on the clock.
    """

    def __init__(self, budget: float | None, *, clock: Callable[[], float] = time.perf_counter) -> None:
        if budget is not None and not 0 < budget <= 1:
            raise BadInput(f"The budget is a share of the wall time in (0, 1], or None; got {budget}.")
        self.budget, self._clock = budget, clock
        self.wall = self.spent = 0.0  # seconds
        self.steps = self.scorings = self._timed = 0
        self._last: float | None = None
        self._usual = 0.0  # seconds of a step, averaged
        self._cost = 0.0  # seconds of a scoring, averaged

    def due(self) -> bool:
        """Count a step; return whether to score in it."""
        now = self._clock()
        if self._last is not None:
            passed = now - self._last
            if self.steps > 2:
                passed = min(passed, 5 * self._usual)  # a pause, such as a validation, earns no budget
            self._usual = passed if self._usual == 0 else 0.9 * self._usual + 0.1 * passed
            self.wall += passed
        self._last = now
        self.steps += 1
        return self.budget is None or self.scorings < FREE or self.spent + self._cost <= self.budget * self.wall

    @contextmanager
    def measured(self, like: Tensor) -> Iterator[None]:
        """Time one scoring; on a GPU one in twenty, which stands for the others."""
        gpu = like.device.type == "cuda"
        if gpu and self.scorings % EVERY_ON_A_GPU:
            yield
            self.spent += self._cost
        else:
            if gpu:
                torch.cuda.synchronize(like.device)
            start = self._clock()
            yield
            if gpu:
                torch.cuda.synchronize(like.device)
            cost = self._clock() - start
            self.spent += cost
            self._timed += 1
            self._cost += (cost - self._cost) / min(self._timed, 50)
        self.scorings += 1

    @property
    def overhead(self) -> float:
        """Time spent scoring as a share of the rest of the wall time; 0 before the second step."""
        rest = self.wall - self.spent
        return self.spent / rest if rest > 0 else 0.0
