"""Tasks that the tests run in a child process; each does what its name says."""

from __future__ import annotations

import os
import signal
import time
from typing import Any


def add(emit: Any, payload: Any) -> Any:
    for number in payload:
        emit({"seen": number})
    return sum(payload)


def say(emit: Any, payload: Any) -> Any:
    print("printed by the task")
    return sorted(os.environ)


def hang(emit: Any, payload: Any) -> Any:
    emit("before")
    time.sleep(60)


def eat_memory(emit: Any, payload: Any) -> Any:
    return len([bytearray(1 << 28) for _ in range(1_000)])


def die(emit: Any, payload: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(emit: Any, payload: Any) -> Any:
    os._exit(7)


def leave_a_child(emit: Any, payload: Any) -> Any:
    if os.fork() == 0:
        time.sleep(60)
    return "done"


def write_much(emit: Any, payload: Any) -> Any:
    with open("big", "wb") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))


def names(module: Any, emit: Any, payload: Any) -> Any:
    return {"facts": module.facts, "answer": module.answer()}


def sources(module: Any, emit: Any, payload: Any) -> Any:
    from pathlib import Path

    from aquarius.subject import loaded_sources

    return loaded_sources(Path(payload["root"]))
