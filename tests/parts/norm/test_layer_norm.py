from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.norm import LayerNorm, layer_norm


def test_equals_torch() -> None:
    x, gain, bias = torch.randn(3, 4, 6), torch.randn(6), torch.randn(6)
    torch.testing.assert_close(layer_norm(x, gain, bias), torch.nn.functional.layer_norm(x, (6,), gain, bias), rtol=1e-5, atol=1e-6)


def test_the_variance_is_the_biased_one() -> None:
    x = torch.tensor([0.0, 1.0, 2.0, 3.0])
    out = layer_norm(x, torch.ones(4), torch.zeros(4))
    torch.testing.assert_close(out.square().mean(), torch.tensor(1.0), rtol=1e-4, atol=0)


def test_a_constant_row_gives_the_bias() -> None:
    assert torch.equal(layer_norm(torch.full((2, 3), 7.0), torch.ones(3), torch.arange(3.0)), torch.arange(3.0).expand(2, 3))


def test_eps_matters_for_small_inputs() -> None:
    x = 1e-4 * torch.randn(2, 8)
    assert not torch.allclose(LayerNorm(8, eps=1e-5)(x), LayerNorm(8, eps=1e-12)(x), atol=0.1)


@pytest.mark.parametrize(("width", "eps"), [(0, 1e-5), (4, 0.0)])
def test_bad_sizes_are_refused(width: int, eps: float) -> None:
    with pytest.raises(BadInput, match="positive width and eps"):
        LayerNorm(width, eps=eps)
