"""What is drawn at random is drawn as stated: the noise of a loss, the steps of a diffusion, the noise it predicts."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance, no_dropout
from .._inputs import is_integer

BATCHES = 24


def stated_noise(examination: Examination) -> Evidence:
    """Evaluate a loss that is stated to draw noise with two seeds: it differs."""
    words = examination.words("stochastic")
    if not re.search(r"loss (itself )?(draws|samples|adds|perturbs)", words):
        return examination.skipped("no loss that draws noise is stated")
    model = examination.perturbed(training=True)
    with torch.no_grad(), no_dropout(model):
        losses = [examination.loss(model, examination.batch(), seed=seed) for seed in (1, 2, 3)]
    change = max(distance(losses[0], other) for other in losses[1:])
    if change > 0:
        return examination.passed("the loss draws noise, as stated", change=change)
    message = "the loss is stated to draw noise, and is the same for three seeds"
    return examination.finding("fail", message, where="loss", hint="Is the mean used in the place of a sample?")


def steps_of_a_diffusion(examination: Examination) -> Evidence:
    """Draw batches: the rows of one have different steps, and together they reach from the first to the last."""
    steps = examination.number("steps")
    if steps is None or steps < 8 or not (examination.facts.get("betas") or examination.facts.get("prediction")):
        return examination.skipped("no steps of a diffusion are stated")
    size = 32 if examination.layout.rows else examination.layout.size
    batches = [examination.batch(size, seed) for seed in range(BATCHES)]
    key = next((k for k, v in batches[0].items() if isinstance(v, Tensor) and is_integer(v) and v.numel() == len(v) and _is_step(k)), None)
    if key is None:
        return examination.skipped("no steps are in the batch")
    every = torch.stack([batch[key].flatten() for batch in batches])
    low, high = int(every.min()), int(every.max())
    values = {"lowest": float(low), "highest": float(high)}
    where, hint = "batch", "Draw one step for each sample, over all of them."
    if bool((every == every[:, :1]).all()) and low != high:
        return examination.finding(
            "fail", "all samples of a batch have one and the same step", where=where, path=key, hint=hint, values=values
        )
    if high >= steps + 1 or low < 0:
        message = f"steps from {low} to {high} are drawn, and {steps:.0f} are stated"
        return examination.finding("fail", message, where=where, path=key, hint=hint, values=values)
    if every.numel() >= 20 * 8 and (high < 0.75 * steps or low > 0.25 * steps):
        message = f"of {steps:.0f} steps, {every.numel()} draws reach only from {low} to {high}"
        return examination.finding("fail", message, where=where, path=key, hint=hint, values=values)
    return examination.passed("steps are drawn for each sample and over all of them", **values)


def _is_step(key: str) -> bool:
    return key.lower() in ("t", "time", "times", "step", "steps", "timestep", "timesteps")


def noise_to_predict(examination: Examination) -> Evidence:
    """Pool the noise that the network is to predict over batches: mean 0 and deviation 1 in every place."""
    if "noise" not in examination.words("prediction") and "epsilon" not in examination.words("prediction"):
        return examination.skipped("no prediction of noise is stated")
    size = 32 if examination.layout.rows else examination.layout.size
    batches = [examination.batch(size, seed) for seed in range(BATCHES)]
    key = next((k for k in batches[0] if k.lower() in ("noise", "eps", "epsilon", "e")), None)
    if key is None or not isinstance(batches[0][key], Tensor) or not batches[0][key].is_floating_point():
        return examination.skipped("no noise is in the batch")
    pooled = torch.cat([batch[key].flatten().double() for batch in batches])
    mean, deviation = float(pooled.mean()), float(pooled.std())
    kurtosis = float(((pooled - mean) / max(deviation, 1e-9)).pow(4).mean())
    values = {"mean": mean, "deviation": deviation, "kurtosis": kurtosis}
    room = 6 / max(1.0, pooled.numel() ** 0.5)
    if abs(mean) > room or abs(deviation - 1) > room:
        message = f"the noise to predict has mean {mean:.3g} and deviation {deviation:.3g}, and a standard normal has 0 and 1"
        hint = "Is the sample given in its place, or is its scale another one?"
        return examination.finding("fail", message, where="batch", path=key, hint=hint, values=values)
    return examination.passed("the noise to predict is standard normal in mean and deviation", **values)


STATED_NOISE = card(
    "mode",
    "stated noise",
    "A loss that is stated to draw noise and does not.",
    ("stochastic",),
    "Dropout is switched off before.",
    stated_noise,
)
STEPS_DRAWN = card(
    "generative",
    "steps drawn",
    "Diffusion steps that are one for the whole batch, or that leave out a part of the schedule.",
    ("steps", "betas", "prediction"),
    "Schedules that favour some steps: a quarter of them left out at one end fails.",
    steps_of_a_diffusion,
)
NOISE_TO_PREDICT = card(
    "generative",
    "noise to predict",
    "A target that is stated to be noise and has not the mean and deviation of it.",
    ("prediction",),
    "Noise of another law on purpose, which is then stated otherwise.",
    noise_to_predict,
)
