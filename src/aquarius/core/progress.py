"""Progress without a printer: the work says where it is, a face decides how to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Event = Literal["step", "note", "advance"]
Listener = Callable[[Event, str, float | None], None]

_listener: ContextVar[Listener | None] = ContextVar("aquarius_progress", default=None)


def step(name: str) -> None:
    """Say that a stop of the road begins."""
    _tell("step", name, None)


def note(text: str) -> None:
    """Say one thing that was found on the way."""
    _tell("note", text, None)


def advance(text: str, fraction: float) -> None:
    """Say how far a long piece of work is, from 0 to 1."""
    _tell("advance", text, fraction)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send all progress inside the block to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def _tell(event: Event, text: str, fraction: float | None) -> None:
    listener = _listener.get()
    if listener is not None:
        listener(event, text, fraction)
