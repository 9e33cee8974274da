"""Many graphs packed into one batch: each answer belongs to its own graph, and what a graph's nodes are joined to one vector by is as stated."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._functions import called
from .._inputs import Batch, is_integer

MOST_GRAPHS = 4
SAME = 1e-4
NOTHING = 1e-6


def _index(batch: Batch) -> tuple[str, str, Tensor] | None:
    """Return (entry that numbers the graph of each node, features of nodes, the numbers); None where there is no one pair."""
    found = []
    for key, value in batch.items():
        if not is_integer(value) or value.ndim != 1 or value.numel() < 4 or int(value[0]) != 0 or bool((value.diff() < 0).any()):
            continue
        count = int(value.max()) + 1
        if 1 < count < len(value) and len(value.unique()) == count:
            floats = [
                k for k, v in batch.items() if isinstance(v, Tensor) and v.is_floating_point() and v.ndim == 2 and len(v) == len(value)
            ]
            found += [(key, floats[0], value)] if len(floats) == 1 else []
    return found[0] if len(found) == 1 and re.search("graph|batch|index|segment|owner|molecule|set", found[0][0].lower()) else None


def graphs_apart(examination: Examination) -> Evidence:
    """Change the features of one graph's nodes: the answer of that graph must change, and no other."""
    batch = examination.batch()
    packed = _index(batch)
    if packed is None or examination.random_evaluation:
        return examination.skipped("no entry numbers the graph of each node")
    key, features, index = packed
    model, count = examination.probe, int(index.max()) + 1
    with torch.no_grad():
        base = examination.forward(model, batch, seed=1)
        if base.ndim < 1 or len(base) != count:
            return examination.skipped("the output is not one of each graph")
        for graph in range(min(count, MOST_GRAPHS)):
            changed = batch | {features: batch[features].clone()}
            rows = index == graph
            changed[features][rows] += torch.randn(changed[features][rows].shape, generator=torch.Generator().manual_seed(graph))
            moved = (examination.forward(model, changed, seed=1) - base).abs().flatten(1).amax(dim=1) > NOTHING
            strangers = moved.clone()
            strangers[graph] = False
            if bool(strangers.any()):
                other = int(strangers.nonzero()[0])
                own = "" if bool(moved[graph]) else ", and not its own"
                message = f"the features of graph {graph} change the answer of graph {other}{own}: graphs of one batch are mixed"
                hint = "Look at the numbers that nodes are shifted by when graphs are joined, and at those that they are summed by."
                return examination.finding("fail", message, where=_place(examination, bool(moved[graph])), path=key, hint=hint)
    return examination.passed("each graph's answer depends on its own nodes", graphs=float(min(count, MOST_GRAPHS)))


def _place(examination: Examination, own: bool) -> str:
    """Return the function that joins nodes to graphs where answers are lost, else the one that packs them."""
    pools = [name for name in examination.source.functions if re.search(r"pool|readout|segment|aggregate", name)]
    return "batch" if own else pools[0] if len(pools) == 1 else examination.where(examination.probe, "")


def readout(examination: Examination) -> Evidence:
    """Compare each function that joins vectors by their numbers with the sum, mean and greatest of them; the stated one of these is wanted."""
    stated = examination.words("pooling")
    for name, calls in called(examination).items():
        call = calls[0]
        given = [value for value in call.arguments.values() if isinstance(value, Tensor)]
        vectors = [value for value in given if value.is_floating_point() and value.ndim == 2]
        numbers = [value for value in given if is_integer(value) and value.ndim == 1]
        if len(vectors) != 1 or len(numbers) != 1 or len(vectors[0]) != len(numbers[0]) or not isinstance(call.result, Tensor):
            continue
        wanted = _wanted(examination, name, stated)
        if call.result.ndim != 2 or wanted is None or len(call.result) <= int(numbers[0].max()):
            continue
        forms = _joined(vectors[0].detach(), numbers[0], len(call.result))
        equal = [word for word, value in forms.items() if value.shape == call.result.shape and distance(value, call.result) < SAME]
        if equal and wanted not in equal:
            message = f"{name} gives the {equal[0]} of the vectors of one number, and their {wanted} is stated"
            return examination.finding("fail", message, where=name, hint=f"Take the {wanted}.")
        if equal:
            return examination.passed(f"{name} gives the {wanted} of the vectors of one number")
        return examination.unsure(f"{name} gives neither sum, mean nor greatest of the vectors of one number")
    return examination.skipped("no function joins vectors by their numbers, or how is not stated")


def _wanted(examination: Examination, name: str, words: str) -> str | None:
    """Return "sum", "mean" or "maximum" by the function's equation, else by the stated pooling."""
    equations = examination.facts.get("equations")
    latex = str(equations.get(name, "")) if isinstance(equations, dict) else ""
    if latex:
        divided = re.search(r"\\frac|\|\s*\^\{-1\}|/\s*\||mean|\\sqrt|\\exp|\\alpha|w_|softmax", latex)
        if r"\sum" in latex and not divided and not re.search(r"\\max", latex):
            return "sum"
        if r"\sum" in latex and re.search(r"\\frac\s*\{?1\}?\s*\{[^{}]*(?:\||N|n)", latex) and r"\sqrt" not in latex:
            return "mean"
        return "maximum" if r"\max" in latex and r"\sum" not in latex else None
    if "class token" in words:
        return None
    pooling = examination.words("pooling")
    found = [
        word for word, pattern in (("sum", r"\bsum"), ("mean", r"\bmean|averag"), ("maximum", r"\bmax")) if re.search(pattern, pooling)
    ]
    pools = re.search(r"pool|readout", name) is not None
    return found[0] if len(found) == 1 and pools else None


def _joined(vectors: Tensor, numbers: Tensor, count: int) -> dict[str, Tensor]:
    total = vectors.new_zeros(count, vectors.shape[1]).index_add(0, numbers, vectors)
    sizes = torch.bincount(numbers, minlength=count).clamp(min=1)[:, None]
    greatest = vectors.new_full(total.shape, float("-inf")).scatter_reduce(0, numbers[:, None].expand_as(vectors), vectors, reduce="amax")
    return {"sum": total, "mean": total / sizes, "maximum": greatest.where(greatest.isfinite(), 0.0)}


APART = card(
    "graph",
    "graphs apart",
    "Graphs of one batch that hear of one another, or whose answers belong to others.",
    (),
    "Models in which graphs of a batch are compared on purpose, as in matching: a packed batch whose numbers begin at 0 and rise is looked at.",
    graphs_apart,
)
READOUT = card(
    "graph",
    "readout",
    "A mean of a graph's nodes where their sum is stated, or the other way round.",
    ("pooling", "equations"),
    "Functions that weigh nodes: 'unsure'.",
    readout,
)
