"""Actions as tools: the name, the schema of the arguments and the answer, all derived from the action's own signature and docstring."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import BadInput, did_you_mean, inside, plain
from ..workspace._signature import Parameter, parameters
from ..workspace.actions import ACTIONS, Action

LONGEST_TEXT = 20_000  # characters of an answer's text; the structured data are whole
_JSON_TYPES = {str: "string", Path: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class Answer:
    """What a tool gives back: JSON data, the same as text for a reader, and whether all is well (a failed check is an answer, not an error)."""

    data: dict[str, Any]
    text: str


def tool_name(action: Action) -> str:
    """Return an action's name as a tool: "equation.translate" -> "equation_translate", "compare-models" -> "compare_models"."""
    return action.name.replace(".", "_").replace("-", "_")


def input_schema(action: Action) -> dict[str, Any]:
    """Return the JSON schema of an action's arguments."""
    found = parameters(action.function)
    return {
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in found},
        "required": [parameter.name for parameter in found if parameter.required],
        "additionalProperties": False,
    }


def call(name: str, given: dict[str, Any], root: Path) -> Answer:
    """Call a tool; paths are taken from `root`, and none may lead out of it.

    Raises:
        BadInput: no such tool, an argument that is missing, unknown or of another type, or a path outside `root`.
        AquariusError: what the action itself refuses.
    """
    action = next((action for action in ACTIONS if tool_name(action) == name), None)
    if action is None:
        raise BadInput(f"there is no tool {name!r}.{did_you_mean(name, map(tool_name, ACTIONS))}")
    outcome = action.function(**arguments(action, given, root))
    return Answer({"ok": outcome.ok, "data": plain(outcome.data)}, _text(outcome.view(), outcome.ok))


def arguments(action: Action, given: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the arguments of an action, checked against its signature; errors as in `call`."""
    known = {parameter.name: parameter for parameter in parameters(action.function)}
    for name in given:
        if name not in known:
            raise BadInput(f"{tool_name(action)} has no argument {name!r}.{did_you_mean(name, known)}")
    found: dict[str, Any] = {}
    for name, parameter in known.items():
        if name not in given or (given[name] is None and not parameter.required):
            if parameter.required:
                raise BadInput(f"{tool_name(action)} needs the argument {name!r}: {parameter.description}.")
            # a default path is relative to the server's folder as well
            found[name] = inside(root, parameter.default) if isinstance(parameter.default, Path) else parameter.default
            continue
        value = given[name]
        if parameter.many:
            value = [value] if parameter.positional and isinstance(value, str) else value
            if not isinstance(value, list):
                raise BadInput(f"the argument {name!r} is a list, got {value!r:.60}.")
            found[name] = [_value(parameter, item, root) for item in value]
        else:
            found[name] = _value(parameter, value, root)
    return found


def _value(parameter: Parameter, value: Any, root: Path) -> Any:
    kind, name = parameter.kind, parameter.name
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    wanted = str if kind is Path else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise BadInput(f"the argument {name!r} is of type {_JSON_TYPES[kind]}, got {value!r:.60}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"the argument {name!r} must be finite, got {value}.")
    if isinstance(value, str) and "\0" in value:
        raise BadInput(f"the argument {name!r} holds a null character.")
    if parameter.choices and value not in parameter.choices:
        raise BadInput(f"the argument {name!r} is one of {', '.join(parameter.choices)}, got {value!r:.60}.")
    if kind is Path:
        return _inside(root, str(value))
    if kind is str:
        _keep_inside(root, str(value))
    return value


def _inside(root: Path, value: str) -> Path:
    try:
        return inside(root, value)
    except (OSError, RuntimeError):  # a name that is too long, a link that leads to itself
        raise BadInput(f"{value!r:.120} is no path that can be followed.") from None


def _keep_inside(root: Path, text: str) -> None:
    """Refuse a text that names something outside the folder: a source or a FILE.py:function may be given as text."""
    for name in {text, text.rpartition(":")[0], text.partition("=")[2]} - {""}:
        try:
            there = (root / Path(name).expanduser()).exists()
        except (OSError, ValueError, RuntimeError):  # no name of a file: LaTeX, a sentence
            continue
        if there:
            inside(root, Path(name).expanduser())


def _property(parameter: Parameter) -> dict[str, Any]:
    one: dict[str, Any] = {"type": _JSON_TYPES[parameter.kind]}
    if parameter.choices:
        one["enum"] = list(parameter.choices)
    if parameter.many:
        one = {"type": "array", "items": one}
    one["description"] = parameter.description
    if not parameter.required and parameter.default is not None:
        one["default"] = plain(parameter.default)
    return one


def _text(view: Any, ok: bool) -> str:
    from rich.console import Console

    to = io.StringIO()
    Console(file=to, width=140, highlight=False, markup=False, no_color=True, soft_wrap=isinstance(view, str)).print(view)
    text = "\n".join(line.rstrip() for line in to.getvalue().strip().splitlines())
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT] + f"\n... and {len(text) - LONGEST_TEXT:,} characters more; the structured data have all of it"
    return text if ok else f"{text}\n\nNot all is well: a check or a verdict failed."
