"""What `AQL.wrap` gives in the mode "streaming": every sample is scored as it comes, the best share of the stream is trained on, O(buffer) memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from ..core import BadInput
from ._loader import Batch, ChosenSampler, checked_loader, joined, rebuilt, rows_of
from ._stream_curriculum import StreamCurriculum
from ._streaming import StreamingAQL
from ._wrapped import as_they_are

if TYPE_CHECKING:
    from ._aql import AQL

SHORTEST, BATCHES = 2048, 32  # of the window over which the rate is kept, in samples and in batches


class Streamed:
    """What `AQL.wrap` gives in the mode "streaming": iterate over it once an epoch, which is one pass over the loader's samples.

    Every batch of candidates is scored by one forward; the curriculum admits, a `StreamingAQL` keeps the best share of what is admitted, a part of
    the places goes by lot; what is kept waits, by value, until it fills a batch. Samples that wait at the end of an epoch open the next. An iterable
    data set is resumed by reading it again up to where it was.
    """

    def __init__(
        self, aql: AQL, loader: DataLoader[Any], unpack: Callable[[Any], tuple[Any, Any]], *, keep: float, floor: float, buffer_size: int
    ) -> None:
        if not isinstance(loader, DataLoader) or loader.batch_size is None:
            raise BadInput("aql.wrap takes a torch DataLoader with a batch size of its own.")
        if buffer_size < loader.batch_size:
            raise BadInput(f"A buffer of {buffer_size} samples fills no batch of {loader.batch_size}: make buffer_size larger.")
        self.source, self.size, self._aql, self._unpack = loader, loader.batch_size, aql, unpack
        window = max(SHORTEST, BATCHES * loader.batch_size)  # short: the scores of a model that learns drift
        self.stream = StreamingAQL(buffer_size, selection_ratio=keep * (1 - floor), payload="value", window=window)
        self.lots = keep * floor  # the chance of a candidate to be taken whatever its score
        self.waiting: list[tuple[int, Any]] = []
        self.offered = self.position = 0  # samples in all, and batches of this epoch of an iterable data set
        self._live: Iterator[Any] | None = None
        self.sampler: ChosenSampler | None = None
        if not isinstance(loader.dataset, IterableDataset):
            self.count, size = checked_loader(loader)
            self.size = size
            self.sampler = ChosenSampler(self.count, size, max(1, self.count // size), size, as_they_are, _everything, aql.generator)
            self._loader = rebuilt(loader, self.sampler)
        else:
            self.count = 0

    @property
    def seen(self) -> int:
        """Candidates that were considered."""
        return self.offered

    @property
    def length(self) -> int:
        """About how many batches an epoch has.

        Raises:
            BadInput: the stream's length is not known.
        """
        if self.sampler is None:
            raise BadInput("An iterable data set has no length: give total_steps.")
        return max(1, int(self.sampler.length * (self.lots + self.stream_share)))

    @property
    def stream_share(self) -> float:
        """The share of the stream that is kept by score."""
        assert self.stream.rate is not None
        return self.stream.rate.rate

    def __iter__(self) -> Iterator[Batch]:
        while len(self.waiting) >= self.size:
            yield self._batch()
        for ids, data in self._candidates():
            self._offer(ids, data)
            while len(self.waiting) >= self.size:
                yield self._batch()

    def _candidates(self) -> Iterator[tuple[Tensor, Any]]:
        if self.sampler is not None:
            for ids, data in self._loader:
                self.sampler.hand_out()
                yield ids, data
            return
        if self._live is None:
            self._live = self._opened()
        for data in self._live:
            self.position += 1
            count = len(_leaf(data))
            yield torch.arange(self.offered, self.offered + count), data
        self._live, self.position = None, 0

    def _opened(self) -> Iterator[Any]:
        """Open the stream where the state was taken: what was seen is read again, and the global random state is left as that state has it."""
        if not self.position:
            return iter(self.source)
        with torch.random.fork_rng(devices=[]):
            live = iter(self.source)
            for _ in range(self.position):
                next(live, None)
        return live

    def _offer(self, ids: Tensor, data: Any) -> None:
        """Score candidates, let the curriculum admit and the stream keep."""
        aql = self._aql
        x, y = self._unpack(data)
        values, measures = aql.scored_fresh(aql.model, x, y, ids, learn=True)
        self.offered += len(ids)
        by_lot = torch.rand(len(ids), generator=aql.generator) < self.lots
        if not aql.selecting:
            values = torch.rand(len(ids), generator=aql.generator)
        easy = torch.isfinite(values)
        if isinstance(aql.curriculum, StreamCurriculum):
            easy &= aql.curriculum.admitted(measures, y if isinstance(y, Tensor) and y.dim() == 1 else None)
        rows = _Rows(data)
        self.waiting += [(int(ids[place]), rows[int(place)]) for place in (by_lot & easy).nonzero().squeeze(1)]
        rest = (~by_lot & easy).nonzero().squeeze(1)
        self.stream.passed_over(len(ids) - len(rest))
        if len(rest):
            self.stream.process_chunk(values[rest], ids[rest], _Rows(data, rest))
        for kept in self.stream.get_selected_batches(self.size):
            assert kept.values is not None
            self.waiting += list(zip(kept.ids.tolist(), kept.values, strict=True))

    def _batch(self) -> Batch:
        chosen, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
        data = joined([row for _, row in chosen])
        x, y = self._unpack(data)
        batch = Batch(x=x, y=y, ids=torch.tensor([name for name, _ in chosen]), weights=torch.ones(len(chosen)), data=data)
        self._aql.current = batch
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later batches depend on, the samples that wait among it."""
        own = {"waiting": list(self.waiting), "offered": self.offered, "position": self.position, "stream": self.stream.state_dict()}
        return {**own, "sampler": None if self.sampler is None else self.sampler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken.

        Raises:
            BadInput: the state is of another kind of data set.
        """
        if (state["sampler"] is None) != (self.sampler is None):
            raise BadInput("The state is of a stream with indices and this one has none, or the other way round.")
        if self.sampler is not None:
            self.sampler.load_state_dict(state["sampler"])
        self.stream.load_state_dict(state["stream"])
        self.waiting = [(name, row) for name, row in state["waiting"]]
        self.offered, self.position, self._live = state["offered"], state["position"], None


class _Rows(Sequence[Any]):
    """The samples of collated data, taken out one by one when they are asked for."""

    def __init__(self, data: Any, places: Tensor | None = None) -> None:
        self.data, self.places = data, torch.arange(len(_leaf(data))) if places is None else places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        return rows_of(self.data, self.places[index].reshape(1))  # indexing copies: no view keeps the whole batch


def _leaf(data: Any) -> Tensor:
    """The first tensor of collated data: its rows are the samples."""
    while not isinstance(data, Tensor):
        if not isinstance(data, (dict, tuple, list)) or not data:
            raise BadInput("A stream's batches hold tensors whose rows are samples, in tuples, lists or mappings.")
        data = next(iter(data.values())) if isinstance(data, dict) else data[0]
    return data


def _everything(ids: Tensor) -> Tensor:
    return torch.ones(len(ids), dtype=torch.bool)
