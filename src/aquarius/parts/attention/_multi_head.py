"""Multi-head attention: h attentions side by side on learned projections, concatenated and projected back."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part
from ..initialisation import glorot_uniform_
from ._scaled_dot_product import attention_weights, scaled_dot_product_attention


def multi_head_attention(
    query: Float[Tensor, "batch queries d_model"],
    key: Float[Tensor, "batch keys d_model"],
    value: Float[Tensor, "batch keys d_model"],
    query_weight: Float[Tensor, "heads d_model d_k"],
    key_weight: Float[Tensor, "heads d_model d_k"],
    value_weight: Float[Tensor, "heads d_model d_v"],
    output_weight: Float[Tensor, "heads_d_v d_model"],
    *,
    mask: Bool[Tensor, ...] | None = None,
) -> Float[Tensor, "batch queries d_model"]:
    """Return Concat(head_1, ..., head_h) W^O with head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V), weights as the paper writes them.

    `MultiHeadAttention` is the same with the h projections in one matrix, and with biases where they are asked for.

    Source: arXiv:1706.03762, section 3.2.2.
    """
    heads = scaled_dot_product_attention(
        query[:, None] @ query_weight, key[:, None] @ key_weight, value[:, None] @ value_weight, mask=mask
    )  # (batch, heads, queries, d_v)
    return heads.transpose(1, 2).flatten(start_dim=2) @ output_weight


class MultiHeadAttention(nn.Module):
    """Multi-head attention, self or cross: queries from one sequence, keys and values from another or the same.

    Source: arXiv:1706.03762, section 3.2.2. d_k and d_v are free, as in Table 3 (B); the paper's choice is d_model/h for both.
    Differs: `bias=True` adds biases to the four projections, which the paper's equations do not show.

    Raises:
        BadInput: a size is not positive.
    """

    def __init__(
        self, d_model: int, heads: int, *, d_k: int | None = None, d_v: int | None = None, bias: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if d_model < 1 or heads < 1 or (d_k is not None and d_k < 1) or (d_v is not None and d_v < 1):
            raise BadInput(f"attention needs positive sizes, got {d_model=}, {heads=}, {d_k=}, {d_v=}.")
        if d_model % heads and (d_k is None or d_v is None):
            raise BadInput(f"{heads} heads do not divide d_model = {d_model}: give d_k and d_v.")
        self.heads = heads
        self.d_k = d_model // heads if d_k is None else d_k
        self.d_v = d_model // heads if d_v is None else d_v
        self.query = nn.Linear(d_model, heads * self.d_k, bias=bias)
        self.key = nn.Linear(d_model, heads * self.d_k, bias=bias)
        self.value = nn.Linear(d_model, heads * self.d_v, bias=bias)
        self.output = nn.Linear(heads * self.d_v, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)  # on the attention weights, which then no longer sum to 1 while training
        for projection in (self.query, self.key, self.value, self.output):
            glorot_uniform_(projection.weight)
            if projection.bias is not None:
                nn.init.zeros_(projection.bias)

    def forward(
        self,
        query: Float[Tensor, "batch queries d_model"],
        key: Float[Tensor, "batch keys d_model"] | None = None,
        value: Float[Tensor, "batch keys d_model"] | None = None,
        *,
        mask: Bool[Tensor, ...] | None = None,
    ) -> Float[Tensor, "batch queries d_model"]:
        """Return MultiHead(Q, K, V). The keys are the queries when None (self-attention), the values are the keys when None.

        `mask` broadcasts to (batch, heads, queries, keys); True = may attend.
        """
        key = query if key is None else key
        value = key if value is None else value
        queries = _split_heads(self.query(query), self.heads)  # (batch, heads, queries, d_k)
        keys = _split_heads(self.key(key), self.heads)  # (batch, heads, keys, d_k)
        values = _split_heads(self.value(value), self.heads)  # (batch, heads, keys, d_v)
        weights = self.dropout(attention_weights(queries, keys, mask=mask))  # (batch, heads, queries, keys)
        joined: Tensor = self.output((weights @ values).transpose(1, 2).flatten(start_dim=2))
        return joined


def _split_heads(projected: Float[Tensor, "batch length heads_width"], heads: int) -> Float[Tensor, "batch heads length width"]:
    batch, length, width = projected.shape
    return projected.view(batch, length, heads, width // heads).transpose(1, 2)


MULTI_HEAD_ATTENTION = Part(
    name="multi-head attention",
    paper="arXiv:1706.03762",
    section="section 3.2.2",
    equation=r"\mathrm{MultiHead}(Q, K, V) = \mathrm{Concat}(\mathrm{head_1}, ..., \mathrm{head_h})W^O \quad \text{where } \mathrm{head_i} = \mathrm{Attention}(QW^Q_i, KW^K_i, VW^V_i)",
    gotcha="d_k and d_v need not be d_model/h (Table 3, rows B); in cross-attention keys and values come from the memory and the mask has the memory's length.",
    build=MultiHeadAttention,
)
