from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.graph import GraphConvolution, graph_convolution, propagate, symmetric_normalisation

torch.manual_seed(0)
UPPER = (torch.rand(12, 12) > 0.7).float().triu(1)
ADJACENCY = symmetric_normalisation(UPPER + UPPER.T)
FEATURES = torch.randn(12, 5)


def test_the_order_of_the_products_does_not_matter() -> None:
    weight = torch.randn(5, 3)
    torch.testing.assert_close(graph_convolution(ADJACENCY, FEATURES, weight), (ADJACENCY @ FEATURES) @ weight)


def test_sparse_equals_dense_forwards_and_backwards() -> None:
    gradients = []
    for adjacency in (ADJACENCY, ADJACENCY.to_sparse()):
        weight = torch.linspace(-1, 1, 15).reshape(5, 3).requires_grad_()
        graph_convolution(adjacency, FEATURES, weight).square().sum().backward()
        gradients.append(weight.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_renaming_the_nodes_renames_the_outputs() -> None:
    module, order = GraphConvolution(5, 3), torch.randperm(12)
    torch.testing.assert_close(module(FEATURES[order], ADJACENCY[order][:, order]), module(FEATURES, ADJACENCY)[order])


def test_propagation_is_a_power() -> None:
    torch.testing.assert_close(propagate(ADJACENCY, FEATURES, hops=3), torch.linalg.matrix_power(ADJACENCY, 3) @ FEATURES)
    assert propagate(ADJACENCY, FEATURES, hops=0) is FEATURES


def test_a_layer_has_one_weight_and_no_bias() -> None:
    assert [name for name, _ in GraphConvolution(5, 3).named_parameters()] == ["weight"]


def test_bad_input_is_refused() -> None:
    with pytest.raises(BadInput, match="hops=-1"):
        propagate(ADJACENCY, FEATURES, hops=-1)
    with pytest.raises(BadInput, match="outputs=0"):
        GraphConvolution(5, 0)
