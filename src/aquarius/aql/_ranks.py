"""The ranks of `torch.distributed`, where there are any."""

from __future__ import annotations

from typing import Any

from torch import distributed


def gathered(own: Any, group: Any = None) -> list[Any]:
    """Return what every rank gave, in the order of the ranks; without initialised ranks, `own` alone. Call it on every rank at once."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [own]
    states: list[Any] = [None] * distributed.get_world_size(group)
    distributed.all_gather_object(states, own, group=group)
    return states
