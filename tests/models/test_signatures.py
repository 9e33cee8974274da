"""The shapes in the signatures are true: with the checks of jaxtyping on, the models run, and a wrong shape is refused."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
from jaxtyping import TypeCheckError, install_import_hook
with install_import_hook(["aquarius.parts", "aquarius.models"], "beartype.beartype"):
    import torch
    from aquarius.models.graph.gcn import GCN, GCNConfig
    from aquarius.models.graph.sgc import SGCConfig, SimpleGraphConvolution
    from aquarius.models.language.transformer import Transformer, base_config
    from aquarius.parts.attention import multi_head_attention, scaled_dot_product_attention
    from aquarius.parts.graph import symmetric_normalisation
source, target = torch.ones(2, 5, dtype=torch.long), torch.ones(2, 4, dtype=torch.long)
for positions in ("sinusoidal", "learned"):
    model = Transformer(base_config(vocabulary=9, layers=1, d_model=8, d_ff=8, heads=2, d_k=3, d_v=5, positions=positions))
    model.loss(model(source, target), target).backward()
adjacency, features = symmetric_normalisation(torch.eye(4).to_sparse()), torch.randn(4, 6)
GCN(GCNConfig(6, 4, 3))(features, adjacency)
SimpleGraphConvolution(SGCConfig(6, 3))(features, adjacency)
x = torch.randn(2, 3, 8)
multi_head_attention(x, x, x, torch.randn(2, 8, 3), torch.randn(2, 8, 3), torch.randn(2, 8, 5), torch.randn(10, 8))
try:
    scaled_dot_product_attention(torch.randn(2, 5, 3), torch.randn(2, 4, 3), torch.randn(2, 6, 3))
except TypeCheckError:
    print("refused")
"""


def test_the_shapes_in_the_signatures_are_true() -> None:
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120)
    assert result.stdout == "refused\n", result.stderr[-2000:]
