"""The tables of a noise schedule: betas and the running product of one minus beta, in order, together, and as stated."""

from __future__ import annotations

import inspect
import math
import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination

BETAS = re.compile(r"betas?|beta_schedule|noise_variances?|variances?")
BARS = re.compile(r"(alphas?_?)(bars?|hats?|cumprod|cum|product|prod)|a_?bars?|abar")
COSINE = re.compile(r"\w*cosine\w*|noise_schedule|schedule")  # a table of either kind, where a cosine is stated
RANGE = re.compile(r"(\d[\d.]*(?:e-?\d+)?)\s*(?:to|\.\.+|,|-|–)\s*(\d[\d.]*(?:e-?\d+)?)")
OFFSETS = (0.008, 0.0)  # the small s that is added to t/T
CLIPS = (0.999, 0.9999, 1.0)


def noise_tables(examination: Examination) -> dict[str, Tensor]:
    """Return the one-dimensional tables of numbers that the model holds, or that the file defines or a function of it gives, by their names."""
    found: dict[str, Tensor] = {}
    for name, value in vars(examination.module).items():
        if inspect.isfunction(value) and name in examination.source.functions and _named(examination, name.lower()):
            value = _given(examination, value)
        if isinstance(value, Tensor) and value.ndim == 1 and len(value) > 3 and value.is_floating_point():
            found[name] = value
    for path, module in examination.probe.named_modules():
        values = dict(module.named_buffers(recurse=False)) | {k: v for k, v in vars(module).items() if isinstance(v, Tensor)}
        found |= {f"{path}.{k}".strip("."): v for k, v in values.items() if v.ndim == 1 and len(v) > 3 and v.is_floating_point()}
    return found


def _named(examination: Examination, name: str) -> bool:
    cosine = "betas" in examination.facts and COSINE.fullmatch(name)
    return bool(BETAS.fullmatch(name) or BARS.fullmatch(name) or cosine)


def _given(examination: Examination, function: object) -> object:
    """Return what a function gives without arguments, or for all steps where it needs one argument."""
    assert callable(function)
    needed = [
        item for item in inspect.signature(function).parameters.values() if item.default is item.empty and item.kind < item.VAR_POSITIONAL
    ]
    steps = examination.number("steps")
    with torch.no_grad():
        if not needed:
            return examination.quiet(lambda: function())
        if len(needed) == 1 and steps is not None:
            if re.fullmatch(r"steps|n|length|timesteps|num_\w+", needed[0].name.lower()):
                return examination.quiet(lambda: function(int(steps)))
            return examination.quiet(lambda: function(torch.arange(int(steps))))
    return None


def noise_schedule(examination: Examination) -> Evidence:
    """Look at tables named after betas and the product of alphas: in range, in order, one the product of the other, and as stated."""
    betas: dict[str, Tensor] = {}
    bars: dict[str, Tensor] = {}
    for key, table in noise_tables(examination).items():
        last = key.rpartition(".")[2].lower()
        if BETAS.fullmatch(last):
            betas[key] = table
        elif BARS.fullmatch(last) or ("betas" in examination.facts and COSINE.fullmatch(last) and _falls_from_one(table)):
            bars[key] = table
    if not bars and "betas" not in examination.facts:
        return examination.skipped("no tables of a noise schedule")
    wrong = _inconsistent(bars, betas) or _not_stated(examination, bars, betas)
    if wrong is not None:
        key, message, hint = wrong
        return examination.finding("fail", message, where=_where(examination, key), path=key, hint=hint)
    if bars or betas:
        return examination.passed("the tables of the noise schedule agree")
    return examination.skipped("no tables of a noise schedule")


def _where(examination: Examination, key: str) -> str:
    if key in examination.source.functions:
        return key
    return examination.where(examination.probe, key.rpartition(".")[0], "__init__")


def _falls_from_one(table: Tensor) -> bool:
    return float(table[0]) > 0.5 and bool((table.diff() <= 1e-7).all())


Wrong = tuple[str, str, str] | None


def _inconsistent(bars: dict[str, Tensor], betas: dict[str, Tensor]) -> Wrong:
    """Return (table, message, hint) where a table is out of range or order, or is not the product of the other."""
    for key, bar in bars.items():
        if bool((bar.diff() > 1e-7).any()) or float(bar.max()) > 1 + 1e-6 or float(bar.min()) < -1e-6:
            message = f"{key} goes from {float(bar[0]):.4g} to {float(bar[-1]):.4g}, and a product of alphas falls from 1 towards 0"
            return key, message, "It is the running product of one minus beta."
        for other, beta in betas.items():
            product = (1 - beta.double()).cumprod(0)
            if beta.shape == bar.shape and float((product - bar.double()).abs().max()) > 1e-3:
                message = f"{key} is not the running product of one minus {other}: its last value is {float(bar[-1]):.4g}, the product's {float(product[-1]):.4g}"
                return key, message, "Take cumprod of 1 - betas, over the steps."
    for key, beta in betas.items():
        if not bool(((beta > 0) & (beta < 1)).all()) or bool((beta.diff() < -1e-7).all()):
            message = f"{key} goes from {float(beta[0]):.4g} to {float(beta[-1]):.4g}, and betas lie between 0 and 1 and grow"
            return key, message, "Look at the ends of the schedule."
    return None


def _not_stated(examination: Examination, bars: dict[str, Tensor], betas: dict[str, Tensor]) -> Wrong:
    """Return (table, message, hint) where the betas, or those that a product implies, are not the stated ones."""
    stated = examination.facts.get("betas")
    words = str(stated).lower()
    steps = examination.number("steps")
    implied = betas or {key: _betas_of(bar) for key, bar in bars.items()}
    for key, beta in implied.items():
        if steps is not None and abs(len(beta) - steps) > 1:
            return key, f"{key} has {len(beta)} values, and {steps:.0f} steps are stated", "Look at the number of steps."
        wanted = _wanted(stated, words, len(beta))
        if not wanted:
            continue
        kept = len(beta) if len(wanted) == 1 else round(0.9 * len(beta))  # how a cosine is clipped at its end is left open
        if min(_error(beta.double()[:kept], table[:kept]) for table in wanted) > 0.02:
            table = wanted[0]
            message = (
                f"{key} has betas from {float(beta[0]):.4g} to {float(beta[-1]):.4g}, and {stated} is stated, from {float(table[0]):.4g} to"
                f" {float(table[-1]):.4g}"
            )
            return key, message, "Look at the ends and the form of the schedule."
    return None


def _error(beta: Tensor, table: Tensor) -> float:
    """Return the larger of two errors: of the betas against the largest, and of their running products."""
    share = float((beta - table).abs().max() / table.abs().max())
    return max(share, float(((1 - beta).cumprod(0) - (1 - table).cumprod(0)).abs().max()))


def _betas_of(bar: Tensor) -> Tensor:
    bar = bar.double()
    ones = torch.ones(1, dtype=torch.float64)
    before = bar if abs(float(bar[0]) - 1) < 1e-9 else torch.cat([ones, bar])
    return 1 - before[1:] / before[:-1]


def _wanted(stated: object, words: str, steps: int) -> list[Tensor]:
    """Return the tables that a statement may mean, [] where it cannot be read."""
    if isinstance(stated, list | tuple) and len(stated) == 2 and all(isinstance(item, int | float) for item in stated):
        return [torch.linspace(float(stated[0]), float(stated[1]), steps, dtype=torch.float64)]
    if "linear" in words and not re.search(r"scaled|quad|sqrt|root|log", words):
        ends = RANGE.search(words)
        return [torch.linspace(float(ends[1]), float(ends[2]), steps, dtype=torch.float64)] if ends else []
    if words.startswith("cosine"):
        found = []
        for offset in OFFSETS:
            t = torch.arange(steps + 1, dtype=torch.float64) / steps
            f = torch.cos((t + offset) / (1 + offset) * math.pi / 2).square()
            found += [(1 - f[1:] / f[:-1]).clamp(max=clip) for clip in CLIPS]
        return found
    return []


NOISE_SCHEDULE = card(
    "generative",
    "noise schedule",
    "Tables of betas and products of alphas that are out of range, out of order, do not belong together, or are not as stated.",
    ("betas", "steps"),
    "Tables under these names that are something else; of statements only ranges of linear schedules and the cosine schedule are read.",
    noise_schedule,
)
