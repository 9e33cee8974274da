"""What a child process may use."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds of one child process; past one of them it is ended and the result says which."""

    seconds: float = 60.0  # wall clock, the start of the interpreter included
    memory_bytes: int = 6 * GIB  # address space
    file_bytes: int = GIB  # the largest single file it may write, its printed output included
    threads: int = 1  # of each numerical library
