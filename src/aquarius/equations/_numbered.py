"""Members that are declared one by one, under a reduction that counts them: min_{i=1,2} Q_i."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ._names import NAME_KINDS
from ._tree import Node, key, walk
from ._typed import IndexVar, Scope, Term

if TYPE_CHECKING:
    from ._resolve import Resolver

MOST_NUMBERED = 9
_WRITTEN_OUT = {"sum", "prod", "max", "min"}


def numbered(resolver: Resolver, node: Node, name: str, variable: IndexVar, inner: Scope) -> Term | None:
    """The members of a reduction written out, where its body holds names that only their numbers make declared ones; else None."""
    numbers = _counted(variable)
    scripted = [item for item in _outermost_scripts(node.items[2]) if _holds(item, name)]
    if node.text not in _WRITTEN_OUT or not numbers or all(resolver.lookup(item, inner) is not None for item in scripted):
        return None
    rest = {other: index for other, index in inner.indices.items() if other != name}
    outside = replace(inner, indices=rest)
    for item in scripted:
        if any(resolver.lookup(_with_number(item, name, number), outside) is None for number in numbers):
            return None
    items = [resolver.expression(_with_number(node.items[2], name, number), outside) for number in numbers]
    if node.text == "sum":
        return resolver.arithmetic.add(items, ["+"] * len(items), node.at)
    term = items[0]
    for other in items[1:]:
        if node.text == "prod":
            term = resolver.arithmetic.multiply("\\odot" if other.rank else "\\cdot", term, other, node.at)
        else:
            term = resolver.arithmetic.elementwise("maximum" if node.text == "max" else "minimum", term, other, node.text, node.at)
    return term


def _counted(variable: IndexVar) -> list[int]:
    """The numbers a printed range runs through; none where it is no short range of numbers."""
    lower, upper = variable.lower, variable.upper
    if lower is None or upper is None or lower.op != "number" or upper.op != "number":
        return []
    numbers = range(int(lower.data[0]), int(upper.data[0]) + 1)
    return list(numbers) if len(numbers) <= MOST_NUMBERED else []


def _holds(node: Node, name: str) -> bool:
    return any(piece.kind in NAME_KINDS and key(piece, fonts=False) == name for side in node.items[1:] for piece in walk(side))


def _outermost_scripts(node: Node) -> Iterator[Node]:
    if node.kind == "script" and node.items[0].kind in NAME_KINDS:
        yield node
        return
    for item in node.items:
        yield from _outermost_scripts(item)


def _with_number(node: Node, name: str, number: int) -> Node:
    if node.kind in NAME_KINDS and key(node, fonts=False) == name:
        return Node("number", node.at, str(number))
    return replace(node, items=tuple(_with_number(item, name, number) for item in node.items)) if node.items else node
