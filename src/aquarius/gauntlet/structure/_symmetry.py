"""Symmetries: elements whose order does not matter, entries that can be exchanged."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._inputs import Batch, is_integer
from .._trace import first_difference, watching
from ._architecture import ROUNDING, SURE


def permutations(examination: Examination) -> Evidence | list[Evidence]:
    """Reorder the elements of a set, or the nodes of a graph, in every entry alike: the output must stay, or be reordered alike."""
    invariant, equivariant = examination.facts.get("permutation_invariant"), examination.facts.get("permutation_equivariant")
    if not invariant and not equivariant:
        return examination.skipped("no order is stated not to matter")
    if examination.random_evaluation:
        return examination.skipped("evaluation is random")
    model, batch = examination.probe, examination.batch()
    tensors = {key: value for key, value in batch.items() if isinstance(value, Tensor)}
    if examination.layout.graph:
        size, nodes = examination.layout.size, True
        if any(is_integer(value) and value.ndim == 2 and value.shape[0] == 2 for value in tensors.values()) or _ends_apart(tensors, size):
            return examination.skipped("the graph is given as a list of edges, whose ends this check does not rename")
    else:
        lengths = [value.shape[1] for value in tensors.values() if value.ndim >= 2 and value.shape[0] == examination.layout.size]
        if not lengths or not examination.layout.rows:
            return examination.skipped("no axis of elements is in the batch")
        size, nodes = max(set(lengths), key=lengths.count), False
    if not nodes and invariant and _inner_axis(examination, tensors):
        return examination.passed("the order along one of the inner axes of an entry does not matter, as stated")
    order = torch.randperm(size, generator=torch.Generator().manual_seed(4))
    changed: Batch = {}
    for key, value in batch.items():
        if isinstance(value, Tensor):
            for axis in range(value.ndim):
                if value.shape[axis] == size and (
                    nodes or axis == 1 or (axis > 1 and value.ndim == 3 and value.shape[1] == value.shape[2])
                ):
                    value = value.index_select(axis, order)
        changed[key] = value
    with torch.no_grad(), watching(model) as one:
        before = examination.forward(model, batch, seed=1)
    with torch.no_grad(), watching(model) as two:
        after = examination.forward(model, changed, seed=1)
    if equivariant:
        axis = 0 if nodes else 1
        if before.ndim <= axis or before.shape[axis] != size:
            return examination.skipped("the output has no axis of elements")
        before = before.index_select(axis, order)
    change = distance(before, after)
    if change <= ROUNDING:
        return examination.passed("the order of the elements does not matter, as stated", change=change)
    if change <= SURE:
        return examination.unsure("another order of the elements changes the output by little more than rounding", change=change)

    def view(tensor: Tensor) -> Tensor | None:
        axis = 0 if nodes else 1
        if tensor.ndim > axis and tensor.shape[axis] == size:
            return tensor.double().sum(dim=axis)
        return tensor if tensor.ndim == 2 else None

    path = first_difference(one, two, view, SURE)
    return examination.finding(
        "fail",
        f"the order of the {invariant or equivariant} is stated not to matter, and another order changes the output by {change:.3g} of its scale",
        where=examination.where(model, path or ""),
        path=path,
        hint="Look for weights, positions or a scan along the axis of elements.",
        values={"change": change},
    )


def _ends_apart(tensors: dict[str, Tensor], size: int) -> bool:
    """Say whether edges are given by their ends: pairs of node numbers in rows, or two entries of one length that is not that of the nodes."""
    numbers = [
        value for value in tensors.values() if is_integer(value) and value.numel() and int(value.min()) >= 0 and int(value.max()) < size
    ]
    lists = [value.shape for value in numbers if value.ndim == 1 and len(value) != size]
    return any(lists.count(shape) > 1 for shape in lists) or any(
        value.ndim == 2 and value.shape[1] == 2 and value.shape[0] != size for value in numbers
    )


def _inner_axis(examination: Examination, tensors: dict[str, Tensor]) -> bool:
    """Say whether the elements may be those of a further axis of one entry of four axes and more, along which any order gives the same."""
    for key, value in tensors.items():
        for axis in range(2, value.ndim - 1) if value.ndim > 3 else ():
            order = torch.arange(value.shape[axis]).roll(1)
            changed = examination.batch() | {key: value.index_select(axis, order)}
            with torch.no_grad():
                before = examination.forward(examination.probe, examination.batch(), seed=1)
                after = examination.forward(examination.probe, changed, seed=1)
            if value.shape[axis] > 1 and distance(before, after) <= ROUNDING:
                return True
    return False


def symmetry(examination: Examination) -> Evidence:
    """Exchange the two entries of the batch that are stated to be exchangeable."""
    pair = examination.facts.get("symmetric")
    batch = examination.batch()
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(key in batch for key in pair):
        return examination.skipped("no two entries are stated to be exchangeable")
    if examination.random_evaluation:
        return examination.skipped("evaluation is random")
    model = examination.probe
    swapped = dict(batch) | {pair[0]: batch[pair[1]], pair[1]: batch[pair[0]]}
    with torch.no_grad():
        change = distance(examination.forward(model, batch, seed=1), examination.forward(model, swapped, seed=1))
    if change > SURE:
        return examination.finding(
            "fail",
            f"exchanging {pair[0]} and {pair[1]} changes the output by {change:.3g} of its scale",
            where=examination.where(model, ""),
            hint="Do both go through the same layers, in the same mode and normalisation?",
        )
    return examination.passed(f"{pair[0]} and {pair[1]} can be exchanged", change=change)


PERMUTATION = card(
    "architecture",
    "permutation",
    "An output that follows the order of elements whose order is stated not to matter.",
    ("permutation_invariant", "permutation_equivariant"),
    "Edges given as lists of indices: skipped.",
    permutations,
)


SYMMETRY = card(
    "architecture",
    "symmetry",
    "An output that changes when two exchangeable entries are exchanged.",
    ("symmetric",),
    "Random evaluation: both calls have one seed.",
    symmetry,
)
