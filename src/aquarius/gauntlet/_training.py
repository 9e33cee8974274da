"""Training as the subject does it: its optimiser, its schedule and its step, or the plain step where it has none."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ._examination import Examination
from ._inputs import Batch


class Training:
    """A model with the subject's optimiser and schedule; Adam at 1e-3 where it names no optimiser."""

    def __init__(self, examination: Examination, model: nn.Module) -> None:
        self.examination, self.model, self.steps = examination, model, 0
        own = examination.has("optimizer")
        self.made: Any = examination.call("optimizer", model) if own else torch.optim.Adam(model.parameters(), lr=1e-3)
        self.optimizers: list[torch.optim.Optimizer] = list(self.made.values()) if isinstance(self.made, dict) else [self.made]
        self.scheduler: Any = examination.call("scheduler", self.made) if own and examination.has("scheduler") else None

    def step(self, batch: Batch, seed: int = 0) -> Tensor | None:
        """Take one step on a batch; a schedule that `step` is not given advances after it."""
        examination = self.examination
        self.steps += 1
        if not examination.has("step"):
            return self.plain(batch, seed)
        arguments = [self.model, self.made, batch]
        names = examination.step_arguments
        takes = len(names) > 3 and (self.scheduler is not None or "sched" in names[3])  # another fourth argument keeps its default
        if takes:
            arguments.append(self.scheduler)
        value = examination.call("step", *arguments, seed=seed)
        if self.scheduler is not None and not takes and self.per_step:
            self.scheduler.step()
        return value if isinstance(value, Tensor) else None

    @property
    def per_step(self) -> bool:
        """Say whether the schedule counts optimiser steps."""
        schedule = self.examination.facts.get("schedule")
        return not (isinstance(schedule, dict) and "epoch" in str(schedule.get("per", "")))

    def plain(self, batch: Batch, seed: int) -> Tensor:
        """Take the plain step: train(), zero_grad(), loss, backward, optimizer.step()."""
        self.model.train()
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        value = self.examination.loss(self.model, batch, seed=seed)
        value.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        if self.scheduler is not None and self.per_step:
            self.scheduler.step()
        return value.detach()
