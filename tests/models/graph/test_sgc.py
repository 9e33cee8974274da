from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.models.graph import SGCConfig, SimpleGraphConvolution
from aquarius.parts.graph import symmetric_normalisation

from .test_gcn import graph


def test_equation_8() -> None:
    features, adjacency = graph()
    model = SimpleGraphConvolution(SGCConfig(features=6, classes=3, bias=False))
    expected = adjacency @ adjacency @ features @ model.linear.weight.T
    torch.testing.assert_close(model(features, adjacency), expected)
    torch.testing.assert_close(model(features, adjacency.to_sparse()), expected)


def test_what_is_computed_beforehand_gives_the_same() -> None:
    features, adjacency = graph()
    model = SimpleGraphConvolution(SGCConfig(features=6, classes=3))
    assert torch.equal(model.classify(model.precompute(features, adjacency)), model(features, adjacency))


def test_it_is_linear() -> None:
    features, adjacency = graph()
    model = SimpleGraphConvolution(SGCConfig(features=6, classes=3, bias=False))
    torch.testing.assert_close(model(2 * features, adjacency), 2 * model(features, adjacency))


def test_the_number_of_hops() -> None:
    chain = torch.diag(torch.ones(5), 1)
    adjacency = symmetric_normalisation(chain + chain.T)
    features = torch.rand(6, 6)
    other = features.clone()
    other[0] += 1
    for hops in (0, 1, 3):
        model = SimpleGraphConvolution(SGCConfig(features=6, classes=3, hops=hops))
        assert (model(features, adjacency) != model(other, adjacency)).any(-1).sum() == hops + 1


def test_counts_and_gradients() -> None:
    assert sum(parameter.numel() for parameter in SimpleGraphConvolution().parameters()) == 1433 * 7 + 7
    features, adjacency = graph()
    model = SimpleGraphConvolution(SGCConfig(features=6, classes=3))
    model(features, adjacency).square().sum().backward()
    assert all(each.grad is not None and each.grad.any() for each in model.parameters())


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 0 hops"):
        SGCConfig(hops=-1)
