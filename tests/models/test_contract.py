"""The contract of components that holds for every model: gradients in float64, meta shapes, state, no input changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from aquarius.models.graph import GCN, GCNConfig, SGCConfig, SimpleGraphConvolution
from aquarius.models.language import Transformer, TransformerConfig
from aquarius.parts.graph import symmetric_normalisation

SMALL = {"vocabulary": 7, "layers": 1, "d_model": 6, "d_ff": 5, "heads": 2, "d_k": 2, "d_v": 3, "context": 5}


def sequences() -> tuple[Tensor, ...]:
    return torch.tensor([[1, 2, 3, 0], [4, 5, 6, 1]]), torch.tensor([[1, 6, 5], [2, 3, 0]])


def graph() -> tuple[Tensor, ...]:
    chain = torch.diag(torch.ones(4), 1)
    return torch.linspace(-1, 1, 15).reshape(5, 3), symmetric_normalisation(chain + chain.T)


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[[], tuple[Tensor, ...]]]] = {
    "transformer": (lambda: Transformer(TransformerConfig(**SMALL)), sequences),  # type: ignore[arg-type]
    "learned positions": (lambda: Transformer(TransformerConfig(**SMALL, positions="learned", attention_bias=False)), sequences),  # type: ignore[arg-type]
    "gcn": (lambda: GCN(GCNConfig(3, 4, 2)), graph),
    "sgc": (lambda: SimpleGraphConvolution(SGCConfig(3, 2)), graph),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Callable[[], nn.Module], tuple[Tensor, ...]]:
    torch.manual_seed(0)
    build, inputs = CASES[request.param]
    return build, inputs()


def test_gradients(case: tuple[Callable[[], nn.Module], tuple[Tensor, ...]]) -> None:
    build, inputs = case
    model = build().double().eval()
    inputs = tuple(each.double() if each.is_floating_point() else each for each in inputs)
    names, values = zip(*model.named_parameters(), strict=True)

    def function(*values: Tensor) -> Tensor:
        out: Tensor = torch.func.functional_call(model, dict(zip(names, values, strict=True)), inputs)
        return out

    assert torch.autograd.gradcheck(function, values, fast_mode=True)


def test_meta_shapes_are_the_real_ones(case: tuple[Callable[[], nn.Module], tuple[Tensor, ...]]) -> None:
    build, inputs = case
    with torch.device("meta"):
        meta = build()
        shape = meta(*(each.to("meta") for each in inputs)).shape
    real = build()
    assert shape == real(*inputs).shape
    assert [each.shape for each in meta.state_dict().values()] == [each.shape for each in real.state_dict().values()]


def test_a_state_round_trip_and_inputs_that_stay(case: tuple[Callable[[], nn.Module], tuple[Tensor, ...]]) -> None:
    build, inputs = case
    model, other, before = build().eval(), build().eval(), [each.clone() for each in inputs]
    assert not torch.equal(model(*inputs), other(*inputs))
    other.load_state_dict(model.state_dict())
    assert torch.equal(model(*inputs), other(*inputs))
    assert all(torch.equal(one, two) for one, two in zip(inputs, before, strict=True))
