"""Metric learning with a margin and with triplets mined in the batch: exact values at hand, known mistakes beside them."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core import Evidence
from ._check import card
from ._examination import Examination
from ._inputs import is_integer

SAME = 1e-3


def margin_of_equal_samples(examination: Examination) -> Evidence:
    """Give the loss equal samples: all distances are 0, and what a triplet's hinge leaves is the margin."""
    margin = examination.number("margin")
    text = f"{examination.words('loss')} {examination.words('mining')}"
    if margin is None or margin <= 0 or not examination.layout.rows or not _triplets(examination):
        return examination.skipped("no margin of triplets is stated")
    batch = examination.batch()
    same = {key: value[:1].expand_as(value).clone() if _is_input(value) else value for key, value in batch.items()}
    others = [key for key in batch if _is_input(batch[key])]
    for key in others[1:]:
        if batch[key].shape == batch[others[0]].shape:
            same[key] = same[others[0]].clone()
    with torch.no_grad():
        found = examination.quiet(lambda: examination.loss(examination.probe, same, seed=1))
    if found is None or not bool(torch.isfinite(found)):
        return examination.unsure("the loss does not take equal samples")
    value = float(found)
    if abs(value - margin) <= SAME * max(1.0, margin):
        return examination.passed("equal samples leave the margin", loss=value)
    if "soft" in text or value > margin:
        return examination.unsure(f"equal samples leave {value:.4g}, and the margin is {margin:.4g}: the loss may hold more", loss=value)
    return examination.finding(
        "fail",
        f"equal samples leave a loss of {value:.4g}, and the stated margin is {margin:.4g}",
        where="loss",
        hint="A triplet's hinge is max(0, d(a, p) - d(a, n) + margin): look at the margin's value and sign.",
        values={"loss": value, "margin": margin},
    )


def _triplets(examination: Examination) -> bool:
    named = {"anchor", "positive", "negative"} <= {key.lower() for key in examination.batch()}
    return named or "hard" in examination.words("mining")


def _is_input(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 2


def stated_mining(examination: Examination) -> Evidence:
    """Compute the triplet loss of the batch with the hardest and the easiest of each kind, and see which of them the loss is."""
    margin, text = examination.number("margin"), examination.words("mining")
    if margin is None or "hard" not in text or "semi" in text:
        return examination.skipped("no mining of the hardest in the batch is stated")
    batch = examination.batch()
    labels = next((v for v in batch.values() if isinstance(v, Tensor) and is_integer(v) and v.ndim == 1), None)
    with torch.no_grad():
        vectors = examination.forward(examination.probe, batch)
        value = float(examination.loss(examination.probe, examination.batch()))
    if labels is None or vectors.ndim != 2 or len(labels) != len(vectors):
        return examination.skipped("no vectors with labels are seen")
    wanted = ("hardest" if "positive" in text or "both" in text else "", "hardest" if "negative" in text or "both" in text else "")
    losses = dict(_mined(vectors.double(), labels, margin))
    fitting = {kinds for (kinds, _), found in losses.items() if abs(found - value) <= 1e-4 * max(abs(value), 1e-3)}
    if not fitting:
        return examination.unsure("the loss is none of the usual ones of mined triplets")
    right = {kinds for kinds in fitting if all(not want or want == kind for want, kind in zip(wanted, kinds, strict=True))}
    if right:
        return examination.passed("the loss is that of the stated mining", loss=value)
    positive, negative = sorted(fitting)[0]
    return examination.finding(
        "fail",
        f"the loss is that of the {positive} positive and the {negative} negative, and stated is: {text.strip()}",
        where="loss",
        hint="The hardest positive is the farthest of the class, the hardest negative the nearest of the others.",
    )


def _mined(vectors: Tensor, labels: Tensor, margin: float) -> list[tuple[tuple[tuple[str, str], str], float]]:
    """Return ((positive, negative), distance) with the mean hinge over the anchors that have both."""
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool)
    usable = (same & ~itself).any(dim=1) & (~same).any(dim=1)
    found = []
    square = (vectors[:, None] - vectors[None]).square().sum(-1)
    unit = F.normalize(vectors, dim=1)
    for name, apart in (("euclidean", square.sqrt()), ("squared", square), ("cosine", 1 - unit @ unit.t())):
        for (positive, p), (negative, n) in itertools.product(_chosen(apart, same & ~itself, True), _chosen(apart, ~same, False)):
            hinge = F.relu(p - n + margin)[usable]
            found.append((((positive, negative), name), float(hinge.mean())))
    return found


def _chosen(apart: Tensor, allowed: Tensor, far_is_hard: bool) -> list[tuple[str, Tensor]]:
    far = apart.masked_fill(~allowed, -torch.inf).amax(dim=1)
    near = apart.masked_fill(~allowed, torch.inf).amin(dim=1)
    return [("hardest", far if far_is_hard else near), ("easiest", near if far_is_hard else far)]


MARGIN_OF_EQUAL_SAMPLES = card(
    "contrastive",
    "margin of equal samples",
    "A triplet loss with another margin than the stated one, or with its sign turned: equal samples leave exactly the margin.",
    ("margin", "mining", "loss"),
    "Losses that add further terms or a soft margin: more than the margin is unsure.",
    margin_of_equal_samples,
)
STATED_MINING = card(
    "contrastive",
    "stated mining",
    "A loss that equals the one of the easiest positive or negative where the hardest is stated.",
    ("mining", "margin"),
    "Nothing: only exact equality with a known mistake, and with no right form, fails.",
    stated_mining,
)
