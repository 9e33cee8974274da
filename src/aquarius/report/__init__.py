"""The Report: a verdict and what it came from, as one file that a reader can check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"write": "._write", "Bundle": "._bundle", "outcome": "._words"})

if TYPE_CHECKING:
    from ._bundle import Bundle as Bundle
    from ._words import outcome as outcome
    from ._write import write as write
