"""Which sizes a Subject's batches can have, and the runs in which one of them at a time is another. Imported in the child only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import product
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ._recorder import Recorder

Batch = dict[str, Any]
Run = tuple[Batch, int, dict[str, Any]]
LENGTHS = "STUVWXYZ"  # symbols of sequence lengths, in the order of the batch's keys
LARGEST_TRIES = (24, 32)  # batch sizes for subjects that refuse a small one (a graph needs some nodes)


class Batches:
    """The Subject's batches, at sizes that it accepts."""

    def __init__(self, module: ModuleType, size: int) -> None:
        self.make: Callable[..., Batch] = module.batch
        error: Exception | None = None
        for attempt in (size, *LARGEST_TRIES):
            try:
                self.base = self.make(attempt, seed=0)
            except Exception as raised:
                error = error or raised
            else:
                self.size = attempt
                break
        else:
            assert error is not None
            raise error
        if not isinstance(self.base, dict):
            raise TypeError(f"batch() gave a {type(self.base).__name__}, and a dict of tensors is needed")
        square = any(tuple(value.shape) == (self.size, self.size) for value in self.base.values() if isinstance(value, Tensor))
        self.symbol = "N" if square else "B"  # one graph is one batch, and n its number of nodes

    def of(self, size: int) -> Batch:
        """Return a batch of another size."""
        return self.make(size, seed=0)

    def lengths(self) -> list[str]:
        """Return the keys whose axis 1 may be a length: token ids, and sequences of vectors."""
        return [
            key
            for key, value in self.base.items()
            if isinstance(value, Tensor)
            and value.layout == torch.strided
            and value.ndim >= 2
            and (value.ndim == 3 if value.is_floating_point() else value.ndim == 2)
            and value.shape[1] > 3
        ]


@contextlib.contextmanager
def on_device(device: str) -> Iterator[None]:
    if device == "meta":
        with torch.device("meta"):
            yield
    else:
        yield


def run_forward(module: ModuleType, model: nn.Module, device: str, batch: Batch) -> Any:
    moved = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in batch.items()}
    with torch.no_grad(), on_device(device):
        return module.forward(model, moved)


def make_runs(module: ModuleType, model: nn.Module, device: str, batches: Batches, used: set[int]) -> list[dict[str, Any]]:
    """Return the base run, then runs in which one size at a time is another; add to `used` the parameters that took part."""

    def record(batch: Batch, size: int) -> Run:
        recorder = Recorder(model)
        recorder.run(lambda: run_forward(module, model, device, batch))
        layers = {path: asdict(seen) for path, seen in recorder.seen.items()}
        used.update(recorder.used)
        return batch, size, {"layers": layers, "flops": None if recorder.uncounted else recorder.flops}

    recorded = [record(batches.base, batches.size)]
    lengths = _moving_lengths(batches, record, recorded)
    further = (batches.size + 1, batches.size + 3, *((batches.size + 6,) if batches.symbol == "N" else ()))
    for size in further:
        with contextlib.suppress(Exception):  # a subject whose batches have one size is traced at that size
            recorded.append(record(batches.of(size), size))
    return [
        {"sizes": {batches.symbol: size} | {symbol: int(batch[keys[0]].shape[1]) for symbol, keys in lengths.items()}, **run}
        for batch, size, run in recorded
    ]


def _moving_lengths(batches: Batches, record: Callable[[Batch, int], Run], recorded: list[Run]) -> dict[str, tuple[str, ...]]:
    """Return the lengths that the forward pass follows, symbol -> keys; append the runs in which they were shorter."""
    base = _shapes(recorded[0][2])
    lengths: dict[str, tuple[str, ...]] = {}
    for keys in _groups(batches):
        if any(set(keys) & set(known) for known in lengths.values()) or len(lengths) == len(LENGTHS):
            continue
        try:
            shorter = record(_shortened(batches.base, dict.fromkeys(keys, 1)), batches.size)
            if _shapes(shorter[2]) == base:
                continue  # nothing in the forward pass moves with it: labels
            recorded += [shorter, record(_shortened(batches.base, dict.fromkeys(keys, 2)), batches.size)]
        except Exception:
            continue  # this length is fixed, or is tied to another
        lengths[LENGTHS[len(lengths)]] = keys
    for cuts in [(3,)] if len(lengths) == 1 else [cuts for cuts in product((0, 1, 2), repeat=len(lengths)) if sum(map(bool, cuts)) > 1][:4]:
        together = {key: cut for keys, cut in zip(lengths.values(), cuts, strict=True) for key in keys}
        with contextlib.suppress(Exception):  # only the polynomial of the operations needs these
            recorded.append(record(_shortened(batches.base, together), batches.size))
    return lengths


def _groups(batches: Batches) -> list[tuple[str, ...]]:
    """Return the keys to shorten: each alone first (a source and a target), then all of one length together (tokens and their mask)."""
    keys = batches.lengths()
    groups: list[tuple[str, ...]] = [(key,) for key in keys]
    for length in dict.fromkeys(batches.base[key].shape[1] for key in keys):
        together = [key for key, value in batches.base.items() if isinstance(value, Tensor) and value.ndim > 1 and value.shape[1] == length]
        groups += [tuple(together)] if len(together) > 1 else []
    return groups


def _shortened(batch: Batch, cuts: dict[str, int]) -> Batch:
    return {key: value[:, : value.shape[1] - cuts[key]] if cuts.get(key) else value for key, value in batch.items()}


def _shapes(run: dict[str, Any]) -> list[Any]:
    return [(path, layer["inputs"], layer["outputs"]) for path, layer in run["layers"].items()]
