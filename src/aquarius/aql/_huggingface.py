"""AQL in the Trainer of Hugging Face's transformers, as a callback: two hooks on the model, no class of theirs, no import of theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..core import BadInput
from . import _checkpoint as checkpoints
from ._aql import AQL
from ._chosen import ID, ChosenDataset

STATE = "aql.pt"  # beside the other files of a checkpoint folder


class HuggingFaceCallback:
    """A callback in the shape of `TrainerCallback`: choose the samples of each epoch, score them from the training forward.

    callback = HuggingFaceCallback(AQL(model))
    Trainer(model, arguments, train_dataset=callback.dataset(data), callbacks=[callback])

    The arguments need remove_unused_columns=False, since each sample carries its id; it is taken off before the model sees it. The loss stays the
    Trainer's own, so policies with weights are refused. shift: labels are the next tokens' (by the model's class name, if not given). `eval_loss` of
    each evaluation is told to the AQL; its state lies in each checkpoint folder and is loaded with it; samples seen, scored and trained on go into
    `log_history`.

    Raises:
        BadInput: the mode needs a loader of its own.
    """

    def __init__(self, aql: AQL, *, shift: bool | None = None) -> None:
        self.aql, self.shift = aql, shift
        self.chosen: ChosenDataset | None = None
        self._handles: list[RemovableHandle] = []
        self._pending: tuple[Tensor, Tensor] | None = None  # ids and labels of the forward that runs

    def dataset(self, inner: Any) -> ChosenDataset:
        """Return the data set to train on."""
        self.chosen = self.aql.dataset(inner)
        return self.chosen

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Every other event of a TrainerCallback, those of later versions too: nothing happens."""
        if name.startswith("on_"):
            return _nothing
        raise AttributeError(name)

    def on_train_begin(self, args: Any, state: Any, control: Any, *, model: nn.Module, **_: Any) -> None:
        """Check the arguments, put the hooks on the model, and load the state of the checkpoint that is resumed."""
        if self.chosen is None:
            raise BadInput("Give the Trainer train_dataset=callback.dataset(data).")
        if getattr(args, "remove_unused_columns", False):
            raise BadInput("Set remove_unused_columns=False in the TrainingArguments: each sample carries its id.")
        shift = self.shift
        self.shift = any(part in type(self.aql.model).__name__ for part in ("CausalLM", "LMHead")) if shift is None else shift
        self._close()
        self._handles = [
            self.aql.model.register_forward_pre_hook(self._before, with_kwargs=True),
            self.aql.model.register_forward_hook(self._after),
        ]
        if state.global_step > 0 and self.aql.steps == 0:
            self.load(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Choose the samples of this epoch, unless a resumed state has chosen them."""
        assert self.chosen is not None
        while self.chosen.epoch < int((state.epoch or 0.0) + 1e-6):
            self.chosen.draw()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write a line into the history."""
        report = self.aql.report()
        own = {"aql_seen": report.seen, "aql_scored": report.scored, "aql_trained": report.trained, "aql_overhead": report.overhead}
        state.log_history.append({**own, "epoch": state.epoch, "step": state.global_step})

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **_: Any) -> None:
        """Tell the validation loss."""
        if metrics and "eval_loss" in metrics:
            self.aql.observe(metrics["eval_loss"])

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the state beside the Trainer's own."""
        if getattr(state, "is_world_process_zero", True):
            checkpoints.write(Path(args.output_dir) / f"checkpoint-{state.global_step}" / STATE, {"aql": self.aql.state_dict()})

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take the hooks off the model."""
        self._close()

    def load(self, folder: str | Path) -> None:
        """Load the state of a checkpoint folder; done by itself where the folder that is resumed from lies in output_dir, before training elsewhere.

        Raises:
            BadInput: there is none in it.
        """
        self.aql.load_state_dict(checkpoints.read(Path(folder) / STATE)["aql"])

    def _before(self, model: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        self._pending = None
        if ID not in named:
            return None
        named = dict(named)
        ids = named.pop(ID)
        if model.training:
            if not isinstance(named.get("labels"), Tensor):
                raise BadInput("The samples have no labels: AQL scores what the Trainer's model is given with labels.")
            self._pending = (ids, named["labels"])
        return inputs, named

    def _after(self, model: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if self._pending is None:
            return
        ids, labels = self._pending
        self._pending = None
        logits = output["logits"] if isinstance(output, dict) else output.logits
        features = self.aql.features(logits)
        if self.shift:
            logits, labels = logits[:, :-1], labels[:, 1:]
            features = None if features is None else features[:, :-1]
        with torch.no_grad():
            self.aql.learn(logits, labels, ids, features=features)

    def _close(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []


def _nothing(*_: Any, **__: Any) -> None:
    return None
