"""AQL in Lightning's Trainer, as a callback in the shape of theirs: no class of theirs, no import of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ._aql import AQL
from ._chosen import ChosenDataset


class LightningCallback:
    """A callback in the shape of Lightning's: chooses the samples of each epoch, hears the validation loss, lies in the checkpoint.

    callback = LightningCallback(aql)
    trainer = Trainer(callbacks=[callback])
    trainer.fit(module, DataLoader(callback.dataset(data), batch_size=32, shuffle=True), validation)

    In `training_step(self, batch, index)` of the module each batch ends with the ids: `x, y, ids = batch; return aql.loss(self(x), y, ids=ids)`.
    validation_loss: the metric that the module logs. Samples seen, scored and trained on are logged as aql_seen, aql_scored and aql_trained.
    """

    def __init__(self, aql: AQL, *, validation_loss: str = "val_loss") -> None:
        self.aql, self.validation_loss = aql, validation_loss
        self.chosen: ChosenDataset | None = None
        self.state_key = self._legacy_state_key = "aquarius.aql"

    def dataset(self, inner: Any) -> ChosenDataset:
        """Return the data set to train on, the samples of the first epoch chosen."""
        self.chosen = self.aql.dataset(inner)
        self.chosen.draw()
        return self.chosen

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Every other hook of a Lightning callback, those of later versions too: nothing happens."""
        if name.startswith("on_") or name in ("setup", "teardown"):
            return _nothing
        raise AttributeError(name)

    def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
        """Choose the samples of this epoch, unless they are chosen already."""
        while self.chosen is not None and self.chosen.epoch < trainer.current_epoch:
            self.chosen.draw()

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Log what selection did."""
        report = self.aql.report()
        for name in ("seen", "scored", "trained"):
            module.log(f"aql_{name}", float(getattr(report, name)))

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Tell the validation loss, but not that of the check before training."""
        found = trainer.callback_metrics.get(self.validation_loss)
        if found is not None and not getattr(trainer, "sanity_checking", False):
            self.aql.observe(float(found.detach() if isinstance(found, Tensor) else found))

    def state_dict(self) -> dict[str, Any]:
        """What lies in the checkpoint."""
        return self.aql.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the checkpoint was taken: exactly, at the end of an epoch and without workers that read ahead."""
        self.aql.load_state_dict(state)


def _nothing(*_: Any, **__: Any) -> None:
    return None
