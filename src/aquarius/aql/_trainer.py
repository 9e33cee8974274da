"""The trainer of the AQL v2.0 description: curriculum, streaming selection and uncertainty around AdamW, resumed exactly where it stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from ..core import BadInput
from . import _checkpoint as checkpoints
from ._aql import AQL
from ._curriculum import CurriculumScheduler
from ._forward import device_of, logits_of
from ._loader import Batch, moved, unpacked
from ._modes import modes_kept
from ._policies import TopK
from ._shapes import IGNORED
from ._trainer_config import TrainerConfig, trainer_config
from ._uncertainty import LaplacianUncertainty

SAVE_EVERY = 1000  # steps between two checkpoints within an epoch
FLOOR = 0.1  # share of the places that goes by lot


class AQLv2Trainer:
    """Trains a classifier or language model on what teaches: `AQLv2Trainer(model, train_loader, val_loader, config).train(epochs)`.

    With use_streaming every sample is scored by a forward as it comes, and selection_ratio of what is seen is trained on; an epoch is one pass.
    Without, samples are chosen by the epistemic score of their latest visit; an epoch is selection_ratio of the data. With use_curriculum_selection
    only what is easy enough is considered. The model's modes are given back after training. No clock has a say: the same seed gives the same run.
    unpack: inputs and labels of a collated batch. run: a run of the lab, whose log, checkpoints and resume are used in place of save_path.

    Raises:
        BadInput: an unknown setting, a value that cannot be, or a loader that cannot be wrapped.
    """

    def __init__(
        self,
        model: nn.Module,
        train_loader: DataLoader[Any],
        val_loader: Iterable[Any] | None = None,
        config: Mapping[str, Any] | TrainerConfig | None = None,
        *,
        head: str | nn.Linear = "auto",
        unpack: Callable[[Any], tuple[Any, Any]] = unpacked,
        run: Any = None,
        seed: int = 0,
    ) -> None:
        self.config = own = trainer_config(config)
        self.model, self.train_loader, self.val_loader = model, train_loader, val_loader
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=own.learning_rate, weight_decay=own.weight_decay)
        self.aql = AQL(
            model,
            policy=TopK(keep=own.selection_ratio, floor=FLOOR),
            curriculum=CurriculumScheduler(own.pacing(), own.total_steps) if own.use_curriculum_selection else None,
            mode="streaming" if own.use_streaming else "cached",
            budget=None,
            uncertainty=LaplacianUncertainty(model, head, decay=own.uncertainty_ema, every=own.uncertainty_update_freq, stride=8),
            buffer_size=own.buffer_size,
            total_steps=own.total_steps,
            seed=seed,
        )
        self.loader = self.aql.wrap(train_loader, unpack=unpack)
        self.history: list[dict[str, Any]] = []
        self.epoch = self.step = 0
        self._unpack, self._run, self._asked = unpack, run, False
        self._loss, self._count = torch.zeros((), dtype=torch.float64), 0  # of this epoch, summed over batches

    def train(self, epochs: int) -> list[dict[str, Any]]:
        """Train until `epochs` epochs are done in all, those before a resume among them, or total_steps; return the metrics of every epoch.

        Raises:
            BadInput: no epoch is asked for, or the loss is no number any more.
        """
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise BadInput(f"Train for one epoch or more; got {epochs!r}.")
        if self._run is not None and not self._asked:
            self._asked = True
            if (saved := self._run.resume()) is not None:
                self.load_state_dict(saved[1])
        with modes_kept(self.model):
            while self.epoch < epochs and self.step < self.config.total_steps:
                self._train_epoch()
        return self.history

    def _train_epoch(self) -> None:
        self.model.train()
        batches = iter(self.loader)
        while self.step < self.config.total_steps:
            with self._precision():
                batch = next(batches, None)
            if batch is None:
                break
            self._train_step(batch)
            if self.step % SAVE_EVERY == 0:
                self.save()
        self.epoch += 1
        self._finish_epoch()
        self.save()

    def _train_step(self, batch: Batch) -> None:
        place = device_of(self.model)
        self.optimizer.zero_grad(set_to_none=True)
        with self._precision():
            loss = self.aql.loss(logits_of(self.model, batch.x), moved(batch.y, place))
        loss.backward()
        if self.config.grad_clip > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        self.optimizer.step()
        self.step += 1
        self._loss, self._count = self._loss.to(place) + loss.detach(), self._count + 1

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(device_of(self.model).type, dtype=torch.bfloat16, enabled=self.config.mixed_precision)

    def _finish_epoch(self) -> None:
        """Validate and write the line of metrics: samples seen, scored and trained on are three columns, always."""
        mean = float(self._loss) / self._count if self._count else None
        report, found = self.aql.report(), self.evaluate()
        if not math.isfinite(mean or 0.0) or not math.isfinite(found.get("validation_loss", 0.0)):
            raise BadInput(f"The loss is no number any more after step {self.step}: lower learning_rate, or look at the data.")
        row: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "train_loss": mean, **found}
        row |= {"seen": report.seen, "scored": report.scored, "trained": report.trained, "forwards": report.forwards}
        if report.curriculum is not None:
            row |= {"competence": report.curriculum["competence"], "stage": report.curriculum["stage"]}
        if found:
            self.aql.observe(found["validation_loss"])
        self.history.append(row)
        self._loss, self._count = torch.zeros((), dtype=torch.float64), 0
        if self._run is not None:
            self._run.log(
                self.step,
                **{name.replace("_", " "): value for name, value in row.items() if name != "step" and isinstance(value, (int, float))},
            )

    @torch.no_grad()
    def evaluate(self, loader: Iterable[Any] | None = None) -> dict[str, float]:
        """Return validation_loss and validation_accuracy over the positions that count, in evaluation mode; nothing without a loader.

        Raises:
            BadInput: the loader has no label.
        """
        loader = self.val_loader if loader is None else loader
        if loader is None:
            return {}
        place = device_of(self.model)
        total, right, count = (torch.zeros((), dtype=torch.float64, device=place) for _ in range(3))
        with modes_kept(self.model):
            self.model.eval()
            for data in loader:
                x, y = self._unpack(data)
                with self._precision():
                    logits = logits_of(self.model, x).float().flatten(0, -2)
                labels = moved(y, place).flatten()
                total += functional.cross_entropy(logits, labels, reduction="sum", ignore_index=IGNORED)
                right += (logits.argmax(-1) == labels).sum()
                count += (labels != IGNORED).sum()
        if not count:
            raise BadInput("The validation data has no label that counts.")
        return {"validation_loss": float(total / count), "validation_accuracy": float(right / count)}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the rest of the run depends on, the global random states too."""
        return {
            "config": self.config.decisive(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "aql": self.aql.state_dict(),
            "history": [dict(row) for row in self.history],
            "epoch": self.epoch,
            "step": self.step,
            "loss": self._loss,
            "count": self._count,
            "random": checkpoints.random_states(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken.

        Raises:
            BadInput: a setting differs.
        """
        for name, value in self.config.decisive().items():
            if state["config"][name] != value:
                raise BadInput(f"The checkpoint was made with {name} = {state['config'][name]!r}, this trainer has {value!r}.")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.aql.load_state_dict(state["aql"])
        self.history, self.epoch, self.step = [dict(row) for row in state["history"]], state["epoch"], state["step"]
        self._loss, self._count = state["loss"], state["count"]
        checkpoints.restore_random_states(state["random"])

    def save(self) -> Path | None:
        """Write a checkpoint to the lab's run, or to save_path; return its path. Nothing without either. Done at each epoch's end and every 1,000 steps."""
        if self._run is not None:
            self._run.save(self.step, self.state_dict())
            return None
        if self.config.save_path is None:
            return None
        path = checkpoints.place_of(self.config.save_path)
        checkpoints.write(path, self.state_dict())
        return path

    def resume(self, path: str | Path | None = None) -> AQLv2Trainer:
        """Load a checkpoint, that of save_path if not named; return the trainer, whose `train` goes on from there.

        Raises:
            BadInput: there is none, or it is of other settings.
        """
        if path is None and self.config.save_path is None:
            raise BadInput("Name the checkpoint to resume from, or give save_path.")
        self.load_state_dict(checkpoints.read(checkpoints.place_of(path or self.config.save_path)))
        return self

    def close(self) -> None:
        """Take the hook off the model."""
        self.aql.close()
