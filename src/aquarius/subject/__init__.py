"""The Subject: a plain Python file under examination, run in a child process with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"Subject": "._subject", "Limits": "._limits", "ChildResult": "._parent", "run_in_child": "._parent", "loaded_sources": "._sources"},
)

if TYPE_CHECKING:
    from ._limits import Limits as Limits
    from ._parent import ChildResult as ChildResult
    from ._parent import run_in_child as run_in_child
    from ._sources import loaded_sources as loaded_sources
    from ._subject import Subject as Subject
