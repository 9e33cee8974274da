"""Few-shot classification: a query that is one of the examples of a class belongs to that class, and the examples are learned through."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import Batch, is_integer

SUPPORT = r"support|shots?$|exemplar|^examples?$"


@dataclass(frozen=True)
class Episode:
    """The entries of an episode, and which rows of the support belong to each class."""

    query: str
    support: str
    rows: dict[int, Tensor]
    own: bool = False


def _episode(examination: Examination) -> Episode | None:
    """Find queries (n, ...) and a support of (ways, shots, ...) or of rows with labels beside them."""
    batch = examination.batch()
    floats = {key: value for key, value in batch.items() if isinstance(value, Tensor) and value.is_floating_point()}
    support = next((key for key in floats if re.search(SUPPORT, key.lower())), None)
    if support is None or not examination.reads(support):
        return None
    shape = floats[support].shape
    queries = [key for key in floats if key != support and examination.layout.axes.get(key) == 0 and examination.reads(key)]
    labels = [key for key, value in batch.items() if is_integer(value) and value.shape == shape[:1] and examination.reads(key)]
    if len(queries) != 1:
        return None
    inner = floats[queries[0]].shape[1:]
    if len(labels) == 1 and shape[1:] == inner:
        values = batch[labels[0]]
        return Episode(queries[0], support, {int(k): (values == k).nonzero().flatten() for k in values.unique()})
    own = examination.layout.axes.get(support) == 0  # each query has a support of its own: (n, ways, shots, ...)
    if not labels and len(shape) == len(inner) + 2 + own and shape[2 + own :] == inner:
        return Episode(queries[0], support, {k: torch.tensor([k]) for k in range(shape[int(own)])}, own)
    return None


def support(examination: Examination) -> Evidence:
    """Put one query in the place of all examples of one class, class by class: that class has its highest score."""
    episode = examination.quiet(lambda: _episode(examination))
    if episode is None or len(episode.rows) < 2:
        return examination.skipped("no episode of queries and examples with classes is in the batch")
    model = examination.probe
    highest, lowest, size = 0, 0, len(episode.rows)
    for label, rows in episode.rows.items():
        batch = examination.batch()
        examples = batch[episode.support][0] if episode.own else batch[episode.support]
        examples[rows] = batch[episode.query][0]
        with torch.no_grad():
            scores = examination.quiet(lambda batch=batch: examination.forward(model, batch, seed=1))  # type: ignore[misc]
        if scores is None or scores.ndim != 2 or scores.shape[1] != size or not 0 <= label < size:
            return examination.skipped("the output has no score for each class of the episode")
        highest += int(scores[0].argmax()) == label
        lowest += int(scores[0].argmin()) == label
    values = {"highest": float(highest), "classes": float(size)}
    wrong = ""
    if lowest == size:
        wrong = "a query that is each example of a class has its lowest score there: near and far are exchanged"
    elif highest < size:
        wrong = f"a query that is each example of a class has its highest score there for {highest} of {size} classes"
    if wrong:
        hint = "Look at the sign of the distance, at what examples are averaged by, and at which label goes with which."
        return examination.finding("fail", wrong, where=_place(examination), hint=hint, values=values)
    if not _learned_through(examination, episode):
        message = "the loss follows the examples and has no slope along them: nothing is learned through the support"
        return examination.finding("fail", message, where=_place(examination), path=episode.support, hint="Look for detach or no_grad.")
    return examination.passed("a query that is each example of a class belongs to it", **values)


def _learned_through(examination: Examination, episode: Episode) -> bool:
    """Say whether the loss has a slope along the support; True where a gradient is stated to be stopped or a part is frozen."""
    model = examination.perturbed()
    if (
        examination.facts.get("stop_gradient")
        or not all(p.requires_grad for p in model.parameters())
        or not examination.loss_reads(episode.support)
    ):
        return True
    batch: Batch = examination.batch()
    batch[episode.support].requires_grad_(True)
    value = examination.quiet(lambda: examination.loss(model, batch, seed=1))
    if value is None or not value.requires_grad:
        return True
    (slope,) = torch.autograd.grad(value, batch[episode.support], allow_unused=True)
    return slope is not None and bool((slope != 0).any())


def _place(examination: Examination) -> str:
    helpers = [
        name for name in examination.source.holding(r"cdist|prototype|centroid|pow\(2\)|square\(|norm\(") if not name.endswith("__init__")
    ]
    helpers = [name for name in helpers if name not in ("batch", "build", "loss", "forward")]
    return examination.where(examination.probe, "") if len(helpers) != 1 else helpers[0]


SUPPORT_CARD = card(
    "contrastive",
    "support",
    "A few-shot classifier in which a query equal to a class's examples is given another class, or whose examples pass no gradient on.",
    ("stop_gradient",),
    "Scores that are not highest at no distance on purpose.",
    support,
)
