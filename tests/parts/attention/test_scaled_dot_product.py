from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention as reference

from aquarius.core import BadInput
from aquarius.parts.attention import attention_weights, causal_mask, scaled_dot_product_attention

torch.manual_seed(0)
QUERY, KEY, VALUE = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 7, 8), torch.randn(2, 3, 7, 4)


@pytest.mark.parametrize("masked", [False, True])
def test_equals_torch(masked: bool) -> None:
    mask = torch.rand(2, 1, 5, 7) > 0.4 if masked else None
    torch.testing.assert_close(
        scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask), reference(QUERY, KEY, VALUE, attn_mask=mask), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(7,), (1, 7), (5, 1), (5, 7), (3, 5, 7), (2, 1, 1, 7), (2, 1, 5, 7), (1, 3, 5, 7), (2, 3, 5, 7)])
def test_masks_of_every_shape_broadcast_to_the_scores(shape: tuple[int, ...]) -> None:
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(1)) > 0.4
    ours = scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask)
    full = scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask.expand(2, 3, 5, 7))
    assert torch.equal(ours, full)
    torch.testing.assert_close(ours, reference(QUERY, KEY, VALUE, attn_mask=mask.expand(2, 3, 5, 7)), rtol=1e-5, atol=1e-6)


def test_the_mask_has_the_sense_of_torchs_function_and_not_of_its_module() -> None:
    mask = torch.ones(5, 7, dtype=torch.bool)
    mask[:, 3:] = False
    torch.testing.assert_close(
        scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask), scaled_dot_product_attention(QUERY, KEY[:, :, :3], VALUE[:, :, :3])
    )
    assert not torch.allclose(
        scaled_dot_product_attention(QUERY, KEY, VALUE, mask=~mask), scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask)
    )


def test_weights_sum_to_one_and_are_an_exact_zero_where_masked() -> None:
    mask = causal_mask(5, 7)
    weights = attention_weights(QUERY, KEY, mask=mask)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))
    assert (weights[..., ~mask] == 0).all()


def test_a_fully_masked_row_gives_zero_and_a_finite_gradient() -> None:
    query = QUERY.clone().requires_grad_()
    mask = torch.ones(5, 7, dtype=torch.bool)
    mask[2] = False
    out = scaled_dot_product_attention(query, KEY, VALUE, mask=mask)
    assert (out[:, :, 2] == 0).all()
    out.sum().backward()
    assert query.grad is not None and query.grad.isfinite().all() and (query.grad[:, :, 2] == 0).all()


def test_what_is_masked_does_not_matter_to_the_last_bit() -> None:
    mask = causal_mask(5, 7)
    key, value = KEY.clone(), VALUE.clone()
    key[:, :, -1], value[:, :, -1] = 1e4, -1e4
    before, after = scaled_dot_product_attention(QUERY, KEY, VALUE, mask=mask), scaled_dot_product_attention(QUERY, key, value, mask=mask)
    assert torch.equal(before[:, :, :4], after[:, :, :4])
    assert not torch.equal(before[:, :, 4], after[:, :, 4])


def test_large_scores_do_not_overflow() -> None:
    assert scaled_dot_product_attention(1e3 * QUERY, 1e3 * KEY, VALUE).isfinite().all()
    half = [tensor.bfloat16() for tensor in (QUERY, KEY, VALUE)]
    out = scaled_dot_product_attention(*half, mask=causal_mask(5, 7))
    torch.testing.assert_close(out.float(), scaled_dot_product_attention(QUERY, KEY, VALUE, mask=causal_mask(5, 7)), rtol=0.05, atol=0.05)


def test_gradients() -> None:
    inputs = [tensor[:1, :1].double().requires_grad_() for tensor in (QUERY, KEY, VALUE)]
    mask = causal_mask(5, 7)
    mask[1] = False
    assert torch.autograd.gradcheck(lambda query, key, value: scaled_dot_product_attention(query, key, value, mask=mask), inputs)


def test_an_integer_mask_and_unequal_widths_are_refused() -> None:
    with pytest.raises(BadInput, match=r"must be boolean with True = may attend, got torch\.float32"):
        attention_weights(QUERY, KEY, mask=torch.zeros(5, 7))
    with pytest.raises(BadInput, match="one width d_k, got 8 and 4"):
        attention_weights(QUERY, VALUE)
