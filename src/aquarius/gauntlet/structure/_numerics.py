"""Numerics: what half precision does to a model, and logarithms, roots, exponentials and divisions without a guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import Batch, is_mask
from .._trace import Event, tensors, watching

EARNED = 64  # roundings of the format, against the scale of the output, that a model of some layers may collect
ORDINARY = 1e3  # inputs up to this size are ordinary; a mean over more may overflow by right
HUGE = 1e30  # of a float32 value: stands for infinity, and may become it
SEEDS = range(6)  # ordinary batches
EXP_LIMIT = 88.7  # exp of more is infinite in single precision


# --- half precision ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Half:
    """What one format did: a sentence that begins with its name, whether numbers were lost, and at which module."""

    sentence: str
    lost: bool = False
    path: str | None = None
    function: str = "forward"  # of the subject, where no module is to blame
    values: dict[str, float] = field(default_factory=dict)


def half_precision(examination: Examination) -> Evidence:
    """Cast a fresh and a perturbed model to bfloat16 and float16 and hold output and loss against single precision."""
    if examination.random_evaluation:
        return examination.skipped("the output is random in evaluation mode, so two precisions cannot be compared")
    largest = max((float(value.abs().max()) for value in examination.batch().values() if _continuous(value)), default=0.0)
    fresh = _in(examination, examination.build().eval(), torch.bfloat16)
    found = [fresh, *(_in(examination, examination.perturbed(), dtype) for dtype in (torch.bfloat16, torch.float16))]
    values: dict[str, float] = {}
    for half in found[1:]:
        values |= half.values
    if fresh.lost and largest <= ORDINARY:
        model = examination.build()
        return examination.finding(
            "fail",
            f"{fresh.sentence}, and single precision has none",
            where=examination.where(model, fresh.path) if fresh.path is not None else fresh.function,
            path=fresh.path,
            hint="Look for 1 - p where p is close to one, for an epsilon below 0.004 beside a one, and for the logarithm of a difference.",
            values=fresh.values | values,
        )
    doubts = [half.sentence for half in found if half.lost or half.path is not None or not half.values]
    if doubts:
        return examination.finding("unsure", "; ".join(dict.fromkeys(doubts)), values=values)
    return examination.finding("pass", "; ".join(dict.fromkeys(half.sentence for half in found[1:])), values=values)


def _in(examination: Examination, model: nn.Module, dtype: torch.dtype) -> Half:
    """Run a model in single precision and in another format, and say where they part."""
    name = str(dtype).removeprefix("torch.")
    with torch.no_grad(), watching(model) as exact:
        output, loss = examination.forward(model, examination.batch()), examination.loss(model, examination.batch())
        exact = _kept(exact)
    if not bool(torch.isfinite(loss).all()):
        return Half(f"the loss is not finite in single precision either, so {name} tells nothing")
    batch = {key: value.to(dtype) if _continuous(value) else value for key, value in examination.batch().items()}
    model.to(dtype)
    try:
        with torch.no_grad(), _default(dtype), watching(model) as rough:
            again, value = examination.forward(model, dict(batch)), examination.loss(model, dict(batch))
            rough = _kept(rough)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        examination.calling = None
        return Half(f"{name} cannot be tried here: {str(error).strip().splitlines()[0][:120]}")
    if again.shape != output.shape:
        return Half(f"{name} gives an output of another shape, {tuple(again.shape)}")
    size = _deviation(output, again)
    values = {f"{name} output difference": size} if size < float("inf") else {}
    if _loses(output, again) or _loses(loss, value):
        what = "output" if _loses(output, again) else "loss"
        path = _first(exact, rough, _loses)
        begins = f", first in {path}" if path else ""
        function = "forward" if what == "output" else "loss"
        first = _first_operation(examination, model, batch, dtype)
        if first is not None:
            begins += f"; the first operation to lose them is {first[0]}" + (f" in {first[1]}" if first[1] else "")
            function = first[1] or function
        return Half(f"{name} makes the {what} lose numbers (NaN or infinity){begins}", True, path, function, values)
    limit = EARNED * torch.finfo(dtype).eps
    sentence = f"{name} moves the output by {size:.2g} of its scale"
    if size > limit:
        path = _first(exact, rough, lambda one, two: _deviation(one, two) > limit) or ""
        return Half(f"{sentence}, more than its rounding earns{f', first in {path}' if path else ''}", path=path, values=values)
    return Half(sentence, values=values)


def _first_operation(examination: Examination, model: nn.Module, batch: Batch, dtype: torch.dtype) -> tuple[str, str | None] | None:
    """Return the first operation that is given numbers and gives back NaN or infinity, and the function of the subject that it is in."""
    lost = Lost(examination)
    with torch.no_grad(), _default(dtype), lost:
        examination.quiet(lambda: examination.loss(model, dict(batch)))
    return lost.found


def _first(exact: list[Event], rough: list[Event], part: Callable[[Tensor, Tensor], bool]) -> str | None:
    """Return the module whose output is the first that parts."""
    for (kind, path, one), (_, _, two) in zip(exact, rough, strict=False):
        if kind == "out" and any(map(part, one, two)):
            return path
    return None


def _kept(events: list[Event]) -> list[Event]:
    return [(kind, path, [value.clone() for value in some if value.is_floating_point()]) for kind, path, some in events]


def _loses(exact: Tensor, rough: Tensor) -> bool:
    """Say whether a number that single precision has, and that stands for no infinity, is none any more."""
    if exact.shape != rough.shape or exact.is_sparse:
        return False
    return bool((exact.isfinite() & (exact.abs() < HUGE) & ~rough.isfinite()).any())


def _deviation(exact: Tensor, rough: Tensor) -> float:
    if exact.shape != rough.shape or exact.is_sparse or not exact.is_floating_point():
        return 0.0
    ordinary = exact.isfinite() & (exact.abs() < HUGE) & rough.isfinite()
    return distance(exact[ordinary], rough[ordinary])


@contextmanager
def _default(dtype: torch.dtype) -> Iterator[None]:
    kept = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(kept)


def _continuous(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and not value.is_sparse and value.numel() > 0


MEANT = frozenset({"masked_fill", "masked_fill_", "where", "full", "full_like", "new_full", "tensor", "fill_", "triu", "tril"})
LOOKS = frozenset({"isnan", "isinf", "isfinite", "__get__", "detach", "to"})


class Lost(TorchFunctionMode):
    """Record, inside its block, the first operation whose result is no number although all that it was given are; what writes infinities is meant."""

    def __init__(self, examination: Examination) -> None:
        super().__init__()
        self.examination = examination
        self.found: tuple[str, str | None] | None = None

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = getattr(func, "__name__", "").strip("_")
        watched = self.found is None and name not in MEANT and getattr(func, "__name__", "") not in LOOKS
        sound = watched and all(_numbers(value) for value in tensors([args, list((kwargs or {}).values())]))
        result = func(*args, **(kwargs or {}))
        if sound and not all(_numbers(value) for value in tensors(result)):
            self.found = (name, self.examination.source.where_now())
        return result


def _numbers(value: Tensor) -> bool:
    return value.is_sparse or not value.is_floating_point() or bool(value.isfinite().all())


# --- guards ------------------------------------------------------------------------------------------------------------


@dataclass
class Domain(TorchFunctionMode):
    """Record, inside its block, the operations that are given a value outside their domain, with the function of the subject they are in."""

    examination: Examination
    found: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        text = _outside(getattr(func, "__name__", "").strip("_"), args)
        if text:
            self.found.append((text, self.examination.source.where_now()))
        return func(*args, **(kwargs or {}))


def _outside(name: str, operands: tuple[Any, ...]) -> str:
    """Say which value outside its domain an operation is given, "" where there is none."""
    values = [value.detach() if isinstance(value, Tensor) else value for value in operands[:2]]
    first = values[0] if values else None
    if name in ("log", "log2", "log10", "sqrt", "rsqrt", "exp", "log1p") and isinstance(first, Tensor) and first.is_floating_point():
        if name == "exp":
            return f"exp of {float(first.max()):.3g}" if first.numel() and bool((first > EXP_LIMIT).any()) else ""
        bound = -1.0 if name == "log1p" else 0.0
        bad = first < bound if name == "sqrt" else first <= bound
        return f"{name} of {float(first[bad][0]):.3g}" if bool(bad.any()) else ""
    if name in ("div", "truediv", "true_divide", "rtruediv", "reciprocal") and values:
        below = first if name in ("rtruediv", "reciprocal") else values[-1]
        if isinstance(below, Tensor) and below.is_floating_point() and bool((below == 0).any()):
            return "division by 0"
    return ""


def guards(examination: Examination) -> Evidence:
    """Watch log, exp, sqrt and division on ordinary batches, and on batches with a sample of zeros or with equal samples."""
    fresh, probe = examination.build().eval(), examination.probe
    for seed in SEEDS:
        bad = _unguarded(examination, fresh, examination.batch(seed=seed))
        if bad is not None:
            return _failed(examination, bad, f"on an ordinary batch (seed {seed})")
    doubts = [
        (_unguarded(examination, fresh, batch), f"when one sample of {key!r} is all zeros") for key, batch in _with_zeros(examination)
    ]
    if examination.layout.rows:
        equal = {
            key: value[:1].expand_as(value).clone() if examination.layout.axes.get(key) == 0 else value
            for key, value in examination.batch().items()
        }
        doubts.append((_unguarded(examination, fresh, equal), "when all samples of a batch are equal"))
    doubts.append((_unguarded(examination, probe, examination.batch()), "once the parameters are moved"))
    for bad, when in doubts:
        if bad is not None:
            text, where, what = bad
            return examination.finding("unsure", f"{text} makes the {what} NaN or infinite {when}, which may never happen", where=where)
    return examination.passed("no log, exp, sqrt or division outside its domain reaches output or loss", batches=float(len(SEEDS)))


def _failed(examination: Examination, bad: tuple[str, str | None, str], when: str) -> Evidence:
    text, where, what = bad
    hint = (
        "Guard it: a small epsilon inside the logarithm, root or denominator, or the fused function (log_softmax, logsumexp, logsigmoid)."
    )
    return examination.finding("fail", f"{text} makes the {what} NaN or infinite {when}", where=where, hint=hint)


def _unguarded(examination: Examination, model: nn.Module, batch: Batch) -> tuple[str, str | None, str] | None:
    """Return (operation, place, "output" or "loss") where a value outside a domain, in the subject's own code, reaches one of the two."""
    for what, function in (("output", examination.forward), ("loss", examination.loss)):
        domain = Domain(examination)
        with torch.no_grad(), domain:
            value = examination.quiet(lambda: function(model, dict(batch)))  # noqa: B023
        own = [(text, where) for text, where in domain.found if where is not None]
        if value is not None and own and _spoilt(value, what):
            return (*own[0], what)
    return None


def _spoilt(value: Tensor, what: str) -> bool:
    """Say whether a value is bad: any NaN; an infinity in the loss (in the output it may stand for a choice that is masked out)."""
    return not value.is_sparse and bool((value.isnan() if what == "output" else ~value.isfinite()).any())


def _with_zeros(examination: Examination) -> Iterator[tuple[str, Batch]]:
    """Give batches with one sample of zeros in an entry of which zero is an inner value: of both signs, and not of one length."""
    if not examination.layout.rows:
        return
    for key, value in examination.batch().items():
        if (
            not _continuous(value)
            or value.ndim < 2
            or examination.layout.axes.get(key) != 0
            or is_mask(value)
            or not examination.reads(key)
        ):
            continue
        lengths = value.flatten(1).norm(dim=1)
        if bool((value < 0).any()) and bool((value > 0).any()) and float(lengths.std()) > 1e-3 * float(lengths.mean()):
            batch = examination.batch()
            batch[key][0] = 0.0
            yield key, batch


HALF_PRECISION = card(
    "numerics",
    "half precision",
    "Output or loss of a fresh model that is NaN or infinite in bfloat16 and finite in single precision; the module where it begins.",
    (),
    "Whole-model casting: mixed precision keeps some operations in single precision. What moves far without losing numbers is 'unsure'.",
    half_precision,
)
GUARDS = card(
    "numerics",
    "guards",
    "A log, exp, sqrt or division outside its domain that makes output or loss NaN or infinite on ordinary batches.",
    (),
    "Inputs that may never occur (a sample of zeros, all samples equal, parameters far from where they start) give 'unsure' only.",
    guards,
)
