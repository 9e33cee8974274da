"""What an experiment sees of the lab: the one argument of its `train(run)`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import nn

    from .data import GraphData


class Run(Protocol):
    """One training run of one seed. An experiment is a file that defines `train(run) -> dict[str, float]` and imports nothing of the lab.

        def train(run):
            model, optimizer, first = ..., ..., 0
            if (saved := run.resume()) is not None:
                first, state = saved
                model.load_state_dict(state["model"])
                optimizer.load_state_dict(state["optimizer"])
            for step in range(first, run.settings["steps"]):
                loss = ...
                run.log(step, loss=loss)
                if (step + 1) % 100 == 0:
                    run.save(step + 1, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
            return {"accuracy": ...}

    Before `train` is called every global generator (Python, numpy, torch) is seeded with `seed`, torch is told to use deterministic
    algorithms, and each numerical library has one thread. A value that is not finite fails the run.
    """

    @property
    def seed(self) -> int:
        """The seed of this run."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the experiment, plain values; asking for one that is not there ends the run with its name."""

    def data(self, name: str) -> GraphData | Path:
        """Return a data set that the experiment was declared with: a graph, or the folder of its verified files."""

    def log(self, step: int, **values: Any) -> None:
        """Append one line of numbers to metrics.jsonl; a tensor of one element is a number."""

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a checkpoint: `state` (tensors, numbers, texts, lists, dictionaries) and the state of every global generator.

        `step` is the first step that is not done yet. A generator or a position in a data set of the experiment's own belongs in `state`.
        """

    def resume(self) -> tuple[int, dict[str, Any]] | None:
        """Return step and state of the last checkpoint, generators restored and later log lines removed; None at a fresh start.

        Call it once, before the first `log`, when models and optimisers are built.
        """

    def telemetry(self, step: int, model: nn.Module) -> None:
        """Log the norm of all gradients together ("gradient norm") and of all parameters ("parameter norm")."""
