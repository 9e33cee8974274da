"""The per-sample Fisher equals the loop over samples, and is not the square of the batch's mean gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from aquarius.aql import PerSampleFisher
from aquarius.core import BadInput


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double()


def data(*shape: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*shape, 5, generator=generator, dtype=torch.float64), torch.randint(0, 3, shape, generator=generator)


def loss(net: nn.Module, x: Tensor, y: Tensor, reduction: str) -> Tensor:
    return functional.cross_entropy(net(x).flatten(0, -2), y.flatten(), reduction=reduction)


@pytest.mark.parametrize("layer", [0, 2])
@pytest.mark.parametrize("shape", [(6,), (6, 4)])
def test_it_equals_the_loop_over_samples(layer: int, shape: tuple[int, ...]) -> None:
    net, (x, y) = model(), data(*shape)
    weight = torch.zeros_like(net[layer].weight)
    bias = torch.zeros_like(net[layer].bias)
    norms = []
    for n in range(6):
        net.zero_grad()
        loss(net, x[n : n + 1], y[n : n + 1], "mean").backward()
        weight += net[layer].weight.grad.square()
        bias += net[layer].bias.grad.square()
        norms.append(float(net[layer].weight.grad.norm()))
    with PerSampleFisher(net[layer]) as own:
        loss(net, x, y, "mean").backward()
    assert torch.allclose(own.weight(), weight, rtol=1e-6, atol=1e-12)
    assert torch.allclose(own.bias(), bias, rtol=1e-6, atol=1e-12)
    assert own.norms().tolist() == pytest.approx(norms, rel=1e-6)
    assert not net[layer]._forward_hooks


def test_a_summed_loss_gives_the_same() -> None:
    net, (x, y) = model(), data(6)
    with PerSampleFisher(net[2]) as mean:
        loss(net, x, y, "mean").backward()
    with PerSampleFisher(net[2], reduction="sum") as total:
        loss(net, x, y, "sum").backward()
    assert torch.allclose(mean.weight(), total.weight())


@pytest.mark.parametrize(("size", "most"), [(16, 0.2), (256, 0.05)])
def test_the_square_of_the_mean_gradient_is_about_one_over_b_of_it(size: int, most: float) -> None:
    net, (x, _) = model(), data(size)
    y = torch.distributions.Categorical(logits=net(x)).sample()  # labels from the model: the mean gradient is noise around zero
    with PerSampleFisher(net[2]) as own:
        loss(net, x, y, "mean").backward()
    trap = net[2].weight.grad.square().sum()
    assert float(trap / (own.weight().sum() / size)) < most


def test_what_it_cannot_give_it_refuses() -> None:
    net, (x, y) = model(), data(6)
    with pytest.raises(BadInput, match="for a Linear layer, not for Tanh"):
        PerSampleFisher(net[1])
    with pytest.raises(BadInput, match="'mean' or 'sum'"):
        PerSampleFisher(net[0], reduction="none")  # type: ignore[arg-type]
    with PerSampleFisher(net[0]) as own, pytest.raises(BadInput, match="no forward and backward yet"):
        own.weight()
    with PerSampleFisher(net[0]), pytest.raises(BadInput, match="ran twice"):
        loss(net, x, y, "mean")
        loss(net, x, y, "mean")
