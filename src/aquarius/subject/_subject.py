"""The Subject: the plain Python file under examination."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core import BadInput, read_bytes

LARGEST_SOURCE = 4 * 1024 * 1024  # bytes; a longer Python file is no model somebody wrote


@dataclass(frozen=True)
class Subject:
    """A Python file with `build`, `batch`, `forward`, `loss` and, where they matter, `optimizer`, `scheduler`, `step`, loaders and `facts`.

    Nothing of it is imported here: its code runs in a child process only (`run_in_child`).

    `facts` replaces the file's own facts; None keeps them, {} examines without any.

    Raises:
        BadInput: missing, not a regular file, empty, not Python text, or longer than 4 MiB.
    """

    path: Path
    facts: dict[str, Any] | None = None
    source: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        path = Path(self.path)
        source = read_bytes(path, largest=LARGEST_SOURCE)
        if not source.strip():
            raise BadInput(f"{path} is empty: a subject defines build, batch, forward and loss.")
        try:
            compile(source, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            line = f" (line {error.lineno})" if error.lineno else ""
            raise BadInput(f"{path} is not Python: {error.msg}{line}.") from None
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise BadInput(f"{path} is not Python text: {error}.") from None
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "source", source)

    @property
    def content_hash(self) -> str:
        """Return the sha256 (hexadecimal) of the file."""
        return hashlib.sha256(self.source).hexdigest()
