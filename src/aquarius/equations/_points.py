r"""Derivatives printed as fractions, and expressions that a bar evaluates at a point: \partial f(x) / \partial x |_{x = x_0}."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._names import NAME_KINDS
from ._tokens import Refusal
from ._tree import NONE, Node, key, latex, walk
from ._typed import Scope, Term

if TYPE_CHECKING:
    from ._resolve import Resolver

_NO_DERIVATIVE = "a derivative is taken; only \\nabla and \\partial f(x) / \\partial x of a number are supported"


def derivative_of(resolver: Resolver, node: Node, scope: Scope) -> Term | None:
    r"""\partial f(x) / \partial x as the gradient of f(x) by x; None where the fraction is no derivative.

    Raises:
        Refusal: it is a derivative of another form, such as an operator or d x / d t.
    """
    above, below = node.items
    first = below.items[0] if below.kind == "product" else below
    if first.kind != "symbol" or first.text not in {"\\partial", "d"} or resolver.symbols.find(first) is not None:
        return None
    if first.text == "d" and below.kind != "product":
        return None
    top = above.items[0] if above.kind == "product" else above
    pair = below.kind == "product" and len(below.items) == 2 and not any(below.tag) and below.items[1].kind in NAME_KINDS
    if first.text == "d" or not pair or above.kind != "product" or above.tag[0] or top.text != "\\partial" or top.kind != "symbol":
        raise Refusal(_NO_DERIVATIVE, node.at)
    nabla = Node("script", node.at, "", (Node("symbol", node.at, "\\nabla", (), ("",)), below.items[1], NONE))
    return resolver.expression(replace(above, items=(nabla, *above.items[1:])), scope)


def evaluated_at(resolver: Resolver, node: Node, scope: Scope) -> Term:
    r"""f(u)|_{u = u_0}: the expression with the point in place of the letter, which nothing else declares.

    Raises:
        Refusal: the point does not show, or the expression uses it besides.
    """
    body, below, above = node.items
    if above.kind != "none" or below.kind != "relation" or below.tag != ("=",) or below.items[0].kind not in NAME_KINDS:
        raise Refusal("the point at which an expression is evaluated does not show", node.at)
    letter, value = below.items
    if resolver.lookup(letter, scope) is not None:
        raise Refusal(f"{latex(letter)} is declared, and an expression is evaluated at another value of it", letter.at)
    names = {key(item) for item in walk(value) if item.kind in NAME_KINDS and item.kind != "symbol"} or {key(value)}
    if any(item.kind in NAME_KINDS and key(item) in names for item in walk(body)):
        raise Refusal("an expression uses the point at which it is evaluated", node.at)
    point = resolver.expression(value, scope)
    return resolver.expression(body, replace(scope, parameters={**scope.parameters, key(letter): point}))
