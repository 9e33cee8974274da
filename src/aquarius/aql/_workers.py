"""Selection over workers: each keeps the best of its own part of a stream, and the best of all is what one worker would have kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core import BadInput
from ._streaming import StreamingAQL
from ._topk import TopKBuffer


def merge_workers(workers: Sequence[Any], *, get: Callable[[list[Any]], list[Any]] | None = None) -> TopKBuffer:
    """Return the exact top k of the union of what workers kept; ids must differ between workers.

    A worker is a buffer, a `StreamingAQL`, the state of either, or a Ray actor with a method `state_dict`, of which k pairs travel. get: fetches a list of
    references, `ray.get` if not given.

    Raises:
        BadInput: no worker, workers of different sizes, or actors where Ray is not installed.
    """
    if not workers:
        raise BadInput("There is no worker to merge.")
    states: list[Any] = [None] * len(workers)
    actors = [place for place, worker in enumerate(workers) if hasattr(getattr(worker, "state_dict", None), "remote")]
    if actors:
        fetched = (get or _ray_get())([workers[place].state_dict.remote() for place in actors])
        for place, state in zip(actors, fetched, strict=True):
            states[place] = state
    for place, worker in enumerate(workers):
        if states[place] is None:
            states[place] = worker if isinstance(worker, dict) else _own_state(worker)
    buffers = [state.get("buffer", state) for state in states]
    sizes = {int(buffer["k"]) for buffer in buffers}
    if len(sizes) > 1:
        raise BadInput(f"Workers keep {' and '.join(map(str, sorted(sizes)))} samples: give all the same buffer size.")
    whole = TopKBuffer(sizes.pop())
    for buffer in buffers:
        part = TopKBuffer(whole.k)
        part.load_state_dict(buffer)
        whole.merge(part)
    return whole


def _own_state(worker: Any) -> dict[str, Any]:
    if not isinstance(worker, (TopKBuffer, StreamingAQL)):
        raise BadInput(f"A worker is a TopKBuffer, a StreamingAQL, a state of either or a Ray actor, not {type(worker).__name__}.")
    return worker.state_dict()


def _ray_get() -> Callable[[list[Any]], list[Any]]:
    try:
        import ray
    except ImportError:
        raise BadInput("Ray is not installed: pip install ray, or give get=.") from None
    return ray.get  # type: ignore[no-any-return]
