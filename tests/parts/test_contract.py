"""The contract that every part with a learned or position-wise map keeps, over all of them."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from aquarius.parts.attention import MultiHeadAttention, causal_mask
from aquarius.parts.feed_forward import PositionWiseFeedForward
from aquarius.parts.norm import LayerNorm
from aquarius.parts.position import LearnedPositions, SinusoidalPositions
from aquarius.parts.residual import Residual


class Causal(nn.Module):
    """Causal self-attention, as one map of a sequence."""

    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(8, 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.attention(x, mask=causal_mask(x.shape[1], device=x.device))
        return out


class Connected(nn.Module):
    """A residual connection around a feed-forward network."""

    def __init__(self) -> None:
        super().__init__()
        self.residual, self.inner = Residual(8), PositionWiseFeedForward(8, 12)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.residual(x, self.inner)
        return out


BUILDERS: dict[str, Callable[[], nn.Module]] = {
    "attention": lambda: Causal(bias=False),
    "attention with biases": lambda: Causal(bias=True),
    "layer normalisation": lambda: LayerNorm(8),
    "learned positions": lambda: LearnedPositions(6, 8),
    "sinusoidal positions": SinusoidalPositions,
    "feed-forward": lambda: PositionWiseFeedForward(8, 12),
    "residual": Connected,
}


@pytest.fixture(params=BUILDERS)
def build(request: pytest.FixtureRequest) -> Callable[[], nn.Module]:
    torch.manual_seed(0)
    return BUILDERS[request.param]


def sequence(batch: int = 3) -> Tensor:
    return torch.randn(batch, 6, 8, generator=torch.Generator().manual_seed(1))


def test_meta_shapes_are_the_real_ones(build: Callable[[], nn.Module]) -> None:
    with torch.device("meta"):
        module = build()
        meta = module(torch.empty(3, 6, 8))
    real = build()
    assert meta.shape == real(sequence()).shape
    assert {name: tuple(each.shape) for name, each in module.state_dict().items()} == {
        name: tuple(each.shape) for name, each in real.state_dict().items()
    }


def test_gradients(build: Callable[[], nn.Module]) -> None:
    module = build().double()
    x = sequence(1)[:, :3].double().requires_grad_()
    weights = tuple(module.parameters())
    names = [name for name, _ in module.named_parameters()]

    def function(x: Tensor, *values: Tensor) -> Tensor:
        out: Tensor = torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))
        return out

    assert torch.autograd.gradcheck(function, (x, *weights), fast_mode=True)


def test_every_parameter_gets_a_gradient(build: Callable[[], nn.Module]) -> None:
    module = build()
    out = module(sequence())
    if out.requires_grad:
        (out * torch.randn_like(out)).sum().backward()
    # The key's bias adds one number to all scores of a query, which the softmax does not see: its gradient is 0 but for rounding.
    silent = [
        name for name, each in module.named_parameters() if name != "attention.key.bias" and (each.grad is None or not each.grad.any())
    ]
    assert silent == []


def test_samples_do_not_see_one_another(build: Callable[[], nn.Module]) -> None:
    module, x = build(), sequence()
    torch.testing.assert_close(module(x), torch.cat([module(each[None]) for each in x]), rtol=1e-5, atol=1e-6)


def test_later_positions_do_not_reach_earlier_ones(build: Callable[[], nn.Module]) -> None:
    module, x = build(), sequence()
    other = x.clone()
    other[:, 4] = torch.randn(8)
    before, after = module(x), module(other)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.equal(before[:, 4], after[:, 4])


def test_a_state_round_trip(build: Callable[[], nn.Module]) -> None:
    module, other = build(), build()
    other.load_state_dict(copy.deepcopy(module.state_dict()))
    assert torch.equal(module(sequence()), other(sequence()))


def test_half_precision_is_finite_and_near(build: Callable[[], nn.Module]) -> None:
    module, x = build(), sequence()
    full = module(x)
    half = module.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16 and half.isfinite().all()
    torch.testing.assert_close(half.float(), full, rtol=0.05, atol=0.1)


def test_the_input_is_not_changed(build: Callable[[], nn.Module]) -> None:
    x = sequence()
    build()(x)
    assert torch.equal(x, sequence())
