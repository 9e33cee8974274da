"""Every call of the subject's own functions and methods while its forward, loss and batch run."""

from __future__ import annotations

import ast
from contextlib import ExitStack

from torch import nn

from ._calls import FunctionCall, named, recorded, run
from ._examination import Examination
from ._inputs import Batch

OUTSIDE = frozenset(["build", "batch", "forward", "loss", "optimizer", "scheduler", "step", "train_loader", "test_loader"])


def own_functions(examination: Examination) -> list[str]:
    """Return "function" and "Class.method" for all that the subject's file defines besides its interface."""
    names = [name for name in examination.source.functions if name not in OUTSIDE]
    for kind, node in examination.source.classes.items():
        names += [f"{kind}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("__")]
    return names


def called(examination: Examination) -> dict[str, list[FunctionCall]]:
    """Run forward, loss and batch of a perturbed model once for all checks; return the first calls of the subject's own functions, by name."""
    if "calls" not in examination.kept:
        examination.kept["calls"] = _called(examination, examination.perturbed(), examination.batch())
    calls: dict[str, list[FunctionCall]] = examination.kept["calls"]
    return calls


def called_in_training(examination: Examination) -> dict[str, list[FunctionCall]]:
    """Return the first calls of the subject's own functions by a perturbed model in training mode, which it stays in."""
    if "training calls" not in examination.kept:
        examination.kept["training calls"] = _called(examination, examination.perturbed(training=True), examination.batch())
    calls: dict[str, list[FunctionCall]] = examination.kept["training calls"]
    return calls


def _called(examination: Examination, model: nn.Module, batch: Batch) -> dict[str, list[FunctionCall]]:
    found: dict[str, list[FunctionCall]] = {}
    with ExitStack() as stack:
        for name in own_functions(examination):
            place = named(examination, name)
            if place is not None:
                found[name] = stack.enter_context(recorded(*place))
        run(examination, model, batch)
        examination.quiet(lambda: examination.call("batch", examination.layout.size, 0))
    return {name: calls for name, calls in found.items() if calls}
