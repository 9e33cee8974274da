"""Checkpoints of the trainer: tensors and plain values, written whole or not at all, read without running anything; and the global random states."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path
from typing import Any

import torch

from ..core import BadInput, write_bytes

FORMAT = 1


def place_of(save_path: Any) -> Path:
    """Return the checkpoint file of a save_path: itself, or checkpoint.pt in it where it is a folder or has no suffix."""
    path = Path(save_path)
    return path / "checkpoint.pt" if path.is_dir() or not path.suffix else path


def write(path: Path, state: dict[str, Any]) -> None:
    """Write a state.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the checkpoint before is intact.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    write_bytes(path, buffer.getvalue())


def read(path: Path) -> dict[str, Any]:
    """Return what `write` wrote.

    Raises:
        BadInput: there is no such file, or it is no checkpoint of this trainer.
    """
    if not path.is_file():
        raise BadInput(f"There is no checkpoint at {path}: train first, or name the file that was saved.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds for a broken file, and each means the same here
        saved = None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise BadInput(f"{path} is no checkpoint of this trainer, or it holds samples other than tensors and plain values.")
    return saved


def random_states() -> dict[str, Any]:
    """Return the global random states of Python, torch and, where it is loaded, numpy."""
    version, words, gauss = random.getstate()
    found: dict[str, Any] = {"python": [version, list(words), gauss], "torch": torch.get_rng_state(), "numpy": None}
    if "numpy" in sys.modules:
        name, keys, *rest = sys.modules["numpy"].random.get_state(legacy=True)
        found["numpy"] = [str(name), [int(key) for key in keys], int(rest[0]), int(rest[1]), float(rest[2])]
    found["cuda"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else []
    return found


def restore_random_states(saved: dict[str, Any]) -> None:
    """Put the global random states where they were."""
    version, words, gauss = saved["python"]
    random.setstate((version, tuple(words), gauss))
    torch.set_rng_state(saved["torch"])
    if saved["numpy"] is not None:
        import numpy

        name, keys, *rest = saved["numpy"]
        numpy.random.set_state((name, numpy.array(keys, dtype=numpy.uint32), *rest))
    if saved["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(saved["cuda"])
