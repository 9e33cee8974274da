"""Losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "LABEL_SMOOTHED_CROSS_ENTROPY": "._label_smoothing",
        "label_smoothed_cross_entropy": "._label_smoothing",
        "masked_mean": "._label_smoothing",
    },
)

if TYPE_CHECKING:
    from ._label_smoothing import LABEL_SMOOTHED_CROSS_ENTROPY as LABEL_SMOOTHED_CROSS_ENTROPY
    from ._label_smoothing import label_smoothed_cross_entropy as label_smoothed_cross_entropy
    from ._label_smoothing import masked_mean as masked_mean
