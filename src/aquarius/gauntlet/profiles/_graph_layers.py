"""Layers over a graph, each for itself: what a node takes of equal neighbours, which way messages run, its own part, and whose graph it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import Batch, is_integer
from .._trace import Recorder, tensors
from ._graphs import adjacencies, edge_lists

MOVED = 1e-6
LEVEL = 1e-4
SOFTMAX = r"softmax|\\alpha_\{?[a-z]{2}\b|\\frac\s*\{\s*\\exp"
MEAN = r"\\frac\s*\{?\s*1\s*\}?\s*\{(?:(?!\\sqrt)[^=}])*N|1\s*/\s*\|?\s*(?:\\mathcal\s*)?\{?\s*N\b|\bmean|\{?d_\{?[iv]\}?\}\s*\\sum"
OTHER = r"\\sqrt|\\frac|\\max|gate|\\odot|_\{[ij]{2}\}|norm|std|\{(?:sum|max)\}"  # weights and aggregations of any other kind
SUM = r"\\sum_\{?\s*[a-z]\s*\\in\s*(?:\\mathcal\s*)?\{?\s*N"


@dataclass(frozen=True)
class Graph:
    """The one entry of a batch that is a graph: a list of edges (2, E), from row 0 to row 1, or a square, rows to columns."""

    key: str
    listed: bool
    nodes: int

    def edges(self, batch: Batch) -> Tensor:
        """Return (2, E): from, to. A node of a square hears of those in its row."""
        value = batch[self.key]
        return value.long() if self.listed else (value != 0).nonzero().T.flip(0)

    def ring(self, batch: Batch) -> Batch:
        """Return the batch with another graph: each node hears of one other, the one before it in a list, the one after it in a square."""
        value, order = batch[self.key], torch.arange(self.nodes)
        if not self.listed:
            own = torch.diag(value.diagonal()).float()
            return batch | {self.key: torch.maximum(own, torch.eye(self.nodes).roll(1, dims=1)).to(value.dtype)}
        edges, changed = value.shape[1], dict(batch)
        for key, other in batch.items():  # features of edges
            if key != self.key and isinstance(other, Tensor) and other.ndim > 0 and other.shape[0] == edges != self.nodes:
                changed[key] = other[torch.arange(self.nodes) % edges]
        return changed | {self.key: torch.stack([order, (order + 1) % self.nodes]).to(value.dtype)}


@dataclass
class Layer:
    """One call of a module that is given features of nodes and a graph, and gives features of nodes."""

    path: str
    module: nn.Module
    given: tuple[Any, ...]
    named: dict[str, Any]
    place: int | str  # of the features
    features: Tensor
    graph: Tensor

    def again(self, features: Tensor, even: int = 0) -> Tensor:
        """Call it with other features of the nodes; with `even` edges, each of them has the features of the first."""
        level = lambda value: (
            value[:1].expand_as(value).clone() if even and isinstance(value, Tensor) and value.ndim and len(value) == even and value.is_floating_point() else value
        )  # fmt: skip
        given = [features if self.place == place else level(value) for place, value in enumerate(self.given)]
        named = {name: features if self.place == name else level(value) for name, value in self.named.items()}
        return tensors(self.module(*given, **named))[0]


def the_graph(examination: Examination) -> Graph | None:
    """Return the one graph of a batch; None where there is none, or several."""
    batch = examination.batch()
    lists = {
        key: value
        for key, value in edge_lists(batch).items()
        if re.search("edge|adj", key.lower()) and not re.search("pos|neg|label", key.lower())
    }
    squares = {key: value for key, value in adjacencies(batch).items() if value.ndim == 2}
    if len(lists) + len(squares) != 1:
        return None
    if squares:
        key, value = next(iter(squares.items()))
        return Graph(key, False, len(value))
    key, value = next(iter(lists.items()))
    least = int(value.max()) + 1
    sizes = [len(v) for v in batch.values() if isinstance(v, Tensor) and v.ndim > 0 and v.is_floating_point() and len(v) != value.shape[1]]
    return Graph(key, True, min((size for size in sizes if size >= least), default=least))


def layers(examination: Examination, graph: Graph, batch: Batch) -> list[Layer]:
    """Run forward once and return the innermost calls of modules that are given features of nodes and a graph."""
    model, found = examination.probe, []

    def look(path: str, module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        items: dict[int | str, Any] = dict(enumerate(given)) | dict(named)
        over = [value for value in items.values() if isinstance(value, Tensor) and _is_graph(value, graph)]
        places = [place for place, value in items.items() if _is_features(value, graph)]
        out = tensors(output)
        if len(over) == 1 and places and out and out[0].ndim > 1 and len(out[0]) == graph.nodes:
            found.append(Layer(path, module, given, named, places[0], items[places[0]], over[0]))

    handles = [
        module.register_forward_hook(lambda m, given, named, out, path=path: look(path, m, given, named, out), with_kwargs=True)
        for path, module in model.named_modules()
    ]
    try:
        with torch.no_grad():
            examination.quiet(lambda: examination.forward(model, batch, seed=1))
    finally:
        for handle in handles:
            handle.remove()
    inner = [layer for layer in found if not any(_within(other.path, layer.path) for other in found)]
    return inner if all(_repeats(examination, layer) for layer in inner) else []


def _within(inner: str, outer: str) -> bool:
    return inner != outer and (outer == "" or inner.startswith(outer + "."))


def _is_graph(value: Tensor, graph: Graph) -> bool:
    if graph.listed:
        return is_integer(value) and value.ndim == 2 and value.shape[0] == 2
    return value.ndim == 2 and value.shape == (graph.nodes, graph.nodes)


def _is_features(value: object, graph: Graph) -> bool:
    return (
        isinstance(value, Tensor) and value.is_floating_point() and value.ndim == 2 and len(value) == graph.nodes and value.shape[1] != graph.nodes
    )  # fmt: skip


def _repeats(examination: Examination, layer: Layer) -> bool:
    """Say whether a layer is a function of its arguments alone."""
    with torch.no_grad():
        once = [examination.quiet(lambda: layer.again(layer.features)) for _ in range(2)]
    return once[0] is not None and once[1] is not None and distance(once[0], once[1]) == 0


def _stated(examination: Examination, layer: Layer) -> str:
    """Return the equations stated for the class of a layer, or for the whole model."""
    equations = examination.facts.get("equations")
    kind = type(layer.module).__qualname__
    chosen = [str(text) for name, text in equations.items() if name.split(".")[0] == kind] if isinstance(equations, dict) else []
    return " ".join(chosen)


def _softmax_seen(examination: Examination, layer: Layer, graph: Graph) -> bool:
    """Say whether a layer takes a softmax, or exponentials over their sum, along neighbours: of pairs of nodes, or of edges."""
    recorder = Recorder(examination.source, frozenset(["softmax", "exp", "div", "__truediv__", "true_divide"]))
    with torch.no_grad(), recorder:
        layer.again(layer.features)
    edges = layer.graph.shape[1]
    rows = (edges, edges + graph.nodes)
    powers = [call.result for call in recorder.calls if call.name == "exp"]
    for call in recorder.calls:
        value = call.arguments[0] if call.arguments else None
        if not isinstance(value, Tensor) or call.name == "exp" or value.ndim == 0:
            continue
        over = len(value) in rows if graph.listed else sum(size == graph.nodes for size in value.shape) == 2
        if over and (call.name == "softmax" or any(value is power for power in powers)):
            return True
    return False


def _depends_on_degree(examination: Examination, layer: Layer) -> bool:
    """Say whether a whole model may look at the number of a node's neighbours for itself."""
    code = examination.source.code(type(layer.module).__qualname__)
    return layer.path == "" and re.search(r"deg|bincount|laplac|pagerank|\.sum\(\s*(?:dim=)?-?1\s*\)", code) is not None


def _levels_out(layer: Layer) -> bool:
    """Say whether a layer may take the size of a sum away again."""
    return any(isinstance(module, nn.LayerNorm | nn.GroupNorm | nn.InstanceNorm1d) for module in layer.module.modules())


def equal_neighbours(examination: Examination) -> Evidence:
    """Give all nodes the same features: a mean, or weights that sum to one, then give all nodes the same; a sum does not."""
    graph = the_graph(examination)
    if graph is None:
        return examination.skipped("no one graph is in the batch")
    batch = examination.batch()
    edges = graph.edges(batch)
    count = torch.stack([torch.bincount(row, minlength=graph.nodes)[: graph.nodes] for row in edges])
    kept = (count > 0).all(dim=0)
    looked = 0
    for layer in layers(examination, graph, batch):
        told = _stated(examination, layer)
        weighed = re.search(SOFTMAX, told) is not None or _softmax_seen(examination, layer, graph)
        averaged = re.search(MEAN, told) is not None and not re.search(r"std|\{(?:sum|max)\}", told)
        summed = re.search(SUM, told) is not None and not averaged and not weighed and not re.search(OTHER, told)
        summed = summed and not _levels_out(layer) and "normalize" not in examination.source.code(type(layer.module).__qualname__)
        binary = graph.listed or bool(((layer.graph == 0) | (layer.graph == 1)).all())
        few = int(kept.sum()) < 3 or len(count[1][kept].unique()) < 2
        if not (weighed or averaged or summed) or not binary or few or _depends_on_degree(examination, layer):
            continue
        looked += 1
        vectors = torch.randn(3, layer.features.shape[1], generator=torch.Generator().manual_seed(5))
        with torch.no_grad():
            outs = [layer.again(v.expand_as(layer.features).clone(), even=edges.shape[1])[kept].flatten(1) for v in vectors]
        spread = max(float((out - out[:1]).abs().max() / out.abs().mean().clamp(min=1e-6)) for out in outs)
        where = examination.where(examination.probe, layer.path)
        if (weighed or averaged) and spread > LEVEL:
            message = "nodes of equal features whose neighbours have equal features get unequal ones: the weights of a node's neighbours do not sum to one"
            return examination.finding(
                "fail", message, where=where, path=layer.path, hint="Look at what is divided by: it belongs to the node that receives."
            )
        if summed and spread < LEVEL:
            message = "nodes of unequal numbers of equal neighbours get equal features: neighbours are averaged, and a sum is stated"
            return examination.finding("fail", message, where=where, path=layer.path, hint="Do not divide by the number of neighbours.")
    if not looked:
        return examination.skipped("no layer over the graph is seen of which a mean, a sum or a softmax is stated or written")
    return examination.passed("equal neighbours give what a mean, a sum or a softmax of them gives", layers=float(looked))


def messages(examination: Examination) -> Evidence:
    """On a ring, where each node hears of one other, see which nodes a layer's output follows: that one, and the node itself where stated."""
    graph = the_graph(examination)
    if graph is None or graph.nodes < 5:
        return examination.skipped("no one graph is in the batch")
    batch = examination.batch()
    plain, ring = layers(examination, graph, batch), layers(examination, graph, graph.ring(batch))
    if not ring or [layer.path for layer in ring] != [layer.path for layer in plain]:
        return examination.skipped("no layer is seen that is given features of nodes and the graph")
    follows = [not _same(a.graph, b.graph) for a, b in zip(plain, ring, strict=True)]
    found = []
    for number, layer in enumerate(ring):
        where = examination.where(examination.probe, layer.path)
        twins = [follow for other, follow in zip(ring, follows, strict=True) if type(other.module) is type(layer.module)]
        if not follows[number] and any(twins) and not _joins_all(layer.graph):
            message = f"{layer.path} is given a graph that is not the batch's, and other layers of its kind are given that"
            parent = examination.where(examination.probe, layer.path.rpartition(".")[0])
            found.append(examination.finding("fail", message, where=parent, path=layer.path, hint="Give every layer the same graph."))
        elif follows[number] and layer.path and (words := _heard(examination, graph, layer, batch)):
            found.append(examination.finding("fail", words[0], where=where, path=layer.path, hint=words[1]))
    return found[0] if found else examination.passed("nodes hear of those that they are joined with", layers=float(len(ring)))


def _same(one: Tensor, two: Tensor) -> bool:
    return one.shape == two.shape and distance(one, two) == 0


def _joins_all(graph: Tensor) -> bool:
    """Say whether a square joins all nodes with all, as a last layer may on purpose."""
    return not is_integer(graph) and bool((graph == graph.flatten()[0]).all())


def _heard(examination: Examination, graph: Graph, layer: Layer, batch: Batch) -> tuple[str, str] | None:
    """Return what is wrong with what a layer's nodes hear on a ring, and a hint."""
    node = graph.nodes // 2
    gap = torch.zeros(graph.nodes, dtype=torch.bool)
    for noise in 3 * torch.randn(3, layer.features.shape[1], generator=torch.Generator().manual_seed(7)):
        moved = layer.features.clone()
        moved[node] += noise
        with torch.no_grad():
            gap |= (layer.again(moved) - layer.again(layer.features)).abs().flatten(1).amax(dim=1) > MOVED
    own, after, before = bool(gap[node]), bool(gap[(node + 1) % graph.nodes]), bool(gap[node - 1])
    if int(gap.sum()) - own not in (0, 1):
        return None  # more than one step: not one layer
    if own and int(gap.sum()) == 1:
        return (
            "no node hears of the node that it is joined with, although the layer is given the graph",
            "Look at which end of an edge is read and which is written.",
        )
    told = str(examination.facts.get("equations", "")) + examination.words("graph")
    if not own and (examination.facts.get("self_loops") is True or re.search(r"\\cup\s*\\?\{", _stated(examination, layer))):
        return "a node's own features do not matter to what the layer gives it", "Add an edge from every node to itself."
    edges = graph.edges(batch)
    directed = {tuple(pair) for pair in edges.T.tolist()} != {tuple(pair) for pair in edges.flip(0).T.tolist()}
    forward = re.search(r"(?:from )?sources? (?:node )?to (?:its |the )?targets?|row 0 (?:is |the )?sources?|head to tail", told.lower())
    if graph.listed and directed and forward and before and not after:
        return (
            "messages run from the second row of the edges to the first, and edges are stated to run from source to target",
            "Read at the source, write at the target.",
        )
    return None


EQUAL = card(
    "graph",
    "equal neighbours",
    "A softmax or a mean over neighbours whose weights do not sum to one for each node, a mean where a sum is stated.",
    ("equations",),
    "Layers whose code holds a softmax over something else than neighbours, and that sum; nodes without neighbours are left out.",
    equal_neighbours,
)
MESSAGES = card(
    "graph",
    "messages",
    "A layer that is given another graph than its twins, in which a node's own features are lost, or whose messages run against the edges.",
    ("self_loops", "graph", "equations"),
    "Directions count only where edges are stated to run from source to target, and not where each has its opposite.",
    messages,
)
