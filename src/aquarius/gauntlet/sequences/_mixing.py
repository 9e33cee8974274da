"""Attention without an order of its own: exchanging two places exchanges their outputs."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance, no_dropout
from .._trace import watching

ORDERED = r"mask|tril|triu|causal|position|relative|rotary|rope|alibi|slope|bias_table|window|roll|shift|conv|cumsum|arange|decay|cache|chunk\(\w+, dim=1|unfold|index"


def attention_order(examination: Examination) -> Evidence | list[Evidence]:
    """Put the places of a sequence in another order before an attention that is written without positions: its outputs go with them."""
    if not examination.facts or examination.facts.get("causal") or examination.words("positional") in ("rotary", "alibi", "relative"):
        return examination.skipped("the attention has an order of its own, or nothing is stated")
    model = examination.perturbed()
    found: list[Evidence] = []
    looked, done = 0, set[type]()
    with torch.no_grad(), watching(model) as events:
        examination.quiet(lambda: examination.forward(model, examination.batch()))
    for kind, path, given in events:
        module = model.get_submodule(path)
        code = examination.source.code(type(module).__qualname__)
        if (
            kind != "in"
            or type(module) in done
            or not examination.source.owns(type(module))
            or not re.search(r"(?i)attention|attn|mhsa", type(module).__name__)
            or re.search(ORDERED, code.lower())
            or len(given) != 1
            or given[0].ndim != 3
            or given[0].shape[1] < 3
        ):
            continue
        done.add(type(module))
        x = torch.randn(given[0].shape, generator=torch.Generator().manual_seed(0))
        order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(1))
        with torch.no_grad(), no_dropout(model):
            one = examination.quiet(lambda module=module, x=x: module(x))  # type: ignore[misc]
            two = examination.quiet(lambda module=module, x=x, order=order: module(x[:, order]))  # type: ignore[misc]
        if not isinstance(one, Tensor) or not isinstance(two, Tensor) or one.shape != x.shape:
            continue
        looked += 1
        change = distance(one[:, order], two)
        if change > 1e-3:
            where = examination.where(model, path)
            text = f"{path} speaks of no positions, and with its places in another order its outputs are others, by {change:.2g} of their scale"
            hint = "Look for a reshape without the transpose that joins heads, and for a softmax along the wrong axis."
            found.append(examination.finding("fail", text, where=where, path=path, hint=hint, values={"change": change}))
    if not looked:
        return examination.skipped("no attention without an order of its own is called on one sequence")
    return found or examination.passed("outputs of attention go with their places", kinds=float(looked))


ORDER = card(
    "attention",
    "attention order",
    "An attention without positions whose outputs do not follow their places: heads joined along the wrong axis.",
    ("causal", "positional"),
    "Attention whose code speaks of positions, masks or windows is left alone.",
    attention_order,
)
