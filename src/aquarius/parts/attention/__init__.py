"""Attention: scaled dot-product, multi-head (self and cross), and the masks that go with them. In every mask True = may attend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "causal_mask": "._masks",
        "padding_mask": "._masks",
        "SCALED_DOT_PRODUCT_ATTENTION": "._scaled_dot_product",
        "attention_weights": "._scaled_dot_product",
        "scaled_dot_product_attention": "._scaled_dot_product",
        "MULTI_HEAD_ATTENTION": "._multi_head",
        "MultiHeadAttention": "._multi_head",
        "multi_head_attention": "._multi_head",
    },
)

if TYPE_CHECKING:
    from ._masks import causal_mask as causal_mask
    from ._masks import padding_mask as padding_mask
    from ._multi_head import MULTI_HEAD_ATTENTION as MULTI_HEAD_ATTENTION
    from ._multi_head import MultiHeadAttention as MultiHeadAttention
    from ._multi_head import multi_head_attention as multi_head_attention
    from ._scaled_dot_product import SCALED_DOT_PRODUCT_ATTENTION as SCALED_DOT_PRODUCT_ATTENTION
    from ._scaled_dot_product import attention_weights as attention_weights
    from ._scaled_dot_product import scaled_dot_product_attention as scaled_dot_product_attention
