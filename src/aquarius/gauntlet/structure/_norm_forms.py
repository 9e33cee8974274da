"""Hand-written normalisations by their closed forms: the axes that they go over, and the epsilon below their root."""

from __future__ import annotations

import copy
import re

import torch
from torch import Tensor, nn

from ...core import Evidence, Status
from .._check import Check
from .._examination import Examination, distance
from .._trace import watching

SAME = 1e-3  # of the output's scale, with inputs so large that epsilon does not count
GLOBAL = r"global|over (all )?(channels|features) and (all )?(time|positions|steps|frames|places|pixels)"
KINDS = (
    ("global", re.compile(r"(?i)global")),
    ("RMS", re.compile(r"(?i)rms")),
    ("instance", re.compile(r"(?i)instance")),
    ("group", re.compile(r"(?i)group")),
    ("batch", re.compile(r"(?i)batch|(^|_)bn")),
    ("layer", re.compile(r"(?i)layer_?norm|channel_?norm|(^|_)ln")),
)


def closed_forms(examination: Examination) -> Evidence | list[Evidence]:
    """Give each normalisation written in the file the shapes that it meets, much enlarged, and compare with the forms of its kind and of others."""
    model = examination.build().eval()
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, examination.batch())
    shapes: dict[str, torch.Size] = {}
    for kind, path, tensors in events:
        if kind == "in" and len(tensors) == 1 and tensors[0].is_floating_point() and tensors[0].ndim >= 2:
            shapes.setdefault(path, tensors[0].shape)
    found: list[Evidence] = []
    looked = 0
    done: set[type] = set()
    for path, shape in shapes.items():
        module = model.get_submodule(path)
        named = _kind(examination, module)
        if named is None or type(module) in done:
            continue
        done.add(type(module))
        fits = _fits(examination, module, shape)
        if fits is None:
            continue
        looked += 1
        found += _judged(examination, model, path, named, fits)
        found += _epsilon(examination, model, path, module, shape, fits)
    if not looked:
        return examination.skipped("no normalisation is written in the file")
    return found or examination.passed("the normalisations written in the file are of the kind they are called", kinds=float(looked))


def _kind(examination: Examination, module: nn.Module) -> str | None:
    """Return the kind that a class of the file is named after, "" for a normalisation of no named kind, None for another class."""
    name = type(module).__name__
    if (
        not examination.source.owns(type(module))
        or any(True for _ in module.children())
        or not re.search(r"(?i)norm(?!al_?equ)|^(LN|BN)$", name)
    ):
        return None
    named = next((kind for kind, pattern in KINDS if pattern.search(name)), "")
    stated = examination.words("normalisation").split()
    if named in ("", "layer") and re.search(GLOBAL, examination.words("normalisation")):
        return "global"
    if not named and stated:
        named = next((kind for kind in ("RMS", "instance", "group", "batch", "layer") if kind.lower() == stated[0]), "")
    return named


def _fits(examination: Examination, module: nn.Module, shape: torch.Size) -> list[str] | None:
    """Return the forms that a module computes on large inputs with features of unlike scales; None where it cannot be called so."""
    plain = copy.deepcopy(module)
    features = torch.rand(shape, generator=torch.Generator().manual_seed(1)) + 0.5
    x = 1000 * (torch.randn(shape, generator=torch.Generator().manual_seed(0)) * features + 2 * features)
    with torch.no_grad():
        for parameter in plain.parameters():
            if not (bool((parameter == 1).all()) or bool((parameter == 0).all())):
                return None  # it starts at neither 1 nor 0, so its plain form is not known
        y = examination.quiet(lambda: plain(x))
    if not isinstance(y, Tensor) or y.shape != x.shape or not bool(y.isfinite().all()):
        return None
    # a gain that starts at 0 is added to 1, or hides everything: then nothing can be said
    return None if float(y.abs().max()) < 1e-6 else [name for name, value in _forms(x).items() if distance(value, y) < SAME]


def _forms(x: Tensor) -> dict[str, Tensor]:
    """Return the closed forms: "kind over axes" -> value."""
    forms: dict[str, Tensor] = {}
    for name, axes in _axes(x.ndim).items():
        mean = x.mean(dim=axes, keepdim=True)
        forms[f"layer over {name}"] = (x - mean) / x.var(dim=axes, keepdim=True, unbiased=False).sqrt()
        forms[f"RMS over {name}"] = x / x.pow(2).mean(dim=axes, keepdim=True).sqrt()
        forms[f"length over {name}"] = x / x.pow(2).sum(dim=axes, keepdim=True).sqrt()
        size = x[(0,) * x.ndim].numel() if not axes else max(1, x.numel() // mean.numel())
        if size > 1:
            forms[f"layer with n-1 over {name}"] = (x - mean) / x.var(dim=axes, keepdim=True).sqrt()
    return forms


def _axes(dimensions: int) -> dict[str, tuple[int, ...]]:
    last = dimensions - 1
    axes: dict[str, tuple[int, ...]] = {"features": (last,), "samples": (0,)}
    if dimensions == 3:
        axes |= {"axis 1": (1,), "all but samples": (1, 2), "samples and axis 1": (0, 1), "samples and features": (0, 2)}
    if dimensions == 4:
        axes |= {
            "axis 1": (1,),
            "places": (2, 3),
            "all but samples": (1, 2, 3),
            "samples and places": (0, 2, 3),
            "places of 1 and 2": (1, 2),
        }
    return axes


def _expected(kind: str) -> tuple[str, ...]:
    """Return the axes that a kind may go over."""
    if kind in ("layer", "RMS"):
        return ("features", "axis 1", "all but samples")
    if kind == "global":
        return ("all but samples",)
    if kind == "instance":
        return ("places", "axis 1", "features", "places of 1 and 2")
    return ()


def _judged(examination: Examination, model: nn.Module, path: str, kind: str, fits: list[str]) -> list[Evidence]:
    module = model.get_submodule(path)
    name = type(module).__name__
    where = examination.where(model, path)
    over_samples = [form for form in fits if "samples" in form and "all but" not in form]
    if kind in ("batch", "group") or not fits:
        return []
    wanted = {f"{'RMS' if kind == 'RMS' else 'layer'} over {axes}" for axes in _expected(kind)}
    if kind and not wanted & set(fits) and not any("n-1" in form for form in fits):
        text = f"{name} is named a {kind} normalisation, and computes that of {fits[0]}"
        return [
            examination.finding(
                "fail", text, where=where, path=path, hint="Look at the axes of its mean and of its variance, and at what is subtracted."
            )
        ]
    if kind == "instance" and set(fits) == {"layer over all but samples"}:
        text = f"{name} goes over all of a sample, and an instance normalisation goes over the places of each channel alone"
        return [examination.finding("fail", text, where=where, path=path, hint="Look at the axes.")]
    if kind == "" and over_samples and len(over_samples) == len(fits):
        text = f"{name} computes {fits[0]}, without running statistics: samples know of one another"
        return [examination.finding("unsure", text, where=where, path=path)]
    return []


def _epsilon(
    examination: Examination, model: nn.Module, path: str, module: nn.Module, shape: torch.Size, fits: list[str]
) -> list[Evidence]:
    """Measure epsilon with inputs so small that it counts, where the form is known and a value is stated."""
    stated = examination.number("norm_eps")
    form = next((form for form in fits if form.startswith(("layer over", "RMS over"))), None)
    if stated is None or stated <= 0 or form is None:
        return []
    size = stated**0.5
    x = (size * torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float32)).double()
    with torch.no_grad():
        y = examination.quiet(lambda: copy.deepcopy(module).double()(x))
    if not isinstance(y, Tensor) or y.shape != x.shape or not bool(y.isfinite().all()):
        return []
    full = _forms(x)[form]
    ratio = float((y * full).sum() / (full * full).sum())  # sqrt(v / (v + eps)) on average, 1 where epsilon is far smaller
    if not ratio > 1e-6:
        return []
    measured = size**2 * (1 / ratio**2 - 1)  # exact where every variance is size**2, near enough for a factor of 4
    if 0.25 * stated < measured < 4 * stated:
        return []
    where = examination.where(model, path, "__init__")
    text = f"epsilon of {path} acts like {max(measured, 0.0):.2g} below the root, and {stated:g} is stated"
    status: Status = "fail" if measured > 8 * stated or measured < stated / 8 else "unsure"
    return [examination.finding(status, text, where=where, path=path, hint="Is epsilon added to the variance, before the root?")]


FORMS = Check(
    name="norm form",
    family="architecture",
    finds="A normalisation written by hand that goes over other axes than its name says, subtracts a mean that it should not, or has another epsilon.",
    uses=("normalisation", "norm_eps"),
    misled_by="Classes without the word norm in their name, and gains that start at other values than 0 and 1, are passed over.",
    cost="forward",
    function=closed_forms,
)
