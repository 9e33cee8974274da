"""Language models: the encoder-decoder Transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"Transformer": ".transformer", "TransformerConfig": ".transformer"})

if TYPE_CHECKING:
    from .transformer import Transformer as Transformer
    from .transformer import TransformerConfig as TransformerConfig
