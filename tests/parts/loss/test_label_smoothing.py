from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from aquarius.core import BadInput
from aquarius.parts.loss import label_smoothed_cross_entropy, masked_mean

torch.manual_seed(0)
LOGITS, TARGETS = torch.randn(3, 5, 7), torch.randint(0, 7, (3, 5))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ignore_index", [None, 2, -100])
def test_equals_torch(smoothing: float, ignore_index: int | None) -> None:
    targets = TARGETS.clone()
    if ignore_index == -100:
        targets[0, 3:] = -100
    ours = label_smoothed_cross_entropy(LOGITS, targets, smoothing=smoothing, ignore_index=ignore_index)
    extra = {} if ignore_index is None else {"ignore_index": ignore_index}
    theirs = cross_entropy(LOGITS.flatten(0, 1), targets.flatten(), label_smoothing=smoothing, **extra)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_it_is_a_mean_over_tokens_and_not_of_means() -> None:
    targets = TARGETS.clone()
    targets[0, 1:] = -1
    per_token = cross_entropy(LOGITS.flatten(0, 1), TARGETS.flatten(), reduction="none", label_smoothing=0.1).unflatten(0, (3, 5))
    mean_of_means = torch.stack([per_token[0, 0], per_token[1].mean(), per_token[2].mean()]).mean()
    ours = label_smoothed_cross_entropy(LOGITS, targets, ignore_index=-1)
    torch.testing.assert_close(ours, torch.cat((per_token[0, :1], per_token[1], per_token[2])).mean())
    assert not torch.isclose(ours, mean_of_means)


def test_it_is_not_the_smoothing_over_the_other_classes_only() -> None:
    log_probability = LOGITS.log_softmax(-1)
    soft = torch.full_like(LOGITS, 0.1 / 6).scatter(-1, TARGETS[..., None], 0.9)
    assert not torch.isclose(label_smoothed_cross_entropy(LOGITS, TARGETS), -(soft * log_probability).sum(-1).mean())


def test_no_target_at_all_gives_zero_and_no_nan() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = label_smoothed_cross_entropy(logits, torch.full_like(TARGETS, -1), ignore_index=-1)
    loss.backward()
    assert loss.item() == 0 and logits.grad is not None and (logits.grad == 0).all()


def test_what_is_ignored_may_be_infinite() -> None:
    logits, targets = LOGITS.clone(), TARGETS.clone()
    logits[0, 0], targets[0, 0] = float("nan"), -1
    assert label_smoothed_cross_entropy(logits, targets, ignore_index=-1).isfinite()


def test_masked_mean() -> None:
    values = torch.tensor([1.0, float("inf"), 3.0])
    assert masked_mean(values, torch.tensor([True, False, True])).item() == 2
    assert masked_mean(values, torch.zeros(3, dtype=torch.bool)).item() == 0


def test_gradients() -> None:
    logits = LOGITS[:1].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda each: label_smoothed_cross_entropy(each, TARGETS[:1], ignore_index=2), (logits,))


def test_bad_input_is_refused() -> None:
    with pytest.raises(BadInput, match=r"between 0 and 1, got smoothing=1\.1"):
        label_smoothed_cross_entropy(LOGITS, TARGETS, smoothing=1.1)
    with pytest.raises(BadInput, match=r"targets of shape \(5, 3\) do not fit logits of shape \(3, 5, 7\)"):
        label_smoothed_cross_entropy(LOGITS, TARGETS.T)
