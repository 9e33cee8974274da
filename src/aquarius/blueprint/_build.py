"""The child's task of `count_claims`: build models on the meta device and count them. Imported in the child only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from ..subject import loaded_sources
from ._affine import interval, line
from ._trace import count_parameters

Builder = Callable[..., nn.Module]


def count_from_package(emit: Callable[[Any], None], payload: dict[str, Any]) -> dict[str, Any]:
    """Count with a builder of an installed module."""
    return count_rows(import_module(payload["module"]), emit, payload)


def count_rows(module: ModuleType, emit: Callable[[Any], None], payload: dict[str, Any]) -> dict[str, Any]:
    """Return for every row the count under every assumption, and the solved sizes where one is asked for; with the sources that were used.

    A row is `{settings, printed, last_place}`; an assumption is a dict of keyword arguments of the builder.
    """
    builder: Builder | None = getattr(module, payload["function"], None)
    if not callable(builder):
        raise AttributeError(f"the module has no function {payload['function']!r}")
    found = []
    for index, row in enumerate(payload["rows"]):
        counts = [_try(_count, builder, row["settings"], assumed) for assumed in payload["assumed"]]
        size = payload["solve"]
        solved = [_try(_solve, builder, row, rest, size) for rest in payload["assumed_without"]] if size else []
        found.append({"counts": counts, "solved": solved})
        emit({"rows": index + 1, "of": len(payload["rows"])})
    with contextlib.chdir("/"):  # torch.ops calls its file "_ops.py", which is none of the folder's
        return {"rows": found, "sources": loaded_sources(Path(payload["folder"]))}


def _try(work: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    try:
        return {"value": work(*arguments)}
    except Exception as error:
        text = str(error).strip().split("\n")[0][:300]
        return {"error": text or type(error).__name__}


def _count(builder: Builder, settings: dict[str, str], assumed: dict[str, Any]) -> int:
    try:
        with torch.device("meta"):
            model = builder(settings, **assumed)
    except (NotImplementedError, RuntimeError):  # an operation that the meta device does not have: with weights, then
        model = builder(settings, **assumed)
    if not isinstance(model, nn.Module):
        raise TypeError(f"the builder gave a {type(model).__name__}, and a torch.nn.Module is needed")
    return count_parameters(model)


def _solve(builder: Builder, row: dict[str, Any], assumed: dict[str, Any], size: str) -> dict[str, Any]:
    """Return the line of the count in `size` and the sizes at which it agrees; both ends of the interval are built and counted again."""
    at = cache(lambda value: _count(builder, row["settings"], assumed | {size: value}))
    straight = line(at)
    if straight is None:
        return {"affine": False}
    ends = None if straight.slope == 0 else interval(straight, row["printed"], row["last_place"])
    for end in ends or ():
        if at(end) != straight.offset + straight.slope * end:
            return {"affine": False}
    return {"affine": True, "offset": straight.offset, "slope": straight.slope, "interval": ends}
