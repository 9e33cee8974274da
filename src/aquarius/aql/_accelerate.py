"""AQL in a loop with Hugging Face's Accelerate: the loader is prepared by the accelerator, the state is registered with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ._aql import AQL
from ._chosen import ID
from ._loader import Batch, checked_loader, unpacked


class AccelerateLoader:
    """The loader to train from: chosen anew each epoch, sharded over processes and moved to the device by the accelerator.

    model, optimizer = accelerator.prepare(model, optimizer)
    loader = AccelerateLoader(accelerator, AQL(accelerator.unwrap_model(model)), loader)
    for batch in loader:
        accelerator.backward(loader.loss(model(batch.x), batch))

    It is registered for `accelerator.save_state` and `load_state`, exact at the end of an epoch. Every process keeps the scores of what it trained on;
    they are brought together when the next epoch is chosen.

    Raises:
        BadInput: a loader that cannot be wrapped, or a mode that needs a loader of its own.
    """

    def __init__(
        self,
        accelerator: Any,
        aql: AQL,
        loader: DataLoader[Any],
        *,
        unpack: Callable[[Any], tuple[Any, Any]] = unpacked,
    ) -> None:
        _, size = checked_loader(loader)
        self.accelerator, self.aql, self._unpack = accelerator, aql, unpack
        self.chosen = aql.dataset(loader.dataset)
        own: DataLoader[Any] = DataLoader(
            self.chosen,
            batch_size=size,
            drop_last=True,
            num_workers=loader.num_workers,
            pin_memory=loader.pin_memory,
            collate_fn=_Collate(loader.collate_fn),
            generator=loader.generator or torch.Generator().manual_seed(0),
        )
        self.loader = accelerator.prepare(own)
        accelerator.register_for_checkpointing(self)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        self.chosen.draw()
        for ids, data in self.loader:
            x, y = self._unpack(data)
            yield Batch(x=x, y=y, ids=ids, weights=torch.ones(len(ids)), data=data)

    def loss(self, logits: Tensor, batch: Batch, *, features: Tensor | None = None) -> Tensor:
        """Return the cross-entropy of this batch and keep its samples' scores; the accelerator's own backward takes it."""
        return self.aql.loss(logits, batch.y, ids=batch.ids, features=features)

    def observe(self, validation_loss: float) -> None:
        """Tell the validation loss, as each process found it: their mean is what counts."""
        mine = torch.tensor(float(validation_loss), device=self.accelerator.device)
        self.aql.observe(float(self.accelerator.reduce(mine, reduction="mean")))

    def state_dict(self) -> dict[str, Any]:
        """What `accelerator.save_state` writes."""
        return self.aql.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What `accelerator.load_state` reads."""
        self.aql.load_state_dict(state)


class _Collate:
    """The loader's own collate function, beside the ids."""

    def __init__(self, inner: Callable[[list[Any]], Any]) -> None:
        self.inner = inner

    def __call__(self, samples: list[Any]) -> tuple[Tensor, Any]:
        if isinstance(samples[0], dict):
            ids = [sample[ID] for sample in samples]
            return torch.tensor(ids), self.inner([{name: value for name, value in each.items() if name != ID} for each in samples])
        return torch.tensor([sample[-1] for sample in samples]), self.inner([sample[:-1] for sample in samples])
