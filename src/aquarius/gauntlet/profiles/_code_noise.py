"""Variational autoencoders: noise of its own for each sample of a code, and a reconstruction that is summed or averaged as stated."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, no_dropout
from ..stated._quantities import evaluated
from ._variational import FixedNoise, _drawing, drawn_code, drawn_inputs

DRAWS = 12
FLAT = frozenset(["rand", "rand_like"])


def own_noise(examination: Examination) -> Evidence:
    """Take the noise out of the drawn code: it differs between samples, and it is normal where the code has a deviation of its own."""
    model = examination.perturbed(training=True)
    code = examination.quiet(lambda: drawn_code(examination, model))
    if code is None:
        flat = examination.quiet(lambda: drawn_code(examination, model, FLAT))
        if flat is None:
            return examination.skipped("no code is drawn from a mean and a deviation of its own")
        message = "the code is drawn with noise that is uniform between 0 and 1: its mean is moved, and no value lies below it"
        return examination.finding("fail", message, where=_drawing(examination), hint="Draw from the standard normal distribution: randn.")
    noises: list[Tensor] = []
    for seed in range(DRAWS):
        inputs = drawn_inputs(examination, model, seed)
        if len(inputs) <= code.place or inputs[code.place].shape != code.mean.shape:
            return examination.skipped("the code is read elsewhere from call to call")
        if not noises and not _carries(inputs[code.place], model):
            message = "the drawn code carries no gradient to the mean and the deviation that it is drawn from"
            return examination.finding(
                "fail", message, where=_drawing(examination), hint="Write it as mean + deviation * noise, or draw with rsample."
            )
        noises.append((inputs[code.place].detach() - code.mean) / code.deviation)
    noise = torch.stack(noises)  # (draws, samples, ...)
    varies = float((noise - noise[:1]).abs().max()) > 1e-2
    if varies and noise.shape[1] > 3 and float((noise - noise[:, :1]).abs().max()) < 1e-3 * float(noise.abs().max()):
        message = "all samples of a batch get one and the same noise on their codes"
        return examination.finding(
            "fail", message, where=_drawing(examination), hint="Draw noise of the mean's whole shape: randn_like(mean)."
        )
    return examination.passed("each sample has normal noise of its own", mean=float(noise.mean()), deviation=float(noise.std()))


def _carries(code: Tensor, model: nn.Module) -> bool:
    """Say whether a code has a slope along any parameter."""
    if not code.requires_grad:
        return False
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    slopes = torch.autograd.grad(code.sum(), trained, retain_graph=True, allow_unused=True)
    return any(slope is not None and bool((slope != 0).any()) for slope in slopes)


def reconstruction(examination: Examination) -> Evidence:
    """Take the slope of the loss along the reconstruction: a sum over elements with a mean over samples gives each element one n-th."""
    words = examination.words("loss")
    if not ("sum" in words and "mean over" in words and ("latent" in examination.facts or "beta" in examination.facts)):
        return examination.skipped("no loss of a code is stated as a sum with a mean over samples")
    model, batch = examination.perturbed(training=True), examination.batch()
    with no_dropout(model), FixedNoise(0.5):
        seen = examination.quiet(lambda: evaluated(examination, model, batch))
    if seen is None or not examination.layout.rows:
        return examination.skipped("the loss is refused, or samples are not rows")
    for target in batch.values():
        if not isinstance(target, Tensor) or not target.is_floating_point() or target.ndim < 2:
            continue
        for _, outputs in reversed(seen.outputs):
            for output in outputs:
                if output.numel() != target.numel() or len(output) != len(target):
                    continue
                found = _scaled(examination, output, seen.slope(output), target.reshape(output.shape), words)
                if found is not None:
                    return found
    return examination.unsure("the reconstruction and what it is compared with are not seen")


def _scaled(examination: Examination, output: Tensor, slope: Tensor | None, target: Tensor, words: str) -> Evidence | None:
    if slope is None or float(slope.abs().max()) == 0:
        return None
    output = output.detach()
    forms = {"cross-entropy": output.sigmoid() - target, "squared error": output - target}
    for name, form in forms.items():
        factor = float((slope * form).sum() / form.square().sum().clamp(min=1e-12))
        if factor <= 0 or float((slope - factor * form).abs().max()) > 1e-3 * float(slope.abs().max()):
            continue
        share, elements = factor * len(output), output[0].numel()
        right = (1.0,) if name == "cross-entropy" else (1.0, 2.0)
        if any(abs(share - value) < 1e-2 * value for value in right):
            return examination.passed("the reconstruction is summed over its elements and averaged over samples", share=share)
        if any(abs(share * elements - value) < 1e-2 * value for value in right):
            message = f"the {name} is averaged over {elements} elements of a sample, and the statement sums them: {words}"
        elif any(abs(share - value * len(output)) < 1e-2 * value * len(output) for value in right):
            message = f"the {name} is summed over samples, and the statement averages them: {words}"
        else:
            return examination.unsure(f"the {name} has another factor than a plain sum", share=share)
        return examination.finding("fail", message, where="loss", hint="Sum over the elements of a sample, then average over samples.")
    return None


OWN_NOISE = card(
    "generative",
    "own noise",
    "A drawn code whose noise is one for all samples of a batch, or uniform in the place of normal, or that passes no gradient on.",
    (),
    "Codes that are drawn in another way than mean plus deviation times noise: skipped.",
    own_noise,
)
RECONSTRUCTION = card(
    "generative",
    "reconstruction",
    "A reconstruction that is averaged where its statement sums, or summed over samples where it averages.",
    ("loss", "latent", "beta"),
    "Reconstructions weighted on purpose: 'unsure', for only the exact factor of the other reduction fails.",
    reconstruction,
)
