"""Feed-forward networks that act on every position alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "POSITION_WISE_FEED_FORWARD": "._position_wise",
        "PositionWiseFeedForward": "._position_wise",
        "position_wise_feed_forward": "._position_wise",
    },
)

if TYPE_CHECKING:
    from ._position_wise import POSITION_WISE_FEED_FORWARD as POSITION_WISE_FEED_FORWARD
    from ._position_wise import PositionWiseFeedForward as PositionWiseFeedForward
    from ._position_wise import position_wise_feed_forward as position_wise_feed_forward
