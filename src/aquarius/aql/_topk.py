"""The k best of any stream in O(k) memory: a threshold filter, and a partition when the buffer is full. Exact, ties to the smaller id."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..core import BadInput

BLOCK = 32  # scores behind one maximum


class TopKBuffer:
    """Keeps the k largest scores with their ids from any number of pushes; equal scores go to the smaller id, so order of arrival does not matter.

    Memory is (1 + slack)·k pairs. A push of n scores costs one pass to find
    the maxima of blocks, and a second look at those that pass the threshold; every slack·k accepted scores cost one partition. Of n scores in random order about k ln(n/k) + k are accepted.

    Source: the threshold filter is the usual bounded selection (Knuth, TAOCP 3, section 5.2.3, with a partition in place of the heap).
    """

    def __init__(self, k: int, *, slack: float = 1.0) -> None:
        if k < 1 or not slack > 0:
            raise BadInput(f"A buffer keeps k of at least 1 with a positive slack; got k = {k}, slack = {slack}.")
        self.k = k
        self.capacity = k + max(1, int(slack * k))
        self.seen = self.accepted = 0
        self.scores = torch.empty(0)
        self.ids = torch.empty(0, dtype=torch.long)
        self.values: dict[int, Any] = {}  # payloads by id, of what is kept
        self._size = 0
        self._threshold = -float("inf")
        self._tie: int | None = None  # the largest id kept among those at the threshold; None until the first partition

    def __len__(self) -> int:
        return min(self._size, self.k)

    @property
    def threshold(self) -> float:
        """The least score that can still enter; -inf until the first partition."""
        return self._threshold

    def push(self, scores: Tensor, ids: Tensor | None = None, values: Any = None) -> int:
        """Offer scores [n] with ids [n] (counted on from what was seen, if not given) and payloads to keep by value; return how many passed the filter.

        Raises:
            BadInput: shapes do not agree, or a score is NaN.
        """
        scores = scores.detach()
        if scores.dim() != 1 or (ids is not None and ids.shape != scores.shape) or (values is not None and len(values) != len(scores)):
            raise BadInput(f"Scores are [n], with as many ids and values; got scores of shape {list(scores.shape)}.")
        first, n = self.seen, len(scores)
        if n == 0:
            return 0
        places = _at_least(scores, self._threshold)
        self.seen += n
        if not len(places):
            return 0
        own = places + first if ids is None else ids[places].long()
        chosen = scores[places]
        if self._tie is not None:
            enters = (chosen > self._threshold) | (own < self._tie)
            places, own, chosen = places[enters], own[enters], chosen[enters]
        if values is not None:
            self.values.update({int(name): values[int(place)] for name, place in zip(own, places, strict=True)})
        self._append(chosen.cpu(), own.cpu())
        self.accepted += len(chosen)
        return len(chosen)

    def _append(self, scores: Tensor, ids: Tensor) -> None:
        kind = torch.promote_types(torch.promote_types(self.scores.dtype, scores.dtype), torch.float32)
        if len(self.scores) != self.capacity or self.scores.dtype != kind:
            roomy, names = torch.empty(self.capacity, dtype=kind), torch.empty(self.capacity, dtype=torch.long)
            roomy[: self._size], names[: self._size] = self.scores[: self._size].to(kind), self.ids[: self._size]
            self.scores, self.ids = roomy, names
        end = self._size + len(scores)
        if end > self.capacity:
            scores, ids = torch.cat([self.scores[: self._size], scores.to(kind)]), torch.cat([self.ids[: self._size], ids])
            self._keep(scores, ids)
            return
        self.scores[self._size : end], self.ids[self._size : end] = scores.to(kind), ids
        self._size = end

    def _keep(self, scores: Tensor, ids: Tensor) -> None:
        """Partition to the k best; what is left at the threshold are the smallest ids."""
        chosen = best(scores, ids, self.k)
        scores, ids = scores[chosen], ids[chosen]
        self._size = len(scores)
        self.scores[: self._size], self.ids[: self._size] = scores, ids
        self._threshold = float(scores.min())
        self._tie = int(ids[scores == scores.min()].max())
        if self.values:
            kept = set(ids.tolist())
            self.values = {name: value for name, value in self.values.items() if name in kept}

    def result(self) -> tuple[Tensor, Tensor]:
        """Return the k best as scores and ids, the highest score first, equal ones by id."""
        scores, ids = self.scores[: self._size], self.ids[: self._size]
        by_id = ids.argsort()
        order = by_id[scores[by_id].argsort(descending=True, stable=True)][: self.k]
        return scores[order], ids[order]

    def merge(self, other: TopKBuffer) -> None:
        """Take in another buffer over a stream with ids of its own: the result is the top k of both streams, exactly."""
        scores, ids = other.result()
        seen = self.seen + other.seen
        self.push(scores, ids, [other.values.get(name) for name in ids.tolist()] if other.values else None)
        self.seen = seen

    def clear(self) -> None:
        """Forget what is kept; the count of what was seen goes on, so that counted ids stay unique."""
        self._size, self._threshold, self._tie, self.values = 0, -float("inf"), None, {}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later results depend on."""
        kept = {"scores": self.scores[: self._size].clone(), "ids": self.ids[: self._size].clone(), "values": dict(self.values)}
        return {**kept, "k": self.k, "seen": self.seen, "accepted": self.accepted, "threshold": self._threshold, "tie": self._tie}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken.

        Raises:
            BadInput: the state is of a buffer of another size.
        """
        if state["k"] != self.k:
            raise BadInput(f"The state is of a buffer of k = {state['k']}, this one has k = {self.k}.")
        self.clear()
        self.scores, self.ids = torch.empty(0, dtype=state["scores"].dtype), torch.empty(0, dtype=torch.long)
        self._append(state["scores"], state["ids"])
        self.values = dict(state["values"])
        self.seen, self.accepted = state["seen"], state["accepted"]
        self._threshold, self._tie = state["threshold"], state["tie"]


def _at_least(scores: Tensor, threshold: float) -> Tensor:
    """Return the places of the scores that reach the threshold: where few do, only blocks whose maximum does are looked into."""
    even = len(scores) - len(scores) % BLOCK
    blocks, rest = scores[:even].reshape(-1, BLOCK), scores[even:]
    highest = blocks.amax(1)
    if bool(highest.isnan().any()) or bool(rest.isnan().any()):  # the maximum is NaN where any is
        raise BadInput("A score is NaN: it has no place in an order; replace it before it is pushed.")
    hot = (highest >= threshold).nonzero().squeeze(1)
    if 3 * len(hot) > len(highest):
        return (scores >= threshold).nonzero().squeeze(1)
    inner = (blocks[hot] >= threshold).nonzero()
    return torch.cat([hot[inner[:, 0]] * BLOCK + inner[:, 1], even + (rest >= threshold).nonzero().squeeze(1)])


def best(scores: Tensor, ids: Tensor, k: int) -> Tensor:
    """Return the places [k] of the k largest scores, equal ones by the smaller id; in no particular order."""
    if len(scores) <= k:
        return torch.arange(len(scores), device=scores.device)
    least = scores.topk(k, sorted=False).values.min()
    above = (scores > least).nonzero().squeeze(1)
    tied = (scores == least).nonzero().squeeze(1)
    room = k - len(above)
    if room < len(tied):
        tied = tied[ids[tied].topk(room, largest=False, sorted=False).indices]
    return torch.cat([above, tied])
