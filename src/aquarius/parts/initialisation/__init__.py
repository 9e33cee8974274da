"""Random starts of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "GLOROT_UNIFORM": "._glorot",
        "glorot_uniform_": "._glorot",
    },
)

if TYPE_CHECKING:
    from ._glorot import GLOROT_UNIFORM as GLOROT_UNIFORM
    from ._glorot import glorot_uniform_ as glorot_uniform_
