"""Graphs: the normalised adjacency and the convolution over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "SYMMETRIC_NORMALISATION": "._normalisation",
        "symmetric_normalisation": "._normalisation",
        "GRAPH_CONVOLUTION": "._convolution",
        "GraphConvolution": "._convolution",
        "graph_convolution": "._convolution",
        "propagate": "._convolution",
    },
)

if TYPE_CHECKING:
    from ._convolution import GRAPH_CONVOLUTION as GRAPH_CONVOLUTION
    from ._convolution import GraphConvolution as GraphConvolution
    from ._convolution import graph_convolution as graph_convolution
    from ._convolution import propagate as propagate
    from ._normalisation import SYMMETRIC_NORMALISATION as SYMMETRIC_NORMALISATION
    from ._normalisation import symmetric_normalisation as symmetric_normalisation
