"""The curriculum of a stream: a sample's difficulty is its rank among the latest that came, so that no sample need be met twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..core import BadInput
from ._curriculum import EDGE, SOLVED, WEIGHTS, CurriculumScheduler, easier_share
from ._store import rank_mixture


class StreamCurriculum:
    """Admits the easiest c of a stream, by ranks among its latest `window` samples; memory is that window, whatever the length of the stream.

    The quantile c is taken within each class and among samples still to be learnt, as in CurriculumAQL, and by the model's own fresh measures:
    self-paced learning.

    Source: Kumar, Packer, Koller, "Self-Paced Learning for Latent Variable Models" (2010); Platanios et al. (2019), section 2.

    Raises:
        BadInput: a window of fewer than two samples, or a negative loss as solved.
    """

    def __init__(
        self,
        scheduler: CurriculumScheduler,
        *,
        weights: Mapping[str, float] | None = None,
        solved: float = SOLVED,
        window: int = 2048,
    ) -> None:
        if window < 2 or solved < 0:
            raise BadInput(f"A stream's curriculum looks back at two samples or more, and solved is at least 0; got {window} and {solved}.")
        self.scheduler, self.weights, self.solved, self.window = scheduler, dict(WEIGHTS if weights is None else weights), solved, window
        self.latest: dict[str, Tensor] = {}  # [at most window] each, the newest last
        self.threshold = math.inf
        self.offered = self.passed = self.known = 0

    def admitted(self, measures: Mapping[str, Tensor], labels: Tensor | None = None) -> Tensor:
        """Return the mask [n] of the samples with these measures [n], "loss" among them, and classes [n] that are easy enough; of the easiest if none is.

        Raises:
            BadInput: no loss is given, or the measures differ from those before.
        """
        if "loss" not in measures or (self.latest and {*measures, "label"} != set(self.latest)):
            raise BadInput(
                f"A stream's curriculum takes the same measures each time, the loss among them; got {', '.join(sorted(measures))}."
            )
        fresh = {name: values.detach().double().cpu() for name, values in measures.items()}
        count = len(fresh["loss"])
        fresh["label"] = torch.zeros(count, dtype=torch.float64) if labels is None else labels.detach().double().cpu()
        for name, values in fresh.items():
            self.latest[name] = torch.cat([self.latest.get(name, values.new_empty(0)), values])[-max(self.window, count) :]
        difficulty = self._difficulty()
        easy = easier_share(difficulty, self.latest["label"]) < self.scheduler.competence - EDGE
        self.threshold = float(difficulty[easy].max()) if bool(easy.any()) else math.inf
        mask, own = easy[len(easy) - count :].clone(), difficulty[len(difficulty) - count :]
        if count and not bool(mask.any()):
            mask[int(fresh["loss"].nan_to_num(math.inf).argmin())] = True
        self.offered += count
        self.passed += int(mask.sum())
        self.known += int((own == math.inf).sum())
        return mask

    def _difficulty(self) -> Tensor:
        """The rank mixture of everything in the window: inf where solved, NaN where not finite."""
        losses = self.latest["loss"]
        left = ~(losses < self.solved)
        difficulty = torch.full((len(losses),), math.inf, dtype=torch.float64)
        weights = {name: weight for name, weight in self.weights.items() if name in self.latest}
        if bool(left.any()):
            columns = {name: values[left] for name, values in self.latest.items() if name in weights}
            difficulty[left] = rank_mixture(columns or {"loss": losses[left]}, weights if columns else {"loss": 1.0})
        return difficulty

    def telemetry(self) -> dict[str, Any]:
        """Return what is worth a line in the log: step, competence, stage, threshold, shares admitted and solved of what was offered."""
        offered = max(1, self.offered)
        return {
            "step": self.scheduler.steps,
            "competence": self.scheduler.competence,
            "stage": self.scheduler.stage,
            "threshold": self.threshold,
            "admitted": self.passed / offered,
            "solved": self.known / offered,
            "difficulty": "self-paced",
        }

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later admissions depend on."""
        own = {name: getattr(self, name) for name in ("threshold", "offered", "passed", "known")}
        return {**own, "latest": {name: each.clone() for name, each in self.latest.items()}, "scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.latest = {name: each.clone() for name, each in state["latest"].items()}
        for name in ("threshold", "offered", "passed", "known"):
            setattr(self, name, state[name])
        self.scheduler.load_state_dict(state["scheduler"])
