"""What the curves of a run show: nothing learnt, divergence, over-fitting, a run cut short, a step that is too large or too small.

Every rule is one inequality on a smoothed curve; a curve of fewer than `FEWEST` points says nothing.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._suspect import Suspect

Curve = Sequence[tuple[int, float]]
FEWEST = 8  # points
SMOOTH = 5  # points of the running median
LEARNT = 0.02  # of the first loss: less is no fall
RETURNED = 0.5  # of the fall: a loss that climbs back so far has diverged
CUT_SHORT = 0.05  # of the whole fall, in the last quarter: the run was not at its end
SLOW = 0.25  # of the run, for half of the fall: a loss falls fast at first where the step is large enough
NOISY = 0.15  # standard deviation of a loss that has stalled, against its whole fall
OVERFITTED = 0.05  # of the fall of the validation loss, given back after its lowest point
SAME = 0.2  # of the level: a curve that ends so near the measured number is of the same metric
HELD_OUT = r"val|valid|validation|dev|eval|test|held_?out"
LOSS = r"loss|nll|cross_?entropy|perplexity|ppl|bpc|bpb|mse|mae"
METRIC = r"acc|accuracy|f1|bleu|auc|auroc|map|iou|miou|dice|return|reward|score|recall|precision|top_?[15]"


@dataclass(frozen=True)
class Told:
    """One run as the rules see it: its curves by what they are, and what is stated of the loss and the metric."""

    train_loss: list[float]
    held_loss: list[float]
    train_metric: list[float]
    held_metric: list[float]
    rate: list[float]
    steps: list[int]  # of the training loss
    facts: Mapping[str, Any]
    claimed: float | None
    measured: float | None

    @property
    def classes(self) -> float | None:
        """The number of classes, where it is stated."""
        value = self.facts.get("classes") or self.facts.get("vocabulary")
        return float(value) if isinstance(value, int | float) and value > 1 else None


def told(curves: Mapping[str, Curve], *, facts: Mapping[str, Any], claimed: float | None, measured: float | None) -> Told:
    """Sort the curves of a run by their names: "val_loss", "train/accuracy", "lr"."""
    found: dict[tuple[str, bool], list[tuple[int, float]]] = {}
    for name, curve in curves.items():
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold()
        kind = "loss" if _says(words, LOSS) else "metric" if _says(words, METRIC) else "rate" if _says(words, r"lr|learning_?rate") else ""
        if kind and curve:
            found.setdefault((kind, _says(words, HELD_OUT)), list(curve))
    values = {key: [value for _, value in curve] for key, curve in found.items()}
    held = values.get(("metric", True), [])
    last = end(held)
    if measured is None or last is None or abs(_scaled(measured, held) - last) > SAME * abs(last):
        claimed = None  # the curve is of another metric than the claim
    return Told(
        train_loss=values.get(("loss", False), []),
        held_loss=values.get(("loss", True), []),
        train_metric=values.get(("metric", False), []),
        held_metric=held,
        rate=values.get(("rate", False), []),
        steps=[step for step, _ in found.get(("loss", False), [])],
        facts=facts,
        claimed=claimed,
        measured=measured,
    )


def _says(name: str, words: str) -> bool:
    return re.search(rf"(?:^|[^a-z])(?:{words})(?:$|[^a-z])", name) is not None


def curve_suspects(run: Told) -> list[Suspect]:
    """Return what every rule says of one run."""
    return [suspect for rule in RULES for suspect in rule(run)]


# --- rules -------------------------------------------------------------------------------------------------------------


def _diverged(run: Told) -> Iterable[Suspect]:
    losses = run.train_loss
    lost = next((index for index, value in enumerate(losses) if not math.isfinite(value)), None)
    if lost is not None:
        yield _divergence(f"the training loss is {losses[lost]} from step {run.steps[lost]} on", lost < len(losses) / 10)
        return
    smooth = smoothed(losses)
    if not smooth or _otherwise(run):
        return
    low = min(smooth)
    at = smooth.index(low)
    if smooth[-1] - low > RETURNED * max(smooth[0] - low, 0.1 * abs(smooth[0])) and smooth[-1] - low > 5 * noise(losses):
        text = f"the training loss falls to {low:.4g} (step {run.steps[at]}) and ends at {smooth[-1]:.4g}; it began at {smooth[0]:.4g}"
        yield _divergence(text, at < len(losses) / 10)


def _divergence(text: str, early: bool) -> Suspect:
    return Suspect(
        name="training diverges" + (" at the start" if early else ""),
        source="curve",
        weight=0.8,
        themes=("learning rate", "stability"),
        reason="A loss that runs away has a step that is too large, a gradient without a bound, or a number out of range.",
        evidence=(text,),
        run="check --only ladder",
        tells="The sweep names the learning rates under which the loss falls; guards and half precision name an operation out of its domain.",
    )


def _nothing_learnt(run: Told) -> Iterable[Suspect]:
    smooth = smoothed(run.train_loss)
    if not smooth or _otherwise(run):
        return
    fall, first = smooth[0] - min(smooth), smooth[0]
    if fall > max(LEARNT * abs(first), 2 * noise(run.train_loss)) or smooth[-1] - first > LEARNT * abs(first):
        return
    chance = math.log(run.classes) if run.classes else None
    at_chance = chance is not None and abs(statistics.median(smooth) - chance) < 0.05 * chance
    if chance is not None and not at_chance:
        return  # flat, and not at the level of guessing: it was learnt before the first point of the log
    level = f", the level of guessing is ln {run.classes:g} = {chance:.4g}" if chance is not None else ""
    yield Suspect(
        name="nothing is learnt",
        source="curve",
        weight=0.85 if at_chance else 0.5,
        themes=("learning rate", "objective", "data"),
        reason="A training loss that stays where it began has no gradient, labels that do not belong to the inputs, or a step of no size.",
        evidence=(f"the training loss goes from {first:.4g} to {smooth[-1]:.4g} in {run.steps[-1] - run.steps[0]} steps{level}",),
        run="check --only overfit",
        tells="If eight examples cannot be memorised, model, loss or step is broken; if they can, look at the data and at the learning rate.",
    )


def _held_out_never_learns(run: Told) -> Iterable[Suspect]:
    train, held = smoothed(run.train_loss), smoothed(run.held_loss)
    if not train or not held or train[0] - min(train) < 0.2 * abs(train[0]) or held[0] < 0.8 * train[0]:
        return
    if held[-1] >= held[0] - LEARNT * abs(held[0]) and held[0] - min(held) < 0.1 * (train[0] - min(train)):
        yield Suspect(
            name="the evaluation is not of what was trained",
            source="curve",
            weight=0.75,
            themes=("evaluation", "data"),
            reason="What is learnt does not show on held-out data from the first point on: mode, running statistics, preprocessing or labels differ there.",
            evidence=(
                f"the training loss falls from {train[0]:.4g} to {train[-1]:.4g}, the held-out loss goes from {held[0]:.4g} to {held[-1]:.4g}",
            ),
            run="check --only evaluation --only 'running statistics' --only loaders",
            tells="Evaluate on the training examples with the evaluation code: if the loss is not the training loss, the evaluation is at fault.",
        )


def _overfitted(run: Told) -> Iterable[Suspect]:
    train, held = smoothed(run.train_loss), smoothed(run.held_loss)
    if train and held:
        low = min(held)
        at = held.index(low)
        share = at / (len(held) - 1)
        fall = max(held[0] - low, 0.05 * abs(held[0]))
        back = held[-1] - low
        learns_on = train[min(len(train) - 1, round(share * (len(train) - 1)))] > train[-1]
        if at > 0 and share < 0.8 and back > OVERFITTED * fall and back > 3 * noise(run.held_loss) and learns_on:
            yield _regularisation(
                f"the held-out loss is lowest ({low:.4g}) at {share:.0%} of the run and ends at {held[-1]:.4g} while the training loss still falls",
                0.65,
            )
            return
    seen, unseen = end(run.train_metric), end(run.held_metric)
    if seen is None or unseen is None or run.claimed is None or run.measured is None or run.claimed <= run.measured:
        return
    claimed = _scaled(run.claimed, [seen, unseen])
    if seen > claimed + 0.5 * (claimed - unseen) and unseen < claimed:
        yield _regularisation(
            f"the training metric ends at {seen:.4g}, above the paper's {claimed:g}, and the held-out metric at {unseen:.4g}", 0.55
        )
    elif seen < claimed:
        yield Suspect(
            name="the training data themselves are not fitted",
            source="curve",
            weight=0.5,
            themes=("learning rate", "length of training", "capacity", "optimiser"),
            reason="The metric on the training data stays below the paper's on held-out data: optimisation, capacity or length, not generalisation.",
            evidence=(f"the training metric ends at {seen:.4g}, the paper's held-out number is {claimed:g}",),
            run="check --only ladder",
            tells="If 100 examples are memorised, the model can fit and the recipe (rate, length, regularisation) is at fault.",
        )


def _regularisation(text: str, weight: float) -> Suspect:
    return Suspect(
        name="over-fitting",
        source="curve",
        weight=weight,
        themes=("regularisation", "data", "length of training"),
        reason="The model learns its training data beyond what carries over: weaker regularisation, less augmentation or data, or no early stopping.",
        evidence=(text,),
        run="train: dropout, weight decay and augmentation as stated",
        tells="Stop at the lowest held-out loss first (it costs nothing); then double weight decay or dropout: a smaller gap names regularisation.",
    )


def _cut_short(run: Told) -> Iterable[Suspect]:
    if _otherwise(run):
        return
    if len(run.held_loss) >= FEWEST:
        values, name = run.held_loss, "held-out loss"
    elif len(run.held_metric) >= FEWEST:
        values, name = [-value for value in run.held_metric], "held-out metric"
    else:
        values, name = run.train_loss, "training loss"
    smooth = smoothed(values)
    if not smooth:
        return
    whole = max(smooth) - min(smooth)
    fall, error = _trend(values[-max(5, len(values) // 4) :])
    if not (smooth[0] - smooth[-1] > 0.5 * whole and fall > CUT_SHORT * whole and fall > 3 * error):
        return
    text = f"the {name} changes by {fall:.3g} in the last quarter of the run, {fall / whole:.0%} of all it changed, for the better"
    yield Suspect(
        name="too few steps",
        source="curve",
        weight=0.6,
        themes=("length of training",),
        reason="The run ends while it still learns.",
        evidence=(text,),
        run="train: twice the steps",
        tells="A second run of twice the length whose curve flattens says that the steps were too few.",
    )


def _too_small_a_step(run: Told) -> Iterable[Suspect]:
    smooth = smoothed(run.train_loss)
    if not smooth or _otherwise(run):
        return
    fall = smooth[0] - min(smooth)
    if fall < max(LEARNT * abs(smooth[0]), 5 * noise(run.train_loss)):
        return
    half = next(index for index, value in enumerate(smooth) if value <= smooth[0] - fall / 2) / (len(smooth) - 1)
    if half < SLOW:
        return
    text = f"half of all that the training loss fell took {half:.0%} of the run"
    peak = run.rate.index(max(run.rate)) / (len(run.rate) - 1) if len(run.rate) >= FEWEST else 0.0
    if peak > 0.3 and max(run.rate) > 1.5 * min(run.rate):
        yield _rate("the warm-up is too long", f"{text}; the learning rate is highest at {peak:.0%} of it", 0.65, "schedule")
    else:
        yield _rate("the learning rate is too low", text, 0.55, "learning rate")


def _rate(name: str, text: str, weight: float, theme: str) -> Suspect:
    return Suspect(
        name=name,
        source="curve",
        weight=weight,
        themes=(theme, "learning rate"),
        reason="The size of the step does not fit the length of the run.",
        evidence=(text,),
        run="check --only ladder",
        tells="The sweep says at which rate the loss falls most; three times lower or higher than yours names the rate.",
    )


def _too_large_a_step(run: Told) -> Iterable[Suspect]:
    smooth = smoothed(run.train_loss)
    if not smooth or _otherwise(run):
        return
    low = smooth[len(smooth) // 2 :]
    late = run.train_loss[len(smooth) // 2 :]
    fall, spread = smooth[0] - statistics.median(low), noise(late)
    trend, _ = _trend(late)
    far = [value for value, level in zip(late, low, strict=True) if value - level > 0.5 * abs(fall) and value - level > 8 * spread]
    if fall > LEARNT * abs(smooth[0]) and spread > NOISY * fall and abs(trend) < 0.25 * fall:
        text = f"in its second half the training loss stands still at {statistics.median(low):.3g} and moves by ±{spread:.2g} from point to point"
        yield _rate("the learning rate is too high", text, 0.55, "stability")
    elif fall > 0 and len(far) >= 3:
        text = f"in its second half the training loss jumps {len(far)} times by more than half of what it fell, up to {max(far):.3g}"
        yield _rate("the learning rate is too high", text, 0.6, "stability")


def _floor(run: Told) -> Iterable[Suspect]:
    if not run.train_loss or not all(map(math.isfinite, run.train_loss)):
        return
    least = min(smoothed(run.train_loss) or run.train_loss)
    smoothing, stated = run.facts.get("label_smoothing"), str(run.facts.get("loss", "")).casefold()
    bound = None
    if isinstance(smoothing, int | float) and 0 < smoothing < 1 and run.classes:
        bound, why = smoothing_floor(float(smoothing), run.classes), f"label smoothing {smoothing:g} over {run.classes:g} classes"
    elif "cross-entropy" in stated or "squared" in stated:
        bound, why = 0.0, stated
    if bound is not None and least < bound - 1e-3 * max(1.0, bound):
        yield Suspect(
            name="the loss is not the stated one",
            source="curve",
            weight=0.75,
            themes=("objective",),
            reason="A loss cannot fall below its lower bound, so another loss was trained or logged.",
            evidence=(f"the training loss reaches {least:.4g}; with {why} it cannot be below {bound:.4g}",),
            run="check --only 'stated loss' --only 'initial loss' --only 'stated equations'",
            tells="The check holds the loss against the stated formula, in value and gradient.",
        )


def _swings(run: Told) -> Iterable[Suspect]:
    values = run.held_metric
    if len(values) < FEWEST:
        return
    late = values[len(values) // 2 :]
    spread, level = noise(late), abs(statistics.median(late))
    gap = abs(_scaled(run.claimed, values) - late[-1]) if run.claimed is not None else None
    if level == 0 or spread < 0.01 * level or (spread < gap / 3 if gap is not None else spread < 0.05 * level):
        return
    yield Suspect(
        name="the metric swings from evaluation to evaluation",
        source="curve",
        weight=0.5,
        themes=("evaluation", "learning rate", "stability"),
        reason="Which checkpoint is reported decides the number: few held-out examples, no decay of the rate, or no average of the weights.",
        evidence=(
            f"in its second half the held-out metric moves by ±{spread:.3g} around {level:.4g}"
            + (f"; the gap is {gap:.3g}" if gap else ""),
        ),
        run="train: evaluate the mean of the last five checkpoints",
        tells="If the averaged weights close the gap, it is the choice of the checkpoint.",
    )


def _another_checkpoint(run: Told) -> Iterable[Suspect]:
    if len(run.held_metric) < FEWEST or run.claimed is None:
        return
    claimed = _scaled(run.claimed, run.held_metric)
    smooth = smoothed(run.held_metric)
    best, last = max(smooth), smooth[-1]
    if last < claimed and best - last > 0.5 * (claimed - last) and best - last > 2 * noise(run.held_metric):
        yield Suspect(
            name="another checkpoint is reported",
            source="curve",
            weight=0.7,
            themes=("evaluation", "length of training"),
            reason="The best evaluation of the run makes up most of the gap, the last one does not.",
            evidence=(f"the held-out metric reaches {best:.4g} and ends at {last:.4g}; the paper has {claimed:g}",),
            run="evaluate the checkpoint with the best validation metric",
            tells="If the paper chooses by validation, report that checkpoint on the test set.",
        )


RULES: tuple[Callable[[Told], Iterable[Suspect]], ...] = (
    _diverged,
    _nothing_learnt,
    _held_out_never_learns,
    _overfitted,
    _cut_short,
    _too_small_a_step,
    _too_large_a_step,
    _floor,
    _swings,
    _another_checkpoint,
)


# --- numbers -----------------------------------------------------------------------------------------------------------


def smoothed(values: Sequence[float]) -> list[float]:
    """Return the running median, [] where there are too few points or one is not finite."""
    if len(values) < FEWEST or not all(map(math.isfinite, values)):
        return []
    reach = SMOOTH // 2
    inner = [statistics.median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))]
    return [values[0], *inner[1:]]  # the first point is where the run began, and falls fast


def noise(values: Sequence[float]) -> float:
    """Return the standard deviation from point to point, from the median of the second differences: no trend and no jump counts."""
    second = [abs(values[i - 1] - 2 * values[i] + values[i + 1]) for i in range(1, len(values) - 1)]
    return statistics.median(second) / (0.6745 * math.sqrt(6)) if second else 0.0


def end(values: Sequence[float]) -> float | None:
    """Return the level at the end of a curve: the median of its last five points."""
    last = [value for value in values[-5:] if math.isfinite(value)]
    return statistics.median(last) if last else None


def smoothing_floor(smoothing: float, classes: float) -> float:
    """Return the least cross-entropy against smoothed labels: the entropy of a label with 1 - e + e/C and C - 1 times e/C."""
    right, other = 1 - smoothing + smoothing / classes, smoothing / classes
    return -right * math.log(right) - (classes - 1) * other * math.log(other)


def _trend(values: Sequence[float]) -> tuple[float, float]:
    """Return by how much a straight line falls over the values, and the standard error of that."""
    n = len(values)
    mean_x, mean_y = (n - 1) / 2, sum(values) / n
    square = sum((x - mean_x) ** 2 for x in range(n))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(values)) / square
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in enumerate(values))
    return -slope * (n - 1), math.sqrt(rest / max(1, n - 2) / square) * (n - 1)


def _scaled(claimed: float, values: Sequence[float]) -> float:
    """Return the paper's number on the scale of a curve: 92 beside 0.85 is 0.92."""
    return claimed / 100 if claimed > 1.5 and max(map(abs, values)) <= 1.0 else claimed


def _otherwise(run: Told) -> bool:
    """Say whether the loss of this training need not fall: games and reinforcement."""
    return any(key in run.facts for key in ("players", "discount", "gae_lambda", "target_update", "actions"))
