"""Broken twins of data: what an experiment is given in place of its data set, so that its comparison must fail."""

from __future__ import annotations

import gzip
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

SHUFFLED, TRAINING, DISORDER = "labels shuffled", "measured on the training split", "letters shuffled"
_KNOWN = {"planetoid-": (SHUFFLED, TRAINING), "mnist": (SHUFFLED, TRAINING), "tinyshakespeare": (DISORDER,)}
_LABELS = 8  # bytes before the first label of a file of the MNIST format
_TAIL = """
_whole_train = train
class _Twin:
    def __init__(self, run):
        self._run = run
    def __getattr__(self, name):
        return getattr(self._run, name)
    def data(self, name):
        from aquarius.workspace._data_twins import broken
        return broken(self._run.data(name), name, {twin!r})
def train(run):
    return _whole_train(_Twin(run))
"""
_kept: list[Any] = []  # temporary folders live as long as the process that reads them


def data_twins(names: Sequence[str]) -> tuple[str, ...]:
    """Return the ways in which one of these data sets can be broken: nothing for a data set whose labels and splits are not known here."""
    found = [twin for name in names for start, twins in _KNOWN.items() if name.startswith(start) for twin in twins]
    return tuple(dict.fromkeys(found))


def data_twin(source: str, twin: str) -> str:
    """Return an experiment's source that is given broken data."""
    return f"{source}\n{_TAIL.replace('{twin!r}', repr(twin))}"


def broken(found: Any, name: str, twin: str) -> Any:
    """Return a data set as `run.data(name)` gives it, broken; one that this twin is not for, as it is."""
    if twin not in data_twins([name]):
        return found
    if name.startswith("planetoid-"):
        return _graph(found, twin)
    folder = tempfile.TemporaryDirectory()
    _kept.append(folder)
    copy = Path(shutil.copytree(Path(found) / name, Path(folder.name) / name))
    if name == "mnist":
        _digits(copy, twin)
    else:
        text = list((copy / "input.txt").read_text(encoding="utf-8"))
        random.Random(0).shuffle(text)
        (copy / "input.txt").write_text("".join(text), encoding="utf-8")
    return copy.parent


def _graph(graph: Any, twin: str) -> Any:
    import torch

    if twin == TRAINING:
        return replace(graph, test=graph.train)
    return replace(graph, labels=graph.labels[torch.randperm(len(graph.labels), generator=torch.Generator().manual_seed(0))])


def _digits(folder: Path, twin: str) -> None:
    for path in sorted(folder.glob("*")):
        if twin == TRAINING and path.name.startswith("t10k-"):
            shutil.copyfile(path.with_name(path.name.replace("t10k-", "train-")), path)
        if twin == SHUFFLED and "labels" in path.name:
            content = gzip.decompress(path.read_bytes())
            labels = bytearray(content[_LABELS:])
            random.Random(0).shuffle(labels)
            path.write_bytes(gzip.compress(content[:_LABELS] + bytes(labels), 1))
