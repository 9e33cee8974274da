"""The child's side of a run: seed, call the experiment's `train`, say what came out. `_train` starts it by `run_in_child`."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from ..core import BadInput, StorageError, write_text
from ..subject import loaded_sources
from ._checkpoint import seed_everything
from ._environment import environment, installed
from ._run import LOG, ChildRun

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def run_experiment(module: ModuleType, emit: Callable[[Any], None], payload: dict[str, Any]) -> dict[str, Any]:
    """Train once. The answer has "metrics", or "refused" (kind and sentence) where no seed could do better, or "failed" (a sentence).

    A plain exception of the experiment is not caught: `run_in_child` tells it with its line.
    """
    emit({"pid": os.getpid()})
    torch.set_num_threads(payload["threads"])
    folder = Path(payload["folder"])
    try:
        lines = _print_into(folder / LOG)
        here = environment()
        write_text(folder / "environment.json", json.dumps(here.to_data() | {"installed": installed()}, indent=1) + "\n")
        train = getattr(module, "train", None)
        if not callable(train):
            raise BadInput(f"{Path(str(module.__file__)).name} defines no function train(run).")
        seed_everything(payload["seed"])
        run = ChildRun(payload, emit, here.content_hash)
        answer = _checked(train(run), payload["metric"])
        run.close()
        if "metrics" in answer:
            print("result", json.dumps(answer["metrics"]), flush=True)
    except BadInput as error:
        return {"refused": ["BadInput", str(error)]}
    except StorageError as error:
        return {"refused": ["StorageError", str(error)]}
    except OSError as error:
        if error.errno not in _FULL:
            raise
        return {"refused": ["StorageError", f"the experiment cannot write: {error.strerror}."]}
    used = resource.getrusage(resource.RUSAGE_SELF)
    return answer | {
        "inputs": loaded_sources(Path(payload["root"])),
        "line": lines(),
        "resumed_from": run.resumed_from,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
    }


def _print_into(path: Path) -> Callable[[], int]:
    """Send everything that is printed, by C code too, to the end of the log; return a function that counts its lines."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise StorageError(f"{path.name} cannot be written: {error.strerror}.") from None
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # what was printed is there, however the process ends
    return lambda: path.read_bytes().count(b"\n")


def _checked(returned: object, metric: str | None) -> dict[str, Any]:
    """Hold what `train` returned against its promise: a dictionary of finite numbers that has the metric in question."""
    if not isinstance(returned, dict) or not returned or not all(isinstance(name, str) for name in returned):
        raise BadInput(
            f"train(run) returns a dictionary of numbers by name, and it returned a {type(returned).__name__}{'' if returned else ' without any'}."
        )
    metrics: dict[str, float] = {}
    for name, value in returned.items():
        try:
            metrics[name] = float(value)
        except (TypeError, ValueError):
            raise BadInput(f"train(run) returned {name!r} as a {type(value).__name__}, and a number is needed.") from None
    if metric is not None and metric not in metrics:
        raise BadInput(f"train(run) returned no {metric!r}, only {', '.join(sorted(metrics))}.")
    broken = [name for name, value in metrics.items() if not math.isfinite(value)]
    if broken:
        return {"failed": f"{broken[0]} is {metrics[broken[0]]} at the end, and a finite number is needed"}
    return {"metrics": metrics}
