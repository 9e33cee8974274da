"""The child's side of the second opinion: run one program of a copied repository and write down what it touches. Imports nothing heavy itself."""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

MOST = 400  # events of each kind that are kept
_CHANGES = {
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "shutil.rmtree",
    "shutil.move",
}
_STARTS = {"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec", "subprocess.Popen", "os.startfile"}
_FITS = {"fit", "fit_transform", "partial_fit"}


def run(emit: Callable[[Any], None], payload: dict[str, Any]) -> dict[str, Any]:
    """Run a script or module with its arguments inside the copy; give back files read and written, addresses, seconds and the exit code."""
    home = Path(payload["folder"]).resolve()
    events = _Events(home)
    os.chdir(home)
    sys.path.insert(0, str(home))
    sys.argv = [payload["program"], *payload["arguments"]]
    sys.addaudithook(events.hook)
    sys.setprofile(events.called)
    begin, code, error = time.perf_counter(), 0, ""
    try:
        if payload["module"]:
            runpy.run_module(payload["program"], run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str((home / payload["program"]).parent))
            runpy.run_path(payload["program"], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except Exception as wrong:
        code, error = 1, f"{type(wrong).__name__}: {wrong}".split("\n")[0][:300]
    finally:
        sys.setprofile(None)
        events.on = False
    numerical = sorted({name.split(".")[0] for name in sys.modules} & {"numpy", "torch", "sklearn", "scipy", "pandas", "jax", "tensorflow"})
    return {
        "code": code,
        "error": error,
        "seconds": time.perf_counter() - begin,
        "opened": events.opened,
        "addresses": events.addresses,
        "started": events.started,
        "refused": events.refused,
        "fitted_test": events.fitted_test,
        "numerical": numerical,
    }


class _Events:
    """What the hooks of one run have seen; writing outside the copy, starting a process and opening an address are refused."""

    def __init__(self, home: Path) -> None:
        self.home = str(home)
        self.may_write = (self.home, tempfile.gettempdir(), "/dev/")
        self.on = True
        self.opened: list[tuple[str, str]] = []  # path inside the copy, "r" or "w", in order
        self.addresses: list[str] = []
        self.started: list[str] = []
        self.refused: list[str] = []
        self.fitted_test: list[str] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear an audit event of the interpreter."""
        if not self.on:
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            self._open(os.path.abspath(os.fsdecode(arguments[0])), str(arguments[1] or ""), int(arguments[2] or 0))
        elif event in ("socket.connect", "socket.getaddrinfo"):
            place = str(arguments[1] if event == "socket.connect" else arguments[0])
            self._keep(self.addresses, place)
            raise PermissionError(f"the second opinion opens no address: {place}")
        elif event in _STARTS:
            self._keep(self.started, f"{event} {arguments[:1]}"[:200])
            raise PermissionError("the second opinion starts no further process")
        elif event in _CHANGES:
            for item in arguments[:2]:
                if isinstance(item, str | bytes | os.PathLike) and not self._inside(os.path.abspath(os.fsdecode(item))):
                    self._refuse(f"{event} {os.fsdecode(item)}")

    def called(self, frame: FrameType, event: str, _: Any) -> None:
        """Hear a call: does a fit see rows that its caller holds as test data?"""
        if event != "call" or frame.f_code.co_name not in _FITS or len(self.fitted_test) >= 5:
            return
        caller = frame.f_back
        if caller is None or not caller.f_code.co_filename.startswith(self.home) or frame.f_code.co_filename.startswith(self.home):
            return
        with contextlib.suppress(Exception):  # whatever the program's arrays are, looking at them must not end it
            given = next((value for name, value in frame.f_locals.items() if name in ("X", "x", "raw_documents")), None)
            held = {
                name: value
                for name, value in caller.f_locals.items()
                if _is_test(name) and hasattr(value, "shape") and len(value.shape) == 2
            }
            seen = _rows(given)
            for name, value in held.items():
                shared = len(_rows(value) & seen)
                if shared > 0.5 * len(value):
                    where = os.path.relpath(caller.f_code.co_filename, self.home)
                    self.fitted_test.append(
                        f"{where}:{caller.f_lineno}: `{frame.f_code.co_name}` sees {shared} of the {len(value)} rows of `{name}`"
                    )

    def _open(self, path: str, mode: str, flags: int) -> None:
        writes = bool(set(mode) & set("wax+")) or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if writes and not self._inside(path):
            self._refuse(f"open {path}")
        if path.startswith(self.home + os.sep) and not path.endswith((".py", ".pyc")):
            self._keep(self.opened, (os.path.relpath(path, self.home).replace(os.sep, "/"), "w" if writes else "r"))

    def _inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self.may_write) or path.startswith(self.may_write)

    def _refuse(self, what: str) -> None:
        self._keep(self.refused, what[:200])
        raise PermissionError(f"the second opinion writes inside its copy only: {what[:200]}")

    def _keep(self, kept: list[Any], item: Any) -> None:
        if len(kept) < MOST:
            kept.append(item)


def _is_test(name: str) -> bool:
    parts = name.lower().replace("x", "", 1).strip("_").split("_")
    return bool(set(parts) & {"test", "te", "held", "holdout"}) and "y" not in parts and "labels" not in parts


def _rows(value: Any) -> set[bytes]:
    import numpy as np

    table = np.asarray(value, dtype=np.float64)
    return {row.tobytes() for row in table[:20_000]} if table.ndim == 2 and table.shape[1] > 1 else set()
