"""Scoring beside the training: a thread with a copy of the model scores the data set round by round, and its scores have ages."""

from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..core import BadInput
from ._forward import device_of, logits_of
from ._loader import checked_loader, moved, rebuilt
from ._scores import loss
from ._scoring import Scoring
from ._shapes import counted, exact, per_sample

PATIENCE = 0.05  # seconds between two looks at whether to stop


@dataclass(frozen=True)
class Background:
    """How to score in the background: the copy is renewed every `every` steps, `waiting` scored batches may wait, on `device` if not the model's own."""

    every: int = 100
    waiting: int = 8
    device: str | None = None

    def __post_init__(self) -> None:
        if self.every < 1 or self.waiting < 1:
            raise BadInput(
                f"The copy is renewed every step or less often, and one batch or more may wait; got {self.every} and {self.waiting}."
            )


@dataclass(frozen=True)
class Scored:
    """Scores by column of samples ids [n], made by the model as it was at `step`."""

    ids: Tensor
    step: int
    values: dict[str, Tensor]


class BackgroundScorer:
    """One thread, one copy of the model, one bounded queue. `renew` gives it the weights of now, `arrived` takes what it made, `close` ends it.

    The trainer never waits: weights are left in a box of one place, and the thread waits when the queue is full. What fails in the thread is raised
    by the next `arrived`. The data set is read by the thread itself, so its `__getitem__` must bear two readers.

    Raises:
        BadInput: a loader that cannot be wrapped.
    """

    def __init__(
        self, model: nn.Module, scoring: Scoring, loader: DataLoader[Any], unpack: Callable[[Any], tuple[Any, Any]], how: Background
    ) -> None:
        self._count, self._size = checked_loader(loader)
        self._source, self._unpack, self.how = loader, unpack, how
        self._model, self._scoring = copy.deepcopy((model, scoring))  # together: the copied tap watches the copied head
        self._model.eval()
        if how.device is not None:
            self._model.to(how.device)
        self._queue: queue.Queue[Scored | BaseException] = queue.Queue(how.waiting)
        self._box: queue.Queue[tuple[int, dict[str, Tensor], dict[str, Any] | None]] = queue.Queue(1)
        self._stop = threading.Event()
        self._renewed: int | None = None
        self._thread = threading.Thread(target=self._run, name="aql background scorer", daemon=True)

    def renew(self, model: nn.Module, scoring: Scoring, step: int) -> bool:
        """Leave the weights of now for the thread, every `how.every` steps and if it took the last ones; start it at the first. Return whether they were left."""
        due = self._renewed is None or step - self._renewed >= self.how.every
        if not due or self._box.full() or not scoring.ready or self._stop.is_set():
            return False
        weights = {name: each.detach().clone() for name, each in model.state_dict().items()}
        self._box.put_nowait((step, weights, None if scoring.uncertainty is None else scoring.uncertainty.state_dict()))
        self._renewed = step
        if not self._thread.is_alive() and self._thread.ident is None:
            self._thread.start()
        return True

    def arrived(self) -> Iterator[Scored]:
        """Give what was scored since the last call, without waiting.

        Raises:
            Exception: what failed in the thread, as it was raised there.
        """
        while True:
            try:
                made = self._queue.get_nowait()
            except queue.Empty:
                return
            if isinstance(made, BaseException):
                self.close()
                raise made
            yield made

    def close(self) -> None:
        """End the thread and wait for it; what it had made is dropped."""
        self._stop.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            step = -1
            for batch in self._rounds():
                step = self._refreshed(step)
                if self._stop.is_set() or not self._put(self._score(step, *batch)):
                    return
        except BaseException as error:  # raised again by `arrived`, in the trainer's own thread
            self._put(error)

    def _rounds(self) -> Iterator[tuple[Tensor, Any]]:
        """The data set in one order after another, read by this thread alone."""
        generator = torch.Generator().manual_seed(0)
        alone = DataLoader(self._source.dataset, batch_size=self._size, collate_fn=self._source.collate_fn)
        while True:
            order = torch.randperm(self._count, generator=generator).tolist()
            yield from rebuilt(alone, [order[start : start + self._size] for start in range(0, self._count, self._size)])

    def _refreshed(self, step: int) -> int:
        """Take the weights from the box, if there are any; the first must come."""
        while not self._stop.is_set():
            try:
                step, weights, uncertainty = self._box.get(timeout=PATIENCE) if step < 0 else self._box.get_nowait()
            except queue.Empty:
                if step < 0:
                    continue
                return step
            self._model.load_state_dict(weights)
            if uncertainty is not None and self._scoring.uncertainty is not None:
                self._scoring.uncertainty.load_state_dict(uncertainty)
            return step
        return step

    @torch.no_grad()
    def _score(self, step: int, ids: Tensor, data: Any) -> Scored:
        x, y = self._unpack(moved(data, device_of(self._model)))
        logits = logits_of(self._model, x)
        with exact(logits):
            losses = per_sample(loss(logits, y), counted(y))
            values = self._scoring.values(logits, y, self._scoring.features(logits), ids, losses)
        return Scored(ids, step, {name: each.float().cpu() for name, each in values.items()})

    def _put(self, made: Scored | BaseException) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(made, timeout=PATIENCE)
                return True
            except queue.Full:
                continue
        return False
