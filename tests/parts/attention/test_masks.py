from __future__ import annotations

import pytest
import torch

from aquarius.core import BadInput
from aquarius.parts.attention import causal_mask, padding_mask


def test_the_causal_mask_is_the_lower_triangle() -> None:
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_one_query_after_a_prefix_sees_all_of_it() -> None:
    assert causal_mask(1, 4).tolist() == [[True] * 4]
    assert causal_mask(2, 4).tolist() == [[True, True, True, False], [True] * 4]


def test_padding_is_hidden_from_every_head_and_query() -> None:
    mask = padding_mask(torch.tensor([[5, 6, 0], [7, 0, 0]]), 0)
    assert mask.shape == (2, 1, 1, 3)
    assert mask[:, 0, 0].tolist() == [[True, True, False], [True, False, False]]


def test_no_positions_give_an_empty_mask() -> None:
    assert causal_mask(0).shape == (0, 0)


def test_fewer_keys_than_queries_are_refused() -> None:
    with pytest.raises(BadInput, match="at least as many keys as queries, got 3 queries and 2 keys"):
        causal_mask(3, 2)
