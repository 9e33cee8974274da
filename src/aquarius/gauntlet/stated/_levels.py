"""What is stated of inputs in words: levels that a sample takes from itself, fixed scales, outputs that depend on their own series only."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination

OWN = r"by (?:its|their) own (?:root mean square|rms|norm|length|peak|maximum|largest|scale|energy|mean and (?:standard )?deviation|deviation|standard deviation)"
BACK = r"undone|restored|reversed|multiplied back|put back|inverted at|added back|de-?normali[sz]ed"
ALONE = r"(series|channel|variable|variate|sensor|column)[^.]{0,60}(that|its own|the same|own) (series|channel|variable|variate|sensor|column) only|(series|channel|variable|variate|sensor)s? (is|are) (treated |handled |forecast )?(independent|alone|on (its|their) own)"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)(?!\s*,\s*-?\d)(?![\d.]*\d)"  # one number, no list of channels
SCALING = re.compile(
    rf"(?P<minus>subtract(?:s|ed|ing)?|minus|cent(?:er|re)d (?:at|on)) (?:a |the )?(?:mean (?:of )?)?{NUMBER}"
    rf"|(?P<over>divid(?:es|ed|ing)(?: it| them)? by) (?:a |the )?(?:(?:standard )?deviation (?:of )?)?{NUMBER}"
    rf"|(?P<times>multipl(?:ies|ied|ying)(?: it| them)? (?:by|with)) {NUMBER}"
    rf"|(?P<both>with|by|using) (?:the |a )?mean (?:of )?{NUMBER} and (?:the |a )?(?:standard )?deviation (?:of )?{NUMBER}"
    rf"|(?P<onto>to) \[(-?\d+(?:\.\d+)?), (-?\d+(?:\.\d+)?)\]"
)
RANGE = re.compile(r"(?:in|from|between) \[?(-?\d+(?:\.\d+)?)(?:,| to| and|\s*\.\.+) ?(-?\d+(?:\.\d+)?)\]?")
GAIN, SHIFT = 3.0, 4.0
NEAR, FAR = 0.02, 0.1  # of the output's scale: epsilons under roots stay below the first


def own_level(examination: Examination) -> Evidence:
    """Enlarge one sample, and shift it where its mean is taken away: its output stays, or follows where the level is put back."""
    words = examination.words("input")
    if not re.search(OWN, words):
        return _fixed_scale(examination, words)
    key = _only_input(examination)
    if key is None or examination.random_evaluation:
        return examination.skipped("the model is not given one array of real numbers, or evaluation is random")
    shift = SHIFT if "mean and" in words else 0.0
    batch, moved = examination.batch(), examination.batch()
    moved[key][0] = GAIN * moved[key][0] + shift
    model = examination.probe
    with torch.no_grad():
        one, two = examination.forward(model, batch), examination.forward(model, moved)
    if one.shape != two.shape or one.shape[0] != batch[key].shape[0]:
        return examination.skipped("the output has no axis of samples")
    wanted = one.clone()
    if re.search(BACK, words):
        wanted[0] = GAIN * one[0] + shift
    scale = max(float(one.abs().mean()), 1e-6)
    own = float((two[0] - wanted[0]).abs().max()) / max(float(wanted[0].abs().mean()), 1e-6)
    others = float((two[1:] - wanted[1:]).abs().max()) / scale
    if max(own, others) < NEAR:
        return examination.passed("the level of a sample is taken from the sample itself", error=max(own, others))
    if max(own, others) < FAR:
        return examination.unsure("the output follows the level of its sample by little", error=max(own, others))
    what = f"multiplied by {GAIN:g}" + (f" and shifted by {shift:g}" if shift else "")
    text = (
        f"the input is stated to be {re.search(OWN, words).group()}; with one sample {what}, "  # type: ignore[union-attr]
        + (
            f"the outputs of others change by {others:.2g} of their scale"
            if others >= FAR
            else f"its output is off by {own:.2g} of what follows from that"
        )
    )
    places = [p for p in examination.source.holding(r"(mean|std|var|norm|amax|max|sum)\(.*(keepdim|dim)|\.(std|var)\(") if "." in p]
    where = places[0] if len(places) == 1 else examination.where(model, "")
    return examination.finding(
        "fail", text, where=where, path=key, hint="Look at the axes of the level, and at both halves of taking it away and putting it back."
    )


def _fixed_scale(examination: Examination, words: str) -> Evidence:
    """Hold what the first layer is given against the stated factor and shift of the input, value by value, in order of size."""
    stated = stated_scale(words)
    key = _only_input(examination)
    if stated is None or key is None:
        return examination.skipped("it is not stated by which numbers the model scales its one input")
    given, path = _first_layer_given(examination, examination.batch()[key].numel())
    if given is None:
        return examination.unsure("no first layer is given as many numbers as the input has")
    x, got = examination.batch()[key].double().flatten().sort().values, given.double().flatten().sort().values
    factor = float(got.std() / x.std().clamp(min=1e-12))
    shift = float(got.mean() - factor * x.mean())
    if float((got - factor * x - shift).abs().max()) > 1e-3 * float(got.std()):
        return examination.unsure("the first layer is given the input in another form than a factor and a shift")
    off = float((got - stated[0] * x - stated[1]).abs().max() / (abs(stated[0]) * x.std()).clamp(min=1e-12))
    values = {"factor": factor, "shift": shift}
    if off < NEAR:
        return examination.passed("the input is scaled as stated", **values)
    text = f"the first layer is given {factor:.4g} times the input and {shift:+.4g}; stated are {stated[0]:.4g} times and {stated[1]:+.4g}"
    hint = "Are mean and deviation exchanged, or is the input scaled twice or not at all?"
    return examination.finding("fail", text, where=examination.where(examination.probe, ""), path=path, hint=hint, values=values)


def stated_scale(words: str) -> tuple[float, float] | None:
    """Return (factor, shift) of what the model does to its input by the words, in their order; None where the words say something else."""
    if not re.search(r"\bmodel|\bnetwork|\bforward|\binside", words):
        return None
    factor, shift, low, high = 1.0, 0.0, None, None
    if found := RANGE.search(words):
        low, high = float(found[1]), float(found[2])
    found_any = False
    for match in SCALING.finditer(words):
        numbers = [float(text) for text in match.groups() if text and re.fullmatch(r"-?[\d.]+(?:e-?\d+)?", text)]
        found_any = True
        if match["minus"]:
            shift -= numbers[0]
        elif match["both"]:
            factor, shift = factor / numbers[1], (shift - numbers[0]) / numbers[1]
        elif match["onto"]:
            if low is None or high is None or high <= low or (factor, shift) != (1.0, 0.0):
                return None
            factor = (numbers[1] - numbers[0]) / (high - low)
            shift = numbers[0] - factor * low
        else:
            by = numbers[0] if match["times"] else 1 / numbers[0] if numbers[0] else 1.0
            factor, shift = factor * by, shift * by
    return (factor, shift) if found_any else None


def _first_layer_given(examination: Examination, size: int) -> tuple[Tensor | None, str]:
    """Return what the first linear or convolutional layer is given where that has as many numbers, and its path."""
    seen: list[tuple[Tensor, str]] = []
    model = examination.probe
    handles = [
        module.register_forward_pre_hook(lambda _, given, path=path: seen.append((given[0].detach().clone(), path)))
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
    ]
    try:
        with torch.no_grad():
            examination.quiet(lambda: examination.forward(model, examination.batch()))
    finally:
        for handle in handles:
            handle.remove()
    return seen[0] if seen and seen[0][0].numel() == size else (None, "")


def _only_input(examination: Examination) -> str | None:
    """Return the one entry of real numbers that forward reads, None where there are more."""
    if not examination.layout.rows:
        return None
    keys = [
        key
        for key, value in examination.batch().items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2 and examination.reads(key)
    ]
    return keys[0] if len(keys) == 1 else None


def own_series(examination: Examination) -> Evidence:
    """Exchange one series of the input: where outputs are stated to depend on their own series only, those of others stay."""
    if not re.search(ALONE, examination.words("locality")):
        return examination.skipped("it is not stated that series do not influence one another")
    key = _only_input(examination)
    if key is None or examination.random_evaluation:
        return examination.skipped("the model is not given one array of real numbers, or evaluation is random")
    model = examination.probe
    batch, fresh = examination.batch(), examination.batch(seed=1)[key]
    with torch.no_grad():
        one = examination.forward(model, batch)
    axes = [
        (a, b) for a in range(1, batch[key].ndim) for b in range(1, one.ndim) if batch[key].shape[a] == one.shape[b] and one.shape[b] > 1
    ]
    if len(axes) != 1:
        return examination.skipped("it cannot be seen which axis numbers the series")
    into, out = axes[0]
    worst = 0.0
    for number in range(one.shape[out]):
        mixed = examination.batch()
        mixed[key].select(into, number).copy_(fresh.select(into, number))
        with torch.no_grad():
            two = examination.forward(model, mixed)
        rest = [other for other in range(one.shape[out]) if other != number]
        change = (two - one).abs().index_select(out, torch.tensor(rest))
        worst = max(worst, float(change.max()) / max(float(one.abs().mean()), 1e-6))
    if worst < 1e-4:
        return examination.passed("the series do not influence one another", change=worst)
    if worst < 1e-2:
        return examination.unsure("the series influence one another by little", change=worst)
    text = f"an output is stated to depend on its own series only; with another series exchanged it changes by {worst:.2g} of its scale"
    hint = "Look for a view or reshape that should be a transpose, and for a layer over the axis of the series."
    return examination.finding("fail", text, where=examination.where(model, ""), path=key, hint=hint, values={"change": worst})


LEVEL = card(
    "data",
    "own level",
    "An input that is stated to be scaled by its own level, or by fixed numbers, and is scaled by others, in part, or not put back.",
    ("input",),
    "Statements in other words are skipped; epsilons and clamps that matter are 'unsure'.",
    own_level,
)
SERIES = card(
    "architecture",
    "own series",
    "A forecast that depends on other series where it is stated not to.",
    ("locality",),
    "Arrays in which two axes have the number of series are skipped.",
    own_series,
)
