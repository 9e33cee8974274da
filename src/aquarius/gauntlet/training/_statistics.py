"""What a data set was made with: statistics of samples that it must not know, a permutation of one entry alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ...core import Evidence
from .._check import Check
from .._examination import Examination

EXACT = 2e-4  # a mean of 0 and a deviation of 1, to rounding
CLEAR = 2e-3  # and what is plainly neither
LEAST = 16


def leaked_statistics(examination: Examination) -> Evidence | list[Evidence]:
    """Pool the training and test samples: where the pool is standardised exactly, and the training part is not, its statistics saw the test part."""
    if not examination.has("train_loader") or not examination.has("test_loader"):
        return examination.skipped("the subject has no two loaders")
    train, test = _entries(examination, "train_loader"), _entries(examination, "test_loader")
    found = []
    standardised = 0
    for key in train:
        if key not in test or train[key].shape[1:] != test[key].shape[1:] or min(len(train[key]), len(test[key])) < LEAST:
            continue
        part, held, pool = _standard(train[key]), _standard(test[key]), _standard(torch.cat([train[key], test[key]]))
        standardised += bool(part["exact"].any())
        leaked = pool["exact"] & part["clear"]
        own = held["exact"] & (part["exact"] | part["clear"])
        if bool(leaked.any()):
            text = f"training and test samples together have mean 0 and deviation 1 in {int(leaked.sum())} of {leaked.numel()} columns of {key}, and the training samples alone have not: the statistics were taken over both"
            found.append(_found(examination, text, key))
        elif bool(own.any()):
            whose = "their own" if bool((own & part["exact"]).any()) else "their own, and the training samples are not"
            text = f"the test samples are standardised by statistics of {whose}, in {int(own.sum())} of {own.numel()} columns of {key}"
            found.append(_found(examination, text, key))
    return found[:2] or examination.passed("no statistics of test samples are seen in the data", entries=float(standardised))


def _found(examination: Examination, text: str, key: str) -> Evidence:
    places = [
        place for place in examination.source.holding(r"\.std\(|\.var\(") if "." not in place and place not in ("loss", "forward", "build")
    ]
    where = places[0] if len(places) == 1 else "test_loader"
    return examination.finding(
        "fail", text, where=where, path=key, hint="Take mean and deviation from the training samples, and use them for both."
    )


def _entries(examination: Examination, name: str) -> dict[str, Tensor]:
    """Return the floating-point entries of all samples of a loader, as matrices of columns."""
    gathered: dict[str, list[Tensor]] = {}
    loader: Any = examination.call(name)
    for number, item in enumerate(loader):
        pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list | tuple) else [("samples", item)]
        for key, value in pairs:
            if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 1:
                gathered.setdefault(str(key), []).append(value.reshape(len(value), -1).double())
        if number > 2000:
            break
    return {key: torch.cat(parts) for key, parts in gathered.items() if len({part.shape[1] for part in parts}) == 1}


def _standard(values: Tensor) -> dict[str, Tensor]:
    """Return for each column whether it is standardised to rounding, and whether it plainly is not; over all columns as one where that fits."""
    mean, spread, biased = values.mean(dim=0), values.std(dim=0), values.std(dim=0, unbiased=False)
    exact = (mean.abs() < EXACT) & (((spread - 1).abs() < EXACT) | ((biased - 1).abs() < EXACT))
    clear = (mean.abs() > CLEAR) | (((spread - 1).abs() > CLEAR) & ((biased - 1).abs() > CLEAR))
    if values.shape[1] > 1 and not bool(exact.any()):
        whole = values.flatten()
        one = abs(float(whole.mean())) < EXACT and abs(float(whole.std()) - 1) < EXACT
        plain = abs(float(whole.mean())) > CLEAR or abs(float(whole.std()) - 1) > CLEAR
        return {"exact": torch.tensor([one]).expand(values.shape[1]), "clear": torch.tensor([plain]).expand(values.shape[1])}
    return {"exact": exact, "clear": clear}


class _Permutations(TorchFunctionMode):
    """Follow permutations drawn inside the block: which tensors were put in the order of one."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[int, Tensor] = {}
        self.permuted: list[tuple[Tensor, Tensor]] = []  # (tensor before, tensor after)
        self.line: dict[int, tuple[Tensor, Tensor]] = {}  # a tensor made of a permuted one by choosing rows -> (itself, the permuted one)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name == "randperm" and isinstance(result, Tensor):
            self.orders[id(result)] = result
        elif name in ("__getitem__", "index_select") and len(args) > 1 and isinstance(args[0], Tensor):
            index = args[2] if name == "index_select" and len(args) > 2 else args[1]
            if isinstance(index, Tensor) and id(index) in self.orders and len(index) == len(args[0]):
                self.permuted.append((args[0], result))
                self.line[id(result)] = (result, result)
            elif id(args[0]) in self.line and isinstance(result, Tensor):
                self.line[id(result)] = (result, self.line[id(args[0])][1])
        return result

    def made_of(self, value: Tensor, permuted: Tensor) -> bool:
        """Say whether an entry is a permuted tensor, or rows chosen of it."""
        own = self.line.get(id(value))
        return (own is not None and own[1] is permuted) or _same(value, permuted)


def lone_permutation(examination: Examination) -> Evidence:
    """Watch a batch being made: a permutation that one entry alone was put into breaks its pairs with the others."""
    if examination.layout.graph or not examination.layout.rows:
        return examination.skipped("samples are not rows of a batch")
    size = examination.layout.size
    watch = _Permutations()
    with watch:
        batch = examination.call("batch", size, 0)
    if not watch.permuted:
        return examination.passed("no entry of a batch is put into a drawn order")
    entries = {key: value for key, value in batch.items() if isinstance(value, Tensor) and value.ndim >= 1}
    for before, after in watch.permuted:
        moved = [] if torch.equal(before, after) else [key for key, value in entries.items() if watch.made_of(value, after)]
        kept = [key for key, value in entries.items() if value.shape == before.shape and torch.equal(value, before)]
        others = [key for key in entries if key not in moved]
        together = [other for other in others if any(watch.made_of(entries[other], later) for _, later in watch.permuted)]
        if (
            len(moved) == 1
            and others
            and not kept
            and not together
            and not examination.reads(moved[0])
            and examination.loss_reads(moved[0])
        ):
            text = f"{moved[0]} is put into a drawn order, and no other entry with it: answers belong to other samples"
            places = [place for place in examination.source.holding(r"randperm") if "." not in place]
            return examination.finding(
                "fail",
                text,
                where=places[0] if len(places) == 1 else "batch",
                path=moved[0],
                hint="Use one permutation for all entries of a sample.",
            )
    return examination.passed("entries are put into one order together")


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a, b)


LEAKED = Check(
    name="leaked statistics",
    family="data",
    finds="Standardisation with statistics of training and test samples together, or of the test samples for themselves.",
    uses=(),
    misled_by="Loaders that leave samples out or change them at random: their statistics are exact nowhere, and nothing is said.",
    cost="forward",
    function=leaked_statistics,
)
PERMUTED = Check(
    name="lone permutation",
    family="data",
    finds="Answers that are put into a drawn order without their samples.",
    uses=(),
    misled_by="Negatives drawn by permuting positives: an entry whose own order is kept beside it is left alone.",
    cost="forward",
    function=lone_permutation,
)
