"""Learning rates as functions of the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "NOAM_SCHEDULE": "._noam",
        "noam_learning_rate": "._noam",
    },
)

if TYPE_CHECKING:
    from ._noam import NOAM_SCHEDULE as NOAM_SCHEDULE
    from ._noam import noam_learning_rate as noam_learning_rate
