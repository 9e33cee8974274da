from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from aquarius.core import BadInput
from aquarius.parts.attention import MultiHeadAttention, causal_mask, multi_head_attention, padding_mask


def copied(reference: nn.MultiheadAttention) -> MultiHeadAttention:
    ours = MultiHeadAttention(reference.embed_dim, reference.num_heads, bias=True)
    names = ("query", "key", "value")
    state = {f"{name}.weight": weight for name, weight in zip(names, reference.in_proj_weight.chunk(3), strict=True)}
    state |= {f"{name}.bias": bias for name, bias in zip(names, reference.in_proj_bias.chunk(3), strict=True)}
    state |= {"output.weight": reference.out_proj.weight, "output.bias": reference.out_proj.bias}
    ours.load_state_dict(state)
    return ours


@pytest.mark.parametrize("cross", [False, True])
def test_equals_torch_with_its_weights(cross: bool) -> None:
    torch.manual_seed(0)
    reference = nn.MultiheadAttention(16, 4, batch_first=True)
    nn.init.normal_(reference.in_proj_bias)
    x, memory = torch.randn(3, 5, 16), torch.randn(3, 7, 16)
    memory = memory if cross else x
    tokens = torch.tensor([[1] * memory.shape[1], [1, 1, 1] + [0] * (memory.shape[1] - 3), [1] + [0] * (memory.shape[1] - 1)])
    mask: Tensor = padding_mask(tokens, 0)
    ignored = None
    if not cross:
        mask = mask & causal_mask(5)
        ignored = ~causal_mask(5)
    theirs, _ = reference(x, memory, memory, key_padding_mask=tokens == 0, attn_mask=ignored, need_weights=False)
    torch.testing.assert_close(copied(reference)(x, memory if cross else None, mask=mask), theirs, rtol=1e-5, atol=1e-6)


def test_equals_the_papers_equation() -> None:
    torch.manual_seed(0)
    module = MultiHeadAttention(12, 3, d_k=5, d_v=2)
    x, memory, other = torch.randn(2, 4, 12), torch.randn(2, 6, 12), torch.randn(2, 6, 12)
    by_head = [linear.weight.T.unflatten(1, (3, -1)).transpose(0, 1) for linear in (module.query, module.key, module.value)]
    equation = multi_head_attention(x, memory, other, *by_head, module.output.weight.T)
    torch.testing.assert_close(module(x, memory, other), equation)


def test_widths_are_free_of_the_model_width() -> None:
    module = MultiHeadAttention(512, 8, d_k=16, d_v=64)
    assert sum(parameter.numel() for parameter in module.parameters()) == 2 * 512 * 128 + 2 * 512 * 512
    assert MultiHeadAttention(512, 8).d_k == 64


def test_dropout_acts_in_training_only() -> None:
    module = MultiHeadAttention(8, 2, dropout=0.5)
    x = torch.randn(1, 6, 8)
    assert not torch.equal(module(x), module(x))
    module.eval()
    assert torch.equal(module(x), module(x))


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(BadInput, match="3 heads do not divide d_model = 8: give d_k and d_v"):
        MultiHeadAttention(8, 3)
    with pytest.raises(BadInput, match=r"positive sizes, got d_model=8, heads=0"):
        MultiHeadAttention(8, 0)
