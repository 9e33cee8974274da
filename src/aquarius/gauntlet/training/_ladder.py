"""The ladder: memorise 1, 10 and 100 examples, and sweep the learning rate; long, so it runs only where it is named."""

from __future__ import annotations

import math
import time

import torch
from torch import nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, no_dropout
from .._inputs import Batch

RUNGS = (1, 10, 100)  # examples
STEPS = 300
SECONDS = 12.0  # for each rung
SWEEP_STEPS = 40
SWEEP_SECONDS = 3.0  # for each learning rate
RATES = tuple(10.0 ** (-5 + step / 2) for step in range(9))  # 1e-5 to 1e-1
LEARNED = 0.1  # of the first loss: memorised
FELL = 0.02  # of the first loss: less is no fall


def ladder(examination: Examination) -> Evidence:
    """Climb: Adam on 1, 10, 100 examples, at the learning rate of the sweep under which the loss falls most."""
    falls, curve = _sweep(examination)
    values = {f"loss left at rate {rate:.1e}": left for rate, left in falls.items()}
    curves = {"sweep: loss left (x: 1000 log10 rate)": curve}
    if all(left > 1 - FELL for left in falls.values()):
        found = examination.finding(
            "fail" if _plain(examination) else "unsure",
            f"the loss on {examination.layout.size} examples falls at no learning rate from {RATES[0]:.0e} to {RATES[-1]:.0e}",
            where="loss",
            hint="Look for a cut graph, a loss that does not look at the output, or labels that do not belong to the inputs.",
            values=values,
        )
        return found.model_copy(update={"curves": curves})
    best = min(falls, key=lambda rate: falls[rate])
    broken = ""
    for examples in RUNGS:
        some = _climb(examination, examples, best)
        if some is None:
            values[f"{examples} examples: not possible"] = 1.0
            continue
        curves[f"{examples} examples"] = some
        first, least = some[0][1], min(value for _, value in some)
        values |= {f"{examples} examples: first loss": first, f"{examples} examples: least loss": least}
        if not broken and least > LEARNED * abs(first):
            broken = (
                f"it breaks at {examples} example{'s' if examples > 1 else ''}: the loss goes from {first:.3g} to {least:.3g} and no lower"
            )
    climbed = [examples for examples in RUNGS if f"{examples} examples" in curves]
    text = f"the loss falls most at learning rate {best:.1e}; "
    if not climbed:
        return examination.unsure(text + "no batch of 1, 10 or 100 examples can be made", **values)
    if broken:
        found = examination.finding("unsure", text + broken + " (a loss with a floor of its own cannot be memorised)", values=values)
    else:
        found = examination.finding("pass", text + f"{', '.join(map(str, climbed))} examples are memorised", values=values)
    return found.model_copy(update={"curves": curves})


def _sweep(examination: Examination) -> tuple[dict[float, float], list[tuple[int, float]]]:
    """Return learning rate -> the share of the first loss that is left after some steps (2 where it grew or is not finite)."""
    falls: dict[float, float] = {}
    for rate in RATES:
        curve = _train(examination, examination.build(), examination.batch(), rate, SWEEP_STEPS, SWEEP_SECONDS)
        first, last = curve[0][1], curve[-1][1]
        left = 1 + (last - first) / abs(first) if first and math.isfinite(last) else 2.0
        falls[rate] = min(2.0, left)
    return falls, [(round(1000 * math.log10(rate)), left) for rate, left in falls.items()]


def _climb(examination: Examination, examples: int, rate: float) -> list[tuple[int, float]] | None:
    """Return the curve of the loss on so many examples, None where the subject has no batch of that size."""
    batch = examination.quiet(lambda: examination.call("batch", examples, 0))
    if batch is None:
        return None
    model = examination.build()
    return examination.quiet(lambda: _train(examination, model, batch, rate, STEPS, SECONDS))


def _train(examination: Examination, model: nn.Module, batch: Batch, rate: float, steps: int, seconds: float) -> list[tuple[int, float]]:
    """Return (step, loss) in training mode without dropout, under Adam."""
    optimizer = torch.optim.Adam([parameter for parameter in model.parameters() if parameter.requires_grad], lr=rate)
    model.train()
    end = time.perf_counter() + seconds
    curve: list[tuple[int, float]] = []
    with no_dropout(model):
        for step in range(steps + 1):
            value = examination.loss(model, {key: _own(entry) for key, entry in batch.items()}, seed=step)
            if step & (step - 1) == 0 or step % 25 == 0 or step == steps or time.perf_counter() > end:
                number = float(value.detach())
                if not math.isfinite(number):
                    return [*curve, (step, curve[-1][1])] if curve else [(0, 0.0)]
                curve.append((step, number))
                if time.perf_counter() > end or number < 0.02 * abs(curve[0][1]):
                    break
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return curve


def _own(entry: object) -> object:
    return entry.clone() if isinstance(entry, torch.Tensor) else entry


def _plain(examination: Examination) -> bool:
    """Say whether the subject's training is a descent of its loss: no game, no reinforcement, nothing learned by averages."""
    others = ("players", "discount", "gae_lambda", "target_update", "actions", "stop_gradient", "ema")
    return bool(examination.facts) and not any(key in examination.facts for key in others)


LADDER = Check(
    name="ladder",
    family="ladder",
    finds="Where learning breaks: on 1, 10 or 100 examples, or at every learning rate from 1e-5 to 1e-1.",
    uses=("players", "discount", "gae_lambda", "target_update", "actions", "stop_gradient", "ema"),
    misled_by="A loss with a floor (label smoothing, an entropy or a KL term) and labels that are noise: a rung that is not climbed is 'unsure'.",
    cost="training",
    function=ladder,
)
