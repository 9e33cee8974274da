"""The four extension points, and the one door through which built-ins and plugins both come.

A built-in is a line of the literal table; a plugin is an entry point of the group of the same name. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from ._errors import BadInput, did_you_mean

# group -> name -> "module:attribute"
BUILT_IN: dict[str, dict[str, str]] = {
    "aquarius.readers": {},  # a function(Path) -> Document
    "aquarius.checks": {},  # a Check: card and function(Examination) -> list[Evidence]
    "aquarius.parts": {},  # a Part: card and builder
    "aquarius.reports": {},  # a function(Bundle) -> bytes
}


def extension_names(group: str) -> list[str]:
    """Return the names of a group, built-ins first, each once."""
    names = dict.fromkeys(_table(group))
    names.update(dict.fromkeys(point.name for point in entry_points(group=group)))
    return list(names)


def load_extension(group: str, name: str) -> Any:
    """Import one extension.

    Raises:
        BadInput: no such name, or a plugin that does not import.
    """
    target = _table(group).get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=group):
        if point.name == name:
            try:
                return point.load()
            except Exception as error:
                raise BadInput(f"the plugin {name!r} of {group} does not load: {type(error).__name__}: {error}.") from None
    raise BadInput(f"{name!r} is not one of {group}.{did_you_mean(name, extension_names(group))}")


def _table(group: str) -> dict[str, str]:
    if group not in BUILT_IN:
        raise BadInput(f"{group!r} is not an extension point.{did_you_mean(group, BUILT_IN)}")
    return BUILT_IN[group]
