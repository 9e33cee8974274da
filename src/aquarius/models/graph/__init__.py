"""Models of graphs: the graph convolutional network and its linear simplification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__, {"GCN": ".gcn", "GCNConfig": ".gcn", "SimpleGraphConvolution": ".sgc", "SGCConfig": ".sgc"}
)

if TYPE_CHECKING:
    from .gcn import GCN as GCN
    from .gcn import GCNConfig as GCNConfig
    from .sgc import SGCConfig as SGCConfig
    from .sgc import SimpleGraphConvolution as SimpleGraphConvolution
