"""Names in a tree: how scripts may be split between a name, its indices and an exponent, and which left sides define something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ._tree import NONE, Node, key, walk

NAME_KINDS = {"symbol", "script", "accent", "name"}


@dataclass(frozen=True, slots=True)
class Split:
    """One way to read a scripted symbol: the name keeps some scripts, the rest is index (below) or exponent (above)."""

    name: Node
    below: tuple[Node, ...] = ()
    above: Node | None = None


def parts(node: Node) -> tuple[Node, ...]:
    """The members of a script: i, j of x_{ij} and of x_{i,j} and of x_{(i,j)}."""
    if node.kind == "none":
        return ()
    if node.kind == "group" and node.text in {"{}", "()"} and set(node.tag) <= {",", "", "|"} and node.items:
        inner = [part for item in node.items for part in (parts(item) if item.kind == "group" else (item,))]
        return tuple(inner) if len(node.items) > 1 else parts(node.items[0])
    if node.kind == "product" and not any(node.tag) and all(item.kind in {"symbol", "number", "script", "name"} for item in node.items):
        if node.items[0].kind == "number":
            return (node,)  # 2i is one index
        return node.items
    return (node,)


def splits(node: Node) -> Iterator[Split]:
    """Yield the splits of a name-like node, the longest name first."""
    if node.kind != "script" or node.items[0].kind not in NAME_KINDS:
        yield Split(node)
        return
    base, below, above = node.items
    for kept_below, index in _below(below):
        for kept_above, rest in _above(above):
            name = base
            if kept_below.kind != "none" or kept_above.kind != "none" or node.tag:
                name = replace(node, items=(base, kept_below, kept_above))
            yield Split(name, index, rest)
    if base.kind == "script":
        for inner in splits(base):
            if inner.name is not base and (inner.above is None or above.kind == "none"):
                yield Split(inner.name, (*inner.below, *parts(below)), above if above.kind != "none" else inner.above)


def _below(below: Node) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    yield below, ()
    if below.kind == "none":
        return
    pieces = parts(below)
    for count in range(len(pieces) - 1, 0, -1):
        yield _joined(pieces[:count], below), pieces[count:]
        yield _joined(pieces[-count:], below), pieces[:-count]
    if len(pieces) == 1 and pieces[0].kind == "product" and pieces[0].items[0].kind == "number" and not any(pieces[0].tag):
        number, *rest = pieces[0].items  # p_{0i}: element i of p_0, where that is declared
        yield number, tuple(rest)
    if len(pieces) == 1 and pieces[0].kind == "script" and pieces[0].items[1].kind != "none":  # v_{w_i}: element i of v_w
        inner = pieces[0]
        yield inner.items[0], parts(inner.items[1])
    last = below.items[-1] if below.kind == "product" and not any(below.tag) else NONE
    if last.kind == "script" and last.items[1].kind != "none" and last.items[2].kind == "none":  # X_{f16_{ij}}: element i, j of X_{f16}
        yield replace(below, items=(*below.items[:-1], last.items[0])), parts(last.items[1])
    yield NONE, pieces


def _above(above: Node) -> Iterator[tuple[Node, Node | None]]:
    yield above, None
    if above.kind == "none":
        return
    if above.kind == "product" and len(above.items) == 2:  # W^{(l)\top}, W^{QT}
        yield above.items[0], above.items[1]
    if above.kind == "group" and above.text in {"{}"} and len(above.items) == 2:
        yield above.items[0], above.items[1]
    yield NONE, above


def _joined(pieces: tuple[Node, ...], like: Node) -> Node:
    if len(pieces) == 1:
        return pieces[0]
    if like.kind == "group":
        return replace(like, items=pieces, tag=(",",) * (len(pieces) - 1))
    return Node("product", pieces[0].at, "", pieces, ("",) * (len(pieces) - 1))


def mentions(node: Node, keys: set[str]) -> bool:
    """Whether a symbol with one of these keys stands anywhere in the node."""
    return any(item.kind in NAME_KINDS and key(item) in keys for item in walk(node))


def is_transpose(node: Node) -> bool:
    """\\top, \\intercal, T or \\mathsf T as a superscript."""
    return node.kind == "symbol" and node.text in {"\\top", "T", "\\intercal", "\\mathsf", "\u22a4"}


@dataclass(frozen=True, slots=True)
class Left:
    """A left side: the name it defines, the arguments in its bracket, the parts it takes apart."""

    name: Node
    arguments: tuple[Node, ...] = ()
    indices: tuple[Node, ...] = ()
    parts: tuple[Node, ...] = ()


def left_side(node: Node) -> Left | None:
    """Read a left side: a name, name(arguments), a scripted call, or a bracket of names; None where it is none of these."""
    if node.kind in {"symbol", "accent", "name"}:
        return Left(node)
    if node.kind == "script":
        if node.items[0].kind in NAME_KINDS:
            return Left(node)
        inner = left_side(node.items[0])
        if inner is not None and not inner.parts and node.items[2].kind == "none":
            return replace(inner, indices=(*inner.indices, *parts(node.items[1])))
        return None
    if node.kind == "call" and node.text == "()":
        return Left(node.items[0], node.items[1].items)
    if node.kind == "product" and not any(node.tag):
        node = _joined_letters(node)
        if node.kind != "product":
            return left_side(node)
    if node.kind == "product" and len(node.items) == 2 and node.tag == ("",):
        name, argument = node.items
        if name.kind in NAME_KINDS and argument.kind == "group" and argument.text in {"()", "[]", "{}"}:
            return Left(name, argument.items)
        if name.kind in NAME_KINDS and argument.kind == "script" and argument.items[0].kind == "group":
            group, below, above = argument.items
            if above.kind == "none" or (above.kind == "group" and above.text in {"()", "[]"} and below.kind == "none"):  # P(x)^{(i)}
                return Left(name, group.items, parts(below) if above.kind == "none" else above.items)
        if name.kind == "symbol" and name.text == "\\Delta" and argument.kind in NAME_KINDS:
            return Left(Node("name", node.at, f"\\Delta {key(argument)}"))
    if node.kind == "group" and node.text in {"()", "[]", "{}"}:
        if len(node.items) == 1:
            return left_side(node.items[0])
        if node.items and all(item.kind in NAME_KINDS for item in node.items):
            return Left(node, parts=node.items)
    if node.kind == "matrix" and node.items and all(len(row.items) == 1 and row.items[0].kind in NAME_KINDS for row in node.items):
        return Left(node, parts=tuple(row.items[0] for row in node.items))
    return None


def _joined_letters(node: Node) -> Node:
    """lrate, \\mathbf{odds} and PE_{i} on a left side are one name, printed as letters of one font that stand together."""
    count = 0
    first = next((item for item in walk(node.items[0]) if item.kind == "symbol"), NONE)
    font = first.tag if first.tag in {("",), ("bf",)} else ("",)
    while (
        count < len(node.items)
        and node.items[count].kind == "symbol"
        and len(node.items[count].text) == 1
        and node.items[count].tag == font
    ):
        count += 1
    scripted = node.items[count] if count < len(node.items) and node.items[count].kind == "script" else None
    letters = list(node.items[:count])
    last = scripted.items[0] if scripted is not None else NONE
    if scripted is not None and last.kind == "symbol" and len(last.text) == 1 and (font == ("",) or last.tag == font):
        letters.append(scripted.items[0])
    else:
        scripted = None
    if len(letters) < 2:
        return node
    word = Node("symbol", node.at, "".join(letter.text for letter in letters), (), font)
    name = replace(scripted, at=node.at, items=(word, *scripted.items[1:])) if scripted is not None else word
    rest = node.items[len(letters) :]
    return name if not rest else replace(node, items=(name, *rest), tag=("",) * len(rest))
