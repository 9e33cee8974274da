"""Residual connections, and where the normalisation stands in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "RESIDUAL": "._placement",
        "Placement": "._placement",
        "Residual": "._placement",
        "post_norm": "._placement",
        "pre_norm": "._placement",
    },
)

if TYPE_CHECKING:
    from ._placement import RESIDUAL as RESIDUAL
    from ._placement import Placement as Placement
    from ._placement import Residual as Residual
    from ._placement import post_norm as post_norm
    from ._placement import pre_norm as pre_norm
