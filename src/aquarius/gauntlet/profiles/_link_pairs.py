"""Pairs of nodes to be told apart: joined ones that the model is not shown, unjoined ones that are no edges, each trained towards its own answer."""

from __future__ import annotations

import re

from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import Batch, is_integer, is_mask
from .._objective import objective
from ..stated._quantities import evaluated
from ..training._data import partners
from ._graphs import adjacencies

PAIRS = r"pair|link|label|pos|neg|edge|triple|candidate"
HELD = r"missing|held|unseen|disjoint|holds? no|without th|removed|left out|not among|no target|remaining|not in the (?:message|graph)"
UNJOINED = r"not (?:joined|connected|linked|edges?\b|adjacent|in the graph)|no edge|non-?edge|un(?:connected|joined|linked|observed)|without an edge|absent|do not exist"

Pairs = list[tuple[int, int]]


def _rows(value: Tensor) -> Pairs | None:
    """Return the pairs of an entry of shape (2, P) or (P, 2)."""
    if not is_integer(value) or value.ndim != 2 or 2 not in value.shape or value.numel() < 6:
        return None
    return [(int(a), int(b)) for a, b in (value.T if value.shape[0] == 2 else value).tolist()]


def _shown(batch: Batch) -> tuple[str, Pairs] | None:
    """Return the edges that the model is given: the one list that is not to be scored, or the one adjacency."""
    lists = {key: rows for key, value in batch.items() if isinstance(value, Tensor) and (rows := _rows(value)) is not None}
    lists = {
        key: rows
        for key, rows in lists.items()
        if re.search("edge|adj|message", key.lower()) and not re.search("pos|neg|label|target|score", key.lower())
    }
    squares = {key: value for key, value in adjacencies(batch).items() if value.ndim == 2}
    if len(lists) + len(squares) != 1:
        return None
    if lists:
        return next(iter(lists.items()))
    key, value = next(iter(squares.items()))
    return key, [(int(a), int(b)) for a, b in (value != 0).nonzero().tolist()]


def _scored(batch: Batch, shown: str) -> tuple[str, Pairs, Pairs] | None:
    """Return (entry, pairs to be found, pairs to be told apart): of two entries by their names, or of one by its labels."""
    lists = {
        key: rows for key, value in batch.items() if key != shown and isinstance(value, Tensor) and re.search(PAIRS, key.lower()) and (rows := _rows(value)) is not None
    }  # fmt: skip
    positive, negative = ([key for key in lists if word in key.lower()] for word in ("pos", "neg"))
    if len(positive) == 1 and len(negative) == 1:
        return negative[0], lists[positive[0]], lists[negative[0]]
    if len(lists) != 1:
        return None
    key, rows = next(iter(lists.items()))
    labels = [
        value for value in batch.values() if isinstance(value, Tensor) and value.shape == (len(rows),) and bool(((value == 0) | (value == 1)).all())
    ]  # fmt: skip
    if len(labels) != 1 or float(labels[0].float().mean()) in (0.0, 1.0):
        return None
    kept = labels[0].bool().tolist()
    return key, [row for row, one in zip(rows, kept, strict=True) if one], [row for row, one in zip(rows, kept, strict=True) if not one]


def shown_edges(examination: Examination) -> Evidence:
    """Look every pair to be scored up among the edges that the model is given: that must not tell which are joined, and no unjoined one is an edge."""
    batch = examination.batch()
    shown = _shown(batch)
    scored = _scored(batch, shown[0]) if shown else None
    if shown is None or scored is None:
        return examination.skipped("no edges and labelled pairs of nodes are in the batch")
    known = set(shown[1]) | {(b, a) for a, b in shown[1]}
    positive, negative = (sum(pair in known for pair in pairs) / len(pairs) for pairs in scored[1:])
    values = {"shown among ones": positive, "shown among zeros": negative}
    stated = examination.words("negatives")
    joined = known | set(scored[1]) | {(b, a) for a, b in scored[1]}
    wrong = sum(pair in joined for pair in scored[2]) / len(scored[2])
    if stated and (wrong > 0.2 or (wrong > 0 and re.search(UNJOINED, stated))):
        message = (
            f"{wrong:.0%} of the pairs with label 0 are edges of the graph, and negatives are stated to be {examination.facts['negatives']}"
        )
        return examination.finding(
            "fail", message, where="batch", path=scored[0], hint="Draw pairs without an edge.", values={"share": wrong}
        )
    if positive <= 0.5 or negative >= 0.05:
        return examination.passed("the edges given do not tell the labels", **values)
    told = (examination.source.text.split('"""')[1] if '"""' in examination.source.text[:20] else "") + str(examination.facts)
    if not re.search(HELD, told.lower()):
        return examination.unsure("the edges given are those to be predicted; that can be meant in training", **values)
    message = f"{positive:.0%} of the pairs with label 1 are among the edges that the model is given: the answer is shown"
    return examination.finding(
        "fail", message, where="batch", path=shown[0], hint="Leave the edges to be predicted out of those given.", values=values
    )


def own_answers(examination: Examination) -> Evidence:
    """Turn the positive entry of a batch round, then the negative one, and see which scores of a binary cross-entropy move: those have their answer."""
    batch = examination.batch()
    names = [
        [key for key, value in batch.items() if re.search(rf"(?:^|_){word}", key.lower()) and isinstance(value, Tensor)]
        for word in ("pos", "neg")
    ]
    if any(len(found) != 1 or is_mask(batch[found[0]]) for found in names):
        return examination.skipped("no one positive and one negative entry are in the batch")
    plain = _scores(examination, batch)
    turned = [_scores(examination, batch | {key: _turned(batch[key])}) for (key,) in names]
    if not plain or any(len(other) != len(plain) for other in turned):
        return examination.skipped("no binary cross-entropy is seen in the loss")
    answers: list[list[float]] = [[], []]
    for place, (score, target) in enumerate(plain):
        moved = [(other[place][0] - score).abs() > 1e-6 if other[place][0].shape == score.shape else None for other in turned]
        if moved[0] is None or moved[1] is None or bool((moved[0] & moved[1]).any()):
            return examination.skipped("a score is one of both entries")
        for side, where in enumerate(moved):
            answers[side] += target[where].tolist()  # type: ignore[index]
    if not answers[0] or not answers[1]:
        return examination.skipped("no score follows one of the two entries")
    positive, negative = (sum(found) / len(found) for found in answers)
    values = {"positive": positive, "negative": negative}
    if positive < negative:
        message = f"the scores of {names[0][0]} are trained towards {positive:.2g} and those of {names[1][0]} towards {negative:.2g}"
        return examination.finding(
            "fail", message, where="loss", path=names[0][0], hint="Put the answers in the order of the scores.", values=values
        )
    return examination.passed("positive entries are trained towards higher scores than negative ones", **values)


def _turned(value: Tensor) -> Tensor:
    axis = 1 if value.ndim == 2 and value.shape[0] == 2 and is_integer(value) else 0
    return value.roll(1, dims=axis)


def _scores(examination: Examination, batch: Batch) -> list[tuple[Tensor, Tensor]]:
    """Return (scores, answers) of every binary cross-entropy in the loss."""
    seen = examination.quiet(lambda: objective(examination, examination.probe, batch))
    found = []
    for call in seen.calls if seen is not None else []:
        given = [*call.arguments, *(call.named[name] for name in ("input", "target") if name in call.named)]
        if call.name.startswith("binary_cross_entropy") and len(given) > 1 and given[0].shape == given[1].shape:
            found.append((given[0].detach(), given[1].detach()))
    return found


def nearer_positives(examination: Examination) -> Evidence:
    """Find what the model gives for the positive entry and for its corruption: descent moves the two apart, the stated way round."""
    batch, stated = examination.batch(), examination.words("output")
    names = partners(batch)
    wanted = (
        1.0 if re.search("distance|energy|dissimilar", stated) else -1.0 if re.search("logit|score|similarit|probabilit", stated) else 0.0
    )
    if names is None or not wanted or not all(is_integer(batch[name]) for name in names):
        return examination.skipped("no entry is the corruption of another, or what the output means is not stated")
    model = examination.perturbed()
    seen = [
        examination.quiet(lambda given=given: evaluated(examination, model, given))  # type: ignore[misc]
        for given in (batch, batch | {names[0]: batch[names[0]].roll(1, 0)}, batch | {names[1]: batch[names[1]].roll(1, 0)})
    ]
    if any(one is None or len(one.outputs) != len(seen[0].outputs) for one in seen):  # type: ignore[union-attr]
        return examination.skipped("the loss is refused")
    slopes: list[list[float]] = [[], []]
    for (path, tensors), *turned in zip(*(one.outputs for one in seen), strict=True):  # type: ignore[union-attr]
        if path or len(tensors) != 1 or tensors[0].numel() != len(batch[names[0]]):
            continue
        moved = [other[1][0].shape == tensors[0].shape and distance(other[1][0], tensors[0]) > 1e-6 for other in turned]
        slope = seen[0].slope(tensors[0]) if sum(moved) == 1 else None  # type: ignore[union-attr]
        if slope is not None and bool(slope.any()):
            slopes[moved.index(True)].append(float(slope.sum()))
    if not slopes[0] or not slopes[1]:
        return examination.skipped("the model does not give one number each for both entries")
    positive, negative = wanted * sum(slopes[0]), wanted * sum(slopes[1])
    values = {"positive": positive, "negative": negative}
    if positive < 0 < negative:
        message = f"descent moves the {examination.facts['output']} of {names[0]} away and that of {names[1]} nearer"
        return examination.finding(
            "fail", message, where="loss", path=names[0], hint="Look at the signs of the two in the margin.", values=values
        )
    return examination.passed("descent moves positive and corrupted entries apart", **values)


SHOWN_EDGES = card(
    "graph",
    "shown edges",
    "Edges to be predicted among those that the model is given; labelled 0, but edges.",
    ("negatives", "task", "graph"),
    "Training on the given edges themselves on purpose: 'unsure' unless the subject says that they are held out or missing.",
    shown_edges,
)
OWN_ANSWERS = card(
    "graph",
    "own answers",
    "Positive pairs that are trained towards 0 and negative ones towards 1.",
    (),
    "Losses that are no binary cross-entropy of the library: skipped.",
    own_answers,
)
NEARER = card(
    "graph",
    "nearer positives",
    "A ranking of triples or pairs that draws the corrupted ones near and pushes the true ones away.",
    ("output",),
    "Outputs that are not what they are stated to be: only a slope of both the wrong way round fails.",
    nearer_positives,
)
