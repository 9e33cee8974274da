"""Graphs: neighbours matter to a node, and edges run both ways where they do."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._inputs import Batch, is_integer

EDGES = ("edge", "adj")


def edge_lists(batch: Batch) -> dict[str, Tensor]:
    """Return entries of shape (2, E) of whole numbers: pairs of nodes."""
    return {
        key: value for key, value in batch.items() if is_integer(value) and value.ndim == 2 and value.shape[0] == 2 and value.shape[1] > 4
    }


def adjacencies(batch: Batch) -> dict[str, Tensor]:
    """Return square entries by the name of an adjacency, alone or one for each sample."""
    return {
        key: value for key, value in batch.items()
        if isinstance(value, Tensor) and not value.is_sparse and value.ndim in (2, 3) and value.shape[-1] == value.shape[-2] and "adj" in key.lower()
    }  # fmt: skip


def _features(batch: Batch, nodes: int, stacked: bool) -> str | None:
    axis = 1 if stacked else 0
    for key, value in batch.items():
        if (
            isinstance(value, Tensor)
            and value.is_floating_point()
            and value.ndim == axis + 2
            and value.shape[axis] == nodes
            and "adj" not in key.lower()
        ):
            return key
    return None


def neighbours(examination: Examination) -> Evidence:
    """Take all edges between different nodes away: the output must change, and by no node that has none."""
    batch = examination.batch()
    lists = {key: value for key, value in edge_lists(batch).items() if any(word in key.lower() for word in EDGES)}
    matrices = adjacencies(batch)
    if len(lists) + len(matrices) != 1:
        return examination.skipped("no one entry of the batch is a list of edges or an adjacency")
    key, edges = next(iter((lists or matrices).items()))
    if not examination.reads(key) and not _fixed(examination, key):
        return examination.finding(
            "fail", f"the output does not depend on {key}", where=_reader(examination), path=key, hint="Look at what the layers sum over."
        )
    nodes = int(edges.max()) + 1 if key in lists else edges.shape[-1]
    stacked = key in matrices and edges.ndim == 3
    features = _features(batch, nodes if key in matrices else _nodes(batch, nodes), stacked)
    if features is None:
        return examination.skipped("no features of nodes are in the batch")
    if any(name != key for name in edge_lists(batch)):
        return _by_pairs(examination, batch, features, key)
    return _far(examination, batch, features, key, stacked)


def _nodes(batch: Batch, least: int) -> int:
    sizes = [
        len(value)
        for value in batch.values()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim == 2 and len(value) >= least
    ]
    return min(sizes, default=least)


def _fixed(examination: Examination, key: str) -> bool:
    first, second = examination.batch()[key], examination.batch(seed=1)[key]
    return first.shape == second.shape and bool((first == second).all())


def _reader(examination: Examination) -> str:
    found = [
        name
        for name in examination.source.holding(r"index_add|scatter|adjacency|edge_index|edges\b")
        if "." in name and not name.endswith("__init__")
    ]
    return found[0] if found else "forward"


def _far(examination: Examination, batch: Batch, features: str, key: str, stacked: bool) -> Evidence:
    """Change one node at a time and see which outputs of nodes move: some other than its own, where it has neighbours."""
    model = examination.probe
    changed_others = 0
    tried = 0
    axis = 1 if stacked else 0
    with torch.no_grad():
        base = examination.forward(model, dict(batch), seed=1)
        if base.ndim <= axis or base.shape[: axis + 1] != batch[features].shape[: axis + 1]:
            return examination.skipped("the output is not one of each node")
        for node in _connected(batch[key], batch[features].shape[axis]):
            altered = dict(batch)
            altered[features] = batch[features].clone()
            altered[features].select(axis, node).add_(1.0)
            moved = (examination.forward(model, altered, seed=1) - base).abs().unsqueeze(-1).flatten(axis + 1).amax(dim=-1)
            moved.select(axis, node).zero_()
            changed_others += int(bool((moved > 1e-6).any()))
            tried += 1
    if tried == 0:
        return examination.skipped("no node has a neighbour")
    if changed_others == 0:
        return examination.finding(
            "fail",
            f"the features of a node change the output of no other node, for {tried} nodes",
            where=_reader(examination),
            path=key,
            hint="Look at which end of an edge is read and which is written.",
        )
    return examination.passed("a node's features reach other nodes", nodes=float(changed_others))


def _connected(edges: Tensor, nodes: int) -> list[int]:
    """Return up to six nodes with most neighbours besides themselves."""
    if edges.shape[0] == 2 and edges.ndim == 2 and is_integer(edges):
        kept = edges[:, edges[0] != edges[1]]
        degree = torch.bincount(kept.flatten(), minlength=nodes).float()
    else:
        square = (edges != 0).float().reshape(-1, *edges.shape[-2:]).sum(dim=0)
        square = square - torch.diag(square.diagonal())
        degree = square.sum(dim=0) + square.sum(dim=1)
    order = degree.argsort(descending=True)[:6]
    return [int(node) for node in order if degree[node] > 0 and node < nodes]


def _by_pairs(examination: Examination, batch: Batch, features: str, key: str) -> Evidence:
    """Outputs that are no nodes' own: change the features of nodes that are in no scored pair."""
    pairs = [name for name in edge_lists(batch) if name != key]
    if len(pairs) != 1 or features is None or batch[features].ndim != 2:
        return examination.skipped("the output is none of nodes or of pairs of nodes")
    model, asked = examination.probe, batch[pairs[0]][:, :1]
    with torch.no_grad():
        base = examination.forward(model, dict(batch) | {pairs[0]: asked}, seed=1)
        altered = dict(batch) | {pairs[0]: asked}
        altered[features] = batch[features] + 1.0
        altered[features][asked.flatten()] = batch[features][asked.flatten()]
        after = examination.quiet(lambda: examination.forward(model, altered, seed=1))
    if after is None or after.shape != base.shape:
        return examination.skipped("the model does not score a single pair")
    if float((after - base).abs().max()) < 1e-6:
        message = f"the score of a pair depends on the features of no node besides the two, although {key} is given"
        return examination.finding(
            "fail", message, where=_reader(examination), path=key, hint="Look at which end of an edge is read and which is written."
        )
    return examination.passed("the neighbours of a pair's nodes matter to its score")


def both_ways(examination: Examination) -> Evidence:
    """Look for the opposite of every edge where the graph is stated to be undirected."""
    words = examination.words("graph")
    if "undirected" not in words and "symmetric" not in words and "both directions" not in words:
        return examination.skipped("the graph is not stated to be undirected")
    batch = examination.batch()
    for key, edges in edge_lists(batch).items():
        if "edge" in key.lower():
            pairs = {tuple(pair) for pair in edges.T.tolist()}
            lonely = sum((b, a) not in pairs for a, b in pairs) / len(pairs)
            if lonely > 0.01:
                message = f"{lonely:.0%} of the edges in {key} have no opposite, and the graph is stated to be undirected"
                return examination.finding("fail", message, where="batch", path=key, hint="Add every edge in both directions.")
            return examination.passed(f"every edge of {key} has its opposite")
    for key, matrix in adjacencies(batch).items():
        if not torch.allclose(matrix.float(), matrix.float().transpose(-1, -2), atol=1e-5):
            return examination.finding("fail", f"{key} is not symmetric, and the graph is stated to be undirected", where="batch", path=key)
        return examination.passed(f"{key} is symmetric")
    return examination.skipped("no edges are in the batch")


NEIGHBOURS = card(
    "graph",
    "neighbours",
    "A graph network in which no node hears of another, or that does not read its edges.",
    (),
    "Entries called edges that are no graph of the nodes.",
    neighbours,
)
BOTH_WAYS = card(
    "graph", "both ways", "Edges without their opposites in an undirected graph.", ("graph",), "Nothing: each is looked up.", both_ways
)
