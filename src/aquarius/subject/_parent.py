"""Run a task in a child process with limits, and hear from it while it runs."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..core import MissingExtra, StorageError
from ._limits import Limits
from ._subject import Subject

OUTPUT_TAIL = 8_000  # bytes of printed output that a result keeps
LARGEST_MESSAGES = 256 * 1024 * 1024  # bytes of messages, all together
# The child gets these variables and no others: no token of the person who examines somebody's code is in its reach.
PASSED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "AQUARIUS_DATA")
PASSED_PREFIXES = ("LC_", "OPENBLAS_", "MKL_", "CUDA_")


@dataclass(frozen=True)
class ChildResult:
    """How a child process ended.

    - ok: `value` is what the task returned
    - raised: an exception; `error` is one sentence, `where` the innermost function of the subject's file, `trace` its last frames
    - timeout, memory: a limit was passed
    - crashed: the process died of a signal or left by itself (`os._exit`)
    """

    status: Literal["ok", "raised", "timeout", "memory", "crashed"]
    value: Any = None
    messages: list[Any] = field(default_factory=list)
    error: str = ""
    where: str | None = None
    trace: str = ""
    audits: tuple[str, ...] = ()  # processes started and addresses reached: "os.fork", "socket.connect"
    seconds: float = 0.0
    output: str = ""  # the end of what it printed


def run_in_child(
    task: str,
    payload: Any = None,
    *,
    subject: Subject | None = None,
    limits: Limits | None = None,
    on_message: Callable[[Any], None] | None = None,
    folder: Path | None = None,
) -> ChildResult:
    """Run `module:function` of Aquarius in a fresh interpreter and return how it ended.

    The function is called as `function(emit, payload)`, or `function(module, emit, payload)` where a subject is given: its file is
    imported first, inside the limits. `payload`, everything it emits and what it returns are JSON values. `folder` is the child's
    working folder (default: the subject's, else a temporary one). Ending the parent ends the child and what it started.

    Raises:
        MissingExtra: a subject is to be run, and torch is not installed.
        StorageError: no temporary file can be made.
    """
    if subject is not None and importlib.util.find_spec("torch") is None:
        raise MissingExtra("torch", "torch", f"running {subject.path.name}")
    limits = limits or Limits()
    request = {
        "task": task,
        "payload": payload,
        "limits": asdict(limits),
        "subject": None if subject is None else {"path": str(subject.path.resolve()), "facts": subject.facts},
    }
    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        try:
            printed = stack.enter_context(tempfile.TemporaryFile())
            home = folder or (subject.path.resolve().parent if subject else Path(stack.enter_context(tempfile.TemporaryDirectory())))
        except OSError as error:
            raise StorageError(f"no temporary file can be made: {error.strerror}.") from None
        read_end, write_end = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "aquarius.subject._child", str(write_end)],
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=subprocess.STDOUT,
            pass_fds=(write_end,),
            cwd=home,
            env=_environment(limits),
            start_new_session=True,
        )
        os.close(write_end)
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(request).encode())
                process.stdin.close()
            lines = _Lines(read_end, on_message)
            in_time = lines.listen(process, begin + limits.seconds)
        finally:
            os.close(read_end)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        size = printed.seek(0, os.SEEK_END)
        printed.seek(max(0, size - OUTPUT_TAIL))
        output = printed.read().decode("utf-8", "replace")
    return _result(lines, in_time, process.returncode, limits, time.perf_counter() - begin, output)


class _Lines:
    """JSON lines from the child: ["message", value], ["audit", name], ["end", {...}]."""

    def __init__(self, read_end: int, on_message: Callable[[Any], None] | None) -> None:
        self.read_end, self.on_message = read_end, on_message
        self.buffer, self.size = b"", 0
        self.messages: list[Any] = []
        self.audits: dict[str, None] = {}
        self.end: dict[str, Any] | None = None

    def listen(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        """Read until the child says that it ended, has gone, or the time is up; return whether it was in time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.read_end, selectors.EVENT_READ)
            while self.end is None:
                remaining = deadline - time.perf_counter()
                if remaining <= 0 or self.size > LARGEST_MESSAGES:
                    return False
                # a grandchild may hold the pipe open after the child has gone, so the child is looked at too
                gone = process.poll() is not None
                if not selector.select(0 if gone else min(remaining, 0.25)):
                    if gone:
                        return True
                    continue
                block = os.read(self.read_end, 1 << 16)
                if not block:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(max(0.0, min(5.0, deadline - time.perf_counter())))
                    return True
                self.size += len(block)
                self._take(block)
        return True

    def _take(self, block: bytes) -> None:
        *whole, self.buffer = (self.buffer + block).split(b"\n")
        for line in whole:
            try:
                kind, value = json.loads(line)
            except (ValueError, TypeError, RecursionError):
                continue  # the subject wrote into our pipe: not a message
            if kind == "message":
                self.messages.append(value)
                if self.on_message is not None:
                    self.on_message(value)
            elif kind == "audit":
                self.audits[str(value)] = None
            elif kind == "end" and isinstance(value, dict):
                self.end = value


def _result(lines: _Lines, in_time: bool, code: int, limits: Limits, seconds: float, output: str) -> ChildResult:
    common: dict[str, Any] = {"messages": lines.messages, "audits": tuple(lines.audits), "seconds": seconds, "output": output}
    end = lines.end
    if end is not None and end.get("status") == "ok":
        return ChildResult("ok", value=end.get("value"), **common)
    if end is not None:
        status: Literal["memory", "raised"] = "memory" if end.get("status") == "memory" else "raised"
        error = (
            f"more than {limits.memory_bytes / (1 << 30):.1f} GiB of memory was asked for"
            if status == "memory"
            else str(end.get("error", ""))
        )
        return ChildResult(status, error=error, where=end.get("where"), trace=str(end.get("trace", "")), **common)
    if not in_time or code == -signal.SIGXCPU:
        return ChildResult("timeout", error=f"it did not end within {limits.seconds:g} seconds", **common)
    if code == -signal.SIGKILL:
        return ChildResult("crashed", error="the process was killed, most likely for want of memory", **common)
    how = f"died of {signal.Signals(-code).name}" if code < 0 else f"left with exit code {code} before it had answered"
    return ChildResult("crashed", error=f"the process {how}", **common)


def _environment(limits: Limits) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in PASSED or name.startswith(PASSED_PREFIXES)}
    threads = {name: str(limits.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return (
        kept
        | threads
        | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    )
