from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aquarius.core import BadInput
from aquarius.models.graph import GCN, GCNConfig
from aquarius.parts.graph import symmetric_normalisation

CONFIG = GCNConfig(features=6, hidden=4, classes=3)


def graph() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    upper = (torch.rand(10, 10) > 0.7).float().triu(1)
    return torch.randn(10, 6), symmetric_normalisation(upper + upper.T)


def test_equation_9() -> None:
    features, adjacency = graph()
    model = GCN(CONFIG).eval()
    expected = adjacency @ (adjacency @ features @ model.hidden.weight).clamp(min=0) @ model.output.weight
    torch.testing.assert_close(model(features, adjacency), expected)
    torch.testing.assert_close(model(features, adjacency.to_sparse()), expected)


def test_coras_sizes_are_the_default() -> None:
    assert sum(parameter.numel() for parameter in GCN().parameters()) == 1433 * 16 + 16 * 7


def test_the_start_is_glorots() -> None:
    torch.manual_seed(0)
    weight = GCN().hidden.weight
    bound = (6 / (1433 + 16)) ** 0.5
    assert 0.99 * bound < weight.abs().max() <= bound


def test_a_node_sees_two_hops_and_no_further() -> None:
    chain = torch.diag(torch.ones(5), 1)
    adjacency = symmetric_normalisation(chain + chain.T)
    model = GCN(CONFIG).eval()
    features = torch.rand(6, 6)
    other = features.clone()
    other[0] += 1
    changed = (model(features, adjacency) != model(other, adjacency)).any(-1)
    assert changed.tolist() == [True, True, True, False, False, False]


def test_dropout_acts_on_both_inputs_in_training_only() -> None:
    features, adjacency = graph()
    model = GCN(CONFIG)
    assert not torch.equal(model(features, adjacency), model(features, adjacency))
    model.eval()
    assert torch.equal(model(features, adjacency), model(features, adjacency))


def test_gradients_and_half_precision() -> None:
    features, adjacency = graph()
    model = GCN(CONFIG).eval()
    model(features, adjacency).square().sum().backward()
    assert all(each.grad is not None and each.grad.any() for each in model.parameters())
    full = model(features, adjacency)
    torch.testing.assert_close(model.bfloat16()(features.bfloat16(), adjacency.bfloat16()).float(), full.detach(), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("changes", [{"hidden": 0}, {"dropout": 1.0}])
def test_bad_sizes_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        GCNConfig(**changes)  # type: ignore[arg-type]
