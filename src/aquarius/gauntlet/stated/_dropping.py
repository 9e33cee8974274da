"""Functions that drop what they are given, sample by sample: the rate, and the factor of what is kept."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination, distance, seed_all
from .._functions import called_in_training

DRAWS, SAME = 300, 1e-4


def dropping(examination: Examination) -> list[Evidence]:
    """Call each function that gives its one array back in evaluation many times in training: whole samples go or are enlarged by 1/(1-p)."""
    found = []
    for name, calls in called_in_training(examination).items():
        rates = [seen for call in calls if (seen := _drops(examination, call)) is not None]
        if not rates:
            element = next((text for call in calls if (text := _elements(examination, name, call)) is not None), None)
            if element:
                hint = "What is kept is divided by the probability to keep it; a locked mask is drawn once for all steps."
                found.append(examination.finding("fail", f"{name} {element}", where=name, hint=hint))
            elif element is not None:
                found.append(examination.passed(f"{name} drops elements and keeps their average"))
            continue
        rate, factor, together = rates[0]
        average = (1 - rate) * factor
        wrong = _unlike_stated(examination, rates)
        if abs(average - 1) > max(0.03, 4 * factor * (max(rate * (1 - rate), 1e-3) / DRAWS) ** 0.5):
            wrong = f"drops samples {rate:.0%} of the time and multiplies kept ones by {factor:.3g}: on average {average:.3g} times what evaluation has"
        if wrong:
            hint = "Each sample has a draw of its own; what is kept is divided by the probability to keep it."
            found.append(examination.finding("fail", f"{name} {wrong}", where=name, hint=hint, values={"rate": rate, "factor": factor}))
        elif together:
            found.append(examination.unsure(f"{name} drops all samples of a batch together, which some do on purpose", rate=rate))
        else:
            found.append(examination.passed(f"{name} drops samples one by one and keeps their average", rate=rate, factor=factor))
    return found or [examination.skipped("no function drops samples")]


def _unlike_stated(examination: Examination, rates: list[tuple[float, float, bool]]) -> str:
    """Say what is wrong with the rates of the calls, of which the last layer's is the stated one where they grow with depth."""
    stated = examination.number("stochastic_depth")
    if stated is None or not 0 < stated < 1:
        return ""
    error = 5 * (stated * (1 - stated) / DRAWS) ** 0.5
    if abs(max(rate for rate, _, _ in rates) - stated) <= error or abs(rates[0][0] - stated) <= error:
        return ""
    kept = all(abs(rate - (1 - stated)) <= error for rate, _, _ in rates)
    return f"drops samples {rates[0][0]:.0%} of the time, and {stated:.0%} is stated: that is how often they are kept" if kept else ""


def _drops(examination: Examination, call: FunctionCall) -> tuple[float, float, bool] | None:
    """Return (rate, factor, all samples together) of a call that gives each sample back as 0 or as one multiple; None for any other."""
    arrays = [name for name, value in call.arguments.items() if isinstance(value, Tensor)]
    if len(arrays) != 1 or not isinstance(call.owner, nn.Module | None):
        return None
    given = call.arguments[arrays[0]]
    if not given.is_floating_point() or given.ndim < 2 or not isinstance(call.result, Tensor) or call.result.shape != given.shape:
        return None
    x = 1 + torch.rand(given.shape, generator=torch.Generator().manual_seed(0))
    kept: list[Tensor] = []
    for seed in range(DRAWS):
        seed_all(100 + seed)
        with torch.no_grad():
            value = examination.quiet(lambda: call.again(call.arguments | {arrays[0]: x.clone()}))
        if not isinstance(value, Tensor) or value.shape != x.shape:
            return None
        ratio = (value / x).flatten(1)
        if float((ratio - ratio[:, :1]).abs().max()) > SAME * max(1.0, float(ratio.abs().max())):
            return None
        kept.append(ratio[:, 0])
        if seed == 40 and len(torch.stack(kept).unique()) < 2:
            return None  # it draws nothing
    draws = torch.stack(kept)
    kinds = draws[draws.abs() > SAME]
    if not 0 < kinds.numel() < draws.numel() or float(kinds.max() - kinds.min()) > SAME * float(kinds.abs().max()):
        return None
    gone = draws.abs() <= SAME
    together = draws.shape[1] > 2 and bool((gone.all(dim=1) | ~gone.any(dim=1)).all())
    return float(gone.float().mean()), float(kinds.mean()), together


def _elements(examination: Examination, name: str, call: FunctionCall) -> str | None:
    """Say what is wrong with a dropout of elements written in the file, "" for nothing; None for a function that is called otherwise."""
    words = name.rpartition(".forward")[0] or name
    arrays = [key for key, value in call.arguments.items() if isinstance(value, Tensor)]
    if not re.search(r"(?i)drop_?out", words) or re.search(r"(?i)word|token|input|alpha", words) or len(arrays) != 1:
        return None
    given = call.arguments[arrays[0]]
    if not given.is_floating_point() or not isinstance(call.result, Tensor) or call.result.shape != given.shape:
        return None
    x = 1 + torch.rand(given.shape, generator=torch.Generator().manual_seed(0))
    draws = []
    for seed in range(40):
        seed_all(100 + seed)
        with torch.no_grad():
            value = examination.quiet(lambda: call.again(call.arguments | {arrays[0]: x.clone()}))
        if not isinstance(value, Tensor) or value.shape != x.shape:
            return None
        draws.append(value / x)
    ratio = torch.stack(draws)
    kept = ratio[ratio.abs() > SAME]
    if not 0 < kept.numel() < ratio.numel() or float(kept.max() - kept.min()) > SAME * float(kept.abs().max()):
        return None
    rate, factor = 1 - kept.numel() / ratio.numel(), float(kept.mean())
    varied = [axis for axis in range(1, ratio.ndim) if float((ratio - ratio.narrow(axis, 0, 1)).abs().max()) > SAME]
    count = len(ratio) * math.prod(ratio.shape[axis] for axis in varied)
    if abs((1 - rate) * factor - 1) > max(0.03, 4 * factor * (rate * (1 - rate) / count) ** 0.5):
        average = (1 - rate) * factor
        return f"drops elements {rate:.0%} of the time and multiplies kept ones by {factor:.3g}: on average {average:.3g} times what evaluation has"
    if given.ndim == 3 and re.search(r"(?i)locked|variational", words) and len(varied) == 3:
        return "is called locked, and draws a mask of its own for every step"
    return ""


def dropped_branches(examination: Examination) -> Evidence:
    """Run each block that drops its own branch many times: the share of outputs that are far from evaluation's is the stated rate."""
    stated = examination.number("stochastic_depth")
    if stated is None or not 0 < stated < 0.45:
        return examination.skipped("no stochastic depth below one half is stated")
    model = examination.perturbed()
    given: dict[str, Tensor] = {}

    def look(path: str) -> Callable[..., object]:
        return lambda _, inputs, output: given.setdefault(path, inputs[0].detach()) if _plain(inputs, output) else None

    parents = [(path, module) for path, module in model.named_modules() if path and next(module.children(), None) is not None]
    handles = [module.register_forward_hook(look(path)) for path, module in parents]
    with torch.no_grad():
        examination.quiet(lambda: examination.forward(model, examination.batch()))
    for handle in handles:
        handle.remove()
    rates = {path: rate for path, module in parents if path in given and (rate := _gone(examination, module, given[path])) is not None}
    if not rates:
        return examination.skipped("no block drops a branch of its own")
    error = 5 * (stated * (1 - stated) / DRAWS) ** 0.5
    path, highest = max(rates.items(), key=lambda item: item[1])
    if all(abs(rate - (1 - stated)) <= error for rate in rates.values()):
        message = f"the branch of {path} is dropped {highest:.0%} of the time, and {stated:.0%} is stated: that is how often it is kept"
        hint = "A branch is kept with probability 1 - p."
        return examination.finding("fail", message, where=examination.where(model, path), path=path, hint=hint, values={"rate": highest})
    return examination.passed("branches are dropped, and not kept, at the stated rate", rate=highest)


def _plain(inputs: tuple[object, ...], output: object) -> bool:
    return len(inputs) == 1 and isinstance(inputs[0], Tensor) and isinstance(output, Tensor) and len(inputs[0]) == len(output)


def _gone(examination: Examination, module: nn.Module, given: Tensor) -> float | None:
    """Return how often a sample's output is the one farther from evaluation's, where training knows two outputs of it; None otherwise."""
    sample = given[:1]
    with torch.no_grad():
        plain = examination.quiet(lambda: module(sample))
        module.training = True  # the block alone: what it holds stays as in evaluation
        drawn = []
        for seed in range(DRAWS):
            seed_all(seed)
            value = examination.quiet(lambda: module(sample))
            drawn.append(value if isinstance(value, Tensor) else None)
            if seed == 40 and all(other is None or distance(other, drawn[0]) == 0 for other in drawn if drawn[0] is not None):
                break
        module.training = False
    if plain is None or len(drawn) < DRAWS or any(value is None for value in drawn):
        return None
    apart = torch.tensor([float((value - plain).norm()) for value in drawn if value is not None])
    kinds = apart.unique()
    low, high = float(kinds.min()), float(kinds.max())
    near, far = (apart - low).abs() < 1e-3 * high, (apart - high).abs() < 1e-3 * high
    return float(far.float().mean()) if high > 2 * low and bool((near | far).all()) else None


DROPPED_BRANCHES = card(
    "mode",
    "dropped branches",
    "A block that drops its branch with the probability to keep it.",
    ("stochastic_depth",),
    "Rates that grow with depth: only blocks that all keep at the stated rate fail.",
    dropped_branches,
)
DROPPING = card(
    "mode",
    "dropped samples",
    "A function for stochastic depth or dropout that does not enlarge what it keeps, or drops with the probability to keep.",
    ("stochastic_depth",),
    "Whole batches dropped as one can be meant: 'unsure'. Functions that drop elements are looked at where they are called dropout.",
    dropping,
)
