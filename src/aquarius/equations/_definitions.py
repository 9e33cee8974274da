"""Left sides: what a display defines, over which indices, and from which right side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._arithmetic import SHAPELESS
from ._indexing import dim_of, highest, index_term, index_variable, indices_in
from ._names import NAME_KINDS, Left, left_side, parts
from ._parse import RELATION_WORDS
from ._reductions import check_counted, every_term, is_idle, objective
from ._statements import Statement, parse_name
from ._tokens import Refusal
from ._tree import NONE, Node, key, latex, walk
from ._typed import IndexVar, Output, Rule, Scope, Term

if TYPE_CHECKING:
    from ._resolve import Resolver


@dataclass
class Definition:
    """A left side and the right sides printed for it; resolved when first needed."""

    name: str
    left: Left
    node: Node
    rights: list[tuple[Left, Node, tuple[Node, ...]]]
    order: int
    index_pieces: tuple[Node, ...] = ()
    output: Output | None = None
    busy: bool = False
    called: bool = False
    finished: int = 0


def read_ranges(resolver: Resolver, found: list[Statement]) -> None:
    table = {**{name: text for name, text in resolver.symbols.sets.items() if ".." in text}, **resolver.symbols.index}
    for name, text in table.items():
        lower, _, upper = text.partition("..")
        try:
            node = parse_name(name, resolver.symbols.words)
            if not upper:
                lower, upper = "1", text.removeprefix("axis ")
            span = (parse_name(lower.strip(), resolver.symbols.words), _size_node(resolver, upper.strip(".").strip()))
        except Refusal:
            continue
        resolver.ranges[key(node, fonts=False)] = span
        zero = lower.strip() == "0"
        resolver.zero_based |= zero
        for atom in resolver.sizes.values:
            if atom in text:
                resolver.dim_bases.setdefault(atom, 0 if zero else 1)
    for statement in found:
        if statement.kind == "range":
            resolver.ranges.setdefault(key(statement.node, fonts=False), (statement.lower, statement.upper))


def _size_node(resolver: Resolver, text: str) -> Node:
    """An upper bound as declared: a size, a number or an expression of both."""
    if text in resolver.sizes.values:
        return Node("name", 0, "size:" + text)
    return parse_name(text, resolver.symbols.words)


def collect(resolver: Resolver, found: list[Statement]) -> None:
    order = 0
    for statement in found:
        if statement.kind != "equation":
            continue
        order += 1
        node = statement.node
        if node.kind != "relation":
            _define(resolver, Left(Node("name", node.at, "out")), Node("name", node.at, "out"), (objective(resolver, node),), order)
            continue
        bad = next((operator for operator in node.tag if operator != "="), None)
        if bad is not None:
            raise Refusal(f"the display states a relation ({RELATION_WORDS.get(bad, bad)}), which computes nothing", node.at)
        items = list(node.items)
        if items[0].kind == "none" or items[-1].kind == "none":
            raise Refusal("one side of the equation is missing", node.at)
        first = objective(resolver, items[0])
        values = first.kind == "product" and all(item.kind in NAME_KINDS and _known(resolver, item) for item in first.items)
        left = None if values else left_side(first)  # A x = y: not a name of two letters
        if left is None:
            left = _value_of_expression(resolver, first)
        pairs = _taken_apart(left, items[1:]) if left.parts else []
        for part, value in pairs:  # (a, b) = (c, d)
            _define(resolver, part, part.name, (objective(resolver, value),), order)
        if not pairs:
            _define(resolver, left, first, tuple(objective(resolver, item) for item in items[1:]), order)


def _taken_apart(left: Left, rights: list[Node]) -> list[tuple[Left, Node]]:
    """Name by name, where the right side is a list of as many values; else nothing."""
    if len(rights) != 1:
        return []
    right = rights[0]
    values: tuple[Node, ...] = ()
    if right.kind == "group" and right.text == left.name.text and right.text in {"()", "[]", "{}"} and len(set(right.tag)) == 1:
        values = right.items
    elif right.kind == "matrix" and left.name.kind == "matrix" and all(len(row.items) == 1 for row in right.items):
        values = tuple(row.items[0] for row in right.items)
    names = [left_side(part) for part in left.parts]
    if len(values) != len(names) or any(name is None for name in names):
        return []
    return [(name, value) for name, value in zip(names, values, strict=True) if name is not None]


def _value_of_expression(resolver: Resolver, node: Node) -> Left:
    """log p(x) = ..., |S| = ..., -L = ...: the value of the whole left side is what the right side computes."""
    allowed = {"product", "call", "group", "script", "symbol", "accent", "name", "number", "fraction", "none"}
    if not all(item.kind in allowed for item in walk(node)):
        raise Refusal("the left side is neither a name nor a name with arguments", node.at)
    scripts = [item for item in walk(node) if item.kind in NAME_KINDS]
    if scripts and all(_known(resolver, item) for item in scripts):
        raise Refusal("the left side is an expression of known values: this is a condition, not a definition", node.at)
    if node.kind == "product" and any(item.kind == "number" for item in node.items):
        raise Refusal("the left side is an expression, not a name", node.at)
    return Left(Node("name", node.at, latex(node)))


def _known(resolver: Resolver, node: Node) -> bool:
    found = resolver.symbols.find(node)
    return found is not None and found[0] in {"input", "constant", "function"}


def _define(resolver: Resolver, left: Left, node: Node, rights: tuple[Node, ...], order: int) -> None:
    name = _stripped(resolver, left)
    text = key(name, fonts=True)
    if text in resolver.definitions and text != "out":
        resolver.definitions[text].rights.append((left, node, rights))
        return
    pieces = tuple(_index_pieces(resolver, left.name))
    resolver.definitions[text] = Definition(_output_name(resolver, left, name), left, node, [(left, node, rights)], order, pieces)


def holds_declared_index(resolver: Resolver, node: Node) -> bool:
    return any(key(item, fonts=False) in resolver.ranges for item in walk(node) if item.kind in {"symbol", "script"})


def _stripped(resolver: Resolver, left: Left) -> Node:
    """The name a left side defines, its indices taken off."""
    name = left.name
    if name.kind != "script" or name.items[0].kind not in NAME_KINDS:
        return name
    base, below, above = name.items
    kept = [piece for piece in parts(below) if not _left_index(resolver, piece)]
    above = NONE if above.kind != "none" and _left_index(resolver, above) else above
    below = NONE if not kept else kept[0] if len(kept) == 1 else replace(below, items=tuple(kept), tag=below.tag[: len(kept) - 1])
    return replace(name, items=(base, below, above)) if below.kind != "none" or above.kind != "none" or name.tag else base


def _left_index(resolver: Resolver, piece: Node) -> bool:
    if holds_declared_index(resolver, piece):
        return True
    if piece.kind == "symbol" and len(piece.text) == 1 and piece.text in "ijklmnpqrsuv" and resolver.symbols.find(piece) is None:
        if key(piece, fonts=False) in resolver.size_keys:
            return False
        return resolver.choices.choose(f"the subscript {piece.text} on the left side", ["index", "part of the name"]) == "index"
    return False


def _output_name(resolver: Resolver, left: Left, name: Node) -> str:
    for node in (left.name, name):
        found = resolver.symbols.find(node)
        if found is not None and found[0] == "output":
            return found[1]
        for printed in resolver.symbols.outputs:
            if printed == latex(node) or key(node) == printed:
                return printed
    return name.text if name.kind == "name" else latex(name)


def resolved_rule(resolver: Resolver, left: Left, node: Node, rights: tuple[Node, ...]) -> Rule:
    variables: dict[str, IndexVar] = {}
    pieces = [*_index_pieces(resolver, left.name), *left.indices]
    for item in [piece for part in pieces for piece in walk(part)]:
        name = key(item, fonts=False)
        inferred = item.kind == "symbol" and len(item.text) == 1 and resolver.symbols.find(item) is None and name not in resolver.size_keys
        if item.kind in {"symbol", "script"} and name not in variables and (name in resolver.ranges or inferred):
            variables[name] = index_variable(resolver, item)
    scope = Scope(indices=dict(variables))
    for argument in left.arguments:
        for item in walk(argument):
            name = key(item, fonts=False)
            if item.kind in {"symbol", "script"} and name in resolver.ranges and name not in variables:
                variables[name] = index_variable(resolver, item)
                pieces.append(item)
    scope = Scope(indices=dict(variables))
    pattern = tuple(index_term(resolver, piece, scope) for piece in pieces)
    bases = tuple(_pattern_base(resolver, term) for term in pattern)
    resolver.hidden.extend(variables.values())
    choice = resolver.choices.choose("the sides of the chain of equalities", [str(place) for place in range(len(rights))])
    body = resolver.expression(rights[int(choice)], scope)
    check_counted(resolver, list(variables.values()), (body,), node.at)
    idle = next((variable for variable in variables.values() if is_idle(variable, body)), None)
    if idle is not None and len(variables) == len({id(term.data[0]) for term in pattern if term.op == "index"}):
        raise Refusal(f"the index {idle.name} of the left side does not occur on the right", node.at)
    if any(term.op == "scaled-eye" or (term.op in SHAPELESS and not term.shape) for term in every_term(body)):
        raise Refusal("the size of the identity matrix or of the vector of ones does not show", body.at)
    return Rule(tuple(variables.values()), pattern, bases, body, tuple(_part_name(resolver, part) for part in left.parts))


def _part_name(resolver: Resolver, node: Node) -> str:
    found = resolver.symbols.find(node)
    return found[1] if found is not None and found[0] == "output" else latex(node)


def _index_pieces(resolver: Resolver, name: Node) -> list[Node]:
    if name.kind != "script" or name.items[0].kind not in NAME_KINDS:
        return []
    pieces = [piece for piece in parts(name.items[1]) if _left_index(resolver, piece)]
    above = name.items[2]
    if above.kind != "none" and _left_index(resolver, above):
        pieces.append(above.items[0] if above.kind == "group" and len(above.items) == 1 else above)
    return pieces


def _pattern_base(resolver: Resolver, term: Term) -> int:
    found = [item.data[0].base for item in indices_in(term)]
    return found[0] if found else (0 if resolver.zero_based else 1)


def settle_shape(resolver: Resolver, output: Output, definition: Definition) -> None:
    first = output.rules[0]
    if first.parts:
        if first.body.rank != 1 or len(output.rules) > 1 or first.variables:
            raise Refusal("the left side takes apart a value of unknown parts", definition.node.at)
        raise Refusal("the sizes of the parts on the left side do not show", definition.node.at)
    if any(len(rule.pattern) != len(first.pattern) for rule in output.rules):
        raise Refusal(f"{output.name} is defined with different numbers of indices", definition.node.at)
    plain = all(term.op == "index" for term in first.pattern)
    if len(output.rules) > 1 and plain and first.pattern == ():
        raise Refusal(f"{output.name} is defined twice", definition.node.at)
    if plain and len(output.rules) == 1:
        named = [term.data[0] for term in first.pattern]
        if len(named) == 2 and named[0] is named[1]:
            output.diagonal = True
        output.shape = tuple(dim_of(resolver, variable, definition.node.at) for variable in named) + first.body.shape
        return
    if any(rule.body.shape != first.body.shape for rule in output.rules):
        raise Refusal(f"the rows that define {output.name} differ in shape", definition.node.at)
    axes = []
    for axis in range(len(first.pattern)):
        used = [variable for rule in output.rules for variable in (item.data[0] for item in indices_in(rule.pattern[axis]))]
        if not used:
            raise Refusal(f"an element of {output.name} is defined, not the whole", definition.node.at)
        dim = dim_of(resolver, used[0], definition.node.at)
        if all(rule.pattern[axis].op == "index" for rule in output.rules):
            axes.append(dim)
        else:
            count = max(highest(rule.pattern[axis], resolver.sizes.of(dim), used[0].base) for rule in output.rules)
            axes.append(str(count + 1))
    output.shape = tuple(axes) + first.body.shape


def is_contradictory(resolver: Resolver, definition: Definition) -> bool:
    """A declared input on a left side is an update only where its right side uses it."""
    name = definition.left.name
    found = resolver.symbols.find(name)
    if found is None and name.kind == "script" and name.items[1].kind == "group" and ":" in name.items[1].tag:
        whole = resolver.symbols.find(name.items[0])  # x_{1:k} = y with a given x
        return whole is not None and whole[0] == "input"
    if found is None or found[0] != "input" or definition.left.arguments:
        return False
    own = key(definition.left.name)
    return not any(key(item) == own for _, _, rights in definition.rights for right in rights for item in walk(right))
