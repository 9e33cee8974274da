"""Branches that training drops at random, and residual blocks: what goes on beside the branch."""

from __future__ import annotations

import copy
import re

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, seed_all
from .._trace import tensors, watching

DRAWS = 400
SAME = 1e-4


def expectation(examination: Examination) -> Evidence | list[Evidence]:
    """Draw a dropped branch many times: kept branches are enlarged by as much as makes the average that of evaluation."""
    model = examination.perturbed(training=True)
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, examination.batch())
    given: dict[str, Tensor] = {}
    for kind, path, passed in events:
        if kind == "in" and len(passed) == 1 and passed[0].is_floating_point() and passed[0].ndim >= 2:
            given.setdefault(path, passed[0])
    found: list[Evidence] = []
    looked, done = 0, set[type]()
    for path, x in sorted(given.items(), key=lambda item: -item[0].count(".")):
        module = model.get_submodule(path)
        if type(module) in done or not examination.source.owns(type(module)):
            continue
        seen = _drops(examination, module, x)
        if seen is None:
            continue
        done.add(type(module))
        looked += 1
        rate, factor = seen
        average = (1 - rate) * factor
        error = 4 * factor * (max(rate * (1 - rate), 1e-3) / DRAWS) ** 0.5
        if abs(average - 1) > max(0.03, error):
            text = (
                f"{path} drops its branch {rate:.0%} of the time in training and multiplies kept ones by {factor:.3g}: on average {average:.3g} times"
                " that of evaluation"
            )
            found.append(
                examination.finding(
                    "fail",
                    text,
                    where=examination.where(model, path),
                    path=path,
                    hint="Divide kept branches by the probability to keep them, or multiply by it in evaluation.",
                )
            )
    if not looked:
        return examination.skipped("no branch is dropped as a whole")
    return found[:2] or examination.passed("dropped branches have the average of evaluation", modules=float(looked))


def _drops(examination: Examination, module: nn.Module, x: Tensor) -> tuple[float, float] | None:
    """Return (rate, factor) where each sample of a module's output is, in training, x or a multiple of the branch of evaluation beside x."""
    plain = copy.deepcopy(module)
    for part in plain.modules():
        if isinstance(part, nn.modules.dropout._DropoutNd):
            part.p = 0.0
    x = x[:1].detach()
    with torch.no_grad():
        still = examination.quiet(lambda: plain.eval()(x))
        if not isinstance(still, Tensor) or still.shape != x.shape:
            return None
        plain.train()
        for part in plain.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.eval()  # only what is dropped is to differ
        rest = x if not torch.equal(still, x) else torch.zeros_like(x)
        branch = still - rest
        size = float((branch * branch).sum())
        if size < 1e-12:
            return None
        factors: list[float] = []
        for seed in range(DRAWS):
            if seed == 40 and len({round(f, 4) for f in factors}) < 2 and factors[0] != 0.0 and abs(factors[0] - 1) < 1e-3:
                return None  # it draws nothing
            seed_all(100 + seed)
            value = plain(x) - rest
            factor = float((value * branch).sum() / size)
            if float((value - factor * branch).abs().max()) > SAME * max(1.0, float(branch.abs().max())):
                return None
            factors.append(round(factor, 4))
    kinds = sorted(set(factors))
    if len(kinds) != 2 or kinds[0] != 0.0:
        return None
    return factors.count(0.0) / DRAWS, kinds[1]


def residual_way(examination: Examination) -> Evidence | list[Evidence]:
    """Set every weight of a block called residual to 0: what it is given must still come through."""
    model = examination.build().eval()
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, examination.batch())
    calls: dict[str, tuple[Tensor, Tensor]] = {}
    open_inputs: dict[str, Tensor] = {}
    for kind, path, passed in events:
        if kind == "in" and passed and passed[0].is_floating_point():
            open_inputs[path] = passed[0]
        elif kind == "out" and passed and path in open_inputs and passed[0].shape == open_inputs[path].shape:
            calls.setdefault(path, (open_inputs[path], passed[0]))
    blocks: dict[type, list[str]] = {}
    for path in calls:
        owner = type(model.get_submodule(path))
        if (
            examination.source.owns(owner)
            and _called_residual(examination, owner)
            and any(True for _ in model.get_submodule(path).children())
        ):
            blocks.setdefault(owner, []).append(path)
    found: list[Evidence] = []
    looked = 0
    for owner, paths in blocks.items():
        through = [_comes_through(examination, model.get_submodule(path), calls[path][0]) for path in paths]
        if None in through or not through:
            continue
        looked += 1
        if not any(through):
            text = f"{owner.__name__} is called residual, and with its weights at 0 nothing of what {paths[0]} is given comes through"
            where = examination.source.method(owner.__qualname__, "forward")
            found.append(
                examination.finding(
                    "fail", text, where=where, path=paths[0], hint="Add the input to the branch; look at the condition for it."
                )
            )
    if not looked:
        return examination.skipped("no block with one size in and out is called residual")
    return found or examination.passed("what residual blocks are given comes through beside their branch", kinds=float(looked))


def _called_residual(examination: Examination, kind: type) -> bool:
    """Say whether a class's name or first words call it residual."""
    return bool(re.search(r"(?i)resid|^res(block|unit|layer|net)?$|skip", kind.__name__)) or bool(
        re.match(r"(?i).{0,80}\bresidual\b", (kind.__dict__.get("__doc__") or "").replace("\n", " "))
    )


def _comes_through(examination: Examination, module: nn.Module, x: Tensor) -> bool | None:
    """Say whether the output follows the input with all matrices at 0; None where it cannot be called by one tensor."""
    empty = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in empty.parameters():
            if parameter.ndim > 1:
                parameter.zero_()
        one = examination.quiet(lambda: empty(x))
        two = examination.quiet(
            lambda: empty(x + torch.randn(x.shape, generator=torch.Generator().manual_seed(0)) * (0.1 + x.abs().mean()))
        )
    pairs = [(a, b) for a, b in zip(tensors(one), tensors(two), strict=False) if a.shape == b.shape == x.shape]
    if not pairs:
        return None
    return any(bool((a - b).abs().max() > 0) for a, b in pairs)


EXPECTATION = Check(
    name="dropped branch",
    family="mode",
    finds="Stochastic depth whose average in training is not the branch of evaluation: kept branches are not enlarged, or by the wrong factor.",
    uses=(),
    misled_by="Masks of parts of a sample (augmentation) are left alone: only branches dropped whole are looked at.",
    cost="forward",
    function=expectation,
)
RESIDUAL = Check(
    name="residual way",
    family="architecture",
    finds="A block called residual through which nothing comes beside its branch.",
    uses=(),
    misled_by="Blocks called residual whose sum is made by their caller: blocks of other sizes in and out are left alone.",
    cost="forward",
    function=residual_way,
)
