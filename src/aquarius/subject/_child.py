"""The child's side: set the limits, import the subject, run the task, say how it ended. Started by `run_in_child`; imports no torch itself."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

AUDITED = frozenset({"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen", "socket.connect"})
_PR_SET_PDEATHSIG = 1
_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")


def main() -> None:
    """Read the request from standard input, answer on the descriptor that the command line names."""
    channel = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    request = json.loads(sys.stdin.buffer.read())
    os.set_inheritable(channel.fileno(), False)
    with contextlib.suppress(OSError, AttributeError):  # Linux: die with the parent
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    subject = request["subject"]
    module: ModuleType | None = None
    try:
        _set_limits(request["limits"])
        _audit(channel)
        if subject is not None:
            module = load_module(Path(subject["path"]))
            if subject["facts"] is not None:
                module.facts = subject["facts"]  # type: ignore[attr-defined]
        name, _, function = request["task"].partition(":")
        task = getattr(importlib.import_module(name), function)
        emit = lambda value: _send(channel, "message", value)
        arguments = (emit, request["payload"]) if module is None else (module, emit, request["payload"])
        end = {"status": "ok", "value": task(*arguments)}
    except BaseException as error:  # the subject may raise SystemExit or KeyboardInterrupt too
        end = _ending(error, None if subject is None else subject["path"])
    with contextlib.suppress(OSError, ValueError):  # before the parent, which ends us on the next message
        sys.stdout.flush()
        sys.stderr.flush()
    _send(channel, "end", end)
    os._exit(0)  # no atexit handler or thread of the subject keeps the process alive


def load_module(path: Path) -> ModuleType:
    """Import a file as a module of its own name; files beside it can be imported by it."""
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else "subject"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _set_limits(limits: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"], limits["file_bytes"]))
    seconds = int(limits["seconds"] * limits["threads"]) + 5  # a second guard behind the parent's clock
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def _audit(channel: BinaryIO) -> None:
    busy = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal busy
        if event in AUDITED and not busy:
            busy = True
            try:
                _send(channel, "audit", event)
            finally:
                busy = False

    sys.addaudithook(hook)


def _send(channel: BinaryIO, kind: str, value: Any) -> None:
    line = json.dumps([kind, value]).encode() + b"\n"
    view = memoryview(line)
    while view:
        view = view[channel.write(view) or 0 :]


def _ending(error: BaseException, subject: str | None) -> dict[str, Any]:
    text = str(error).strip().split("\n")[0][:400]
    if isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY):
        return {"status": "memory"}
    frames = list(traceback.walk_tb(error.__traceback__))
    where = next((frame.f_code.co_qualname for frame, _ in reversed(frames) if frame.f_code.co_filename == subject), None)
    own = [(frame.f_code.co_filename, line) for frame, line in frames if frame.f_code.co_filename == subject]
    line = f" (line {own[-1][1]})" if own else ""
    trace = "".join(traceback.format_exception(error)[-12:])[-4_000:]
    return {
        "status": "raised",
        "error": f"{type(error).__name__}: {text}{line}" if text else f"{type(error).__name__}{line}",
        "where": where,
        "trace": trace,
    }


if __name__ == "__main__":
    main()
