"""Positions: the bias on distance, and whether positions have an effect."""

from __future__ import annotations

import re

import torch

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import is_integer
from ._attention import Head, attentions
from ._sequences import read_sequences


def distance_bias(examination: Examination) -> Evidence | list[Evidence]:
    """Take the scores minus the scaled product: what is left is the bias, -m_h (i - j) for ALiBi, up to a number for each row."""
    if examination.words("positional") != "alibi":
        return _unstated_bias(examination)
    heads, _ = attentions(examination, examination.probe)
    for head in heads:
        value = _slope(head)
        if value is None or head.scores.ndim != 4 or head.scores.shape[-1] != head.scores.shape[-2]:
            continue
        count, length = head.scores.shape[1], head.scores.shape[-1]
        bias = (head.scores - value * head.product).detach()[0].double()
        position = torch.arange(length, dtype=torch.float64)
        between = position[:, None] - position[None, :]
        seen = (bias > -1e4) & (between >= 0)
        if not bool(seen[0, -1].sum() >= 3):
            continue
        rows = [bias[h, -1][seen[h, -1]] for h in range(count)]
        measured = torch.stack([row[-1] - row[-2] for row in rows])  # the step of the bias towards the present: m_h
        text = str(examination.facts.get("slopes", "2^{-8h/H}")).replace(" ", "")
        if not re.search(r"2\^\{?-8h/(H|n|heads)", text):
            return examination.unsure("the stated slopes are not in a form this check knows")
        expected = 2.0 ** (-8.0 * torch.arange(1, count + 1, dtype=torch.float64) / count)
        error = float((measured - expected).abs().max())
        values = {"error": error}
        if error < 1e-3:
            return examination.finding("pass", "the bias on distance has the stated slopes", values=values)
        sign = bool(torch.allclose(measured, -expected, atol=1e-3))
        order = bool(torch.allclose(measured.sort().values, expected.sort().values, atol=1e-3))
        what = (
            "the opposite sign: distance is rewarded"
            if sign
            else "the stated slopes in another order of heads"
            if order
            else "other slopes than stated"
        )
        if order and not sign and not torch.allclose(measured, expected.flip(0), atol=1e-3):
            return examination.finding("unsure", f"the bias on distance has {what}", where=head.where, values=values)
        return examination.finding(
            "fail", f"the bias on distance has {what}", where=head.where, hint="Scores get -m_h (i - j) for j <= i.", values=values
        )
    return examination.unsure("no attention is seen whose bias can be measured")


def _unstated_bias(examination: Examination) -> Evidence:
    """Where nothing is stated: a bias that is linear in the distance, in powers over the heads, is a penalty and no reward."""
    if examination.words("positional"):
        return examination.skipped("other positions than a linear bias on distance are stated")
    for head in attentions(examination, examination.build().eval())[0]:
        value = _slope(head)
        if value is None or head.scores.ndim != 4 or head.scores.shape[-1] != head.scores.shape[-2] or head.scores.shape[-1] < 5:
            continue
        whole = (head.scores - value * head.product).detach().double()  # (n, heads, queries, keys)
        seen = (head.scores.detach() > -1e4).all(dim=1)[:, -1].cumprod(dim=-1).sum(dim=-1)  # the keys that the last query sees
        row, count = int(seen.argmax()), int(seen.max())
        if count < 5:
            continue
        bias = whole[row, :, count - 1, :count]  # (heads, keys) of the last query that sees them
        steps = bias.diff(dim=1)
        slope = steps[:, -1]
        even = bool((steps - slope[:, None]).abs().max() < 1e-3) and bool((slope.abs() > 1e-4).all()) and len(slope) > 1
        ratio = slope[1:] / slope[:-1] if even else slope
        if not even or not bool(((ratio - ratio[0]).abs() < 1e-2).all()) or abs(float(ratio[0]) - 1) < 1e-2:
            continue
        if bool((slope < 0).all()):
            return examination.finding(
                "fail",
                "the scores get a bias that grows with the distance, in powers over the heads as a linear penalty has: distance is rewarded",
                where=head.where,
                hint="Scores get -m_h (i - j) for j <= i.",
            )
        return examination.passed("the bias on distance is a penalty")
    return examination.skipped("no linear bias on distance is stated or seen")


def _slope(head: Head) -> float | None:
    finite = torch.where(head.scores.detach() > -1e4, head.scores, 0.0)
    (slope,) = torch.autograd.grad(finite.sum(), head.product, retain_graph=True, allow_unused=True)
    used = slope[slope != 0] if slope is not None else torch.empty(0)
    if used.numel() == 0 or float(used.max() - used.min()) > 1e-4 * float(used.abs().max()):
        return None
    return float(used.mean())


def position_matters(examination: Examination) -> Evidence | list[Evidence]:
    """Exchange two tokens: with positions stated, the outputs elsewhere must change; with 'none' stated in both directions they must not."""
    stated = examination.words("positional")
    if stated not in ("learned", "sinusoidal", "rotary", "alibi", "none") or examination.facts.get("causal") not in (
        False,
        None,
        "decoder",
    ):
        return examination.skipped("no kind of positions is stated, or causality already gives an order")
    model = examination.probe
    found = []
    for key in read_sequences(examination):
        value = examination.batch()[key]
        if not is_integer(value) and value.ndim != 3:
            continue
        if examination.facts.get("causal") == "decoder" and key != read_sequences(examination)[0]:
            continue
        batch = examination.batch()
        order = torch.arange(value.shape[1])
        order[:2] = torch.tensor([1, 0])
        batch[key] = value[:, order]
        if torch.equal(batch[key], value) or (
            is_integer(value) and torch.equal(value.sort(1).values, order.sort().values.expand_as(value))
        ):
            continue  # such as segments: nothing was exchanged; or an order itself, not elements in an order
        with torch.no_grad():
            before, after = examination.forward(model, examination.batch(), seed=1), examination.forward(model, batch, seed=1)
        if before.ndim >= 3 and before.shape[:2] == value.shape[:2]:
            before, after = before[:, 2:], after[:, 2:]
        change = distance(before, after)
        if stated != "none" and change < 2e-5:
            message = f"{stated} positions are stated, and exchanging two elements of {key} changes nothing else: the order is not seen"
            found.append(
                examination.finding(
                    "fail", message, where=examination.where(model, ""), hint="Are positions added, to the tensor that is used?"
                )
            )
    return found or examination.passed("the order of the elements is seen")


BIAS = card(
    "position",
    "distance bias",
    "An ALiBi bias of the wrong sign or with other slopes than stated.",
    ("positional", "slopes"),
    "Slopes in other words than the usual formula: 'unsure'; where nothing is stated only the sign counts.",
    distance_bias,
)


POSITIONS = card(
    "position",
    "position",
    "Positions that are stated and have no effect.",
    ("positional", "causal"),
    "Causal models, where the mask already gives an order: skipped.",
    position_matters,
)
