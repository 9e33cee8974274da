"""The Transformer: an encoder and a decoder of attention and feed-forward layers, nothing recurrent (Vaswani et al. 2017).

Source: arXiv:1706.03762, sections 3 and 5, Table 3.
Differs: where the paper is silent the choice is a field of the configuration, so that it can be stated and changed:
`attention_bias` (the equations of section 3.2.2 show no biases; with biases on all four projections of every attention, and none on the
softmax's projection, base has 63,082,496 and big 214,245,376 parameters for a shared vocabulary of 37,000; without, 63,045,632 and 214,171,648;
the authors' code of June 2017, tensor2tensor's models/common_attention.py at 0df0f50, has them),
`attention_dropout` (section 5.4 names none on the attention weights; that code has some), `norm_eps`, the padding index, and the start of the weights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ...core import BadInput, did_you_mean
from ...parts.attention import MultiHeadAttention, causal_mask, padding_mask
from ...parts.feed_forward import PositionWiseFeedForward
from ...parts.loss import label_smoothed_cross_entropy
from ...parts.position import LearnedPositions, SinusoidalPositions
from ...parts.residual import Residual


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes and rates, by default those of the base model (Table 3, first row).

    Raises:
        BadInput: a size is not positive, or a rate lies outside [0, 1).
    """

    vocabulary: int = 37_000
    """Shared by source and target: "about 37000 tokens", section 5.1; the exact number is not stated."""
    layers: int = 6
    """N, of the encoder and of the decoder."""
    d_model: int = 512
    d_ff: int = 2048
    heads: int = 8
    d_k: int = 64
    d_v: int = 64
    dropout: float = 0.1
    """P_drop: on the output of every sub-layer, and on the sums of embeddings and positions."""
    label_smoothing: float = 0.1
    positions: Literal["sinusoidal", "learned"] = "sinusoidal"
    """"learned" is row (E) of Table 3."""
    context: int = 1024
    """Longest sequence of learned positions; the paper states none."""
    padding_index: int = 0
    attention_bias: bool = True
    attention_dropout: float = 0.0
    norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("vocabulary", "layers", "d_model", "d_ff", "heads", "d_k", "d_v", "context"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be positive, got {getattr(self, name)}.")
        for name in ("dropout", "label_smoothing", "attention_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise BadInput(f"{name} must lie in [0, 1), got {getattr(self, name)}.")
        if self.positions not in ("sinusoidal", "learned"):
            raise BadInput(f'positions are "sinusoidal" or "learned", got {self.positions!r}.')
        if not 0 <= self.padding_index < self.vocabulary:
            raise BadInput(f"padding_index must be a token of the vocabulary, got {self.padding_index}.")


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, each in a post-norm residual connection (section 3.1)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.self_attention = _attention(config)
        self.self_attention_residual = _residual(config)
        self.feed_forward = PositionWiseFeedForward(config.d_model, config.d_ff)
        self.feed_forward_residual = _residual(config)

    def forward(
        self, x: Float[Tensor, "batch source d_model"], mask: Bool[Tensor, "batch 1 1 source"]
    ) -> Float[Tensor, "batch source d_model"]:
        """Return the layer's output; `mask` is True at real tokens."""
        x = self.self_attention_residual(x, lambda inside: self.self_attention(inside, mask=mask))
        out: Tensor = self.feed_forward_residual(x, self.feed_forward)
        return out


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the encoder's output, and a feed-forward network, each in a post-norm residual connection."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.self_attention = _attention(config)
        self.self_attention_residual = _residual(config)
        self.cross_attention = _attention(config)
        self.cross_attention_residual = _residual(config)
        self.feed_forward = PositionWiseFeedForward(config.d_model, config.d_ff)
        self.feed_forward_residual = _residual(config)

    def forward(
        self,
        x: Float[Tensor, "batch target d_model"],
        memory: Float[Tensor, "batch source d_model"],
        mask: Bool[Tensor, "batch 1 target target"],
        memory_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target d_model"]:
        """Return the layer's output; the masks are True where a query may attend."""
        x = self.self_attention_residual(x, lambda inside: self.self_attention(inside, mask=mask))
        x = self.cross_attention_residual(x, lambda inside: self.cross_attention(inside, memory, mask=memory_mask))
        out: Tensor = self.feed_forward_residual(x, self.feed_forward)
        return out


class Transformer(nn.Module):
    """The encoder-decoder: tokens of the source and of the shifted target to logits of the next target token.

    One matrix is the embedding of both languages and the softmax's projection (section 3.4); the embeddings are multiplied by sqrt(d_model).
    Post-norm, without a last normalisation after either stack.
    """

    def __init__(self, config: TransformerConfig | None = None) -> None:
        super().__init__()
        config = TransformerConfig() if config is None else config
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.d_model)
        nn.init.normal_(
            self.embedding.weight, std=config.d_model**-0.5
        )  # so that sqrt(d_model) times it has variance 1, and logits start near it
        self.positions = SinusoidalPositions() if config.positions == "sinusoidal" else LearnedPositions(config.context, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))

    def embed(self, tokens: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length d_model"]:
        """Return dropout(sqrt(d_model) E[tokens] + PE)."""
        scaled = self.embedding(tokens) * math.sqrt(self.config.d_model)
        out: Tensor = self.dropout(self.positions(scaled))
        return out

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch source d_model"]:
        """Return the encoder's output for every source position."""
        mask = padding_mask(source, self.config.padding_index)
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, mask)
        return x

    def decode(
        self, target: Int[Tensor, "batch target"], memory: Float[Tensor, "batch source d_model"], source: Int[Tensor, "batch source"]
    ) -> Float[Tensor, "batch target vocabulary"]:
        """Return the logits of the token after each target position; `source` says which of the memory is padding."""
        memory_mask = padding_mask(source, self.config.padding_index)
        mask = padding_mask(target, self.config.padding_index) & causal_mask(target.shape[1], device=target.device)
        x = self.embed(target)
        for layer in self.decoder:
            x = layer(x, memory, mask, memory_mask)
        return nn.functional.linear(x, self.embedding.weight)

    def forward(self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]) -> Float[Tensor, "batch target vocabulary"]:
        """Return logits; `target` is shifted right: position t predicts the token after target[:, t].

        Raises:
            BadInput: not two batches of token sequences of one size.
        """
        if source.ndim != 2 or target.ndim != 2 or source.shape[0] != target.shape[0]:
            raise BadInput(
                f"source and target are (batch, length) with one batch size, got {tuple(source.shape)} and {tuple(target.shape)}."
            )
        return self.decode(target, self.encode(source), source)

    def loss(self, logits: Float[Tensor, "batch target vocabulary"], labels: Int[Tensor, "batch target"]) -> Float[Tensor, ""]:
        """Return the label-smoothed cross-entropy, as a mean over the labels that are not padding (section 5.4)."""
        return label_smoothed_cross_entropy(logits, labels, smoothing=self.config.label_smoothing, ignore_index=self.config.padding_index)


def base_config(**changes: Any) -> TransformerConfig:
    """Return the base model's configuration, with changes."""
    return replace(TransformerConfig(), **changes)


def big_config(**changes: Any) -> TransformerConfig:
    """Return the big model's configuration (Table 3, last row), with changes; dropout 0.3 is that of English-German."""
    return replace(TransformerConfig(d_model=1024, d_ff=4096, heads=16, dropout=0.3), **changes)


def base(**changes: Any) -> Transformer:
    """Build the base model."""
    return Transformer(base_config(**changes))


def big(**changes: Any) -> Transformer:
    """Build the big model."""
    return Transformer(big_config(**changes))


# The columns of Table 3, written without braces, backslashes and underscores, and what they are here.
_COLUMNS = {
    "n": "layers",
    "layers": "layers",
    "dmodel": "d_model",
    "dff": "d_ff",
    "h": "heads",
    "heads": "heads",
    "dk": "d_k",
    "dv": "d_v",
    "pdrop": "dropout",
    "dropout": "dropout",
    "epsilonls": "label_smoothing",
    "ϵls": "label_smoothing",
    "εls": "label_smoothing",
    "labelsmoothing": "label_smoothing",
    "positions": "positions",
    "vocabulary": "vocabulary",
}
# Columns that say nothing about the model.
_NOT_THE_MODEL = {"trainsteps", "steps", "trainingsteps", "model", "row", "variation", ""}


def config_from_settings(settings: Mapping[str, str], **assumed: Any) -> TransformerConfig:
    """Return the configuration that a row of Table 3 describes; "unlisted values are identical to those of the base model".

    Keys are the table's column heads, as text or LaTeX ("N", "d_model", r"$d_{\\text{model}}$", r"\\epsilon_{ls}"). `assumed` are fields
    that the row does not state, such as `vocabulary`; where both state one, the row is right.

    Raises:
        BadInput: a column or field that is not known, or a value that is no number.
    """
    known = {field.name: field.type for field in fields(TransformerConfig)}
    values: dict[str, Any] = {}
    for name, value in assumed.items():
        if name not in known:
            raise BadInput(f"the Transformer has no field {name!r}.{did_you_mean(name, known)}")
        values[name] = _read(name, value, known[name])
    for column, text in settings.items():
        key = re.sub(r"\\(?:text|mathrm|mathit|textit|textrm)\b|[\\${}_\s-]|\(.*\)", "", column).casefold().replace("varepsilon", "epsilon")
        if "positional embedding" in text.casefold():  # row (E): one sentence over the columns
            values["positions"] = "learned"
            continue
        if key in _NOT_THE_MODEL or not text.strip():
            continue
        if key not in _COLUMNS:
            raise BadInput(f"the column {column!r} is not known to the Transformer.{did_you_mean(key, _COLUMNS)}")
        values[_COLUMNS[key]] = _read(column, text, known[_COLUMNS[key]])
    return replace(TransformerConfig(), **values)


def from_settings(settings: Mapping[str, str], **assumed: Any) -> Transformer:
    """Build the model that a row of Table 3 describes; columns, assumptions and refusals as in `config_from_settings`."""
    return Transformer(config_from_settings(settings, **assumed))


def _read(name: str, value: Any, kind: Any) -> Any:
    """Turn a setting's text into the field's type; `kind` is the annotation's text."""
    text = str(value).strip().strip("$").replace(",", "").strip()
    try:
        if kind == "int":
            number = float(text)
            if number != int(number):
                raise ValueError
            return int(number)
        if kind == "float":
            return float(text)
    except (ValueError, OverflowError):
        raise BadInput(f"{name} is {value!r}, and a {'whole ' if kind == 'int' else ''}number is needed.") from None
    if kind == "bool":
        if text.casefold() not in ("true", "false", "1", "0"):
            raise BadInput(f"{name} is {value!r}, and true or false is needed.")
        return text.casefold() in ("true", "1")
    return text


def _attention(config: TransformerConfig) -> MultiHeadAttention:
    return MultiHeadAttention(
        config.d_model, config.heads, d_k=config.d_k, d_v=config.d_v, bias=config.attention_bias, dropout=config.attention_dropout
    )


def _residual(config: TransformerConfig) -> Residual:
    return Residual(config.d_model, dropout=config.dropout, placement="post", eps=config.norm_eps)
