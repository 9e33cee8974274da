"""Metric learning with a margin and with triplets mined in the batch: exact values at hand, known mistakes beside them."""

from __future__ import annotations

import itertools
import re

import torch
import torch.nn.functional as F
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import is_integer
from ._pairs import of_embeddings

SAME = 1e-3


def margin_of_equal_samples(examination: Examination) -> Evidence:
    """Give the loss equal samples: all distances are 0, and what a triplet's hinge leaves is the margin."""
    margin = examination.number("margin")
    text = f"{examination.words('loss')} {examination.words('mining')}"
    if margin is None or margin <= 0 or not examination.layout.rows or not _triplets(examination) or "semi" in text:
        return examination.skipped("no margin of triplets is stated, or equal samples are not among those that are mined")
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
    triplets = _kind_of_triplets(text)
    if margin is None or not ("hard" in text or triplets):
        return examination.skipped("no mining inside the batch is stated")
    batch = examination.batch()
    labels = next((v for v in batch.values() if isinstance(v, Tensor) and is_integer(v) and v.ndim == 1), None)
    with torch.no_grad():
        vectors = examination.forward(examination.probe, batch)
        value = float(examination.loss(examination.probe, examination.batch()))
    if labels is None or vectors.ndim != 2 or len(labels) != len(vectors):
        return examination.skipped("no vectors with labels are seen")
    if triplets:
        return _of_triplets(examination, triplets, vectors, labels, margin, value)
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


def _kind_of_triplets(text: str) -> str:
    """Return "semi-hard" or "every" where all triplets of that kind are stated to count, "" where one for each anchor does."""
    if "semi" in text:
        return "semi-hard"
    return "every" if re.search(r"\b(?:all|every|each)\b.{0,24}triplet", text) else ""


def _of_triplets(examination: Examination, kind: str, vectors: Tensor, labels: Tensor, margin: float, value: float) -> Evidence:
    """Compare a loss with the sums and means over the stated triplets of the batch, and with those of known mistakes."""
    said = f"{examination.words('loss')} {examination.facts.get('equations')}"
    mistakes: set[str] = set()
    fitting = 0
    seen = [(vectors, value), *_closer(examination, vectors)]
    for given, found in seen:
        forms = [_over_triplets(apart, labels, margin, kind == "semi-hard") for apart in _distances(given.double())]
        near = lambda other, found=found: abs(other - found) <= 1e-4 * max(abs(found), 1e-3)
        if any(map(near, [form for right, _ in forms for form in right])):
            fitting += 1
            continue
        some = {words for _, wrong in forms for words, other in wrong.items() if near(other)}
        mistakes = mistakes & some if mistakes else some
        if not some:
            return examination.unsure(f"the loss is none of the usual ones of {kind} triplets")
    if fitting == len(seen):
        return examination.passed(f"the loss is that of {kind} triplets", loss=value)
    mean_is_stated = re.search(r"mean over (?:the )?(?:semi|active|violating|chosen)|\|\s*\{?S\}?\s*\|", said) is not None
    mistakes -= set() if mean_is_stated else {MEAN_OF_ALL, MEAN_OF_VALID}
    if not mistakes:
        return examination.unsure(f"the loss is none of the usual ones of {kind} triplets")
    where = next((name for name in examination.source.functions if re.search("triplet|mining|margin", name)), "loss")
    hint = "A positive is another sample of the class; the mean is over the triplets that count."
    return examination.finding("fail", f"the loss is that of {kind} triplets {min(mistakes, key=len)}", where=where, hint=hint)


def _closer(examination: Examination, vectors: Tensor) -> list[tuple[Tensor, float]]:
    """Return vectors that lie closer together, and the loss that is made of them in the place of the model's."""
    found = []
    on_sphere = bool(((vectors.norm(dim=1) - 1).abs() < 1e-3).all())
    for number, spread in enumerate((0.1, 0.3)):
        noise = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(number))
        other = (vectors[:1] + spread * vectors.norm(dim=1).mean() * noise / vectors.shape[1] ** 0.5).to(vectors.dtype)
        other = F.normalize(other, dim=1) if on_sphere else other
        value = of_embeddings(examination, examination.perturbed(), lambda _, other=other: other)  # type: ignore[misc]
        if value is not None:
            found.append((other, float(value.detach())))
    return found


MEAN_OF_ALL, MEAN_OF_VALID = "averaged over all triples of samples", "averaged over all valid triplets, not over those that count"


def _over_triplets(apart: Tensor, labels: Tensor, margin: float, semi: bool) -> tuple[list[float], dict[str, float]]:
    """Return the usual values over triplets (anchor, positive, negative), and those of known mistakes."""
    same = labels[:, None] == labels[None]
    another = same & ~torch.eye(len(labels), dtype=torch.bool)
    gap = apart[:, None, :] - apart[:, :, None]  # (anchor, positive, negative): how much farther the negative is
    hinge = F.relu(margin - gap)
    counts = (gap > 0) & (gap < margin) if semi else torch.ones_like(gap, dtype=torch.bool)
    valid = another[:, :, None] & ~same[:, None, :]
    mean = lambda values, mask: float((values * mask).sum() / mask.sum().clamp(min=1))
    chosen, with_itself = valid & counts, same[:, :, None] & ~same[:, None, :] & counts
    active = hinge > 0
    total = float((hinge * chosen).sum())
    right = [mean(hinge, chosen), mean(hinge, chosen & active), total, total / len(labels)]
    if semi:
        nearest = torch.where(chosen, gap, torch.inf).amin(dim=2)
        right.append(mean(F.relu(margin - nearest).nan_to_num(), nearest.isfinite()))
    wrong = {
        "with each anchor as its own positive": mean(hinge, with_itself),
        "with each anchor as its own positive, where the hinge is active": mean(hinge, with_itself & active),
        "with near and far exchanged": mean(F.relu(margin + gap), chosen),
        MEAN_OF_ALL: total / gap.numel(),
        MEAN_OF_VALID: total / max(1, int(valid.sum())),
    }
    if semi:
        wrong["with those whose negative is nearer than the positive"] = mean(hinge, valid & (gap < margin))
    return right, wrong


def _distances(vectors: Tensor) -> tuple[Tensor, ...]:
    square = (vectors[:, None] - vectors[None]).square().sum(-1)
    unit = F.normalize(vectors, dim=1)
    return square.sqrt(), square, 1 - unit @ unit.t()


def _mined(vectors: Tensor, labels: Tensor, margin: float) -> list[tuple[tuple[tuple[str, str], str], float]]:
    """Return ((positive, negative), distance) with the mean hinge over the anchors that have both."""
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool)
    usable = (same & ~itself).any(dim=1) & (~same).any(dim=1)
    found = []
    for name, apart in zip(("euclidean", "squared", "cosine"), _distances(vectors), strict=True):
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
    "A loss that equals the one of the easiest positive or negative where the hardest is stated, or, over all or the semi-hard triplets, one with"
    " an anchor as its own positive or a mean over others than those that count.",
    ("mining", "margin"),
    "Nothing: only exact equality with a known mistake, and with no right form, fails.",
    stated_mining,
)
