"""One slip in an expression: a sign, min for max, a quotient upside down, a forgotten factor, term, function, power or shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ._expressions import Node, number

Slip = tuple[str, Node]


EVERYTHING = "with the sign of everything turned"
# slips that an argument explains which was changed before it was given: they need names that leave no doubt
OF_ONE = ("with the square of", "with the root of", "with 1 - ", "without its ", "without the power of")


def slips(node: Node) -> Iterator[Slip]:
    """Yield (what it is in words, expression) for every slip at every single place, then for the shares x and 1 - x exchanged."""
    whole = node.kind == "add" and len(node.parts) > 1 and node.signs[0] > 0  # what is maximised may be returned with a minus
    for words, other in _single(node):
        if not (whole and words == EVERYTHING and other.parts == node.parts):
            yield words, other
    for atom in {part.name + part.index: part for part in node.atoms()}.values():
        yield f"with {say(atom)} and 1 - {say(atom)} exchanged", _put(node, atom)
    if node.kind == "add" and len(node.parts) == 2 and all(part.kind == "mul" and part.parts[0].kind == "number" for part in node.parts):
        one, two = node.parts
        yield (
            f"with {say(one.parts[0])} and {say(two.parts[0])} exchanged",
            replace(node, parts=(replace(one, parts=(two.parts[0], *one.parts[1:])), replace(two, parts=(one.parts[0], *two.parts[1:])))),
        )


def _put(node: Node, atom: Node) -> Node:
    """Return the expression with 1 - x for x."""
    if node == atom:
        return Node("add", parts=(number(1.0), atom), signs=(1, -1))
    return replace(node, parts=tuple(_put(part, atom) for part in node.parts))


def _single(node: Node) -> Iterator[Slip]:
    yield from _here(node)
    for place, part in enumerate(node.parts):
        for words, other in _single(part):
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
        if node.parts[1].kind == "sum":
            count = replace(node.parts[1], parts=(Node("pow", parts=(node.parts[1].parts[0], number(0.0))),))
            yield f"divided by the number of all elements, not by {say(node.parts[1])}", Node("div", parts=(node.parts[0], count))
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
        inside = node.parts[0].parts if node.parts[0].kind == "mul" else node.parts
        reduction = next((part for part in inside if part.kind in ("sum", "mean") and part.parts[0].name == "exp"), None)
        if node.name == "log" and reduction is not None:
            yield f"with the logarithm inside the {reduction.kind}", replace(reduction, parts=(reduction.parts[0].parts[0],))
        yield f"without its {node.name}", node.parts[0]
        if node.name == "abs":
            yield "with a square for an absolute value", Node("pow", parts=(node.parts[0], number(2.0)))
    elif node.kind == "norm":
        for atom in {part.name + part.index: part for part in node.atoms()}.values():
            yield f"with all under the norm divided by {say(atom)}", replace(node, parts=(Node("div", parts=(node.parts[0], atom)),))
        yield "with the norm and its square exchanged", replace(node, name="root" if node.name == "square" else "square")
    elif node.kind == "sum" and node.other:
        yield "with the element itself in the sum", replace(node, other=False)
    elif node.kind in ("sum", "mean"):
        yield (
            f"with a {'mean' if node.kind == 'sum' else 'sum'} for a {node.kind}",
            replace(node, kind="mean" if node.kind == "sum" else "sum"),
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
        yield EVERYTHING, replace(node, signs=tuple(-sign for sign in node.signs))
    for place, part in enumerate(node.parts):
        signs = (*node.signs[:place], -node.signs[place], *node.signs[place + 1 :])
        yield f"with the sign of {say(part)} turned", replace(node, signs=signs)
        rest, left = node.parts[:place] + node.parts[place + 1 :], node.signs[:place] + node.signs[place + 1 :]
        if rest:
            yield f"without the term {say(part)}", replace(node, parts=rest, signs=left)


def _minus(node: Node) -> Node:
    return Node("add", parts=(node,), signs=(-1,))


def printed(name: str) -> str:
    """Return an atom's name as a reader sees it."""
    return name.replace("|_", "_").replace("|(", "(").removesuffix("|").replace("\\mid", "|").replace("\\", "").replace(" ", "")


def say(node: Node) -> str:
    """Return an expression in short."""
    if node.kind == "number":
        return node.name.removesuffix(".0")
    if node.kind == "atom":
        return printed(node.name + node.index) + (f"[{node.shift:+d}]" if node.shift else "")
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
    return f"{node.kind if node.kind in ('mean', 'prod') else node.name or node.kind}({', '.join(inside)})"
