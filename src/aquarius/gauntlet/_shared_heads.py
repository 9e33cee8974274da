"""Grouped attention: heads that share a key share the value that belongs to it, and there are as many keys as stated."""

from __future__ import annotations

from torch import Tensor

from ..core import Evidence
from ._attention import Head, attentions
from ._check import card
from ._examination import Examination


def shared_heads(examination: Examination) -> Evidence:
    """Look which heads have one and the same key, and which one and the same value: they must be the same heads."""
    heads, _ = attentions(examination, examination.probe)
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


def _groups(head: Head) -> tuple[list[int], list[int]] | None:
    """Return, for each head, the first head with the same key, and the first with the same value."""
    key, values = head.key, head.values
    if values is None or key.ndim != 4 or values.ndim != 4 or key.shape[1] != values.shape[1] or key.shape[1] < 2:
        return None
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
    "Attention by one fused call or by einsum is not seen: skipped.",
    shared_heads,
)
