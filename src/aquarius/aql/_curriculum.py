"""A curriculum: which samples are easy enough by now, by the quantile of a difficulty that is a mixture of ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from ..core import BadInput
from ._pacing import Pacing
from ._store import ScoreStore, rank_mixture

WEIGHTS = {"loss": 0.4, "uncertainty": 0.3, "gradient_norm": 0.2, "perplexity": 0.1}  # the AQL v2.0 description's
EDGE = 1e-9  # a share that differs from c by rounding alone is not below it
SOLVED = 0.02  # nats: a sample whose loss is below teaches nothing, p(label) > 0.98


class CurriculumScheduler:
    """Competence c over a run of `total_steps`, by a pacing; with advance="validation" a level sooner whenever the validation loss stops falling.

    A level is 1/levels of the run. Validation can bring the next level forward and never holds it back, so that every curriculum ends.
    """

    def __init__(
        self,
        pacing: Pacing,
        total_steps: int,
        *,
        advance: Literal["steps", "validation"] = "steps",
        levels: int = 5,
        patience: int = 2,
        tolerance: float = 1e-3,
    ) -> None:
        if total_steps < 1 or levels < 1 or patience < 1 or advance not in ("steps", "validation"):
            raise BadInput("A curriculum has total_steps, levels and patience of at least 1, and advances by 'steps' or by 'validation'.")
        self.pacing, self.total_steps, self.advance = pacing, total_steps, advance
        self.levels, self.patience, self.tolerance = levels, patience, tolerance
        self.steps = 0
        self._ahead = 0.0  # progress brought forward by validation
        self._best = math.inf
        self._stalled = 0

    def step(self, count: int = 1) -> float:
        """Count training steps; return the competence."""
        self.steps += count
        return self.competence

    def observe(self, validation_loss: float) -> bool:
        """Tell the validation loss; return whether the next level was brought forward."""
        if self.advance == "steps":
            return False
        if validation_loss < self._best * (1 - self.tolerance) if math.isfinite(self._best) else math.isfinite(validation_loss):
            self._best, self._stalled = validation_loss, 0
            return False
        self._stalled += 1
        if self._stalled < self.patience:
            return False
        self._stalled, self._best = 0, math.inf  # the next level is a task of its own
        self._ahead = min(1.0, (math.floor(self.progress * self.levels + 1e-9) + 1) / self.levels)
        return True

    @property
    def progress(self) -> float:
        """t in [0, 1]."""
        return min(1.0, max(self.steps / self.total_steps, self._ahead))

    @property
    def competence(self) -> float:
        """c(t) in (0, 1]."""
        return self.pacing(self.progress)

    @property
    def stage(self) -> str:
        """Easy, medium or hard by thirds of competence: a word for the log, nothing depends on it."""
        return "easy" if self.competence < 1 / 3 else "medium" if self.competence < 2 / 3 else "hard"

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later competence depends on."""
        return {"steps": self.steps, "ahead": self._ahead, "best": self._best, "stalled": self._stalled}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.steps, self._ahead, self._best, self._stalled = state["steps"], state["ahead"], state["best"], state["stalled"]


def easier_share(difficulty: Tensor, groups: Tensor | None = None) -> Tensor:
    """Return for each sample [n] the share of its group that is easier than it, in [0, 1): admitted are those where it lies below c. NaN and inf stay.

    Taken within each class, so that a curriculum by the model's own loss does not begin with the one class that the model answers anyway.

    Source: Jiang et al., "Self-Paced Learning with Diversity" (2014), for easy samples from every group.
    """
    share = difficulty.clone()
    known = torch.isfinite(difficulty).nonzero().squeeze(1)
    if not len(known):
        return share
    values = difficulty[known]
    own = torch.zeros_like(known) if groups is None else groups[known].nan_to_num(-1).long()
    order = values.argsort(stable=True)
    order = order[own[order].argsort(stable=True)]  # by group, within it by difficulty
    values, own = values[order], own[order]
    place = torch.arange(len(order))
    opens = torch.ones(len(order), dtype=torch.bool)
    opens[1:] = own[1:] != own[:-1]
    differs = opens.clone()
    differs[1:] |= values[1:] != values[:-1]
    first = torch.where(opens, place, 0).cummax(0).values
    easier = torch.where(differs, place, 0).cummax(0).values - first  # equal ones have equally many easier
    _, which, sizes = own.unique_consecutive(return_inverse=True, return_counts=True)
    share[known[order]] = (easier / sizes[which]).to(share)
    return share


class CurriculumAQL:
    """Admits samples by difficulty and picks inside the admitted by usefulness.

    Difficulty is `weights` over the store's measures (those of them that were scored), by rank. The quantile c is taken within each class (of the
    store's "label", where there is one), among the samples still to be learnt: one whose loss is below `solved` is not counted, or an early curriculum by a model's own loss would train on nothing but what it knows.
    A sample that was never scored is admitted. By a moving model's own scores this is self-paced learning, and `telemetry` says so; `freeze` keeps
    the difficulty of now, as of an early epoch or of a teacher.

    Source: Kumar, Packer, Koller, "Self-Paced Learning for Latent Variable Models" (2010); Platanios et al. (2019), section 2.
    """

    def __init__(
        self,
        store: ScoreStore,
        scheduler: CurriculumScheduler,
        *,
        weights: Mapping[str, float] | None = None,
        solved: float = SOLVED,
        refresh: int = 50,
    ) -> None:
        if refresh < 1 or solved < 0:
            raise BadInput("A curriculum refreshes its difficulties every step or less often, and solved is a loss of at least 0.")
        self.store, self.scheduler = store, scheduler
        self.weights = dict(WEIGHTS if weights is None else weights)
        self.solved, self.refresh = solved, refresh
        self.frozen = False
        self._difficulty = torch.empty(0, dtype=torch.float64)  # [n] rank mixture; NaN never scored, inf solved
        self._easier = self._difficulty  # [n] share of its class that is easier
        self._made_at: int | None = None

    def difficulty(self) -> Tensor:
        """Return each sample's difficulty [n], made again every `refresh` steps: NaN if never scored, inf if solved."""
        stale = self._made_at is None or self.scheduler.steps - self._made_at >= self.refresh
        if stale and not self.frozen:
            weights = {name: weight for name, weight in self.weights.items() if name in self.store.columns}
            loss = self.store.get("loss")
            unsolved = ~(loss < self.solved)
            self._difficulty = torch.full((len(self.store),), math.inf, dtype=torch.float64)
            if weights:
                columns = {name: self.store.columns[name][unsolved] for name in weights}
                self._difficulty[unsolved] = rank_mixture(columns, weights)
            else:
                self._difficulty[:] = math.nan
            self._easier = easier_share(self._difficulty, self.store.columns.get("label"))
            self._made_at = self.scheduler.steps
        return self._difficulty

    def freeze(self) -> None:
        """Keep the difficulty of now for the rest of the run: a fixed curriculum."""
        self._made_at = None
        self.difficulty()
        self.frozen = True

    @property
    def threshold(self) -> float:
        """The difficulty of the hardest sample that is admitted; inf where none is known."""
        known = self.difficulty()[self._easier < self.scheduler.competence - EDGE]
        return float(known.max()) if len(known) else math.inf

    def admitted(self, ids: Tensor) -> Tensor:
        """Return the mask [n] of the samples ids [n] that are easy enough or were never scored, of all of them if that would leave none."""
        mask = self.easy_enough(ids)
        return mask if bool(mask.any()) else torch.ones_like(mask)

    def easy_enough(self, ids: Tensor) -> Tensor:
        """Return the mask [n] of the samples ids [n] that are easy enough or were never scored; it may be all False."""
        self.difficulty()
        ids = ids.detach().cpu().long()
        values = torch.full(ids.shape, math.nan, dtype=torch.float64)
        inside = ids < len(self._easier)
        values[inside] = self._easier[ids[inside]]
        return values.isnan() | (values < self.scheduler.competence - EDGE)

    def select(self, ids: Tensor, usefulness: Tensor, k: int) -> Tensor:
        """Return the places [min(k, n)] of the k most useful of the admitted; where too few are admitted, the easiest of the others fill up.

        Give a usefulness that noise does not raise, such as the reducible loss: the highest entropy among the admitted is the hardest of them, and
        undoes the curriculum.
        """
        if ids.shape != usefulness.shape or ids.dim() != 1 or k < 1:
            raise BadInput(
                f"Usefulness [n] is needed for ids [n], and k of at least 1; got {list(usefulness.shape)}, {list(ids.shape)}, {k}."
            )
        mask = self.admitted(ids)
        inside = mask.nonzero().squeeze(1)
        chosen = inside[usefulness.detach().cpu()[inside].argsort(descending=True, stable=True)[:k]]
        if len(chosen) < min(k, len(ids)):
            others = (~mask).nonzero().squeeze(1)
            known = self.difficulty()[ids.detach().cpu().long()[others]]
            chosen = torch.cat([chosen, others[known.argsort(stable=True)[: k - len(chosen)]]])
        return chosen

    def telemetry(self) -> dict[str, Any]:
        """Return what is worth a line in the log: step, competence, stage, threshold, shares solved and never scored, source of the difficulty."""
        known, n = self.difficulty(), max(1, len(self.store))
        return {
            "step": self.scheduler.steps,
            "competence": self.scheduler.competence,
            "stage": self.scheduler.stage,
            "threshold": self.threshold,
            "solved": float((known == math.inf).sum()) / n,
            "never_scored": float(known.isnan().sum()) / n,
            "difficulty": "fixed" if self.frozen else "self-paced",
        }

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later admissions depend on, except the store."""
        own = {"difficulty": self._difficulty.clone(), "easier": self._easier.clone(), "made_at": self._made_at, "frozen": self.frozen}
        return {**own, "scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self._difficulty, self._easier = state["difficulty"].clone(), state["easier"].clone()
        self._made_at, self.frozen = state["made_at"], state["frozen"]
        self.scheduler.load_state_dict(state["scheduler"])
