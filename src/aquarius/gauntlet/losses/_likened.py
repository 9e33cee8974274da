"""What a loss likens: terms that are taken twice, vectors whose length must not count, views that are made alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._calls import FunctionCall, named, recorded
from .._check import card
from .._examination import Examination
from .._functions import own_functions
from .._objective import objective
from .._trace import Call, watching
from ..profiles._pairs import pairs_of_views

MANY = 512
SURE = 8.0  # standard errors


# --- terms that are taken twice ----------------------------------------------------------------------------------------


def same_term(examination: Examination) -> Evidence:
    """Evaluate the loss in training mode: no two calls of one loss have the same arguments, for each would be a term of its own."""
    model = examination.perturbed(training=True)
    with ExitStack() as stack:
        own = {}
        for name in own_functions(examination):
            place = named(examination, name)
            if place is not None and "." not in name:
                own[name] = stack.enter_context(recorded(*place))
        seen = examination.quiet(lambda: objective(examination, model, examination.batch()))
    if seen is None:
        return examination.skipped("the loss is refused")
    for name, calls in own.items():
        terms = [call for call in calls if _is_term(call.result)]
        if len(terms) > 1 and any(_same_arguments(terms[0], other) for other in terms[1:]):
            return _twice(examination, name, "loss")
    for name in dict.fromkeys(call.name for call in seen.calls):
        group = [call for call in seen.calls if call.name == name and _is_term(call.result)]
        for number, call in enumerate(group):
            if any(_alike(call, other) for other in group[number + 1 :]):
                return _twice(examination, name, call.where or "loss")
    terms_seen = len(seen.calls) + sum(map(len, own.values()))
    return examination.passed("no term is taken twice") if terms_seen > 1 else examination.skipped("the loss has no two terms")


def _is_term(value: object) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and value.ndim < 2


def _same_arguments(one: FunctionCall, two: FunctionCall) -> bool:
    given = [value for value in one.arguments.values() if isinstance(value, Tensor)]
    return len(given) > 1 and all(_equal(value, two.arguments.get(name)) for name, value in one.arguments.items())


def _alike(one: Call, two: Call) -> bool:
    """Say whether two calls of a library loss have the same place, the same tensors and the same options."""
    pairs = list(zip(one.arguments, two.arguments, strict=False))
    return (
        one.where == two.where
        and len(one.arguments) == len(two.arguments) > 1
        and all(_equal(a, b) for a, b in pairs)
        and one.named.keys() == two.named.keys()
        and all(_equal(value, two.named[key]) for key, value in one.named.items())
    )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and torch.equal(a.detach(), b.detach())
    return a is b or (isinstance(a, int | float | str | None) and a == b)


def _twice(examination: Examination, name: str, where: str) -> Evidence:
    message = f"{name} is taken twice of the same arguments: one of the two terms stands in the place of another"
    return examination.finding(
        "fail", message, where=where, hint="Look at what the second term was to compare: the other order, the other axis."
    )


# --- vectors whose length must not count --------------------------------------------------------------------------------

COSINE = re.compile(r"cosine|unit[- ]norm|normali[sz]ed embedding|unit length")
QUOTIENT = re.compile(r"\\frac\{.*\}\{\s*\\?(?:\\?\||\\lVert|\\left\\\|)|/\s*(?:\\?\\\||\\lVert)|\}\{\\\|")


def length_of_vectors(examination: Examination) -> Evidence:
    """Lengthen, row by row, the vectors that the last layers give: where a cosine is stated the loss stays as it is."""
    facts = examination.facts
    words = " ".join(str(facts.get(key, "")) for key in ("similarity", "output", "distance")).lower()
    equations = facts.get("equations")
    printed = " ".join(str(text) for text in equations.values()) if isinstance(equations, dict) else ""
    stated = bool(COSINE.search(words)) and not re.search("euclid", words)
    if not stated and not QUOTIENT.search(printed):
        return examination.skipped("no cosine and no division by a norm is stated")
    model = examination.perturbed()
    ends = _ends(examination, model)
    if not ends:
        return examination.skipped("no layer gives the vectors that are compared")
    before = float(examination.loss(model, examination.batch(), seed=2))
    changes = {path: abs(_lengthened(examination, model, path) - before) / max(1e-3, abs(before)) for path in ends}
    longer = [path for path, change in changes.items() if change > 1e-3]
    if not longer:
        return examination.passed("the length of the vectors does not count", change=max(changes.values()))
    if not stated and len(longer) == len(ends):
        return examination.unsure("the length of all vectors counts, and the stated norms may be of others")
    path = longer[0]
    return examination.finding(
        "fail",
        f"vectors of {path} that are longer change the loss by {changes[path]:.3g} of it, and they are stated to be compared by their direction",
        where=_normalising(examination) or examination.where(model, path.rpartition(".")[0]),
        path=path,
        hint="Divide each vector by its own norm, over the axis of its elements.",
        values={"change": changes[path]},
    )


def _normalising(examination: Examination) -> str | None:
    found = [name for name in examination.source.holding(r"normalize\(|cosine_similarity|\.norm\(") if not name.endswith("__init__")]
    return found[0] if len(found) == 1 else None


def _ends(examination: Examination, model: nn.Module) -> list[str]:
    """Return the last layers of the model or of its children: what no module is given afterwards, with a row for each sample."""
    with watching(model) as events:
        examination.quiet(lambda: examination.loss(model, examination.batch(), seed=2))
    given = {id(tensor) for kind, _, tensors in events if kind == "in" for tensor in tensors}
    outputs = {path: tensors[0] for kind, path, tensors in events if kind == "out" and tensors}
    leaves = [
        path
        for path, module in model.named_modules()
        if path in outputs and not list(module.children()) and not examination.source.owns(type(module))
    ]
    order = {path: place for place, (kind, path, _) in enumerate(events) if kind == "out"}
    found = []
    for path in ("", *(name for name, _ in model.named_children())):
        output = outputs.get(path)
        inside = [leaf for leaf in leaves if leaf == path or leaf.startswith(path + "." if path else "")]
        if output is None or output.ndim != 2 or output.shape[1] < 3 or len(output) % examination.layout.size or not inside:
            continue
        last = max((leaf for leaf in inside if order[leaf] <= order[path]), key=lambda leaf: order[leaf], default=None)
        if last is None or id(outputs[last]) in given or last in found or outputs[last].shape != output.shape:
            continue
        read = next((tensors[0] for kind, name, tensors in events if kind == "in" and name == last and tensors), None)
        if read is not None and read.ndim == 2 and bool(((read.norm(dim=1) - 1).abs() < 1e-3).all()):
            continue  # what is made of vectors of length one are their scores
        direction = torch.cosine_similarity(outputs[last].detach(), output.detach(), dim=1)
        if float((direction - 1).abs().max()) < 1e-4:
            found.append(last)
    return [path for path in found if not any(_made_of(outputs[other], outputs[path]) for other in found if other != path)]


def _made_of(later: Tensor, earlier: Tensor) -> bool:
    """Say whether one tensor was computed of another, which so is no last one."""
    if not later.requires_grad or not earlier.requires_grad or later.grad_fn is earlier.grad_fn:
        return False
    return torch.autograd.grad(later.sum(), earlier, retain_graph=True, allow_unused=True)[0] is not None


def _lengthened(examination: Examination, model: nn.Module, path: str) -> float:
    """Return the loss with each row of what a layer gives multiplied by a factor of its own."""

    def lengthen(_: nn.Module, given: tuple[object, ...], output: Tensor) -> Tensor:
        factors = torch.linspace(1.5, 4.0, len(output), dtype=output.dtype)
        return output * factors.reshape(-1, *[1] * (output.ndim - 1))

    handle = model.get_submodule(path).register_forward_hook(lengthen)
    try:
        return float(examination.loss(model, examination.batch(), seed=2))
    finally:
        handle.remove()


# --- views that are made alike ------------------------------------------------------------------------------------------

ALIKE = re.compile(r"independent|two random|two augment|two nois|two crops|same distribution|both augmented")
UNLIKE = re.compile(r"differ|asymm|weak|strong|clean|original|un-?augment|one of|global|local|shifted|rotat")
MEASURES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda x: x.mean(dim=1),
    "spread": lambda x: x.std(dim=1),
    "share of zeros": lambda x: (x == 0).double().mean(dim=1),
    "largest element": lambda x: x.abs().amax(dim=1),
}


def views_made_alike(examination: Examination) -> Evidence:
    """Measure many pairs of views: where both are stated to be augmented alike, neither has more zeros, spread or size than the other."""
    words = examination.words("views")
    if not ALIKE.search(words) or UNLIKE.search(words) or not examination.layout.rows:
        return examination.skipped("no two views that are made alike are stated")
    batch = examination.quiet(lambda: examination.batch(MANY, seed=3))
    for first, second in pairs_of_views(examination):
        if batch is None:
            break
        one, two = batch[first].double().flatten(1), batch[second].double().flatten(1)
        for what, measure in MEASURES.items():
            difference = measure(one) - measure(two)
            error = float(difference.std()) / MANY**0.5
            if abs(float(difference.mean())) > SURE * error + 1e-9:
                return examination.finding(
                    "fail",
                    f"the {what} of {first} and {second} differ by {float(difference.mean()):.3g} on average, {abs(float(difference.mean())) / error if error else 0:.0f}"
                    f" standard errors: they are stated to be {words}",
                    where="batch",
                    path=second,
                    hint="Augment both views, each with random numbers of its own.",
                )
        order = _other_order(one, two)
        if order:
            message = f"{second} is nearer to {first} when it is {order}: the two views at one place are not of one sample"
            return examination.finding("fail", message, where="batch", path=second, hint="Keep the samples in one order in both views.")
        return examination.passed(f"{first} and {second} are made alike")
    return examination.skipped("no two views are in the batch")


def _other_order(one: Tensor, two: Tensor) -> str:
    """Return the order of the samples in which the second views are nearer to the first than as they stand, "" where there is none."""
    as_they_stand = (one - two).square().mean(dim=1)
    orders = {"turned round": two.flip(0), "moved on by one": two.roll(1, 0), "moved back by one": two.roll(-1, 0)}
    for words, other in orders.items():
        difference = as_they_stand - (one - other).square().mean(dim=1)
        if float(difference.mean()) > SURE * float(difference.std()) / MANY**0.5 + 1e-9:
            return words
    return ""


SAME_TERM = card(
    "loss",
    "same term twice",
    "A loss in which one term is taken twice of the very same arguments, in the place of its counterpart.",
    (),
    "Two passes that differ by dropout or noise: the loss runs in training mode, where they differ.",
    same_term,
)
LENGTH = card(
    "contrastive",
    "length of vectors",
    "Embeddings that are stated to be compared by their cosine, and whose length changes the loss.",
    ("similarity", "output", "distance", "equations"),
    "Towers whose last layer is followed by more than a division by the norm: not looked at.",
    length_of_vectors,
)
ALIKE_VIEWS = card(
    "contrastive",
    "views made alike",
    "Two views that are stated to be augmented independently, of which one is not augmented, or otherwise, or whose samples are in another order.",
    ("views",),
    "Views of different kinds, where the statement says so: skipped.",
    views_made_alike,
)
