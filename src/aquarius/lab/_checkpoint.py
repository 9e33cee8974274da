"""Checkpoints: the experiment's state and every global generator, written whole or not at all, read without running anything."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..core import BadInput, write_bytes

FORMAT = 1


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch, and ask torch for deterministic algorithms: same seed, same bits on one CPU thread."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms(True) is the same and imports the compiler, a second's work
    if torch.backends.cudnn.is_available():
        torch.backends.cudnn.benchmark = False


def write_checkpoint(
    path: Path, step: int, state: Mapping[str, Any], *, metrics_bytes: int, inputs: Mapping[str, str], environment: str
) -> None:
    """Write a checkpoint; `inputs` and `environment` (hashes) say with what it may be gone on with.

    Raises:
        BadInput: the state holds something else than tensors and plain values.
        StorageError: the disk is full; the checkpoint before is intact.
    """
    _check_plain(state, "state")
    buffer = io.BytesIO()
    torch.save(
        {
            "format": FORMAT,
            "step": step,
            "state": dict(state),
            "generators": _generators(),
            "metrics_bytes": metrics_bytes,
            "inputs": dict(inputs),
            "environment": environment,
        },
        buffer,
    )
    write_bytes(path, buffer.getvalue())


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return what `write_checkpoint` wrote; None where there is none, or one that cannot be read (the run then begins again)."""
    if not path.is_file():
        return None
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds for a broken file, and each means the same here
        return None
    return saved if isinstance(saved, dict) and saved.get("format") == FORMAT else None


def restore_generators(saved: dict[str, Any]) -> None:
    """Put every global generator where it was when the checkpoint was written."""
    kept = saved["generators"]
    version, words, gauss = kept["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = kept["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(kept["torch"])
    if kept["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(kept["cuda"])


def _check_plain(value: Any, where: str) -> None:
    """Refuse at once what could not be read back later: reading a checkpoint never runs code of its own."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str | int):
                raise BadInput(f"run.save cannot keep the key {name!r:.40} of {where}: texts and whole numbers are keys.")
            _check_plain(item, f"{where}[{name!r}]")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]")
    elif type(value) not in (int, float, bool, str, bytes, type(None)) and not isinstance(value, torch.Tensor):
        raise BadInput(f"run.save cannot keep {where}, a {type(value).__name__}: give tensors, numbers, texts, lists and dictionaries.")


def _generators() -> dict[str, Any]:
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)  # type: ignore[misc]
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else [],
    }
