"""How work in progress and results look on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status

from ..core.progress import Event, listening


@contextmanager
def progress_on_terminal(*, quiet: bool = False) -> Iterator[None]:
    """Print each stop of the road to standard error as it begins, with its seconds when the next one does; nothing where nobody looks."""
    console = Console(stderr=True, highlight=False)
    if quiet and not console.is_terminal:
        yield
        return
    printer = _Printer(console)
    try:
        with listening(printer.hear):
            yield
    finally:
        printer.close()


class _Printer:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.begin = time.perf_counter()
        self.status: Status | None = None

    def hear(self, event: Event, text: str, fraction: float | None) -> None:
        seconds = time.perf_counter() - self.begin
        if event == "step":
            self.console.print(f"[dim]{seconds:6.1f} s[/dim]  [bold]{_escape(text)}[/bold]", soft_wrap=True)
        elif event == "note":
            self.console.print(f"          {_escape(text)}", soft_wrap=True)
        elif self.console.is_terminal:
            line = f"[dim]{text}[/dim] {100 * (fraction or 0):3.0f} %"
            if self.status is None:
                self.status = self.console.status(line)
                self.status.start()
            self.status.update(line)
        if event != "advance":
            self.close()

    def close(self) -> None:
        if self.status is not None:
            self.status.stop()
            self.status = None


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def show(renderable: Any) -> None:
    """Print what an action's view made; wide enough for its tables where the output is no terminal."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False, soft_wrap=isinstance(renderable, str), markup=False)
    console.print(renderable)
