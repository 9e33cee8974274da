"""Whole models built from the parts: one paper, one file, named by its field (language, graph, ...)."""

from __future__ import annotations

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"language": ".language", "graph": ".graph"})
