"""Functions whose name says which formula they are: held against it and against its known mistakes, on the values that they meet at work."""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core import Evidence
from .._calls import FunctionCall, named, recorded, run
from .._check import card
from .._examination import Examination
from .._functions import called
from ._formulas_more import MORE, margin_pairs

Form = tuple[bool, str, Tensor]  # is it right, what it is in words, its value
SAME = 2e-4


def formulas(examination: Examination) -> list[Evidence]:
    """Compare each function of a known name with its formula's usual forms; only one that equals a known mistake, and no usual form, fails."""
    found = []
    for name, calls in called(examination).items():
        fitting = [forms for pattern, forms in FORMULAS.items() if re.search(pattern, name.rpartition(".")[2].lower())]
        told = [finding for forms in fitting if (finding := _compared(examination, name, calls, forms)) is not None]
        if told:  # of several formulas under one name it is the one that it equals
            found.append(next((finding for finding in told if finding.status != "unsure"), told[0]))
    return found or [examination.skipped("no function has the name of a formula known here")]


def _compared(examination: Examination, name: str, calls: list[FunctionCall], forms: Any) -> Evidence | None:
    told: list[set[str]] = []
    right = True
    for call in calls[:2] + (_shaken(examination, calls[0], forms) if forms in (margin_pairs, _contrast) else []):
        if not isinstance(call.result, Tensor) or not call.result.is_floating_point():
            return None
        got = call.result.detach().double()
        tensors = [v.detach() for v in call.arguments.values() if isinstance(v, Tensor) and v.ndim > 0]
        numbers = _numbers(examination, name, call)
        roots = re.search(r"dist|norm|root|rms|length", name.lower()) is not None
        some = [(good, words) for good, words, value in forms(tensors, numbers, name) if _equal(got, value, roots)]
        right = right and any(good for good, _ in some)
        told.append({words for good, words in some if not good})
    if right:
        return examination.passed(f"{name} is one of the usual forms of its formula")
    if common := set.intersection(*told):  # by chance one number may be equal to another, but not each time
        words = min(common, key=lambda text: (len(text), text))
        return examination.finding("fail", f"{name} is its formula {words}", where=name, hint="Hold it against the formula term by term.")
    return examination.unsure(f"{name} is no usual form of its formula")


def _shaken(examination: Examination, call: FunctionCall, forms: Any) -> list[FunctionCall]:
    """Return the same call with other vectors, or with distances around seven tenths, where margins are reached."""
    given = dict(call.arguments)
    for key, value in call.arguments.items():
        if not isinstance(value, Tensor) or not value.is_floating_point() or bool(((value == 0) | (value == 1)).all()):
            continue
        noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(len(key))).to(value.dtype)
        level = value.abs().mean().clamp(min=1e-9)
        given[key] = (
            value / level * 0.7
            if forms is margin_pairs
            else F.normalize(value + 0.5 * level * noise, dim=-1) * value.norm(dim=-1, keepdim=True)
        )
    with torch.no_grad():
        result = examination.quiet(lambda: call.again(dict(given)))
    return [] if result is None else [replace(call, arguments=given, result=result)]


def _equal(got: Tensor, value: Tensor, roots: bool = False) -> bool:
    if got.numel() == 1 and value.numel() > 1:
        return any(_equal(got, form, roots) for form in (value.mean(), value.sum()))
    if got.shape != value.shape or not bool(value.isfinite().all()) or not bool(got.isfinite().all()):
        return False
    scale = max(1e-3, float(value.abs().max()))
    if float((got - value).abs().max()) <= SAME * scale:
        return True
    if not roots:
        return False
    near = (got.square() - value.square()).abs().max() <= 1e-5 * scale**2  # roots of what float32 takes for zero
    return bool(near) and bool((got * value >= 0).all())


def _numbers(examination: Examination, name: str, call: FunctionCall) -> list[float]:
    """Return the numbers that a function may use: its arguments, its object's, the facts', the file's and those written in it."""
    found = [
        float(v) for v in (*call.arguments.values(), *call.attributes.values()) if isinstance(v, int | float) and not isinstance(v, bool)
    ]
    found += [number for key in ("temperature", "margin") if (number := examination.number(key)) is not None]
    found += [
        float(v) for k, v in vars(examination.module).items() if isinstance(v, int | float) and not isinstance(v, bool) and k.isupper()
    ]
    for node in ast.walk(ast.parse(re.sub(r"^\s*", "", examination.source.code(name), count=1) or "0")):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            found.append(float(node.value))
    return list(dict.fromkeys(number for number in found if number > 0))[:8]


# --- contrast of two sets of embeddings -----------------------------------------------------------------------------


def _contrast(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    pairs = [tensor for tensor in tensors if tensor.ndim == 2]
    if len(pairs) == 1 and len(pairs[0]) % 2 == 0:  # both views, one below the other
        pairs = list(pairs[0].chunk(2))
    if len(pairs) != 2 or pairs[0].shape != pairs[1].shape:
        return
    a, b = (tensor.double() for tensor in pairs)
    for unit in (True, False):
        one, two = (F.normalize(a, dim=1), F.normalize(b, dim=1)) if unit else (a, b)
        if re.search("xent|nce|simclr", name.lower()) and unit:
            yield from ((False, words, value) for t in numbers for words, value in _decoupled(one, two, t))
        for temperature in [*numbers, 1.0]:
            for factor, scaled in ((1 / temperature, ""), (temperature, "with the temperature multiplied")):
                scaled = "" if temperature == 1.0 else scaled
                for good, words, value in _contrasts(one, two, factor):
                    yield good and not scaled, " and ".join(text for text in (words, scaled) if text), value


def _contrasts(one: Tensor, two: Tensor, factor: float) -> Iterator[Form]:
    size = len(one)
    labels = torch.arange(size)
    cross = factor * one @ two.T
    forward, backward = F.cross_entropy(cross, labels, reduction="none"), F.cross_entropy(cross.T, labels, reduction="none")
    yield True, "", forward
    yield True, "", backward
    yield True, "", (forward + backward) / 2
    yield True, "", forward + backward
    both = torch.cat([one, two])
    scores = factor * both @ both.T
    partner = torch.cat([labels + size, labels])
    others = scores.masked_fill(torch.eye(2 * size, dtype=torch.bool), float("-inf"))
    yield True, "", F.cross_entropy(others, partner, reduction="none")
    yield True, "", F.cross_entropy(others, partner, reduction="sum") / size
    yield False, "with each sample among its own negatives", F.cross_entropy(scores, partner, reduction="none")
    yield False, "with wrong partners", F.cross_entropy(others, partner.roll(1), reduction="none")
    own, total = scores.diagonal(), torch.logsumexp(others, dim=1)
    with_partner = others.gather(1, partner[:, None]).squeeze(1)
    yield False, "with each sample as its own partner", total - own
    yield False, "with one sum over all samples below its fractions", torch.logsumexp(others.flatten(), dim=0) - with_partner
    for sharper in (factor, 1 / factor):
        yield False, "with the temperature twice among the negatives", torch.logsumexp(others * sharper, dim=1) - with_partner
    yield False, "with its sign turned", -F.cross_entropy(others, partner, reduction="none")
    yield False, "with its sign turned", -forward


def _decoupled(one: Tensor, two: Tensor, temperature: float) -> Iterator[tuple[str, Tensor]]:
    """Yield the loss whose fractions lack their own numerator below: that of another paper, under the name of this one."""
    both, size = torch.cat([one, two]), len(one)
    scores = both @ both.T / temperature
    pairs = torch.eye(size, dtype=torch.bool).repeat(2, 2)
    partner = torch.arange(size).repeat(2) + torch.tensor([size, 0]).repeat_interleave(size)
    below = torch.logsumexp(scores.masked_fill(pairs, float("-inf")), dim=1)
    yield "without its own pair below its fractions", below - scores.gather(1, partner[:, None]).squeeze(1)


# --- adjacency, distances, overlap, focus ---------------------------------------------------------------------------


def _adjacency(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    if len(tensors) != 1 or tensors[0].ndim not in (2, 3) or tensors[0].shape[-1] != tensors[0].shape[-2]:
        return
    plain = tensors[0].double()
    if bool((plain < 0).any()):
        return
    eye = torch.eye(plain.shape[-1], dtype=plain.dtype).expand_as(plain)
    with_loops = plain * (1 - eye) + eye
    for adjacency in (plain, plain + eye, with_loops):
        for axis in (-1, -2):
            degree = adjacency.sum(dim=axis).clamp(min=1e-12)
            bare = plain.sum(dim=axis).clamp(min=1)
            rows, columns = degree.unsqueeze(-1), degree.unsqueeze(-2)
            symmetric = adjacency / (rows * columns).sqrt()
            yield True, "", symmetric
            yield True, "", adjacency / rows
            yield True, "", adjacency / columns
            yield True, "", eye - symmetric
            yield False, "with the root of the degree on one side only", adjacency / rows.sqrt()
            yield False, "with the root of the degree on one side only", adjacency / columns.sqrt()
            yield False, "multiplied by the roots of the degrees, not divided", adjacency * (rows * columns).sqrt()
            yield False, "with the degrees and not their roots on both sides", adjacency / (rows * columns)
            if not torch.equal(bare, degree):
                yield False, "with degrees that do not count the loops", adjacency / (bare.unsqueeze(-1) * bare.unsqueeze(-2)).sqrt()


def _distances(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    pairs = [tensor.double() for tensor in tensors if tensor.ndim == 2 and tensor.is_floating_point()]
    if len(pairs) not in (1, 2) or pairs[0].shape[1] != pairs[-1].shape[1]:
        return
    a, b = pairs[0], pairs[-1]
    product, own, other = a @ b.T, a.square().sum(1)[:, None], b.square().sum(1)[None]
    square = (own + other - 2 * product).clamp(min=0)
    for eps in (0.0, *[number for number in numbers if number < 1e-3]):
        yield True, "", (square + eps).sqrt()
        yield True, "", square.clamp(min=eps).sqrt()
    for value in (square, -square, square / 2, -square / 2, square / a.shape[1], -square / a.shape[1]):
        yield True, "", value
    yield True, "", 1 - F.normalize(a, dim=1) @ F.normalize(b, dim=1).T
    for words, wrong in (
        ("without the two in its mixed term", own + other - product),
        ("with the sign of its mixed term turned", own + other + 2 * product),
        ("with the sign of one square turned", own - other - 2 * product),
        ("without the square of the second", own - 2 * product),
    ):
        yield False, words, wrong
        for eps in (0.0, *[number for number in numbers if number < 1e-3]):
            yield False, words, wrong.clamp(min=eps).sqrt()
            yield False, words, (wrong.clamp(min=0) + eps).sqrt()


def _dice(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    pairs = [tensor.double() for tensor in tensors]
    if len(pairs) != 2 or pairs[0].shape != pairs[1].shape:
        return
    p, g = pairs
    starts = range(p.ndim)
    for start, smooth, power in itertools.product(starts, [*numbers, 0.0], (1, 2)):
        total = lambda value, start=start: value.flatten(start).sum(-1) if value.ndim else value
        overlap, sizes = total(p * g), total(p**power) + total(g**power)
        for near in dict.fromkeys([smooth, 0.0]):
            right = (2 * overlap + near) / (sizes + smooth)
            yield True, "", 1 - right
            if not re.search("loss", name):
                yield True, "", right
            yield False, "without the two over its overlap", 1 - (overlap + near) / (sizes + smooth)
            yield False, "with its sign turned", right - 1
            yield False, "with the sizes multiplied", 1 - (2 * overlap + near) / (total(p**power) * total(g**power) + smooth)


def _focal(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    floats, labels = [t for t in tensors if t.is_floating_point()], [t for t in tensors if not t.is_floating_point()]
    if len(floats) == 1 and len(labels) == 1 and floats[0].ndim == labels[0].ndim + 1:
        log = floats[0].double().log_softmax(-1).gather(-1, labels[0].long()[..., None]).squeeze(-1)
        shares = [1.0, *numbers]
        balance = {1.0: torch.ones_like(log)} | {number: torch.full_like(log, number) for number in shares}
    elif len(floats) == 2 and floats[0].shape == floats[1].shape and bool(((floats[1] == 0) | (floats[1] == 1)).all()):
        sign = 2 * floats[1].double() - 1
        log = F.logsigmoid(sign * floats[0].double())
        balance = {1.0: torch.ones_like(log)} | {n: torch.where(sign > 0, n, 1 - n).to(log) for n in numbers if n < 1}
    else:
        return
    share = log.exp()
    for gamma, weight in itertools.product([n for n in numbers if n >= 0.5], balance.values()):
        yield True, "", -weight * (1 - share) ** gamma * log
        yield False, "with the share of the right class raised in place of its rest", -weight * share**gamma * log
        yield False, "with its sign turned", weight * (1 - share) ** gamma * log
        if len(floats) == 2:
            yield from _focal_halves(floats[0].double(), floats[1].double(), gamma, weight)
            exchanged = 1 - weight
            yield False, "with the weights of the two classes exchanged", -exchanged * (1 - share) ** gamma * log


def _focal_halves(scores: Tensor, answers: Tensor, gamma: float, weight: Tensor) -> Iterator[Form]:
    """Yield the focal losses that are right for one answer and have one factor of the other answer's for the other."""
    yes, log_yes, log_no = scores.sigmoid(), F.logsigmoid(scores), F.logsigmoid(-scores)
    right = {True: -weight * (1 - yes) ** gamma * log_yes, False: -weight * yes**gamma * log_no}
    wrong = {
        True: (-weight * yes**gamma * log_yes, -weight * (1 - yes) ** gamma * log_no),
        False: (-weight * (1 - yes) ** gamma * log_no, -weight * yes**gamma * log_yes),
    }
    for answer in (True, False):
        for value, words in zip(wrong[answer], ("the factor", "the logarithm"), strict=True):
            mixed = torch.where((answers == 1) == answer, value, right[answer is False])
            yield False, f"with {words} of the other answer where the answer is {'yes' if answer else 'no'}", mixed


def _gaussian(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    if len(tensors) != 3 or not all(tensor.is_floating_point() for tensor in tensors):
        return
    value, mean, spread = (tensor.double() for tensor in tensors)
    gap = value - mean
    if bool((spread > 0).all()):
        readings = [(spread, True), (spread.sqrt(), True)]
    else:
        readings = [(spread.exp(), True), ((spread / 2).exp(), True)]
    for deviation, good in readings:
        for constant in (0.5 * math.log(2 * math.pi), 0.0):
            for half in (0.5, 1.0):
                right = half == 0.5
                yield from _sums(
                    good and right, "without the half of its square", -half * (gap / deviation) ** 2 - deviation.log() - constant
                )
            yield from _sums(
                False,
                "with the deviation in place of the variance under the square",
                -0.5 * gap**2 / deviation - deviation.log() - constant,
            )
            yield from _sums(False, "without the logarithm of its deviation", -0.5 * (gap / deviation) ** 2 - constant)
            yield from _sums(False, "with the logarithm's sign turned", -0.5 * (gap / deviation) ** 2 + deviation.log() - constant)


def _sums(good: bool, words: str, value: Tensor) -> Iterator[Form]:
    for sign in (1.0, -1.0):
        yield good, "" if good else words, sign * value
        if value.ndim > 1:
            yield good, "" if good else words, sign * value.sum(dim=-1)


FORMULAS = {
    r"log_?(density|prob\w*|likelihood|pdf)$|^gaussian\w*|normal_(nll|log\w*)": _gaussian,
    r"contrastive(_loss)?$|^margin_loss$": margin_pairs,  # of distances; of embeddings it yields nothing
    r"contrast|nt_?xent|info_?nce|simclr": _contrast,
    r"^(sym\w*_)?normali[sz]ed?(_adj\w*|_graph)?$|laplacian|gcn_norm|propagation": _adjacency,
    r"(pairwise_)?distances?$|^cdist": _distances,
    r"dice": _dice,
    r"focal": _focal,
    **MORE,
}


def silent_terms(examination: Examination) -> list[Evidence]:
    """A term of the loss, by its function's name, that is given something trainable has a gradient."""
    found = []
    for name, calls in called(examination).items():
        call = calls[0]
        if not _is_term(examination, name) or not isinstance(call.result, Tensor) or call.result.numel() != 1:
            continue
        trained = [
            v for v in (*call.arguments.values(), call.owner) if isinstance(v, nn.Module) and any(p.requires_grad for p in v.parameters())
        ]
        if call.result.requires_grad:
            found.append(examination.passed(f"{name} has a gradient"))
        if call.result.requires_grad or not call.result.is_floating_point():
            continue
        if not (trained or call.through):
            if _follows_the_model(examination, name, call):
                text = f"{name} follows the model's parameters and gives a number without a gradient: this term trains nothing"
                hint = "Look for a comparison, a rounding, an argmax, detach, item or no_grad before it."
                found.append(examination.finding("fail", text, where=_caller_of(examination, name), hint=hint))
            continue
        given = {k: v.clone().requires_grad_() if k in call.through else v for k, v in call.arguments.items()}
        with torch.enable_grad():
            again = examination.quiet(lambda call=call, given=given: call.again(given))  # type: ignore[misc]
        if not isinstance(again, Tensor) or again.requires_grad:
            continue  # it was asked for its value only
        hint = "Take an inner gradient with create_graph=True; look for detach, item and no_grad."
        found.append(
            examination.finding("fail", f"{name} gives a number without a gradient: this term trains nothing", where=name, hint=hint)
        )
    return found or [examination.skipped("no term of the loss is a function of its own")]


def _is_term(examination: Examination, name: str) -> bool:
    """Say whether a function's name, or the stated equation that it has, makes it a term of the loss."""
    equations = examination.facts.get("equations")
    named_so = re.search(r"penalty|regulari|divergence|_loss$|^kl|dice|jaccard|tversky|(^|_)iou|focal|_term$|contrast", name.lower())
    return bool(named_so) or (isinstance(equations, dict) and name in equations)


def _follows_the_model(examination: Examination, name: str, call: FunctionCall) -> bool:
    """Say whether a function's number is another one for another model, and moves the loss when it is moved."""
    place = named(examination, name)
    if place is None or "stop_gradient" in examination.facts:
        return False
    with recorded(*place) as other:
        run(examination, examination.perturbed(2), examination.batch())
    if not other or not isinstance(other[0].result, Tensor) or torch.equal(other[0].result, call.result):
        return False
    values = []
    for shift in (0.0, 0.5):
        setattr(place[0], place[1], lambda *a, _shift=shift, **k: place[2](*a, **k) + _shift)
        try:
            with torch.enable_grad():
                value = examination.quiet(lambda: examination.loss(examination.probe, examination.batch()))
        finally:
            setattr(place[0], place[1], place[2])
        if value is None or not value.requires_grad:
            return False
        values.append(float(value))
    return abs(values[1] - values[0]) > 1e-4


def _caller_of(examination: Examination, name: str) -> str:
    """Return the one function that calls another, "loss" where several do."""
    callers = [place for place in examination.source.holding(rf"\b{re.escape(name)}\(") if place != name]
    return callers[0] if len(callers) == 1 else "loss"


def partial_penalty(examination: Examination) -> list[Evidence]:
    """A penalty that is given the model punishes a parameter of all blocks of a list, or of none."""
    found = []
    for name, calls in called(examination).items():
        call = calls[0]
        owner = next((v for v in (*call.arguments.values(), call.owner) if isinstance(v, nn.Module)), None)
        if not re.search(r"penalty|regulari|weight_norm|ridge|^l[12]", name.lower()) or owner is None:
            continue
        with torch.enable_grad():
            value = examination.quiet(lambda call=call: call.again(call.arguments))  # type: ignore[misc]
        if not isinstance(value, Tensor) or value.numel() != 1 or not value.requires_grad:
            continue
        weights = {path: weight for path, weight in owner.named_parameters() if weight.requires_grad and weight.ndim > 1}
        slopes = torch.autograd.grad(value.sum(), list(weights.values()), allow_unused=True)
        kinds: dict[str, dict[str, bool]] = {}
        for path, slope in zip(weights, slopes, strict=True):
            kinds.setdefault(re.sub(r"\.\d+\.", ".#.", path), {})[path] = slope is not None and bool(slope.any())
        torn = [members for kind, members in kinds.items() if "#" in kind and any(members.values()) and not all(members.values())]
        if torn:
            free = [path for path, punished in torn[0].items() if not punished]
            text = f"{name} punishes {next(path for path, on in torn[0].items() if on)} and not {free[0]}, which is the same part of another block"
            found.append(examination.finding("fail", text, where=name, path=free[0], hint="Does the sum go over all of the list?"))
        else:
            found.append(examination.passed(f"{name} treats the blocks of a list alike"))
    return found or [examination.skipped("no penalty is a function of the model")]


PARTIAL = card(
    "loss",
    "partial penalty",
    "A penalty that punishes a weight in some blocks of a list and not in others.",
    ("regularisation",),
    "Penalties that are meant for the last blocks alone, as in fine-tuning.",
    partial_penalty,
)
KNOWN_FORMULAS = card(
    "equations",
    "known formulas",
    "A contrast, a normalised adjacency, distances, an overlap, a focal or robust loss, pairs of factors, signal to noise: equal to a known mistake and no usual form.",
    ("temperature", "margin"),
    "Functions of these names that are something else are 'unsure'; only equality with a mistake on real values fails.",
    formulas,
)
SILENT_TERMS = card(
    "loss",
    "silent terms",
    "A term of the loss that has no gradient.",
    (),
    "Functions named after a loss that only report: those called without gradients are left out.",
    silent_terms,
)
