"""Positions: the sinusoidal encoding and learned positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "SINUSOIDAL_ENCODING": "._sinusoidal",
        "SinusoidalPositions": "._sinusoidal",
        "sinusoidal_encoding": "._sinusoidal",
        "LEARNED_POSITIONS": "._learned",
        "LearnedPositions": "._learned",
    },
)

if TYPE_CHECKING:
    from ._learned import LEARNED_POSITIONS as LEARNED_POSITIONS
    from ._learned import LearnedPositions as LearnedPositions
    from ._sinusoidal import SINUSOIDAL_ENCODING as SINUSOIDAL_ENCODING
    from ._sinusoidal import SinusoidalPositions as SinusoidalPositions
    from ._sinusoidal import sinusoidal_encoding as sinusoidal_encoding
