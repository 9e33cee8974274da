"""The signature of an action, as every face needs it: names, types, defaults and one description each, from the code itself."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter of an action. `kind` is one of str, int, float, bool, Path; `many` means a list of it; `choices` a closed set of words."""

    name: str
    kind: type
    description: str
    default: Any = REQUIRED
    many: bool = False
    choices: tuple[str, ...] = ()
    positional: bool = False

    @property
    def required(self) -> bool:
        """Say whether a caller must give it."""
        return self.default is REQUIRED


def summary(function: Callable[..., Any]) -> str:
    """Return the first line of the docstring."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def description(function: Callable[..., Any]) -> str:
    """Return the docstring without its `Args:` section."""
    return re.split(r"\n\s*Args:\n", inspect.getdoc(function) or "", maxsplit=1)[0].strip()


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of an action in order; a parameter that the docstring does not describe is an error of ours."""
    described = _described(inspect.getdoc(function) or "")
    hints = typing.get_type_hints(function)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind, many, choices = _kind(hints[name])
        positional = parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        found.append(Parameter(name, kind, described[name], parameter.default, many, choices, positional))
    return found


def _described(doc: str) -> dict[str, str]:
    _, _, section = doc.partition("\nArgs:\n")
    found: dict[str, str] = {}
    last = ""
    for line in section.split("\n"):
        match = re.match(r"    (\w+): (.*)", line)
        if match:
            last = match[1]
            found[last] = match[2].strip()
        elif line.startswith("      ") and last:
            found[last] += " " + line.strip()
        elif line.strip() and not line.startswith(" "):
            break
    return found


def _kind(annotation: Any) -> tuple[type, bool, tuple[str, ...]]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _kind(next(item for item in inner if item is not type(None)))
    if origin is Literal:
        return str, False, tuple(str(item) for item in inner)
    if origin is tuple:  # tuple[str, ...]: any number of them
        kind, _, choices = _kind(inner[0])
        return kind, True, choices
    if annotation in (str, int, float, bool, Path):
        return annotation, False, ()
    raise TypeError(f"an action's parameter cannot be {annotation!r}")
