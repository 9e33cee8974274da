"""Objectives over views, anchors and preferences: what is compared meets, what belongs together is drawn together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import Batch, is_integer
from .._training import Training

VIEWS = r"^(view_?\w*|x_?[12ab]|v_?[12ab]|z_?[12]|[ab]|one|two|first|second|left|right|aug\w*|query|key|x_?[ij]|image|text)$"
TRIPLES = (("anchor", "positive", "negative"), ("query", "positive", "negative"))
WANTED, UNWANTED = ("chosen", "preferred", "winner", "better", "accepted"), ("rejected", "dispreferred", "loser", "worse")
STEPS = 12


def pairs_of_views(examination: Examination) -> Iterator[tuple[str, str]]:
    """Yield pairs of entries of one shape that are views by what is stated, or by their names where no label is read."""
    batch = examination.batch()
    floats = [key for key, value in batch.items() if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2]
    others = [key for key in batch if key not in floats]
    stated = bool(examination.facts.get("views"))
    for number, first in enumerate(floats):
        for second in floats[number + 1 :]:
            same = batch[first].shape == batch[second].shape
            by_name = re.match(VIEWS, first.lower()) and re.match(VIEWS, second.lower()) and not others
            if same and (stated or by_name):
                yield first, second


def views_meet(examination: Examination) -> Evidence:
    """Exchange one view, the other, and both: where the loss is a sum of a part for each, the views never meet in it."""
    model = examination.perturbed()
    for first, second in pairs_of_views(examination):
        read = [key for key in (first, second) if examination.loss_reads(key)]
        if len(read) == 1:
            left = second if read == [first] else first
            message = f"the loss looks at the view {read[0]} and never at {left}"
            return examination.finding("fail", message, where="loss", path=left, hint="Compare each view with the other, not with itself.")
        if not read:
            continue
        other = examination.batch(seed=1)

        def value(*exchanged: str, other: Batch = other) -> float:
            with torch.no_grad():
                return float(examination.loss(model, examination.batch() | {key: other[key] for key in exchanged}, seed=2).double())

        both, one, two, none = value(first, second), value(first), value(second), value()
        meeting = both - one - two + none
        change = max(abs(one - none), abs(two - none))
        if change < 1e-5:
            return examination.unsure("the views hardly move the loss")
        if abs(meeting) < 1e-5 * max(1.0, abs(none)) and change > 1e-3:
            return examination.finding(
                "fail",
                f"the loss is one part for {first} and one for {second}: the two never meet in it",
                where="loss",
                hint="Compare each view with the other, not with itself.",
                values={"meeting": meeting, "change": change},
            )
        return examination.passed(f"{first} and {second} meet in the loss", meeting=meeting)
    return examination.skipped("no two views are in the batch")


def collapse(examination: Examination) -> Evidence:
    """Replace the embeddings: equal for all samples must not be better than spread and equal for the two views."""
    views = next(pairs_of_views(examination), None)
    model = examination.perturbed()
    if views is None:
        return examination.skipped("no two views are in the batch")
    if any(is_integer(value) and examination.loss_reads(key) for key, value in examination.batch().items()):
        return examination.skipped("the loss reads labels, which say what is to be alike")
    size = examination.layout.size

    def value(kind: str) -> float | None:
        rows = 0

        def replace(_: nn.Module, given: tuple[object, ...], output: object) -> Tensor | None:
            nonlocal rows
            if not isinstance(output, Tensor) or output.ndim != 2 or len(output) % size or output.shape[1] in (1, 2, size):
                return None  # scores or similarities, no embeddings
            rows += len(output)
            generator = torch.Generator().manual_seed(5)
            spread = torch.randn(size, output.shape[1], generator=generator)
            spread = spread if kind != "equal" else spread[:1].expand(size, -1)
            return spread.repeat(len(output) // size, 1).to(output.dtype) + 0.0 * output

        handle = model.register_forward_hook(replace)
        try:
            with torch.no_grad():
                found = examination.quiet(lambda: examination.loss(model, examination.batch(), seed=2))
        finally:
            handle.remove()
        return float(found) if found is not None and rows == 2 * size else None

    spread, equal = value("spread"), value("equal")
    if spread is None or equal is None:
        return examination.skipped("the embeddings of the views are not what the model gives")
    values = {"spread": spread, "equal": equal}
    if equal < spread - 1e-3 * max(1.0, abs(spread)):
        return examination.finding(
            "fail",
            f"embeddings that are equal for all samples have a lower loss ({equal:.4g}) than spread ones that agree between views ({spread:.4g})",
            where=_guard(examination),
            hint="Look at the signs and axes of what keeps samples apart.",
            values=values,
        )
    return examination.passed("equal embeddings are no better than spread ones that agree", **values)


def _guard(examination: Examination) -> str:
    """Return the one helper that takes a spread or compares all samples, else loss."""
    found = [name for name in examination.source.holding(r"\.(std|var|T|t\(\))|softmax|logsumexp|cross_entropy") if "." not in name]
    found = [name for name in found if name not in ("build", "batch", "forward")]
    spreads = [name for name in found if re.search(r"\.(std|var)\(", examination.source.code(name))]
    return spreads[0] if len(spreads) == 1 else found[0] if len(found) == 1 else "loss"


def triples(examination: Examination) -> Evidence:
    """Put the anchor in the place of the positive, then of the negative: the first lowers the loss, the second raises it."""
    batch = examination.batch()
    names = next((names for names in TRIPLES if all(isinstance(batch.get(name), Tensor) for name in names)), None)
    if names is None or len({batch[name].shape for name in names}) > 1 or is_integer(batch[names[0]]):
        return examination.skipped("no anchor, positive and negative of one shape are in the batch")
    anchor, positive, negative = names
    close, far = 0.0, 0.0
    for seed in range(1, 5):
        model = examination.perturbed(seed)
        with torch.no_grad():
            given = examination.batch(seed=seed)
            middle = float(examination.loss(model, dict(given), seed=1))
            close += float(examination.loss(model, given | {positive: given[anchor]}, seed=1)) - middle
            far += float(examination.loss(model, given | {negative: given[anchor]}, seed=1)) - middle
    values = {"positive": close, "negative": far}
    if close > 1e-5 and far < -1e-5:
        return examination.finding(
            "fail",
            "a positive equal to its anchor raises the loss, and a negative equal to it lowers the loss",
            where="loss",
            hint="Look at the signs of the two distances, and at whether they are distances or similarities.",
            values=values,
        )
    if close > 1e-5 or far < -1e-5:
        return examination.unsure("one of positive and negative pulls the wrong way", **values)
    return examination.passed("positives near their anchor and negatives far from it lower the loss", **values)


def _is_label(examination: Examination, key: str) -> bool:
    """Say whether the loss looks at an entry and forward does not: it is exchanged between the samples."""
    batch = examination.batch()
    rolled = batch | {key: batch[key].roll(1, 0)}
    if int(batch[key].min()) < 0 or torch.equal(rolled[key], batch[key]):
        return False
    with torch.no_grad():
        one, two = (examination.quiet(lambda b=b: examination.forward(examination.probe, dict(b), seed=1)) for b in (batch, rolled))  # type: ignore[misc]
        return one is not None and two is not None and distance(one, two) == 0 and examination.loss_reads(key)


def stray_sample(examination: Examination) -> Evidence:
    """Replace the embeddings by one corner for each class: one sample in the opposite corner must raise the loss, and equal ones not be free."""
    batch = examination.batch()
    size = examination.layout.size
    keys = [key for key, value in batch.items() if is_integer(value) and value.shape == (size,) and _is_label(examination, key)]
    if any("reward" in key.lower() for key in batch):
        return examination.skipped("rewards and no classes are learned from")
    if examination.layout.graph:
        return examination.skipped("the samples are nodes of one graph, and some of them may have no part in the loss")
    if not all(parameter.requires_grad for parameter in examination.build().parameters()):
        return examination.skipped("a frozen part, such as a teacher, may have its own say in the loss")
    weighing = [key for key, value in batch.items() if value.is_floating_point() and value.shape == (size,)]
    if any(examination.loss_reads(key) for key in weighing):
        return examination.skipped("an entry with a number for each sample says what a class means or how much it counts")
    if len(keys) != 1 or not bool((torch.bincount(batch[keys[0]].long()) > 1).sum() > 1):
        return examination.skipped("no one entry of the batch holds classes that the loss alone looks at")
    model, classes = examination.perturbed(), batch[keys[0]].long()

    def value(kind: str) -> float | None:
        found = of_embeddings(examination, model, lambda output: _corners(kind, classes, output))
        return float(found) if found is not None and not found.requires_grad else None  # proxies are no corners

    right, stray, equal = value("right"), value("stray"), value("equal")
    if right is None or stray is None or equal is None:
        return examination.skipped("the model's output is not what the loss is made of, or is no vector for each sample")
    values = {"by class": right, "one stray": stray, "all equal": equal}
    where = next((name for name in examination.source.functions if re.search("triplet|contrast|margin|proxy|center", name)), "loss")
    pulls = [pull for seed in range(6) if (pull := _pull(examination, model, classes, seed))]
    if len(pulls) >= 3 and min(pulls) > 0:
        message = "drawing each class together, from embeddings at random, raises the loss: the signs of near and far are turned"
    elif stray == right == equal == 0.0:
        return examination.unsure("the loss is zero in all arrangements of the classes: it may mine what it looks at", **values)
    elif stray <= right + 1e-6:
        message = "a sample in the opposite corner from its class does not raise the loss: what belongs together is not drawn together"
    elif equal <= 0.0 and right <= 0.0 < stray:
        message = "the loss is zero where all samples are equal: nothing keeps classes apart"
    else:
        return examination.passed("a stray sample raises the loss, and equal samples are not free", **values)
    return examination.finding(
        "fail",
        message,
        where=where,
        hint="Look at which pairs are drawn together, at max and min, and at the margin's sign.",
        values=values,
    )


def _corners(kind: str, classes: Tensor, output: Tensor) -> Tensor | None:
    """Return a corner for each class: one sample in the opposite of its corner, or all in one, by the kind."""
    if output.shape[1] <= int(classes.max()):
        return None
    corners = torch.eye(output.shape[1])[classes]
    if kind == "stray":
        corners[int((classes == classes.mode().values).nonzero()[0])] *= -1
    elif kind == "equal":
        corners = torch.eye(output.shape[1])[:1].expand(len(classes), -1)
    return corners.to(output.dtype)


def of_embeddings(examination: Examination, model: nn.Module, made: Callable[[Tensor], Tensor | None]) -> Tensor | None:
    """Return the loss where `made` stands in the place of the model's vectors; None where it is not made of one call's vectors."""
    replaced, size = 0, examination.layout.size

    def replace(_: nn.Module, given: tuple[object, ...], output: object) -> Tensor | None:
        nonlocal replaced
        if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != size or (other := made(output.detach())) is None:
            return None
        replaced += 1
        return other

    handle = model.register_forward_hook(replace)
    try:
        found = examination.quiet(lambda: examination.loss(model, examination.batch(), seed=2))
    finally:
        handle.remove()
    return found if replaced == 1 else None


def _pull(examination: Examination, model: nn.Module, classes: Tensor, seed: int) -> float:
    """Return the slope of the loss at vectors at random as each moves to its class's mean; on the sphere where the model's are."""
    seen: list[Tensor] = []

    def at_random(output: Tensor) -> Tensor:
        vectors = torch.randn(output.shape, generator=torch.Generator().manual_seed(seed)).to(output.dtype)
        on_sphere = bool(((output.norm(dim=1) - 1).abs() < 1e-3).all())
        vectors = F.normalize(vectors, dim=1) if on_sphere else vectors * output.std()
        seen.extend([vectors.requires_grad_(True), torch.tensor(on_sphere)])
        return vectors

    found = of_embeddings(examination, model, at_random)
    if found is None or not found.requires_grad or not seen:
        return 0.0
    (slope,) = torch.autograd.grad(found, seen[0], allow_unused=True)
    if slope is None or not bool(slope.isfinite().all()):
        return 0.0
    vectors = seen[0].detach()
    same = (classes[:, None] == classes[None]).to(vectors.dtype)
    way = same @ vectors / same.sum(1, keepdim=True) - vectors
    if bool(seen[1]):
        way = way - (way * vectors).sum(1, keepdim=True) * vectors
    return float((slope * way).sum())


def preference(examination: Examination) -> Evidence:
    """Train some steps: the model's own likelihood of the preferred sequence rises against that of the other."""
    batch = examination.batch()
    wanted = next((key for key in batch if any(word in key.lower() for word in WANTED)), None)
    unwanted = next((key for key in batch if any(word in key.lower() for word in UNWANTED)), None)
    if wanted is None or unwanted is None or batch[wanted].shape != batch[unwanted].shape or not examination.reads(wanted):
        return examination.skipped("no preferred and rejected entries of one shape are in the batch")
    model = examination.build()
    before = _advantage(examination, model, batch, wanted, unwanted)
    if before is None:
        return examination.skipped("the output is no score of the preferred entry")
    training = Training(examination, model)
    for seed in range(STEPS):
        training.step(examination.batch(seed=0), seed=seed)
    after = _advantage(examination, model.eval(), examination.batch(), wanted, unwanted)
    assert after is not None
    change = after - before
    if change < -1e-4:
        return examination.finding(
            "fail",
            f"training makes the {unwanted} entries likelier than the {wanted} ones (by {-change:.3g} in {STEPS} steps on one batch)",
            where="loss",
            hint="Look at the sign of the margin and at which of the two is which.",
            values={"change": change},
        )
    if change < 1e-5:
        return examination.unsure("training hardly moves the preference", change=change)
    return examination.passed(f"training prefers the {wanted} entries", change=change)


def _advantage(examination: Examination, model: nn.Module, batch: Batch, wanted: str, unwanted: str) -> float | None:
    """Return how much higher the output values the preferred entry: a score, or the mean log-likelihood of its next tokens."""
    found = []
    for key in (wanted, unwanted):
        with torch.no_grad():
            output = examination.quiet(lambda key=key: examination.forward(model, dict(batch) | {wanted: batch[key]}, seed=1))  # type: ignore[misc]
        tokens = batch[key]
        if output is None:
            return None
        if output.ndim == 1 or output.shape[1:].numel() == 1:
            found.append(float(output.mean()))
        elif is_integer(tokens) and output.ndim == 3 and output.shape[:2] == tokens.shape and output.shape[2] > int(tokens.max()):
            each = output[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)
            apart = (batch[wanted] != batch[unwanted])[:, 1:]
            found.append(float((each * apart).sum() / len(tokens)))
        else:
            return None
    return found[0] - found[1]


def angular_margin(examination: Examination) -> Evidence | list[Evidence]:
    """Give a layer with a margin other labels: the score of a class is lower where it is the label, and the same for the others."""
    model = examination.perturbed()
    found = []
    for path, module in model.named_modules():
        margin = next(
            (value for name, value in vars(module).items() if name.strip("_") in ("margin", "m") and isinstance(value, float)), None
        )
        if not margin or margin < 0 or not examination.source.owns(type(module)):
            continue
        seen: list[tuple[tuple[object, ...], object]] = []
        handle = module.register_forward_hook(lambda _, given, output, seen=seen: seen.append((given, output)))
        try:
            examination.quiet(lambda: examination.loss(model, examination.batch(), seed=1))
        finally:
            handle.remove()
        if not seen or len(seen[0][0]) != 2 or not all(isinstance(value, Tensor) for value in (*seen[0][0], seen[0][1])):
            continue
        (features, label), scores = seen[0]
        assert isinstance(features, Tensor) and isinstance(label, Tensor) and isinstance(scores, Tensor)
        if not is_integer(label) or label.ndim != 1 or scores.ndim != 2 or len(scores) != len(label):
            continue
        found.append(_margin(examination, model, path, module, features, label, scores))
    return found or examination.skipped("no layer of the subject's own has a margin and takes labels")


def _margin(
    examination: Examination, model: nn.Module, path: str, module: nn.Module, features: Tensor, label: Tensor, scores: Tensor
) -> Evidence:
    other = (label + 1) % scores.shape[1]
    with torch.no_grad():
        again = examination.quiet(lambda: module(features.detach(), other))
    if not isinstance(again, Tensor):
        return examination.unsure("a layer with a margin refuses other labels")
    rows = torch.arange(len(label))
    change = (scores.detach() - again)[rows, label]
    rest = torch.ones_like(scores, dtype=torch.bool)
    rest[rows, label] = rest[rows, other] = False
    moved = float((scores.detach() - again)[rest].abs().max()) if bool(rest.any()) else 0.0
    where = examination.where(model, path)
    values = {"change": float(change.median()), "others": moved}
    if float(change.median()) > 1e-5:
        message = f"the margin makes the label's own score higher, by {float(change.median()):.3g}: the task gets easier, not harder"
        return examination.finding(
            "fail", message, where=where, path=path, hint="Look at the sign of the margin and at which classes get it.", values=values
        )
    if float(change.median()) > -1e-5:
        return examination.unsure("the margin does not move the label's own score", **values)
    return examination.passed("the margin lowers the label's own score", **values)


MEET = card(
    "contrastive",
    "views meet",
    "A loss in which the views of a sample are never compared with one another.",
    ("views",),
    "Two entries under names of views that are not to be compared.",
    views_meet,
)
COLLAPSE = card(
    "contrastive",
    "collapse",
    "An objective that is lowest where all embeddings are equal although something is to keep them apart.",
    ("views",),
    "Objectives that leave this to the architecture are equal in both and pass.",
    collapse,
)
TRIPLE = card(
    "contrastive",
    "triples",
    "A triplet loss that pushes positives away and draws negatives near.",
    (),
    "Other roles under the names anchor, positive and negative.",
    triples,
)
STRAY = card(
    "contrastive",
    "stray sample",
    "A loss over classes that does not draw a class together, or does not keep classes apart; at corners, and at embeddings at random.",
    (),
    "Losses that forgive a single sample on purpose (trimmed, robust).",
    stray_sample,
)
PREFERENCE = card(
    "preference",
    "preference",
    "Training on preferences that makes the rejected answer likelier.",
    (),
    "Objectives that hardly move in a dozen steps: 'unsure'.",
    preference,
)
MARGIN = card(
    "contrastive",
    "margin",
    "A margin that makes the label's own score higher.",
    (),
    "Layers in which an attribute called margin is something else.",
    angular_margin,
)
