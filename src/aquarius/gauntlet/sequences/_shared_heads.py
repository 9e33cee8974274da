"""Grouped attention: heads that share a key share the value that belongs to it, and there are as many keys as stated."""

from __future__ import annotations

from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._trace import Call
from ._attention import Head, attentions, by_head


def shared_heads(examination: Examination) -> Evidence:
    """Look which heads have one and the same key, and which one and the same value: they must be the same heads."""
    heads, fused = attentions(examination, examination.probe)
    heads = heads + _of_fused(fused)
    stated = examination.number("kv_heads")
    seen = [(head, groups) for head in heads if (groups := _groups(head)) is not None]
    grouped = [(head, keys, values) for head, (keys, values) in seen if len(set(keys)) < len(keys) or len(set(values)) < len(values)]
    for head, keys, values in grouped:
        if keys != values:
            text = f"heads share keys as {_said(keys)} and values as {_said(values)}: a head reads the values of another head's keys"
            hint = "Repeat keys and values in one way: repeat_interleave for both, or repeat for both."
            return examination.finding("fail", text, where=head.where, hint=hint)
    for head, (keys, _) in seen if stated else ():
        if len(set(keys)) != stated:
            text = f"{len(set(keys))} keys are seen for {len(keys)} heads, and {stated:g} are stated"
            return examination.finding("fail" if grouped else "unsure", text, where=head.where)
    if not grouped:
        return examination.skipped("no heads that share keys or values are seen")
    return examination.passed("heads that share a key share its value", heads=len(grouped[0][1]))


def _of_fused(calls: list[Call]) -> list[Head]:
    """Return the keys and values that are given to torch's fused attention, one of each for every head."""
    found = []
    for call in calls:
        query, key, value = [*call.arguments, None, None, None][:3]
        if isinstance(query, Tensor) and isinstance(key, Tensor) and isinstance(value, Tensor) and not call.named.get("enable_gqa"):
            found.append(Head(query, key, query, query, -1, call.where, query, values=value))
    return found


def _groups(head: Head) -> tuple[list[int], list[int]] | None:
    """Return, for each head, the first head with the same key, and the first with the same value."""
    pair = by_head(head)
    if pair is None:
        return None
    key, values = pair
    return _first(key), _first(values)


def _first(value: Tensor) -> list[int]:
    parts = value.detach().unbind(dim=1)
    return [next(other for other in range(place + 1) if parts[other].equal(part)) for place, part in enumerate(parts)]


def _said(groups: list[int]) -> str:
    return "".join(f"({' '.join(str(head + 1) for head, own in enumerate(groups) if own == first)})" for first in dict.fromkeys(groups))


SHARED = card(
    "attention",
    "shared heads",
    "Grouped attention in which a head reads the values that belong to another head's keys, or another number of keys than stated.",
    ("kv_heads",),
    "Attention in which heads are no axis of their own before the positions is not seen: skipped.",
    shared_heads,
)
