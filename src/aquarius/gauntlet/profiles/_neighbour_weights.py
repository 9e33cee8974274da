"""Attention over a graph: the learned weights that neighbours are summed with, and in how many layers nodes hear of one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._trace import Call, Recorder
from ..sequences._attention import PRODUCTS
from ._graphs import adjacencies

SAME = 1e-4
NEIGHBOURS = re.compile(r"n\s*\(\s*[a-z]\s*\)|n_\{?[iv]\}?|neighbo", re.IGNORECASE)


@dataclass(frozen=True)
class Weights:
    """Learned weights over pairs of nodes, (..., to, from): each row is what one node sums its neighbours with."""

    value: Tensor
    where: str | None
    result: Tensor


def _graph(examination: Examination) -> tuple[str, Tensor] | None:
    """Return the one square adjacency of a batch that is a graph."""
    found = {key: value for key, value in adjacencies(examination.batch()).items() if value.ndim == 2}
    if len(found) != 1 or not examination.layout.graph:
        return None
    key, value = next(iter(found.items()))
    return key, value != 0


def learned_weights(examination: Examination, model: nn.Module) -> list[Weights]:
    """Return the operands over pairs of nodes, in a product with the nodes' values, that carry a gradient."""
    recorder = Recorder(examination.source, PRODUCTS)
    with recorder:
        examination.forward(model, examination.batch(), seed=1)
    nodes = next(iter(adjacencies(examination.batch()).values())).shape[-1]
    return [found for call in recorder.calls for found in _pairs(call, nodes)]


def _pairs(call: Call, nodes: int) -> Iterator[Weights]:
    text = call.arguments[0] if call.arguments and isinstance(call.arguments[0], str) else ""
    given = call.arguments[1:] if text else call.arguments
    given = tuple(given[0]) if len(given) == 1 and isinstance(given[0], list | tuple) else given
    operands = [item for item in given if isinstance(item, Tensor)]
    if len(operands) != 2 or not isinstance(call.result, Tensor):
        return
    for place, item in enumerate(operands):
        axes = [axis for axis, size in enumerate(item.shape) if size == nodes]
        if len(axes) != 2 or not item.requires_grad or sum(size == nodes for size in operands[1 - place].shape) > 1:
            continue
        if text:
            letters, _, output = text.replace(" ", "").partition("->")
            own = letters.split(",")[place]
            summed = [axis for axis in axes if own[axis] not in output]
        else:
            summed = [item.ndim - 1 if place == 0 else item.ndim - 2]
        if len(summed) == 1 and summed[0] in axes:
            to = next(axis for axis in axes if axis != summed[0])
            yield Weights(item.movedim((to, summed[0]), (-2, -1)), call.where, call.result)


def neighbour_weights(examination: Examination) -> Evidence | list[Evidence]:
    """Look at the rows of learned weights: they sum to one, leave strangers out, and differ between neighbours and between nodes."""
    graph = _graph(examination)
    if graph is None:
        return examination.skipped("no one adjacency is in the batch")
    model = examination.probe
    found = learned_weights(examination, model)
    if not found:
        return examination.skipped("no learned weights over pairs of nodes are seen")
    edges, nodes = graph[1] | graph[1].T, graph[1].shape[0]
    for one in found:
        value = one.value.detach().double()
        if not bool(value.isfinite().all()) or bool((value < 0).any()):
            return examination.unsure("the weights of neighbours are not finite, or below zero")
        message, hint = _wrong(examination, value, edges | torch.eye(nodes, dtype=torch.bool))
        if message:
            return examination.finding("fail", message, where=_maker(examination, one), hint=hint)
    return examination.passed("each node's weights sum to one over its neighbours, and tell them apart", layers=float(len(found)))


def _wrong(examination: Examination, value: Tensor, allowed: Tensor) -> tuple[str, str]:
    rows, columns = ((value.sum(axis) - 1).abs().max() < SAME for axis in (-1, -2))
    if columns and not rows:
        return (
            "the weights of a node's neighbours do not sum to one, and those that a node is given by all others do",
            "Take the softmax along the axis that is summed over afterwards.",
        )
    stated = " ".join(str(examination.facts.get(key, "")) for key in ("equations", "graph", "self_loops", "heads_combined"))
    strangers = float(value.masked_fill(allowed, 0.0).max())
    normalised = re.search(r"softmax|\\frac", stated) or examination.source.holding(r"softmax")
    if not rows:
        if normalised and strangers == 0.0 and float(value.sum(-1).max()) < 1 + SAME and float(value.sum(-1).min()) < 1 - 0.02:
            return (
                f"the weights of a node's neighbours sum to {float(value.sum(-1).min()):.3g} and not to one: strangers have a share in the softmax",
                "Mask the scores before the softmax, with minus infinity.",
            )
        return "", ""
    if strangers > SAME and (NEIGHBOURS.search(stated) or "self_loops" in examination.facts):
        return (
            "weights of pairs without an edge are not zero",
            "Mask the scores of pairs without an edge with minus infinity before the softmax.",
        )
    if examination.facts.get("self_loops") is True and float(value.diagonal(dim1=-2, dim2=-1).max()) == 0.0:
        return "no node has a weight on itself, and each is stated to attend to itself", "Add the identity to the adjacency."
    return _blind(value)


def _blind(value: Tensor) -> tuple[str, str]:
    """Say whether a row's weights are all alike, or whether two rows weigh their common neighbours alike."""
    kept = value > 0
    several = kept.sum(-1) > 1
    if not bool(several.any()):
        return "", ""
    log = value.clamp(min=1e-300).log()
    least, most = log.masked_fill(~kept, float("inf")).amin(-1), log.masked_fill(~kept, float("-inf")).amax(-1)
    if float((most - least)[several].max()) < SAME:
        return (
            "every node weighs its neighbours alike: the weights do not depend on them",
            "Look at which axis the score of the neighbour lies along.",
        )
    flat_log, flat_kept = log.reshape(-1, *log.shape[-2:]), kept.reshape(-1, *kept.shape[-2:])
    pairs, gap = 0, 0.0
    for head_log, head_kept in zip(flat_log, flat_kept, strict=True):
        for i in range(len(head_log) - 1):
            both = head_kept[i] & head_kept[i + 1]
            if int(both.sum()) > 1:
                apart = (head_log[i] - head_log[i + 1])[both]
                pairs, gap = pairs + 1, max(gap, float(apart.max() - apart.min()))
    if pairs > 3 and gap < SAME:
        return (
            "all nodes weigh a common neighbour alike: the weights do not depend on the node that attends",
            "Look for the nonlinearity between the sum of the two scores and the softmax.",
        )
    return "", ""


def _maker(examination: Examination, found: Weights) -> str | None:
    """Return the function that holds the softmax or the mask, where there is one; else the one that sums."""
    made = [name for name in examination.source.holding(r"softmax|masked_fill|\.exp\(\)") if name not in ("loss", "batch")]
    return made[0] if len(made) == 1 else found.where


def heads_averaged(examination: Examination) -> Evidence:
    """Differentiate the output by what each head of the last layer gave: an average counts each by one over their number."""
    words = examination.words("heads_combined")
    heads = examination.number("heads")
    if _graph(examination) is None or not re.search("averag|mean", words) or not heads or heads < 2:
        return examination.skipped("no average of heads over a graph is stated")
    model = examination.probe
    found = learned_weights(examination, model)
    if not found or int(heads) not in found[-1].result.shape or not found[-1].result.requires_grad:
        return examination.skipped("the heads of the last layer are not seen")
    output = examination.forward(model, examination.batch(), seed=1)
    last, slope = _last_slope(examination, model)
    if slope is None or last is None or float(slope.max() - slope.min()) > 1e-5:
        return examination.skipped("the output is no plain combination of the last layer's heads")
    factor = float(slope.mean())
    if abs(factor * heads - 1) < 1e-3:
        return examination.passed("the last layer's heads are averaged", factor=factor, size=float(output.numel()))
    if abs(factor - 1) < 1e-3 and last.numel() == heads * output.numel():
        message = f"the {heads:g} heads of the last layer are added, and stated to be averaged"
        return examination.finding(
            "fail", message, where=found[-1].where, hint="Take the mean over the axis of heads.", values={"factor": factor}
        )
    return examination.unsure("the last layer's heads are combined in another way", factor=factor)


def _last_slope(examination: Examination, model: nn.Module) -> tuple[Tensor | None, Tensor | None]:
    recorder = Recorder(examination.source, PRODUCTS)
    with recorder:
        output = examination.forward(model, examination.batch(), seed=1)
    nodes = next(iter(adjacencies(examination.batch()).values())).shape[-1]
    last = [found for call in recorder.calls for found in _pairs(call, nodes)][-1].result
    (slope,) = torch.autograd.grad(output.sum(), last, allow_unused=True)
    return last, slope


def reach(examination: Examination) -> Evidence:
    """Put the nodes on a ring and see how many steps away a node is heard of: as many as layers are given the adjacency."""
    graph, layers = _graph(examination), examination.number("layers")
    if graph is None or layers is None or not 1 <= layers <= 6:
        return examination.skipped("no one adjacency is in the batch, or no number of layers is stated")
    model, batch = examination.probe, examination.batch()
    given = _given(model, examination, graph[1].shape[0])
    if given != layers:
        return examination.skipped(f"{given} modules are given the adjacency, and {layers:g} layers are stated")
    nodes, value = graph[1].shape[0], batch[graph[0]]
    ring = torch.maximum(torch.diag(value.diagonal()).float(), torch.eye(nodes).roll(1, dims=1)).to(value.dtype)
    features = next(
        (k for k, v in batch.items() if k != graph[0] and isinstance(v, Tensor) and v.is_floating_point() and len(v) == nodes), None
    )
    if features is None:
        return examination.skipped("no features of nodes are in the batch")
    plain = batch | {graph[0]: ring}
    changed = plain | {features: batch[features].clone()}
    changed[features][0] += 1.0
    with torch.no_grad():
        one, two = examination.forward(model, plain, seed=1), examination.forward(model, changed, seed=1)
    if len(one) != nodes or not bool(one.isfinite().all()):
        return examination.skipped("the model does not take a ring")
    heard = [node for node in range(1, nodes) if distance(one[node], two[node]) > 1e-7]
    far = max((min(node, nodes - node) for node in heard), default=0)
    if 0 < far < layers:
        message = f"a node is heard of {far} step(s) away, and {layers:g} layers are given the adjacency"
        return examination.finding("fail", message, where=examination.where(model, ""), hint="Look at which graph each layer is given.")
    return examination.passed(f"a node is heard of {far} steps away", steps=float(far))


def _given(model: nn.Module, examination: Examination, nodes: int) -> int:
    """Count the calls of modules that are given a square over the nodes and pass it to no child."""
    calls: list[str] = []

    def look(path: str, given: tuple[object, ...]) -> None:
        if any(isinstance(item, Tensor) and item.shape == (nodes, nodes) for item in given):
            calls.append(path)

    handles = [m.register_forward_pre_hook(lambda _, given, path=path: look(path, given)) for path, m in model.named_modules() if path]
    try:
        with torch.no_grad():
            examination.forward(model, examination.batch(), seed=1)
    finally:
        for handle in handles:
            handle.remove()
    return sum(not any(other.startswith(path + ".") for other in calls) for path in calls)


WEIGHTS = card(
    "graph",
    "neighbour weights",
    "Attention over a graph whose weights do not sum to one over neighbours, count strangers, or tell no neighbours apart.",
    ("equations", "self_loops", "graph", "heads_combined"),
    "Gates that are no softmax: weights whose sums are neither one over rows nor columns fail only where a softmax is stated or written.",
    neighbour_weights,
)
AVERAGED = card(
    "graph",
    "averaged heads",
    "Heads of the last layer of a graph network that are added where an average is stated.",
    ("heads", "heads_combined"),
    "An output that goes on after the heads are joined: skipped.",
    heads_averaged,
)
REACH = card(
    "graph",
    "reach",
    "A graph network in which nodes hear of one another over fewer steps than it has layers.",
    ("layers",),
    "Layers side by side that are given one adjacency: looked at only where as many modules are given it as layers are stated.",
    reach,
)
