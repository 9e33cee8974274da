"""One slip in an expression: a sign, min for max, a quotient upside down, a forgotten factor, term, function, power or shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ._expressions import Node, number

Slip = tuple[str, Node]


def slips(node: Node) -> Iterator[Slip]:
    """Yield (what it is in words, expression) for every slip at every single place."""
    yield from _here(node)
    for place, part in enumerate(node.parts):
        for words, other in slips(part):
            yield words, replace(node, parts=(*node.parts[:place], other, *node.parts[place + 1 :]))


def _here(node: Node) -> Iterator[Slip]:
    if node.kind == "add":
        yield from _terms(node)
    elif node.kind == "mul":
        for place, part in enumerate(node.parts):
            rest = node.parts[:place] + node.parts[place + 1 :]
            yield f"without the factor {say(part)}", rest[0] if len(rest) == 1 else replace(node, parts=rest)
            if part.kind in ("atom", "add"):
                yield f"divided by {say(part)}, not multiplied", Node("div", parts=(replace(node, parts=rest), part))
            if part.kind == "div":
                continue
    elif node.kind == "div":
        yield f"with {say(node)} upside down", Node("div", parts=(node.parts[1], node.parts[0]))
        yield f"without its division by {say(node.parts[1])}", node.parts[0]
        yield f"multiplied by {say(node.parts[1])}, not divided", Node("mul", parts=node.parts)
    elif node.kind in ("max", "min") and len(node.parts) > 1:
        yield f"with {'min' if node.kind == 'max' else 'max'} for {node.kind}", replace(node, kind="min" if node.kind == "max" else "max")
        for part in node.parts:
            yield f"with {say(part)} for the {node.kind}", part
    elif node.kind == "pow":
        yield f"without the power of {say(node.parts[0])}", node.parts[0]
        yield f"with the sign of the power of {say(node.parts[0])} turned", replace(node, parts=(node.parts[0], _minus(node.parts[1])))
    elif node.kind == "call":
        yield f"without its {node.name}", node.parts[0]
        if node.name == "abs":
            yield "with a square for an absolute value", Node("pow", parts=(node.parts[0], number(2.0)))
    elif node.kind == "norm":
        yield "with the norm and its square exchanged", replace(node, name="root" if node.name == "square" else "square")
    elif node.kind == "sum" and node.other:
        yield "with the element itself in the sum", replace(node, other=False)
    elif node.kind in ("sum", "mean"):
        yield f"with a {'mean' if node.kind == 'sum' else 'sum'} for a {node.kind}", replace(
            node, kind="mean" if node.kind == "sum" else "sum"
        )
    elif node.kind == "less":
        yield "with its condition turned", Node("less", parts=(node.parts[1], node.parts[0]))
    elif node.kind == "atom":
        if node.shift:
            yield f"with {say(node)} at the same time, not the next", replace(node, shift=0)
        yield f"with the square of {say(node)}", Node("pow", parts=(node, number(2.0)))
        yield f"with the root of {say(node)}", Node("call", "sqrt", (node,))
        yield f"with 1 - {say(node)} for {say(node)}", Node("add", parts=(number(1.0), node), signs=(1, -1))


def _terms(node: Node) -> Iterator[Slip]:
    first = node.parts[0]
    if len(node.parts) == 2 and first == number(1.0) and node.signs == (1, -1):
        yield f"with {say(node.parts[1])} for 1 - {say(node.parts[1])}", node.parts[1]
    if len(node.parts) > 1:
        yield "with the sign of everything turned", replace(node, signs=tuple(-sign for sign in node.signs))
    for place, part in enumerate(node.parts):
        signs = (*node.signs[:place], -node.signs[place], *node.signs[place + 1 :])
        yield f"with the sign of {say(part)} turned", replace(node, signs=signs)
        rest, left = node.parts[:place] + node.parts[place + 1 :], node.signs[:place] + node.signs[place + 1 :]
        if rest:
            yield f"without the term {say(part)}", replace(node, parts=rest, signs=left)


def _minus(node: Node) -> Node:
    return Node("add", parts=(node,), signs=(-1,))


def say(node: Node) -> str:
    """Return an expression in short."""
    if node.kind == "number":
        return node.name.removesuffix(".0")
    if node.kind == "atom":
        return (node.name + node.index).replace("\\mid", "|").replace("\\", "").replace(" ", "") + (f"[{node.shift:+d}]" if node.shift else "")
    inside = [say(part) for part in node.parts]
    if node.kind == "add":
        text = " ".join(("+ " if sign > 0 else "- ") + part for sign, part in zip(node.signs, inside, strict=True)).removeprefix("+ ")
        return f"({text})"
    if node.kind == "mul":
        return " ".join(inside)
    if node.kind == "div":
        return f"{inside[0]}/{inside[1]}"
    if node.kind == "pow":
        return f"{inside[0]}^{inside[1]}"
    return f"{node.name or node.kind}({', '.join(inside)})"
