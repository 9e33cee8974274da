from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.residual import Residual, post_norm, pre_norm


def test_post_norm_normalises_the_sum_and_pre_norm_the_input() -> None:
    x = torch.tensor([2.0])
    assert post_norm(x, lambda inside: 3 * inside, lambda inside: inside / 4).item() == 2.0  # (2 + 6) / 4
    assert pre_norm(x, lambda inside: 3 * inside, lambda inside: inside / 4).item() == 3.5  # 2 + 3 * 2 / 4


def test_the_output_of_a_post_norm_connection_is_normal() -> None:
    out = Residual(32)(torch.randn(4, 32), lambda inside: 5 * inside)
    torch.testing.assert_close(out.mean(-1), torch.zeros(4), atol=1e-6, rtol=0)
    torch.testing.assert_close(out.var(-1, correction=0), torch.ones(4), atol=1e-3, rtol=0)


def test_a_pre_norm_connection_passes_its_input_through() -> None:
    x = torch.randn(4, 8)
    assert torch.equal(Residual(8, placement="pre")(x, torch.zeros_like), x)


def test_dropout_acts_on_the_sublayer_before_the_sum() -> None:
    module = Residual(8, dropout=0.999_999, placement="pre")
    x = torch.randn(4, 8)
    assert torch.equal(module(x, lambda inside: inside), x)


def test_another_placement_is_refused() -> None:
    with pytest.raises(BadInput, match='is "post" or "pre", got \'sandwich\''):
        Residual(8, placement="sandwich")  # type: ignore[arg-type]
