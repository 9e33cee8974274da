"""What a display's symbols stand for, as far as the text proves it. What it does not prove is named, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ._finder import Finder
from ._hints import Hints
from ._printed import dimension
from ._statements import statements
from ._tokens import Refusal
from ._typed import dim_atoms
from ._unknowns import ONE_OF, SAMPLES, Inferred, Unknown


def infer(display: str, hints: Mapping[str, Any] | None = None) -> Inferred:
    """Declare the symbols of a display from what the text says of them; list by name those that stay open.

    `hints` are plain data: `meanings` (name -> words), `shapes` (name -> sizes), `numbers` (name -> number), `scalars` (name -> domain or
    ""), `functions` (names). A display that cannot be read has no symbols: `translate` says why.

    Raises:
        BadInput: the hints have an unknown key or a malformed value.
    """
    table = Hints.of(hints or {})
    try:
        found = statements(display, table.words)
    except Refusal:
        return Inferred({}, ())
    finder = Finder(table)
    finder.read(found)
    return _inferred(finder)


def _inferred(finder: Finder) -> Inferred:
    inputs = {name: _shape(finder, name) for name, kind in finder.used.items() if kind == "shape"}
    unclear = [name for name, shape in inputs.items() if shape is None]
    shapes = {name: list(shape) for name, shape in inputs.items() if shape is not None}
    sizes = {re.sub(r"^\d+\*", "", size) for shape in shapes.values() for size in shape if not size.isdigit()}
    sizes |= {size for item in finder.unknown.values() for axis in item.axes for size in dim_atoms(axis) if not item.why} | set(
        finder.sets.values()
    )
    constants: dict[str, Any] = {}
    domains: dict[str, str] = {}
    for name, kind in finder.used.items():
        if kind in {"number", "scalar"} and dimension(name) in sizes:
            constants[name] = dimension(name)
        elif kind == "number":
            constants[name] = finder.hints.numbers[name]
        elif kind == "scalar":
            shapes[name] = []
            domains.update({name: finder.hints.scalars[name]} if finder.hints.scalars[name] else {})
    still = list(unclear)
    for printed, where in finder.open.items():
        if where and dimension(printed) in sizes:
            finder.unknown.pop(printed, None)
            constants[printed] = dimension(printed)
        else:
            still.append(printed)
    symbols: dict[str, Any] = {"inputs": shapes, "constants": constants, "domains": domains}
    symbols["functions"] = sorted(printed for where, (printed, _) in finder.functions.items() if where not in finder.defined)
    last = [printed for where, printed in finder.outputs.items() if where not in finder.needed]
    symbols["outputs"] = last if last else list(finder.outputs.values())
    symbols["output_shapes"] = _output_shapes(finder, sizes)
    symbols["index"] = dict(finder.ranged)
    symbols["sets"] = {name: f"axis {size}" for name, size in finder.sets.items()}
    for name in finder.samples.values():
        symbols["random"] = dict.fromkeys(finder.samples.values(), SAMPLES)
        if name in shapes:
            shapes[name] = [SAMPLES, *shapes[name]]
    unknown = [replace(item, axes=(SAMPLES, *item.axes)) if item.key in finder.samples else item for item in finder.unknown.values()]
    unknown = [replace(item, handed=finder.handed[item.name] >= finder.uses[item.name]) for item in unknown]
    unknown = [replace(item, why=item.why or ONE_OF) if item.axes and item.key in finder.stacks else item for item in unknown]
    both = {where for where in finder.functions if any(item.key == where and not item.why for item in unknown)}
    unknown = [replace(item, why="a value and a function in one display") if item.key in both else item for item in unknown]
    unknown += [Unknown(name, "", why="its stated shape is no plain size") for name in unclear]
    found = {name: value for name, value in symbols.items() if value}
    return Inferred(found, tuple(dict.fromkeys(still)), tuple(unknown), tuple(finder.samples.values()), finder.hints.words)


def _output_shapes(finder: Finder, sizes: set[str]) -> dict[str, list[str]]:
    """What the text says of the shapes of what the display defines: it decides between readings, and a wrong result is refused."""
    found: dict[str, list[str]] = {}
    for where, printed in finder.outputs.items():
        kind, name = finder.hints.known.get(where, ("", ""))
        shape = _shape(finder, name) if kind == "shape" else () if kind in {"scalar", "number"} else None
        if shape is not None and all(size in sizes or size.isdigit() for size in shape):
            found[printed] = list(shape)
    return found


def _shape(finder: Finder, name: str) -> tuple[str, ...] | None:
    sizes = [dimension(size) for size in finder.hints.shapes[name]]
    return None if None in sizes else tuple(size for size in sizes if size is not None)
