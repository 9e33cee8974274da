"""The graph convolutional network: two graph convolutions with a ReLU between (Kipf and Welling 2017).

Source: arXiv:1609.02907, section 3.1, equation (9), and section 5.2 for the numbers.
Differs: nothing known. The L2 penalty of the first layer belongs to the trainer: `model.hidden.weight` is what it acts on.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from ...parts.graph import GraphConvolution


@dataclass(frozen=True)
class GCNConfig:
    """Sizes and rates; the defaults are those of Cora (sections 5.1 and 5.2).

    Raises:
        BadInput: a size is not positive, or the dropout lies outside [0, 1).
    """

    features: int = 1433
    hidden: int = 16
    classes: int = 7
    dropout: float = 0.5
    """On the input of both layers, as in the authors' code."""

    def __post_init__(self) -> None:
        if min(self.features, self.hidden, self.classes) < 1:
            raise BadInput(f"a GCN needs positive sizes, got {self}.")
        if not 0 <= self.dropout < 1:
            raise BadInput(f"dropout must lie in [0, 1), got {self.dropout}.")


class GCN(nn.Module):
    """Z = Â ReLU(Â X W0) W1, as logits: the softmax of equation (9) is in the loss.

    Each weight starts as Glorot and Bengio 2010 (section 5.2), without biases.
    """

    def __init__(self, config: GCNConfig | None = None) -> None:
        super().__init__()
        config = GCNConfig() if config is None else config
        self.config = config
        self.hidden = GraphConvolution(config.features, config.hidden)
        self.output = GraphConvolution(config.hidden, config.classes)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: Float[Tensor, "nodes features"], adjacency: Float[Tensor, "nodes nodes"]) -> Float[Tensor, "nodes classes"]:
        """Return logits. `adjacency` is normalised already (`aquarius.parts.graph.symmetric_normalisation`), dense or sparse COO."""
        hidden = self.hidden(self.dropout(features), adjacency).relu()
        logits: Tensor = self.output(self.dropout(hidden), adjacency)
        return logits
