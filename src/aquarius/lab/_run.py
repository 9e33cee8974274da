"""The run, as the experiment holds it in the child process (`Run` in _protocol.py says what each method promises)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..core import BadInput, StorageError, did_you_mean
from ..subject import loaded_sources
from ._checkpoint import read_checkpoint, restore_generators, write_checkpoint
from ._metrics import line
from ._plan import unchanged

if TYPE_CHECKING:
    from torch import nn

    from .data import GraphData

METRICS, CHECKPOINT, LOG = "metrics.jsonl", "checkpoint.pt", "log.txt"
_TELL_EVERY = 0.25  # seconds between two words to the parent


class Settings(dict[str, Any]):
    """A plain dictionary that names what is missing."""

    def __missing__(self, name: str) -> NoReturn:
        raise BadInput(f"the experiment asks for the setting {name!r}, which its configuration does not have.{did_you_mean(name, self)}")


class ChildRun:
    """One run of one seed, writing into its own folder."""

    def __init__(self, payload: dict[str, Any], emit: Callable[[Any], None], environment: str) -> None:
        self.seed: int = payload["seed"]
        self.settings: dict[str, Any] = Settings(payload["settings"])
        self.resumed_from: int | None = None
        self._data: dict[str, str] = payload["data"]  # name -> folder, verified by the parent
        self._folder, self._root = Path(payload["folder"]), Path(payload["root"])
        self._emit, self._environment = emit, environment
        self._told = 0.0
        self._metrics: Any = None  # opened by the first `log` or by `resume`

    def data(self, name: str) -> GraphData | Path:
        """Return a declared data set."""
        if name not in self._data:
            raise BadInput(
                f"the experiment asks for the data set {name!r}, with which it was not declared.{did_you_mean(name, self._data)}"
            )
        folder = Path(self._data[name])
        if not name.startswith("planetoid-"):
            return folder
        from .data import read_planetoid

        return read_planetoid(name, folder)

    def log(self, step: int, **values: Any) -> None:
        """Append one line of numbers."""
        numbers = {name: float(value.detach() if hasattr(value, "detach") else value) for name, value in values.items()}
        self._write(line(int(step), numbers))
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            self._emit({"step": int(step), "values": {name: str(value) for name, value in numbers.items()}})

    def telemetry(self, step: int, model: nn.Module) -> None:
        """Log the norms of gradients and parameters."""
        import torch

        parameters = [parameter.detach() for parameter in model.parameters()]
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        norms = {"parameter norm": parameters, "gradient norm": gradients}
        self.log(step, **{name: torch.nn.utils.get_total_norm(tensors) for name, tensors in norms.items() if tensors})

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a checkpoint."""
        self._open(0)
        write_checkpoint(
            self._folder / CHECKPOINT,
            int(step),
            state,
            metrics_bytes=self._metrics.tell(),
            inputs=loaded_sources(self._root),
            environment=self._environment,
        )

    def resume(self) -> tuple[int, dict[str, Any]] | None:
        """Return the last checkpoint, where it fits the code and the libraries of today."""
        if self._metrics is not None:
            raise BadInput("the experiment calls run.resume() after run.log() or twice: call it once, before the first log.")
        saved = read_checkpoint(self._folder / CHECKPOINT)
        size = (self._folder / METRICS).stat().st_size if (self._folder / METRICS).is_file() else 0
        if (
            saved is None
            or saved["environment"] != self._environment
            or not unchanged(saved["inputs"], self._root)
            or saved["metrics_bytes"] > size
        ):
            self._open(0)
            return None
        self._open(saved["metrics_bytes"])
        restore_generators(saved)
        self.resumed_from = int(saved["step"])
        print(f"resumed at step {self.resumed_from}", flush=True)
        return self.resumed_from, saved["state"]

    def close(self) -> None:
        """Leave an empty metrics.jsonl where the experiment logged nothing."""
        self._open(0)
        self._metrics.close()

    def _open(self, keep: int) -> None:
        """Open metrics.jsonl once, with the first `keep` bytes of what an earlier attempt left."""
        if self._metrics is not None:
            return
        path = self._folder / METRICS
        try:
            self._metrics = path.open("r+b" if path.is_file() else "w+b", buffering=0)
            self._metrics.truncate(keep)
            self._metrics.seek(keep)
        except OSError as error:
            raise StorageError(f"{path.name} cannot be written: {error.strerror or error}.") from None

    def _write(self, text: bytes) -> None:
        self._open(0)
        start = self._metrics.tell()
        try:
            while text:  # a disk that fills takes a part of the line, and refuses the rest
                text = text[self._metrics.write(text) :]
        except OSError as error:
            self._metrics.truncate(start)
            raise StorageError(f"{METRICS} cannot be written: {error.strerror or error}.") from None
