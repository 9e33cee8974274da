"""The flow of data as text: modules in the order in which they run, with shapes, parameters and where they read from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ._blueprint import Layer

DEEPEST = 4  # levels below the model; what lies deeper is counted in its parent


@dataclass
class _Node:
    layer: Layer
    name: str  # relative to the parent
    children: list[_Node] = field(default_factory=list)

    @property
    def parameters(self) -> int:
        return self.layer.parameters + sum(child.parameters for child in self.children)

    @property
    def signature(self) -> tuple[object, ...]:
        layer = self.layer
        own = (layer.kind, layer.input_shapes, layer.output_shapes, self.parameters, layer.calls, layer.attention)
        return (*own, *((child.name, child.signature) for child in self.children))


def diagram(layers: Sequence[Layer]) -> str:
    """Return a stable ASCII text, one line per module; siblings that are alike stand on one line with their number."""
    if not layers or layers[0].path:
        return ""
    root = _tree(layers)
    rows: list[tuple[str, str, str, str]] = []
    _write(root, 0, rows)
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}{'  ' + row[3] if row[3] else ''}".rstrip() for row in rows
    ]
    return "\n".join(lines) + "\n"


def shape_text(shape: Sequence[str]) -> str:
    """Return a shape as it is printed: "(B, S, d_model)"."""
    return f"({', '.join(shape)})"


def _tree(layers: Sequence[Layer]) -> _Node:
    root = _Node(layers[0], layers[0].kind)
    nodes: dict[str, _Node] = {"": root}
    for layer in layers[1:]:
        parts = layer.path.split(".")
        parent = next(path for length in range(len(parts) - 1, -1, -1) if (path := ".".join(parts[:length])) in nodes)
        node = _Node(layer, layer.path[len(parent) :].lstrip("."))
        nodes[parent].children.append(node)
        nodes[layer.path] = node
    return root


def _write(node: _Node, depth: int, rows: list[tuple[str, str, str, str]], name: str | None = None) -> None:
    layer = node.layer
    inputs = " ".join(shape_text(shape) for shape in layer.input_shapes) or "-"
    outputs = " ".join(shape_text(shape) for shape in layer.output_shapes) or "-"
    flow = f"{inputs} -> {outputs}" if layer.calls else "not called"
    notes = [f"weights {shape_text(shape)}" for shape in layer.attention]
    notes += [f"reads {path}" for path in layer.reads]
    label = node.name if name is None else name
    head = label if depth == 0 else f"{'|  ' * (depth - 1)}+- {label} {layer.kind}"
    rows.append((head, flow, f"{node.parameters:,}" if node.parameters else "", "; ".join(notes)))
    if depth == DEEPEST:
        return
    for group in _alike(node.children):
        first, last = group[0], group[-1]
        _write(first, depth + 1, rows, None if len(group) == 1 else f"{first.name} .. {last.name} ({len(group)} alike)")


def _alike(children: Sequence[_Node]) -> list[list[_Node]]:
    """Group neighbours whose names differ in one number only and that are alike inside."""
    groups: list[list[_Node]] = []
    for child in children:
        pattern = re.sub(r"\d+", "#", child.name)
        if groups and re.sub(r"\d+", "#", groups[-1][0].name) == pattern != child.name and groups[-1][0].signature == child.signature:
            groups[-1].append(child)
        else:
            groups.append([child])
    return groups
