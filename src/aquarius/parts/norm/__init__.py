"""Normalisation: layer normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "LAYER_NORM": "._layer_norm",
        "LayerNorm": "._layer_norm",
        "layer_norm": "._layer_norm",
    },
)

if TYPE_CHECKING:
    from ._layer_norm import LAYER_NORM as LAYER_NORM
    from ._layer_norm import LayerNorm as LayerNorm
    from ._layer_norm import layer_norm as layer_norm
