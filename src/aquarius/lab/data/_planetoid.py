"""The planetoid citation graphs (Cora, Citeseer, Pubmed): eight files each, read into tensors with the published split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...core import BadInput, hash_data, read_bytes
from ._catalogue import Card, card
from ._locate import locate
from ._pickles import SparseRows, restricted_load

VALIDATION, TEST = 500, 1000  # nodes


@dataclass(frozen=True)
class GraphData:
    """One graph with features, labels and a split.

    The features are as published, not normalised. The edges are those of the published adjacency lists, in both directions, each once, sorted,
    a node's edge to itself kept where the lists have one (Citeseer); no self-loops are added.
    """

    name: str
    features: Tensor  # float32 [nodes, features]
    edges: Tensor  # int64 [2, edges]
    labels: Tensor  # int64 [nodes]; -1 where the files give none
    train: Tensor  # int64 [train], node numbers
    validation: Tensor
    test: Tensor
    classes: int
    split_hash: str  # sha256 of the canonical JSON of the three lists of node numbers


def planetoid(name: str, *, offline: bool = False) -> GraphData:
    """Locate, verify and read "planetoid-cora", "planetoid-citeseer" or "planetoid-pubmed"; refusals as in `locate` and `read_planetoid`."""
    return read_planetoid(name, locate(name, offline=offline).folder)


def read_planetoid(name: str, folder: Path) -> GraphData:
    """Read a graph from a data folder (`folder`/planetoid/ind.cora.x ...) and hold it against the catalogue's sizes and split.

    Source: arXiv:1603.08861, section 5, and the file layout of its authors' repository. Test rows stand in the order of test.index; test
    nodes without a row (15 of Citeseer) get features of zero and no label.

    Raises:
        BadInput: a file is missing, truncated, holds more than plain arrays, or does not fit the others or the catalogue.
    """
    known = card(name)
    if not name.startswith("planetoid-"):
        raise BadInput(f"{name} is not a planetoid graph.")
    paths = {file.path.split(".", 2)[2]: folder / file.path for file in known.files}
    parts = {part: restricted_load(read_bytes(path), path.name) for part, path in paths.items() if part != "test.index"}
    order = _test_order(paths["test.index"], known.sizes["nodes"])
    graph = _assemble(known, parts, order)
    _check(known, graph)
    return graph


def _test_order(path: Path, nodes: int) -> NDArray[np.int64]:
    try:
        order = np.array([int(line) for line in read_bytes(path).split()], dtype=np.int64)
    except (ValueError, OverflowError):
        raise BadInput(f"{path.name} is not a list of node numbers.") from None
    if order.size == 0 or np.unique(order).size != order.size or order.min() < 0 or order.max() >= nodes:
        raise BadInput(f"{path.name} does not name nodes of a graph of {nodes:,}, each once.")
    return order


def _assemble(known: Card, parts: dict[str, Any], order: NDArray[np.int64]) -> GraphData:
    graph = known.name.removeprefix("planetoid-")
    before = {part: _features(parts[part], f"ind.{graph}.{part}") for part in ("allx", "tx")}
    marks = {part: _marks(parts[part], f"ind.{graph}.{part}") for part in ("y", "ally", "ty")}
    first = before["allx"].shape[0]  # the test nodes follow the others
    nodes = known.sizes["nodes"]
    fits = (
        before["tx"].shape[0] == order.size == marks["ty"].shape[0]
        and marks["ally"].shape[0] == first
        and int(order.min()) == first
        and int(order.max()) == nodes - 1
        and before["allx"].shape[1] == before["tx"].shape[1]
        and len({mark.shape[1] for mark in marks.values()}) == 1
        and marks["y"].shape[0] + VALIDATION <= first
    )
    if not fits:
        raise BadInput(f"the files of {known.name} do not fit together: fetch them again.")
    features = np.zeros((nodes, before["allx"].shape[1]), dtype=np.float32)
    features[:first], features[order] = before["allx"], before["tx"]
    labels = np.full(nodes, -1, dtype=np.int64)
    labels[:first], labels[order] = _label(marks["ally"]), _label(marks["ty"])
    train = marks["y"].shape[0]
    split = {
        "train": np.arange(train),
        "validation": np.arange(train, train + VALIDATION),
        "test": np.sort(order),
    }
    return GraphData(
        name=known.name,
        features=torch.from_numpy(features),
        edges=_edges(parts["graph"], nodes, f"ind.{graph}.graph"),
        labels=torch.from_numpy(labels),
        **{part: torch.from_numpy(numbers.astype(np.int64)) for part, numbers in split.items()},
        classes=marks["y"].shape[1],
        split_hash=hash_data({part: numbers.tolist() for part, numbers in split.items()}),
    )


def _features(value: Any, name: str) -> NDArray[np.float32]:
    if not isinstance(value, SparseRows):
        raise BadInput(f"{name} holds no sparse matrix.")
    return value.dense(name)


def _marks(value: Any, name: str) -> NDArray[Any]:
    """One row per node, a 1 in the column of its class."""
    if not isinstance(value, np.ndarray) or value.ndim != 2 or not np.isin(value, (0, 1)).all() or (value.sum(axis=1) > 1).any():
        raise BadInput(f"{name} holds no table of labels.")
    return value


def _label(marks: NDArray[Any]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.where(marks.any(axis=1), marks.argmax(axis=1), -1).astype(np.int64)
    return found


def _edges(lists: Any, nodes: int, name: str) -> Tensor:
    if not isinstance(lists, dict) or not all(isinstance(near, list) for near in lists.values()):
        raise BadInput(f"{name} holds no adjacency lists.")
    try:
        pairs = np.array([(node, other) for node, near in lists.items() for other in near], dtype=np.int64).reshape(-1, 2)
    except (ValueError, TypeError, OverflowError):
        raise BadInput(f"{name} holds no adjacency lists.") from None
    if pairs.size and (pairs.min() < 0 or pairs.max() >= nodes):
        raise BadInput(f"{name} names a node outside the graph of {nodes:,}.")
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    return torch.from_numpy(np.ascontiguousarray(both.T))


def _check(known: Card, graph: GraphData) -> None:
    found = {
        "nodes": graph.features.shape[0],
        "features": graph.features.shape[1],
        "classes": graph.classes,
        "train": graph.train.numel(),
        "test": graph.test.numel(),
    }
    for name, wanted in (known.sizes | {"test": TEST}).items():
        if found[name] != wanted:
            raise BadInput(f"the files of {known.name} give {found[name]:,} for {name}, and {wanted:,} is right.")
    if known.split_hash is not None and graph.split_hash != known.split_hash:
        raise BadInput(
            f"the split of {known.name} is not the published one (hash {graph.split_hash[:12]}, right is {known.split_hash[:12]})."
        )
