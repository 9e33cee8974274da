"""An ensemble distilled into one small network: its disagreement at the cost of one pass through a hidden layer, whatever the number of members."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..core import BadInput
from ._committee import LastLayerEnsemble
from ._shapes import IGNORED, exact, wide

FLOOR = 1e-6  # nats: disagreement below is told apart no further


class DistilledEnsemble:
    """A student on the head's features that learns the mutual information of a `LastLayerEnsemble` while it trains; scoring runs the student alone.

    The student regresses the logarithm, since disagreement spans orders of magnitude, by Adam on features scaled to unit variance.

    Source: Malinin, Mlodozeniec, Gales, "Ensemble Distribution Distillation" (2020), for distilling what the members disagree about and not their
    mean alone; one number is distilled here in place of a distribution.

    Raises:
        BadInput: sizes that cannot be.
    """

    def __init__(self, width: int, classes: int, *, members: int = 5, hidden: int = 32, rate: float = 5e-3, seed: int = 0) -> None:
        if hidden < 1 or not rate > 0:
            raise BadInput(f"A student has a hidden layer of at least one unit and a positive rate; got {hidden} and {rate}.")
        self.teacher = LastLayerEnsemble(width, classes, members=members, seed=seed)
        with torch.random.fork_rng(devices=[]):  # the global state is the training run's
            torch.manual_seed(seed)
            self.student = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self._optimizer = torch.optim.Adam(self.student.parameters(), lr=rate)
        self._scale = torch.ones(width)  # root mean square of each feature, averaged over batches
        self._batches = 0

    def update(self, features: Tensor, labels: Tensor) -> None:
        """Train the members, then the student on what they disagree about: features [..., d] and labels [...]; ignored positions are left out."""
        self.teacher.update(features, labels)
        with exact(features):
            rows = wide(features).flatten(0, -2)[labels.flatten() != IGNORED]
            if not len(rows):
                return
            self.student.to(rows.device)
            wanted = self.teacher.score(rows).clamp(min=FLOOR).log()
            own = rows.square().mean(0).sqrt()
            self._scale = own if self._batches == 0 else self._scale.to(own).lerp(own, 0.05)
            self._batches += 1
        with torch.enable_grad(), torch.autocast(rows.device.type, enabled=False):
            self._optimizer.zero_grad()
            (self.student(self._scaled(rows)).squeeze(-1) - wanted).square().mean().backward()
            self._optimizer.step()

    def score(self, features: Tensor) -> Tensor:
        """Return the student's estimate of the members' mutual information [...] for features [..., d], in nats.

        Raises:
            BadInput: no batch was seen yet, or features of another width.
        """
        if self._batches == 0:
            raise BadInput("The student has seen no batch yet: call update first.")
        if features.shape[-1] != len(self._scale):
            raise BadInput(f"The student was built for features of width {len(self._scale)}; these have {features.shape[-1]}.")
        with exact(features):
            return self.student(self._scaled(wide(features))).squeeze(-1).exp()

    def _scaled(self, rows: Tensor) -> Tensor:
        return rows / self._scale.to(rows).clamp(min=1e-12)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later scores depend on."""
        student = {name: each.clone() for name, each in self.student.state_dict().items()}
        own = {"student": student, "scale": self._scale.clone(), "batches": self._batches}
        return {**own, "teacher": self.teacher.state_dict(), "optimizer": copy_of(self._optimizer.state_dict())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.teacher.load_state_dict(state["teacher"])
        self.student.load_state_dict(state["student"])
        self._optimizer.load_state_dict(copy_of(state["optimizer"]))
        self._scale, self._batches = state["scale"].clone(), state["batches"]


def copy_of(state: Any) -> Any:
    """Return a state of tensors in mappings and lists that shares no memory with it."""
    if isinstance(state, Tensor):
        return state.clone()
    if isinstance(state, dict):
        return {name: copy_of(value) for name, value in state.items()}
    return [copy_of(value) for value in state] if isinstance(state, list) else state
