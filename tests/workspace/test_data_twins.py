"""A broken data set has the right shape and form and is wrong in the one thing that its name says."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aquarius.workspace._data_twins import DISORDER, SHUFFLED, TRAINING, broken, data_twin, data_twins


def test_only_data_sets_whose_labels_and_splits_are_known_have_twins() -> None:
    assert data_twins(["planetoid-cora"]) == (SHUFFLED, TRAINING)
    assert data_twins(["mnist", "tinyshakespeare"]) == (SHUFFLED, TRAINING, DISORDER)
    assert data_twins(["my-own"]) == ()
    assert broken("as it is", "my-own", SHUFFLED) == broken("as it is", "tinyshakespeare", TRAINING) == "as it is"


def test_graphs_lose_their_labels_or_their_split() -> None:
    import torch

    @dataclass(frozen=True)
    class Graph:
        labels: torch.Tensor
        train: torch.Tensor
        test: torch.Tensor

    class Run:
        seed = 3

        def data(self, name: str) -> Graph:
            return Graph(torch.arange(50), torch.arange(10), torch.arange(10, 20))

    for twin in (SHUFFLED, TRAINING):
        names: dict[str, Any] = {}
        exec(compile(data_twin("def train(run):\n    return run.data('planetoid-cora'), run.seed\n", twin), "twin.py", "exec"), names)
        graph, seed = names["train"](Run())
        assert seed == 3
        assert torch.equal(graph.labels, torch.arange(50)) == (twin == TRAINING)
        assert torch.equal(graph.test, graph.train) == (twin == TRAINING)


def mnist(folder: Path, count: int = 40) -> Path:
    (folder / "mnist").mkdir()
    for part in ("train", "t10k"):
        head = bytes([0, 0, 8, 1]) + count.to_bytes(4, "big")
        (folder / "mnist" / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(head + bytes(range(count))))
        (folder / "mnist" / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(part.encode()))
    return folder


@pytest.mark.parametrize("twin", [SHUFFLED, TRAINING])
def test_digits_lose_their_labels_or_their_split_and_the_files_stay(tmp_path: Path, twin: str) -> None:
    folder = mnist(tmp_path)
    before = {path.name: path.read_bytes() for path in (folder / "mnist").iterdir()}
    found = broken(folder, "mnist", twin) / "mnist"
    labels = gzip.decompress((found / "t10k-labels-idx1-ubyte.gz").read_bytes())
    images = gzip.decompress((found / "t10k-images-idx3-ubyte.gz").read_bytes())
    assert labels[:8] == bytes([0, 0, 8, 1, 0, 0, 0, 40]) and sorted(labels[8:]) == list(range(40))
    assert (labels[8:] == bytes(range(40)), images) == ((True, b"train") if twin == TRAINING else (False, b"t10k"))
    assert {path.name: path.read_bytes() for path in (folder / "mnist").iterdir()} == before


def test_a_text_loses_its_order(tmp_path: Path) -> None:
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_text("To be, or not to be")
    text = (broken(tmp_path, "tinyshakespeare", DISORDER) / "tinyshakespeare" / "input.txt").read_text()
    assert text != "To be, or not to be" and sorted(text) == sorted("To be, or not to be")
