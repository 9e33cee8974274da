"""The audit: fabricated numbers, broken protocol and circumvented checks in a finished repository, found by reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"audit": "._audit", "cards": "._audit", "Check": "._check"})

if TYPE_CHECKING:
    from ._audit import audit as audit
    from ._audit import cards as cards
    from ._check import Check as Check
