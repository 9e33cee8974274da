"""What an action gives back to a face: data for a program, a view for a person, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """`data` is JSON, the same in every face; `view` makes what a person reads (any rich renderable); `ok` False means exit code 1."""

    data: Any
    view: Callable[[], Any]
    ok: bool = True
