"""Selection from a stream: the k best of all of it, or a share of it as it comes; in O(k) memory, exactly resumable, over ranks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ..core import BadInput
from ._rate import RateThreshold
from ._topk import TopKBuffer


@dataclass(frozen=True)
class SelectedBatch:
    """Samples to train on: ids [n], their scores [n], and the payloads where the stream keeps them by value."""

    ids: Tensor
    scores: Tensor
    values: list[Any] | None


class StreamingAQL:
    """Chunks of scores in, batches of the best samples out.

    Without `selection_ratio` the buffer holds the `buffer_size` best of everything seen, exactly: what a sort of the whole stream would give.
    With it, that share of the stream is kept as it comes, by a threshold that follows drift and a budget that is paid back over `window` scores;
    what waits is at most `buffer_size`, the best of it, and `dropped` counts the rest. payload "id": fetch the samples yourself; "value": the stream
    cannot be replayed, and the samples are kept here.

    Raises:
        BadInput: a value out of its range.
    """

    def __init__(
        self,
        buffer_size: int = 10_000,
        *,
        selection_ratio: float | None = None,
        payload: Literal["id", "value"] = "id",
        window: int = 65536,
    ) -> None:
        if payload not in ("id", "value"):
            raise BadInput(f"The payload is kept by 'id' or by 'value', not by {payload!r}.")
        self.payload = payload
        self.buffer = TopKBuffer(buffer_size)
        self.rate = None if selection_ratio is None else RateThreshold(selection_ratio, window=window)
        self.seen = self.selected = self.dropped = 0
        self._admitted = 0  # since the buffer was last emptied

    def process_chunk(self, scores: Tensor, ids: Tensor | None = None, values: Any = None) -> int:
        """Offer scores [n], with ids [n] (counted from 0 if not given) and the samples if they are kept by value; return how many passed.

        Raises:
            BadInput: shapes do not agree, a score is NaN, or values are missing or not wanted.
        """
        if (values is not None) != (self.payload == "value"):
            raise BadInput(f"This stream keeps its payload by {self.payload}: values are {'needed' if values is None else 'not taken'}.")
        if ids is None:
            ids = torch.arange(self.seen, self.seen + len(scores))
        elif ids.shape != scores.shape:
            raise BadInput(f"Scores of shape {list(scores.shape)} need as many ids; got {list(ids.shape)}.")
        if self.rate is not None:
            kept = self.rate.admit(scores, ids)
            places = kept.nonzero().squeeze(1)
            self.seen += len(scores)
            scores, ids = scores.detach().cpu()[places], ids.cpu()[places]
            values = None if values is None else [values[int(place)] for place in places]
        else:
            self.seen += len(scores)
        self._admitted += len(scores)
        return self.buffer.push(scores, ids, values)

    def passed_over(self, count: int) -> None:
        """Count samples of the stream that are not offered, as those that a curriculum does not admit: the ratio is of all that is seen."""
        self.seen += count
        if self.rate is not None:
            self.rate.seen += count

    def get_selected_batches(self, batch_size: int, *, drop_last: bool = False) -> Iterator[SelectedBatch]:
        """Give what is kept in batches, the best first, and empty the buffer.

        With `drop_last`, samples that fill no batch stay in the buffer.
        """
        if batch_size < 1:
            raise BadInput(f"A batch has at least one sample; got batch_size = {batch_size}.")
        scores, ids = self.buffer.result()
        values = dict(self.buffer.values)
        if self.rate is not None:
            self.dropped += max(0, self._admitted - len(ids))
        end = len(ids) - len(ids) % batch_size if drop_last else len(ids)
        self.buffer.clear()
        self._admitted = 0
        self.selected += end
        if end < len(ids):
            self.process_left(scores[end:], ids[end:], values)
        return self._batches(scores[:end], ids[:end], values, batch_size)

    def process_left(self, scores: Tensor, ids: Tensor, values: dict[int, Any]) -> None:
        """Put samples back that were selected before: they are not counted as seen again."""
        self._admitted += len(ids)
        self.buffer.push(scores, ids, [values[name] for name in ids.tolist()] if self.payload == "value" else None)

    def _batches(self, scores: Tensor, ids: Tensor, values: dict[int, Any], size: int) -> Iterator[SelectedBatch]:
        for start in range(0, len(ids), size):
            own = ids[start : start + size]
            yield SelectedBatch(
                own, scores[start : start + size], [values[name] for name in own.tolist()] if self.payload == "value" else None
            )

    def merge_ranks(self, group: Any = None) -> None:
        """Make every rank's buffer the top k over all ranks, by gathering k pairs from each; ids must differ between ranks.

        Without an initialised `torch.distributed` this is one rank, and nothing changes.
        """
        merge_ranks(self.buffer, group)
        self._admitted = max(self._admitted, len(self.buffer))

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later selections depend on."""
        own = {name: getattr(self, name) for name in ("payload", "seen", "selected", "dropped", "_admitted")}
        return {**own, "buffer": self.buffer.state_dict(), "rate": None if self.rate is None else self.rate.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken.

        Raises:
            BadInput: the state is of a stream of another kind.
        """
        if state["payload"] != self.payload or (state["rate"] is None) != (self.rate is None):
            raise BadInput("The state is of a stream with another payload, or with and without a selection ratio.")
        self.buffer.load_state_dict(state["buffer"])
        if self.rate is not None:
            self.rate.load_state_dict(state["rate"])
        for name in ("seen", "selected", "dropped", "_admitted"):
            setattr(self, name, state[name])


def merge_ranks(buffer: TopKBuffer, group: Any = None) -> None:
    """Make `buffer` the top k of the union over all ranks, the same on each: an all_gather of k pairs, and of the payloads where there are any."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return
    ranks = distributed.get_world_size(group)
    device = torch.device("cuda", torch.cuda.current_device()) if distributed.get_backend(group) == "nccl" else torch.device("cpu")
    scores, ids = buffer.result()
    sizes = [torch.zeros(1, dtype=torch.long, device=device) for _ in range(ranks)]
    distributed.all_gather(sizes, torch.tensor([len(ids)], device=device), group=group)
    pairs = torch.zeros(
        buffer.k, 2, dtype=torch.float64, device=device
    )  # a float64 holds an id up to 2^53 and any score of 32 bits exactly
    pairs[: len(ids), 0], pairs[: len(ids), 1] = scores.double().to(device), ids.double().to(device)
    gathered = [torch.zeros_like(pairs) for _ in range(ranks)]
    distributed.all_gather(gathered, pairs, group=group)
    payloads: list[Any] = [None] * ranks
    distributed.all_gather_object(payloads, (buffer.values, buffer.seen), group=group)
    kind = scores.dtype
    buffer.clear()
    for own, size, (values, _) in zip(gathered, sizes, payloads, strict=True):
        part = own[: int(size)].cpu()
        names = part[:, 1].long()
        buffer.push(part[:, 0].to(kind), names, [values[name] for name in names.tolist()] if values else None)
    buffer.seen = sum(seen for _, seen in payloads)
