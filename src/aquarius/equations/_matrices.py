"""Branches behind a brace, and matrices that are printed cell by cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._arithmetic import fitted
from ._tokens import Refusal
from ._tree import Node
from ._typed import Scope, Term, constant

if TYPE_CHECKING:
    from ._resolve import Resolver


def cases_of(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """Branches with their conditions; the first that holds counts."""
    values: list[Term] = []
    conditions: list[Term | None] = []
    resolver.in_cases += 1
    for row in node.items:
        cells = [
            cell
            for cell in row.items
            if not (cell.kind == "text" and cell.text.strip(" ,.:") in {"if", "for", "when", "where", "and", "If"})
        ]
        if len(cells) != 2:
            raise Refusal("a branch needs a value and a condition", row.at)
        values.append(resolver.expression(cells[0], scope))
        if cells[1].kind in {"text", "symbol"} and cells[1].text.strip(" ,.:").lower() in {
            "otherwise",
            "else",
            "o.w",
            "otherwise.",
            "if otherwise",
        }:
            conditions.append(None)
        else:
            conditions.append(resolver.condition(cells[1], scope))
    resolver.in_cases -= 1
    if None in conditions[:-1]:
        raise Refusal("a branch follows after 'otherwise'", node.at)
    whole = values[0]
    for other in [*values[1:], *(condition for condition in conditions if condition is not None)]:
        shape = resolver.arithmetic.broadcast(whole, other, "the branches")
        whole = replace(whole, op="cases", args=(), shape=shape)
    arguments: list[Term] = []
    for value, condition in zip(values, conditions, strict=True):
        arguments += [value] if condition is None else [condition, value]
    return Term("cases", tuple(arguments), whole.shape, (), whole.side, node.at)


def matrix_of(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """A printed matrix or vector of numbers; a column of vectors is their concatenation."""
    rows = [[_cell(resolver, cell, scope) for cell in row.items] for row in node.items]
    if any(len(row) != len(rows[0]) for row in rows):
        raise Refusal("the rows of a matrix differ in length", node.at)
    flat = [cell for row in rows for cell in row]
    if all(cell.rank == 0 for cell in flat):
        if len(rows) == 1 or len(rows[0]) == 1:
            return Term("stack", tuple(flat), (str(len(flat)),), (), "c" if len(rows[0]) == 1 else "r", node.at)
        return Term("matrix", tuple(flat), (str(len(rows)), str(len(rows[0]))), (), "", node.at)
    if len(rows[0]) == 1 and all(cell.rank == 1 for cell in flat):
        return Term("concat", tuple(flat), ("+".join(cell.shape[0] for cell in flat),), (0,), "c", node.at)
    if all(cell.rank == 2 for cell in flat):
        return _blocks(resolver, rows, node.at)
    if all(cell.rank == 2 or _is_filler(cell) for cell in flat):
        return _blocks(resolver, _filled(resolver, rows, node.at), node.at)
    raise Refusal("a matrix of blocks of different kinds is not supported", node.at)


def _cell(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """A cell; a bold nought is a block of noughts, the minus of an identity its negative."""
    if node.kind == "symbol" and node.text in {"0", "O"} and node.tag[:1] == ("bf",) and resolver.symbols.find(node) is None:
        return constant(0, node.at)
    if node.kind == "sum" and node.tag == ("-",):
        inner = _cell(resolver, node.items[0], scope)
        if inner.op == "eye" and not inner.shape:
            return Term("scaled-eye", (constant(-1, node.at),), (), (), "", node.at)
    return resolver.expression(node, scope)


def _is_filler(cell: Term) -> bool:
    """0 and I, which take the size of the blocks beside and above them."""
    return (cell.op == "number" and cell.data[0] == 0) or (cell.op in {"eye", "scaled-eye"} and not cell.shape)


def _filled(resolver: Resolver, rows: list[list[Term]], at: int) -> list[list[Term]]:
    """Blocks with the noughts and identities in their sizes, which the other blocks of the row and column give; an identity is square."""
    heights: list[str] = [next((cell.shape[0] for cell in row if cell.rank == 2), "") for row in rows]
    widths: list[str] = [next((row[place].shape[1] for row in rows if row[place].rank == 2), "") for place in range(len(rows[0]))]
    square = [(row, place) for row, cells in enumerate(rows) for place, cell in enumerate(cells) if cell.op in {"eye", "scaled-eye"}]
    for _ in square:
        for row, place in square:
            heights[row] = heights[row] or widths[place]
            widths[place] = widths[place] or heights[row]
    if "" in heights + widths:
        raise Refusal("the size of a block of noughts or of an identity does not show", at)
    if any(not resolver.sizes.same(heights[row], widths[place]) for row, place in square):
        raise Refusal("an identity matrix stands where a block is not square", at)
    return [
        [cell if cell.rank == 2 else _of_size(cell, (heights[row], widths[place])) for place, cell in enumerate(cells)]
        for row, cells in enumerate(rows)
    ]


def _of_size(cell: Term, shape: tuple[str, str]) -> Term:
    return fitted(cell, shape) if cell.op != "number" else Term("zeros", (), shape, (), "", cell.at)


def _blocks(resolver: Resolver, rows: list[list[Term]], at: int) -> Term:
    """A matrix of matrices: the blocks of a row have one height, those of a column one width."""
    for row in rows:
        if not all(resolver.sizes.same(cell.shape[0], row[0].shape[0]) for cell in row):
            raise Refusal("the blocks of a row differ in height", at)
        if not all(resolver.sizes.same(cell.shape[1], above.shape[1]) for cell, above in zip(row, rows[0], strict=True)):
            raise Refusal("the blocks of a column differ in width", at)
    width = "+".join(_bracketed(cell.shape[1]) for cell in rows[0])
    joined = [Term("concat", tuple(row), (row[0].shape[0], width), (1,), "", at) if len(row) > 1 else row[0] for row in rows]
    height = "+".join(_bracketed(row[0].shape[0]) for row in rows)
    return Term("concat", tuple(joined), (height, width), (0,), "", at) if len(joined) > 1 else joined[0]


def _bracketed(dim: str) -> str:
    return f"({dim})" if "-" in dim or "/" in dim else dim
