from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor, nn

from aquarius.core import BadInput
from aquarius.models.language import Transformer, TransformerConfig
from aquarius.models.language.transformer import base, base_config, big, big_config, config_from_settings, from_settings

SMALL = {"vocabulary": 30, "layers": 2, "d_model": 16, "d_ff": 24, "heads": 4, "d_k": 4, "d_v": 4}


def small(**changes: object) -> Transformer:
    torch.manual_seed(0)
    return Transformer(base_config(**(SMALL | changes)))


def tokens(batch: int, length: int, seed: int = 0) -> Tensor:
    return torch.randint(1, 30, (batch, length), generator=torch.Generator().manual_seed(seed))


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("bias", "of_base", "of_big"), [(True, 63_082_496, 214_245_376), (False, 63_045_632, 214_171_648)], ids=["biases", "no biases"]
)
def test_the_counts_for_37000_tokens(bias: bool, of_base: int, of_big: int) -> None:
    with torch.device("meta"):
        assert count(base(vocabulary=37_000, attention_bias=bias)) == of_base
        assert count(big(vocabulary=37_000, attention_bias=bias)) == of_big


def test_the_papers_numbers() -> None:
    config = base_config()
    assert (config.layers, config.d_model, config.d_ff, config.heads, config.d_k, config.d_v) == (6, 512, 2048, 8, 64, 64)
    assert (config.dropout, config.label_smoothing) == (0.1, 0.1)
    assert big_config() == dataclasses.replace(config, d_model=1024, d_ff=4096, heads=16, dropout=0.3)


def reference_layers(model: Transformer) -> tuple[nn.TransformerEncoder, nn.TransformerDecoder]:
    """Return torch's stacks, post-norm and without a last normalisation, with the weights of ours."""
    config = model.config
    sizes = {"dim_feedforward": config.d_ff, "dropout": 0.0, "batch_first": True, "layer_norm_eps": config.norm_eps}
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(config.d_model, config.heads, **sizes), config.layers, enable_nested_tensor=False
    )
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(config.d_model, config.heads, **sizes), config.layers)

    def attention(theirs: nn.MultiheadAttention, ours: nn.Module) -> None:
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())

    def norm(theirs: nn.LayerNorm, ours: nn.Module) -> None:
        theirs.weight.copy_(ours.gain)
        theirs.bias.copy_(ours.bias)

    with torch.no_grad():
        for theirs, ours in zip(encoder.layers, model.encoder, strict=True):
            attention(theirs.self_attn, ours.self_attention)
            norm(theirs.norm1, ours.self_attention_residual.norm)
            norm(theirs.norm2, ours.feed_forward_residual.norm)
            theirs.linear1.load_state_dict(ours.feed_forward.inner.state_dict())
            theirs.linear2.load_state_dict(ours.feed_forward.outer.state_dict())
        for theirs, ours in zip(decoder.layers, model.decoder, strict=True):
            attention(theirs.self_attn, ours.self_attention)
            attention(theirs.multihead_attn, ours.cross_attention)
            norm(theirs.norm1, ours.self_attention_residual.norm)
            norm(theirs.norm2, ours.cross_attention_residual.norm)
            norm(theirs.norm3, ours.feed_forward_residual.norm)
            theirs.linear1.load_state_dict(ours.feed_forward.inner.state_dict())
            theirs.linear2.load_state_dict(ours.feed_forward.outer.state_dict())
    return encoder, decoder


def test_equals_torchs_stacks_with_the_same_weights() -> None:
    model = small().eval()
    with torch.no_grad():  # a start of zeros and ones would hide a wrong bias or gain
        for name, parameter in model.named_parameters():
            if name.endswith(("bias", "gain")):
                parameter.add_(0.1 * torch.randn_like(parameter))
    encoder, decoder = reference_layers(model)
    source, target = tokens(3, 7), tokens(3, 5, seed=1)
    source[1, 4:] = 0
    memory = encoder(model.embed(source), src_key_padding_mask=source == 0)
    ignored = torch.ones(5, 5, dtype=torch.bool).triu(1)
    hidden = decoder(model.embed(target), memory, tgt_mask=ignored, memory_key_padding_mask=source == 0)
    torch.testing.assert_close(model(source, target), hidden @ model.embedding.weight.T, rtol=1e-4, atol=1e-5)


def test_one_matrix_is_the_embeddings_and_the_projection() -> None:
    model = small()
    assert [name for name, each in model.named_parameters() if each.shape[0] == 30] == ["embedding.weight"]
    assert count(small()) - count(small(vocabulary=29)) == 16


def test_embeddings_are_scaled_and_positions_added() -> None:
    model = small().eval()
    out = model.embed(torch.tensor([[3, 3]]))
    torch.testing.assert_close(out[0, 0], math.sqrt(16) * model.embedding.weight[3] + torch.tensor([0.0, 1.0] * 8))
    assert not torch.allclose(out[0, 0], out[0, 1])


def test_a_later_target_token_changes_nothing_before_it() -> None:
    model = small().eval()
    source, target = tokens(2, 7), tokens(2, 6, seed=1)
    other = target.clone()
    other[:, 3] = other[:, 3] % 29 + 1
    before, after = model(source, target), model(source, other)
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.equal(before[:, 3], after[:, 3])


def test_a_later_source_token_changes_everything() -> None:
    model = small().eval()
    source, target = tokens(2, 7), tokens(2, 6, seed=1)
    other = source.clone()
    other[:, 6] = other[:, 6] % 29 + 1
    assert (model(source, target) != model(other, target)).any(-1).all()


def test_the_amount_of_padding_changes_nothing() -> None:
    model = small().eval()
    source, target = tokens(2, 7), tokens(2, 6, seed=1)
    more_source, more_target = (nn.functional.pad(each, (0, 3)) for each in (source, target))
    torch.testing.assert_close(model(more_source, more_target)[:, :6], model(source, target), rtol=1e-5, atol=1e-5)


def test_a_source_of_padding_only_is_finite() -> None:
    assert small().eval()(torch.zeros(1, 3, dtype=torch.long), tokens(1, 4)).isfinite().all()


def test_samples_do_not_see_one_another() -> None:
    model = small().eval()
    source, target = tokens(3, 7), tokens(3, 6, seed=1)
    singles = [model(source[i : i + 1], target[i : i + 1]) for i in range(3)]
    torch.testing.assert_close(model(source, target), torch.cat(singles), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_every_parameter_gets_a_gradient(positions: str) -> None:
    model = small(positions=positions, context=7, attention_bias=False)
    source, target, labels = tokens(2, 7), tokens(2, 7, seed=1), tokens(2, 7, seed=2)
    model.loss(model(source, target), labels).backward()
    assert [name for name, each in model.named_parameters() if each.grad is None or not each.grad.any()] == []


def test_the_loss_ignores_padding_and_starts_near_the_logarithm_of_the_vocabulary() -> None:
    model = small(vocabulary=500).eval()
    source, target, labels = tokens(8, 7), tokens(8, 6, seed=1), tokens(8, 6, seed=2)
    labels[0, 2:] = 0
    loss = model.loss(model(source, target), labels)
    assert abs(loss.item() - math.log(500)) < 1
    logits = model(source, target)
    with torch.no_grad():
        logits[0, 2:] = 100.0
    torch.testing.assert_close(model.loss(logits, labels), loss)


def test_dropout_acts_in_training_only() -> None:
    model, source, target = small(), tokens(1, 5), tokens(1, 5)
    assert not torch.equal(model(source, target), model(source, target))
    model.eval()
    assert torch.equal(model(source, target), model(source, target))


def test_half_precision_meta_shapes_and_state() -> None:
    model, source, target = small().eval(), tokens(2, 7), tokens(2, 6)
    full = model(source, target)
    other = Transformer(model.config).eval()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(source, target), full)
    with torch.device("meta"):
        assert Transformer(model.config)(source.to("meta"), target.to("meta")).shape == full.shape
    half = other.bfloat16()(source, target)
    assert half.isfinite().all()
    torch.testing.assert_close(half.float(), full, rtol=0.1, atol=0.2)


def test_the_columns_of_table_3_in_any_writing() -> None:
    latex = {"$N$": "4", r"$d_{\text{model}}$": "256", r"d_{ff}": "1024", "h": "2", "$d_k$": "16", "d_{v}": "32", "P_{drop}": "0.2", r"\epsilon_{ls}": "0.0"}  # fmt: skip
    plain = {"N": "4", "d_model": "256", "d_ff": "1,024", "h": "2", "d_k": "16", "d_v": "32", "P_drop": "0.2", "epsilon_ls": "0"}
    expected = base_config(layers=4, d_model=256, d_ff=1024, heads=2, d_k=16, d_v=32, dropout=0.2, label_smoothing=0.0)
    assert config_from_settings(latex) == config_from_settings(plain) == expected


def test_what_a_row_does_not_list_is_the_base_models() -> None:
    assert config_from_settings({"d_k": "16", "d_v": "", "train steps": "100K"}, vocabulary="41000") == base_config(
        d_k=16, vocabulary=41_000
    )
    assert config_from_settings({"": "positional embedding instead of sinusoids"}).positions == "learned"
    with torch.device("meta"):
        assert count(from_settings({"d_k": "16"}, vocabulary=37_000)) == 55_990_784


@pytest.mark.parametrize(
    ("settings", "assumed", "message"),
    [
        ({"d_kk": "3"}, {}, "the column 'd_kk' is not known to the Transformer"),
        ({"N": "six"}, {}, "N is 'six', and a whole number is needed"),
        ({"N": "2.5"}, {}, "N is '2.5', and a whole number is needed"),
        ({"P_drop": "inf"}, {}, r"dropout must lie in \[0, 1\), got inf"),
        ({"N": "0"}, {}, "layers must be positive, got 0"),
        ({}, {"vocab": 3}, "the Transformer has no field 'vocab'. Did you mean 'vocabulary'"),
        ({}, {"attention_bias": "perhaps"}, "attention_bias is 'perhaps', and true or false is needed"),
    ],
)
def test_what_a_row_cannot_mean_is_refused(settings: dict[str, str], assumed: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        config_from_settings(settings, **assumed)


def test_bad_sizes_and_batches_are_refused() -> None:
    with pytest.raises(BadInput, match="padding_index must be a token of the vocabulary"):
        TransformerConfig(vocabulary=10, padding_index=10)
    with pytest.raises(BadInput, match='"sinusoidal" or "learned"'):
        TransformerConfig(positions="rotary")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"one batch size, got \(2, 7\) and \(3, 6\)"):
        small()(tokens(2, 7), tokens(3, 6))
    with pytest.raises(BadInput, match="a sequence of 9 positions is longer than the 8 learned ones"):
        small(positions="learned", context=8)(tokens(1, 9), tokens(1, 3))
