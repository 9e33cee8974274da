"""Building blocks from scratch, each a plain function and a thin module, with its equation and its source: one folder per idea."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Part": "._part",
        "attention": ".attention",
        "norm": ".norm",
        "position": ".position",
        "feed_forward": ".feed_forward",
        "residual": ".residual",
        "schedule": ".schedule",
        "loss": ".loss",
        "initialisation": ".initialisation",
        "graph": ".graph",
    },
)

if TYPE_CHECKING:
    from ._part import Part as Part
