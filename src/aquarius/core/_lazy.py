"""Lazy packages (PEP 562): a package names what it exports, and imports a module when one of its names is first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, table: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` for a package whose `table` maps an exported name to its module.

    __getattr__, __dir__, __all__ = lazy_exports(__name__, {"read": "._read"})
    """

    def getattribute(name: str) -> Any:
        if name not in table:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(table[name], package), name)

    names = sorted(table)
    return getattribute, lambda: names, names
