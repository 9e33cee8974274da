"""A data set of the samples chosen for an epoch, for training code that owns its loader: HF Trainer, Lightning, Accelerate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..core import BadInput
from ._curriculum import CurriculumAQL
from ._loader import ChosenSampler

if TYPE_CHECKING:
    from ._aql import AQL

ID = "aql_id"  # the key under which a sample that is a mapping carries its id
MODES = ("cached", "offline")


class ChosenDataset(Dataset[Any]):
    """What `AQL.dataset` gives: the samples of this epoch, each with its id, and `draw` to choose those of the next from the scores of now.

    A sample that is a mapping gains the key "aql_id", a tuple gains a last member, anything else becomes a pair. The choice lies in shared memory, so
    that workers that live on see the next one too. Over the ranks of an initialised `torch.distributed` scores are brought together first, and every
    rank chooses the same.

    Raises:
        BadInput: the mode needs a loader, or the data set has no indices.
    """

    def __init__(self, aql: AQL, inner: Any) -> None:
        if aql.mode not in MODES:
            raise BadInput(f"Training code that owns its loader takes the mode {' or '.join(MODES)}, not {aql.mode}.")
        if not hasattr(inner, "__getitem__") or not hasattr(inner, "__len__") or not len(inner):
            raise BadInput("The data set has no indices to keep, or is empty; use the mode 'streaming' with a loop of your own.")
        self.source, self.count = inner, len(inner)
        self.length = max(1, int(self.count * aql.policy.share()))
        self.ids = torch.zeros(self.length, dtype=torch.long).share_memory_()
        self.epoch = -1
        self._aql: AQL | None = aql
        self.sampler: ChosenSampler | None = ChosenSampler(self.count, self.length, 1, self.count, aql.choose, self._admit, aql.generator)

    def _admit(self, ids: Tensor) -> Tensor:
        assert self._aql is not None
        curriculum = self._aql.curriculum
        return curriculum.easy_enough(ids) if isinstance(curriculum, CurriculumAQL) else torch.ones(len(ids), dtype=torch.bool)

    def draw(self) -> None:
        """Choose the samples of the next epoch.

        Raises:
            BadInput: the policy weighs losses, which training code that computes them itself does not.
        """
        assert self._aql is not None and self.sampler is not None
        self._aql.synchronise()
        chosen = self.sampler.draw()
        if any(weight != 1.0 for _, weight in chosen):
            raise BadInput(
                "Training code that computes its own loss weighs no samples: choose a policy without weights, and no importance."
            )
        order = torch.randperm(self.length, generator=self._aql.generator)  # a policy gives the best first
        self.ids.copy_(torch.tensor([name for name, _ in chosen])[order])
        self.epoch += 1

    @property
    def seen(self) -> int:
        """Candidates that were considered."""
        assert self.sampler is not None
        return self.sampler.seen

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        name = int(self.ids[index])
        sample = self.source[name]
        if isinstance(sample, dict):
            return {**sample, ID: name}
        return (*sample, name) if isinstance(sample, tuple) else (sample, name)

    def __getstate__(self) -> dict[str, Any]:
        """What a worker process needs: no model, no scores."""
        return {**self.__dict__, "_aql": None, "sampler": None}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later epochs depend on."""
        assert self.sampler is not None
        return {"ids": self.ids.clone(), "epoch": self.epoch, "sampler": self.sampler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken.

        Raises:
            BadInput: the state is of another data set or policy.
        """
        assert self.sampler is not None
        if len(state["ids"]) != self.length:
            raise BadInput(f"The state chose {len(state['ids'])} samples an epoch, this one {self.length}.")
        self.sampler.load_state_dict(state["sampler"])
        self.ids.copy_(state["ids"])
        self.epoch = state["epoch"]
