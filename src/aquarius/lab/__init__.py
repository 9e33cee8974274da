"""The lab: training runs in child processes, seeds, exact resume, data sets and the environment they ran in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"train": "._train", "environment": "._environment", "Run": "._protocol", "read_metrics": "._metrics", "run_id": "._plan"},
)

if TYPE_CHECKING:
    from ._environment import environment as environment
    from ._metrics import read_metrics as read_metrics
    from ._plan import run_id as run_id
    from ._protocol import Run as Run
    from ._train import train as train
