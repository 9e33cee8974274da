"""Expectations: the mean over a declared sample axis, over an index, or over the vector itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._names import NAME_KINDS, mentions, parts
from ._reductions import Bounds, plain_index, reduced, summed
from ._statements import parse_name
from ._tokens import Refusal
from ._tree import NONE, Node, key, latex
from ._typed import IndexVar, Scope, Term

if TYPE_CHECKING:
    from ._resolve import Resolver


def expectation(resolver: Resolver, symbol: Node, body: Node, scope: Scope) -> Term:
    """E[...]: the mean over the declared sample axis, over an index, or over the vector itself."""
    below = symbol.items[1] if symbol.kind == "script" else NONE
    if symbol.kind == "script" and symbol.items[2].kind != "none":
        raise Refusal(f"the superscript of {latex(symbol)} is not understood", symbol.at)
    random = resolver.symbols.random
    if body.kind == "group" and len(body.items) > 1:
        if not random or body.tag[0] != "|":
            raise Refusal("a conditional expectation is not supported", body.at)
        body = replace(body, items=body.items[:1], tag=())  # the declared samples are those under the condition
    if random:
        axes = _sample_axes(resolver, below, body)
        variables = {axis: IndexVar(f"sample of {axis}", dim=axis) for axis in axes}
        inner = replace(scope, samples={**scope.samples, **variables})
        term = resolver.expression(body, inner)
        return Term("reduce", (term,), term.shape, ("mean", tuple(variables.values())), term.side, symbol.at)
    pieces = parts(below)
    if pieces and all(piece.kind in NAME_KINDS and key(piece, fonts=False) in resolver.ranges for piece in pieces):
        found = Bounds()
        for piece in pieces:
            plain_index(resolver, piece, scope, found)
        return reduced(resolver, "mean", found, body, scope.bind(found.variables), symbol.at)
    if below.kind != "none":
        raise Refusal(f"over which samples {latex(symbol)} is taken is not declared", symbol.at)
    term = resolver.expression(body, scope)
    if term.rank != 1:
        raise Refusal("over which axis the expectation is taken is not declared", symbol.at)
    return summed(term, "mean", symbol.at)


def _sample_axes(resolver: Resolver, below: Node, body: Node) -> list[str]:
    random = resolver.symbols.random
    if "" in random:
        return [random[""]]
    named = [axis for name, axis in random.items() if resolver.symbols.names and _printed(resolver, name, below)]
    if not named:
        named = [axis for name, axis in random.items() if _printed(resolver, name, body)]
    return list(dict.fromkeys(named)) or list(dict.fromkeys(random.values()))[:1]


def _printed(resolver: Resolver, name: str, where: Node) -> bool:
    try:
        wanted = key(parse_name(name, resolver.symbols.words))
    except Refusal:
        return False
    return where.kind != "none" and mentions(where, {wanted})
