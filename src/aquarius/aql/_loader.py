"""A loader around a DataLoader that keeps indices, chooses what is trained on, and goes on exactly where it was stopped, with workers too."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ..core import BadInput

Choose = Callable[[list[int]], list[tuple[int, float]]]  # candidate ids -> chosen ids with the weights of their losses
Admit = Callable[[Tensor], Tensor]  # ids -> mask


@dataclass(frozen=True)
class Batch:
    """One batch: inputs, labels, the samples' ids [B], the weights [B] of their losses, and the data as the loader collated it."""

    x: Any
    y: Any
    ids: Tensor
    weights: Tensor
    data: Any


class ChosenSampler:
    """Batches of ids: candidates from one permutation after another, admitted by the curriculum, chosen by the policy, in batches of one size.

    What was drawn for workers and not yet handed out is part of the state, so that a resumed run trains on the same batches.
    """

    def __init__(
        self, count: int, batch_size: int, length: int, candidates: int, choose: Choose, admit: Admit, generator: torch.Generator
    ) -> None:
        self.count, self.batch_size, self.length, self.candidates = count, batch_size, length, min(candidates, count)
        self.choose, self.admit, self.generator = choose, admit, generator
        self.order: list[int] = []
        self.pool: list[tuple[int, float]] = []
        self.pending: deque[list[tuple[int, float]]] = deque()
        self.drawn = self.epoch = self.seen = 0

    def __len__(self) -> int:
        return self.length - self.drawn + len(self.pending)

    def __iter__(self) -> Iterator[list[int]]:
        if self.drawn == self.length and not self.pending:  # the last epoch was handed out whole
            self.drawn, self.epoch = 0, self.epoch + 1
        for batch in list(self.pending):
            yield [name for name, _ in batch]
        while self.drawn < self.length:
            batch = self.draw()
            self.pending.append(batch)
            self.drawn += 1
            yield [name for name, _ in batch]

    def draw(self) -> list[tuple[int, float]]:
        """Return the next batch: ids with the weights of their losses."""
        while len(self.pool) < self.batch_size:
            self.pool += self.choose(self._candidates())
        batch, self.pool = self.pool[: self.batch_size], self.pool[self.batch_size :]
        return batch

    def _candidates(self) -> list[int]:
        """Take admitted ids, each once, from the rest of this permutation and the next; any ids where that admits none."""
        found: dict[int, None] = {}
        for _ in range(2):
            if not self.order:
                self.order = torch.randperm(self.count, generator=self.generator).tolist()
            while self.order and len(found) < self.candidates:
                room = self.candidates - len(found)
                piece, self.order = self.order[:room], self.order[room:]
                self.seen += len(piece)
                admitted = self.admit(torch.tensor(piece)).tolist()
                found.update((name, None) for name, kept in zip(piece, admitted, strict=True) if kept)
        return list(found) or torch.randperm(self.count, generator=self.generator)[: self.candidates].tolist()

    def hand_out(self) -> list[tuple[int, float]]:
        """Return the oldest drawn batch, which the loader hands out now."""
        return self.pending.popleft()

    def state_dict(self) -> dict[str, Any]:
        own = {"order": list(self.order), "pool": list(self.pool), "pending": [list(batch) for batch in self.pending]}
        return {**own, "drawn": self.drawn, "epoch": self.epoch, "seen": self.seen, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["count"] != self.count:
            raise BadInput(f"The state is of a data set of {state['count']} samples, this one has {self.count}.")
        self.order, self.pool = list(state["order"]), [tuple(each) for each in state["pool"]]
        self.pending = deque([tuple(each) for each in batch] for batch in state["pending"])
        self.drawn, self.epoch, self.seen = state["drawn"], state["epoch"], state["seen"]


class Indexed(Dataset[Any]):
    """A data set whose samples come with their index."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __len__(self) -> int:
        return len(self.inner)

    def __getitem__(self, index: int) -> tuple[int, Any]:
        return index, self.inner[index]


class Collate:
    """The loader's own collate function, beside the indices."""

    def __init__(self, inner: Callable[[list[Any]], Any]) -> None:
        self.inner = inner

    def __call__(self, samples: list[tuple[int, Any]]) -> tuple[Tensor, Any]:
        return torch.tensor([index for index, _ in samples]), self.inner([sample for _, sample in samples])


def checked_loader(loader: DataLoader[Any]) -> tuple[int, int]:
    """Return the number of samples and the batch size of a loader that can be wrapped.

    Raises:
        BadInput: no DataLoader, an iterable data set, an empty one, or a loader without a batch size.
    """
    if not isinstance(loader, DataLoader):
        raise BadInput(f"wrap takes a torch DataLoader, not {type(loader).__name__}; for any other stream, use StreamingAQL.")
    if isinstance(loader.dataset, IterableDataset):
        raise BadInput("An iterable data set has no indices to keep; use StreamingAQL on its stream.")
    if loader.batch_size is None:
        raise BadInput("The loader has no batch size of its own (batch_sampler or batch_size=None); give batch_size to the DataLoader.")
    count = len(loader.dataset)  # type: ignore[arg-type]
    if count < 1:
        raise BadInput("The loader's data set is empty.")
    return count, min(loader.batch_size, count)


def rebuilt(loader: DataLoader[Any], sampler: Any) -> DataLoader[Any]:
    """Return a loader like the given one, over indexed samples in the batches of `sampler`; it draws nothing from the global random state."""
    workers: dict[str, Any] = {}
    if loader.num_workers:
        workers = {"prefetch_factor": loader.prefetch_factor, "multiprocessing_context": loader.multiprocessing_context}
    return DataLoader(
        Indexed(loader.dataset),
        batch_sampler=sampler,
        collate_fn=Collate(loader.collate_fn),
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        generator=loader.generator or torch.Generator().manual_seed(0),
        **workers,
    )


def unpacked(data: Any) -> tuple[Any, Any]:
    """Return inputs and labels of collated data: first and last of a tuple, or a mapping and its labels, label, target or y."""
    if isinstance(data, (tuple, list)) and len(data) >= 2:
        return data[0], data[-1]
    if isinstance(data, dict):
        for name in ("labels", "label", "target", "targets", "y"):
            if name in data:
                return data.get("x", data), data[name]
    return data, None


def rows_of(data: Any, places: Tensor) -> Any:
    """Return the rows at `places` of collated data: tensors, and lists, tuples and mappings of them."""
    if isinstance(data, Tensor):
        return data[places.to(data.device)]
    if isinstance(data, dict):
        return {name: rows_of(value, places) for name, value in data.items()}
    if isinstance(data, (tuple, list)):
        if not all(isinstance(value, (Tensor, dict, tuple, list)) for value in data):
            return type(data)(data[int(place)] for place in places)  # a list of plain values, one per sample
        inner = [rows_of(value, places) for value in data]
        return type(data)(*inner) if hasattr(data, "_fields") else type(data)(inner)
    return data


def joined(rows: list[Any]) -> Any:
    """Return collated data of samples that `rows_of` took out one by one.

    Raises:
        BadInput: the samples have tensors of different shapes.
    """
    first = rows[0]
    if isinstance(first, Tensor):
        shapes = {tuple(row.shape[1:]) for row in rows}
        if len(shapes) > 1:
            raise BadInput(f"Samples of a stream differ in shape, {' and '.join(map(str, sorted(shapes)[:2]))}: pad them all to one.")
        return torch.cat(rows)
    if isinstance(first, dict):
        return {name: joined([row[name] for row in rows]) for name in first}
    if isinstance(first, (tuple, list)):
        if not all(isinstance(value, (Tensor, dict, tuple, list)) for value in first):
            return type(first)(value for row in rows for value in row)
        inner = [joined([row[place] for row in rows]) for place in range(len(first))]
        return type(first)(*inner) if hasattr(first, "_fields") else type(first)(inner)
    return first


def moved(data: Any, device: torch.device) -> Any:
    """Return collated data with its tensors on a device."""
    if isinstance(data, Tensor):
        return data.to(device, non_blocking=True)
    if isinstance(data, dict):
        return {name: moved(value, device) for name, value in data.items()}
    if isinstance(data, (tuple, list)):
        inner = [moved(value, device) for value in data]
        return type(data)(*inner) if hasattr(data, "_fields") else type(data)(inner)
    return data
