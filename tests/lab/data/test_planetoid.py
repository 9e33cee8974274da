from __future__ import annotations

import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from aquarius.core import BadInput
from aquarius.lab.data import CATALOGUE, Card, planetoid, read_planetoid
from aquarius.lab.data import _planetoid as module


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, Any]]:
    """A graph of 8 nodes in the published layout: 2 to train, 2 to validate, test rows in the order 7, 4, 6, and node 5 without a row."""
    whole = np.arange(24, dtype=np.float32).reshape(8, 3)
    order = [7, 4, 6]
    marks = np.eye(2, dtype=np.int32)[[0, 1, 0, 1, 0, 1, 1, 0]]
    parts = {
        "x": csr_matrix(whole[:2]),
        "y": marks[:2],
        "tx": csr_matrix(whole[order]),
        "ty": marks[order],
        "allx": csr_matrix(whole[:4]),
        "ally": marks[:4],
        "graph": defaultdict(list, {0: [1, 1, 7], 1: [0], 2: [2], 7: [0]}),
    }
    (tmp_path / "planetoid").mkdir()
    for part, value in parts.items():
        (tmp_path / "planetoid" / f"ind.small.{part}").write_bytes(pickle.dumps(value, protocol=2 if part == "graph" else 3))
    (tmp_path / "planetoid" / "ind.small.test.index").write_text("7\n4\n6\n")
    cora = CATALOGUE["planetoid-cora"]
    files = [file.model_copy(update={"path": file.path.replace("cora", "small")}) for file in cora.files]
    card = Card.model_validate(
        cora.to_data()
        | {"name": "planetoid-small", "sizes": {"nodes": 8, "features": 3, "classes": 2, "train": 2}, "split_hash": None}
        | {"files": [file.to_data() for file in files]}
    )
    monkeypatch.setitem(CATALOGUE, "planetoid-small", card)
    monkeypatch.setattr(module, "VALIDATION", 2)
    monkeypatch.setattr(module, "TEST", 3)
    return tmp_path, parts


def test_the_layout_is_read_in_the_order_of_the_test_index(small: tuple[Path, dict[str, Any]]) -> None:
    graph = read_planetoid("planetoid-small", small[0])
    expected = torch.arange(24, dtype=torch.float32).reshape(8, 3)
    expected[5] = 0
    assert torch.equal(graph.features, expected) and graph.features.dtype == torch.float32
    assert graph.labels.tolist() == [0, 1, 0, 1, 0, -1, 1, 0]
    assert [graph.train.tolist(), graph.validation.tolist(), graph.test.tolist()] == [[0, 1], [2, 3], [4, 6, 7]]
    assert graph.edges.tolist() == [[0, 0, 1, 2, 7], [1, 7, 0, 2, 0]]  # both directions, each once, the self-loop kept
    assert graph.classes == 2


def rewrite(folder: Path, part: str, value: Any) -> None:
    (folder / "planetoid" / f"ind.small.{part}").write_bytes(pickle.dumps(value, protocol=2 if part == "graph" else 3))


def test_files_that_do_not_fit_are_refused(small: tuple[Path, dict[str, Any]]) -> None:
    folder, parts = small
    for part, value, words in (
        ("graph", {0: 1}, "no adjacency lists"),
        ("graph", {0: ["a"]}, "no adjacency lists"),
        ("graph", {0: [8]}, "names a node outside the graph of 8"),
        ("graph", {0: [-1]}, "names a node outside"),
        ("ty", parts["ty"][:2], "do not fit together"),
        ("tx", parts["ty"], "holds no sparse matrix"),
        ("ally", parts["ally"] * 2, "no table of labels"),
        ("ally", np.ones((4, 2), dtype=np.int32), "no table of labels"),
        ("y", parts["ally"][:3], "do not fit together"),
    ):
        rewrite(folder, part, value)
        with pytest.raises(BadInput, match=words):
            read_planetoid("planetoid-small", folder)
        rewrite(folder, part, parts[part])
    for text, words in (("7 4 x", "not a list of node numbers"), ("7 4 4", "each once"), ("9 4 6", "graph of 8"), ("", "each once")):
        (folder / "planetoid" / "ind.small.test.index").write_text(text)
        with pytest.raises(BadInput, match=words):
            read_planetoid("planetoid-small", folder)


def test_another_size_or_split_than_the_catalogue_states_is_refused(
    small: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = CATALOGUE["planetoid-small"]
    for change, words in (
        ({"sizes": card.sizes | {"features": 4}}, "give 3 for features, and 4 is right"),
        ({"split_hash": "0" * 64}, "is not the published one"),
    ):
        monkeypatch.setitem(CATALOGUE, "planetoid-small", card.model_copy(update=change))
        with pytest.raises(BadInput, match=words):
            read_planetoid("planetoid-small", small[0])


@pytest.mark.shared
@pytest.mark.parametrize(("name", "edges", "loops", "unlabelled"), [("planetoid-cora", 10556, 0, 0), ("planetoid-citeseer", 9228, 124, 15)])
def test_the_real_graphs(data_root: Path, monkeypatch: pytest.MonkeyPatch, name: str, edges: int, loops: int, unlabelled: int) -> None:
    monkeypatch.setenv("AQUARIUS_DATA", str(data_root))
    graph = planetoid(name, offline=True)
    assert graph.edges.shape == (2, edges)
    assert int((graph.edges[0] == graph.edges[1]).sum()) == loops
    assert int((graph.labels < 0).sum()) == unlabelled
    assert torch.bincount(graph.labels[graph.train]).tolist() == [20] * graph.classes
    assert not set(graph.train.tolist()) & set(graph.test.tolist())
    assert torch.equal(graph.edges, graph.edges.flip(0)[:, torch.argsort(graph.edges[1] * 10_000 + graph.edges[0])])


@pytest.mark.shared
def test_real_features_equal_what_scipy_reads(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQUARIUS_DATA", str(data_root))
    graph = planetoid("planetoid-cora", offline=True)
    folder = data_root / "planetoid"
    with (folder / "ind.cora.allx").open("rb") as file, (folder / "ind.cora.tx").open("rb") as other:
        allx, tx = (pickle.load(each, encoding="latin1").toarray() for each in (file, other))
    order = [int(line) for line in (folder / "ind.cora.test.index").read_text().split()]
    assert np.array_equal(graph.features[: len(allx)].numpy(), allx)
    assert np.array_equal(graph.features[order].numpy(), tx)
