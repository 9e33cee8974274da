"""Left sides: what a display defines, over which indices, and from which right side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._arithmetic import SHAPELESS
from ._indexing import dim_of, highest, index_term, index_variable, indices_in, is_whole_axis
from ._names import NAME_KINDS, Left, left_side, parts, splits
from ._notation import RELATION_WORDS
from ._products import functions_of
from ._reductions import bound_names, check_counted, every_term, is_idle, objective
from ._statements import Statement, parse_name
from ._tokens import Refusal
from ._tree import NONE, Node, key, latex, walk
from ._typed import IndexVar, Output, Rule, Scope, Term, dim_pieces

if TYPE_CHECKING:
    from ._resolve import Resolver


_CHAIN = "the sides of the chain of equalities"


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
    question: str = ""
    start: Term | None = None  # of a recurrence over a declared index


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
        if statement.kind == "range" and not _within_names(resolver, statement.node):
            resolver.ranges.setdefault(key(statement.node, fonts=False), (statement.lower, statement.upper))


def _within_names(resolver: Resolver, letter: Node) -> bool:
    """Whether a letter stands in the scripts of declared names: k = 0, ..., K-1 beside a declared Z^{(k)} says of which Z one speaks."""
    name = key(letter, fonts=False)
    for declared in resolver.symbols.inputs:
        try:
            node = parse_name(declared, resolver.symbols.words)
        except Refusal:
            continue
        if node.kind == "script" and any(key(item, fonts=False) == name for side in node.items[1:] for item in walk(side)):
            return True
    return False


def printed_ranges(found: list[Statement]) -> dict[str, tuple[Node, Node]]:
    """The ranges that reductions print for a letter, where all print the same: i of sum_{i=1}^N."""
    table: dict[str, tuple[Node, Node] | None] = {}
    for item in (item for statement in found for item in walk(statement.node) if item.kind == "big"):
        below, above, _ = item.items
        if below.kind == "relation" and below.tag == ("=",) and above.kind != "none" and below.items[0].kind in NAME_KINDS:
            name, span = key(below.items[0], fonts=False), (below.items[1], above)
            seen = table.setdefault(name, span)
            if seen is None or [key(node) for node in seen] != [key(node) for node in span]:
                table[name] = None
    return {name: span for name, span in table.items() if span is not None}


def _size_node(resolver: Resolver, text: str) -> Node:
    """An upper bound as declared: a size, a number or an expression of both."""
    if text in resolver.sizes.values:
        return Node("name", 0, "size:" + text)
    return parse_name(text, resolver.symbols.words)


def collect(resolver: Resolver, found: list[Statement]) -> None:
    order = 0
    found = _with_joined_names(resolver, [single for statement in found for single in _of_system(statement)])
    for statement in found:
        if statement.kind != "equation":
            continue
        order += 1
        node = statement.node
        if node.kind != "relation":
            _define(resolver, Left(Node("name", node.at, "out")), Node("name", node.at, "out"), (objective(resolver, node),), order)
            continue
        if node.tag[-1] == "in" and len(node.tag) > 1 and _is_space(node.items[-1]):  # y = W x \\in R^d
            node = replace(node, items=node.items[:-1], tag=node.tag[:-1])
        bad = next((operator for operator in node.tag if operator != "="), None)
        if bad is not None:
            raise Refusal(f"the display states a relation ({RELATION_WORDS.get(bad, bad)}), which computes nothing", node.at)
        items = list(node.items)
        if items[0].kind == "none" or items[-1].kind == "none":
            raise Refusal("one side of the equation is missing", node.at)
        first = objective(resolver, items[0])
        items, first = _turned(resolver, items, first)
        left = None if _all_known(resolver, first) or _counts(first) else left_side(first)
        both = left is None and _known_throughout(resolver, first)
        if both:  # <P, C> = sum_ij P_ij C_ij: right where both sides are one value, else a condition
            name = Node("name", first.at, "out")
            _define(resolver, Left(name), name, tuple(objective(resolver, item) for item in items), order, _CONDITION)
            continue
        if left is None and all(item.kind == "number" for item in items[1:]):
            raise Refusal("an expression is set equal to a number: this is a condition, not a definition", node.at)
        if left is None:
            left = _value_of_expression(resolver, first)
        pairs = _taken_apart(left, items[1:]) if left.parts else []
        for part, value in pairs:  # (a, b) = (c, d)
            _define(resolver, part, part.name, (objective(resolver, value),), order)
        if left.parts and not pairs:
            _define_parts(resolver, left, items[1:], order)
        elif not pairs:
            _define(resolver, left, first, tuple(objective(resolver, item) for item in items[1:]), order)


def _turned(resolver: Resolver, items: list[Node], first: Node) -> tuple[list[Node], Node]:
    """-D = x as D = -x, where D is the output that is asked for; else the value of -D is what the right side computes."""
    if first.kind != "sum" or first.tag != ("-",):
        return items, first
    left = left_side(first.items[0])
    if left is None or left.parts or _output_name(resolver, left, _stripped(resolver, left)) not in resolver.symbols.outputs:
        return items, first
    rights = [Node("sum", item.at, "", (Node("group", item.at, "()", (item,), ()),), ("-",)) for item in items[1:]]
    return [first.items[0], *rights], first.items[0]


def _is_space(node: Node) -> bool:
    """R, R^d, {0, 1}: where a value lies, which computes nothing."""
    first = next((item for item in walk(node) if item.kind == "symbol"), None)
    return (first is not None and first.tag[:1] == ("bb",)) or (node.kind == "group" and node.text in {"{}", "[]"})


def _all_known(resolver: Resolver, node: Node) -> bool:
    """A x = y: declared values side by side, not a name of two letters; of two letters one is enough, as in a x = y for x."""
    if node.kind != "product" or not all(item.kind in NAME_KINDS for item in node.items):
        return False
    known = [_known(resolver, item) for item in node.items]
    if node.items[0].text == "\\Delta" and not known[0]:
        return False
    return all(known) or (len(known) == 2 and any(known) and not any(node.tag))


def _of_system(statement: Statement) -> list[Statement]:
    """The equations behind one large brace, each a statement of its own."""
    node = statement.node
    if statement.kind != "equation" or node.kind not in {"cases", "matrix"}:
        return [statement]
    rows: list[Statement] = []
    for row in node.items:
        cells = list(row.items)
        if len(cells) == 2 and cells[1].kind == "relation" and cells[1].items[0].kind == "none":  # y & = x
            cells = [replace(cells[1], items=(cells[0], *cells[1].items[1:]))]
        elif len(cells) == 3 and cells[1].kind == "relation" and all(item.kind == "none" for item in cells[1].items):  # y & = & x
            cells = [replace(cells[1], items=(cells[0], cells[2]))]
        if len(cells) != 1 or cells[0].kind != "relation" or cells[0].tag[0] != "=":
            return [statement]
        rows.append(replace(statement, node=cells[0]))
    return rows


def _with_joined_names(resolver: Resolver, found: list[Statement]) -> list[Statement]:
    """Names of several letters that a left side defines (DCG_p, \\Delta z) are the same names on the right sides."""
    words: set[str] = set()
    for statement in found:
        first = statement.node.items[0] if statement.kind == "equation" and statement.node.kind == "relation" else NONE
        left = None if _all_known(resolver, first) else left_side(first)
        if left is not None and left.name.kind == "name" and left.name.text.startswith("\\Delta "):
            words.add(left.name.text)
        base = left.name.items[0] if left is not None and left.name.kind == "script" else left.name if left is not None else NONE
        if base.kind == "symbol" and len(base.text) > 1 and base.text.isalpha():
            words.add(base.text)
    return [replace(statement, node=_joined(statement.node, words)) for statement in found] if words else found


def _joined(node: Node, words: set[str]) -> Node:
    if not node.items:
        return node
    node = replace(node, items=tuple(_joined(item, words) for item in node.items))
    if node.kind != "product":
        return node
    items, tags = list(node.items), ["", *node.tag]
    place = 0
    while place < len(items):
        end = next((end for end in range(len(items), place + 1, -1) if _spelled(items[place:end], tags[place + 1 : end]) in words), 0)
        if end:
            items[place:end], tags[place:end] = [_one_name(items[place:end])], [tags[place]]
        place += 1
    return items[0] if len(items) == 1 else replace(node, items=tuple(items), tag=tuple(tags[1:]))


def _spelled(items: list[Node], tags: list[str]) -> str:
    """The name that factors side by side spell; nothing where they are no letters."""
    if any(tags):
        return ""
    if len(items) == 2 and items[0].kind == "symbol" and items[0].text == "\\Delta" and items[1].kind in NAME_KINDS:
        return f"\\Delta {key(items[1])}"
    letters = [*items[:-1], items[-1].items[0] if items[-1].kind == "script" else items[-1]]
    fonts = {item.tag for item in letters}
    plain = all(item.kind == "symbol" and len(item.text) == 1 and item.text.isalpha() for item in letters)
    plain = plain and (fonts == {("",)} or fonts == {("bf",)})
    return "".join(item.text for item in letters) if plain else ""


def _one_name(items: list[Node]) -> Node:
    if items[0].text == "\\Delta":
        return Node("name", items[0].at, _spelled(items, []))
    word = Node("symbol", items[0].at, _spelled(items, []), (), items[0].tag)
    return replace(items[-1], at=word.at, items=(word, *items[-1].items[1:])) if items[-1].kind == "script" else word


def _define_parts(resolver: Resolver, left: Left, rights: list[Node], order: int) -> None:
    """[i; f; o; g] = W[x; h]: the whole as a value of its own, then every name as its part."""
    names = [left_side(part) for part in left.parts]
    at = left.name.at
    if any(name is None or name.parts for name in names) or left.name.text == "()":
        raise Refusal("the sizes of the parts on the left side do not show", at)
    right = rights[0]
    columns = right.items[0] if right.kind == "product" and right.items[0].kind == "matrix" and right.tag[0] == "" else NONE
    functions = functions_of(resolver, columns)
    if len(functions) == len(names):  # (i; f; o; g) = (sigma; sigma; sigma; tanh) W x
        rights = [right.items[1] if len(right.items) == 2 else replace(right, items=right.items[1:], tag=right.tag[1:])]
    taken = sum(name.startswith("parts") for name in resolver.definitions)
    whole = Node("name", at, "parts" if not taken else f"parts_{taken + 1}")
    _define(resolver, Left(whole), whole, tuple(rights), order)
    rows = left.name.kind == "matrix" or ";" in left.name.tag
    for place, name in enumerate(name for name in names if name is not None):
        part = Node("part", at, f"{place} {len(names)}", (whole,), (";" if rows else ",",))
        if len(functions) == len(names):
            part = Node("product", at, "", (functions[place], Node("group", at, "()", (part,), ())), ("",))
        _define(resolver, name, name.name, (part,), order)


def part_of(resolver: Resolver, node: Node, whole: Term) -> Term:
    """One of several parts of a value: equal ones, unless its size is printed as a sum of as many."""
    place, count = (int(number) for number in node.text.split())
    if not whole.rank or whole.op == "call":
        raise Refusal("the sizes of the parts on the left side do not show", node.at)
    axes = [
        axis for axis in (range(whole.rank) if node.tag == (";",) else [whole.rank - 1]) if _part_sizes(resolver, whole.shape[axis], count)
    ]
    axis = int(resolver.choices.choose("the axis that the left side takes apart", [str(axis) for axis in axes])) if axes else 0
    dims = _part_sizes(resolver, whole.shape[axis], count)
    if dims is None:
        raise Refusal("the sizes of the parts on the left side do not show", node.at)
    shape = (*whole.shape[:axis], dims[place], *whole.shape[axis + 1 :])
    return Term("part", (whole,), shape, (axis, place, tuple(dims)), "c" if whole.rank == 1 else "", node.at)


def _part_sizes(resolver: Resolver, dim: str, count: int) -> list[str] | None:
    pieces = dim_pieces(dim)
    if len(pieces) == 2 * count - 1 and set(pieces[1::2]) == {"+"}:
        return pieces[::2]
    for atom in resolver.sizes.values:
        if dim != atom and resolver.sizes.same(f"{count}*({atom})", dim):
            return [atom] * count
    return None


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
    if node.kind == "sum" and node.tag == ("-",) and left_side(node.items[0]) is not None:
        allowed.add("sum")
    if not all(item.kind in allowed for item in walk(node)):
        raise Refusal("the left side is neither a name nor a name with arguments", node.at)
    if node.kind == "product" and (
        any(item.kind == "number" for item in node.items) or all(item.kind in NAME_KINDS for item in node.items)
    ):
        raise Refusal("the left side is an expression, not a name", node.at)
    return Left(Node("name", node.at, latex(node)))


_COUNTING = {"!", "\\binom"}


def _counts(node: Node) -> bool:
    """n! and binomials: what they are worth is known, so that an equation with one on its left defines nothing."""
    return node.kind == "call" and node.items[0].text in _COUNTING


_CONDITION = "the two sides of what is then a condition"


def _known_throughout(resolver: Resolver, node: Node) -> bool:
    """Whether every name in an expression is declared, but for the indices that its own reductions bind."""
    bound = {name for item in walk(node) if item.kind == "big" for name in bound_names(item.items[0])}
    names = [item for item in _whole_names(node) if key(item, fonts=False) not in bound and item.text not in _COUNTING]
    return bool(names) and all(any(_known(resolver, split.name) for split in splits(item)) for item in names)


def _whole_names(node: Node) -> Iterator[Node]:
    """The names in a tree with their scripts; what stands in a script is no name of its own."""
    if node.kind in NAME_KINDS and (node.kind != "script" or node.items[0].kind in NAME_KINDS):
        yield node
        return
    for item in node.items[:1] if node.kind == "script" else node.items[2:] if node.kind == "big" else node.items:
        yield from _whole_names(item)


def _known(resolver: Resolver, node: Node) -> bool:
    found = resolver.symbols.find(node)
    return found is not None and found[0] in {"input", "constant", "function"}


def _define(resolver: Resolver, left: Left, node: Node, rights: tuple[Node, ...], order: int, question: str = _CHAIN) -> None:
    pieces = parts(left.name.items[1]) if left.name.kind == "script" and left.name.items[0].kind in NAME_KINDS else ()
    if len(pieces) == 2 and is_whole_axis(pieces[0]) and _left_index(resolver, pieces[1]):  # X_{*,i}: by columns, so the transpose by rows
        rows = Node("name", node.at, f"columns of {latex(left.name.items[0])}")
        _define(resolver, Left(replace(left.name, items=(rows, pieces[1], NONE))), node, rights, order, question)
        turned = Node("script", node.at, "", (rows, NONE, Node("symbol", node.at, "\\top", (), ("",))))
        whole = left.name.items[0]
        return _define(resolver, Left(whole), whole, (turned,), order)
    name = _stripped(resolver, left)
    text = key(name, fonts=True)
    if text in resolver.definitions and text != "out":
        resolver.definitions[text].rights.append((left, node, rights))
        return
    pieces = tuple(_index_pieces(resolver, left.name))
    named = _output_name(resolver, left, name)
    resolver.definitions[text] = Definition(named, left, node, [(left, node, rights)], order, pieces, question=question)


def holds_declared_index(resolver: Resolver, node: Node) -> bool:
    return any(key(item, fonts=False) in resolver.ranges for item in walk(node) if item.kind in {"symbol", "script"})


def _stripped(resolver: Resolver, left: Left) -> Node:
    """The name a left side defines, its indices taken off."""
    name = left.name
    if name.kind != "script" or name.items[0].kind not in NAME_KINDS:
        return name
    base, below, above = name.items
    if _is_word(resolver, below):
        return name
    kept = [piece for piece in parts(below) if not _left_index(resolver, piece)]
    if len(kept) < len(parts(below)):
        kept = [piece for piece in kept if not is_whole_axis(piece)]
    above = NONE if above.kind != "none" and _left_index(resolver, above) else above
    below = NONE if not kept else kept[0] if len(kept) == 1 else replace(below, items=tuple(kept), tag=below.tag[: len(kept) - 1])
    return replace(name, items=(base, below, above)) if below.kind != "none" or above.kind != "none" or name.tag else base


def _is_word(resolver: Resolver, below: Node) -> bool:
    """L_{dist}: three plain letters or more that are not all declared indices are a word, though i is an index elsewhere."""
    if below.kind != "product" or any(below.tag) or len(below.items) < 3:
        return False
    letters = [key(item, fonts=False) for item in below.items if item.kind == "symbol" and len(item.text) == 1 and item.text.isalpha()]
    return (
        len(letters) == len(below.items)
        and not all(letter in resolver.ranges for letter in letters)
        and len(set(letters) & set(resolver.ranges)) < 2
    )


def _left_index(resolver: Resolver, piece: Node) -> bool:
    if piece.kind == "product" and len(piece.items) >= 3 and all(item.kind == "symbol" and item.text.isalpha() for item in piece.items):
        return False  # E_k^{task}: a word
    if holds_declared_index(resolver, piece):
        return True
    letter = piece.kind == "symbol" and len(piece.text) == 1 and resolver.symbols.find(piece) is None
    if letter and (piece.text in "ijklmnpqrsuv" or piece.text in resolver.printed):
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
        for item in _unnamed(resolver, argument):
            name = key(item, fonts=False)
            if item.kind in {"symbol", "script"} and name in resolver.ranges and name not in variables:
                variables[name] = index_variable(resolver, item)
                pieces.append(item)
    scope = Scope(indices=dict(variables))
    pattern = tuple(index_term(resolver, piece, scope) for piece in pieces)
    bases = tuple(_pattern_base(resolver, term) for term in pattern)
    resolver.hidden.extend(variables.values())
    question = resolver.current[-1].question if resolver.current else _CHAIN
    if question == _CONDITION:  # both sides must be values; that they agree shows when the readings are compared
        for right in rights:
            if resolver.expression(right, scope).op in SHAPELESS:
                raise Refusal("an expression is set equal to an identity: this is a condition, not a definition", right.at)
    choice = resolver.choices.choose(question, [str(place) for place in range(len(rights))])
    body = resolver.expression(rights[int(choice)], scope)
    for name, variable in variables.items():
        if not variable.explicit and not variable.dim and name in resolver.printed:
            _printed_range(resolver, variable, *resolver.printed[name])
    check_counted(resolver, list(variables.values()), (body,), node.at)
    _check_recurrence(resolver, body, node.at)
    idle = next((variable for variable in variables.values() if is_idle(variable, body)), None)
    if idle is not None and len(variables) == len({id(term.data[0]) for term in pattern if term.op == "index"}):
        raise Refusal(f"the index {idle.name} of the left side does not occur on the right", node.at)
    if any(term.op == "scaled-eye" or (term.op in SHAPELESS and not term.shape) for term in every_term(body)):
        raise Refusal("the size of the identity matrix or of the vector of ones does not show", body.at)
    return Rule(tuple(variables.values()), pattern, bases, body)


def previous_of(resolver: Resolver, node: Node, scope: Scope) -> Term | None:
    """s_{t-1} in the row that defines s_t for every t from 1 on, where s_0 is declared: the element before; else None."""
    definition = resolver.current[-1] if resolver.current else None
    if definition is None or node.kind != "script" or node.items[2].kind != "none" or len(definition.rights) != 1:
        return None
    before, pieces = node.items[1], definition.index_pieces
    if len(pieces) != 1 or key(replace(node, items=(node.items[0], pieces[0], NONE))) != key(definition.left.name):
        return None
    step = before.kind == "sum" and before.tag == ("+", "-") and before.items[1].text == "1" and key(before.items[0]) == key(pieces[0])
    variable = scope.indices.get(key(pieces[0], fonts=False))
    if not step or variable is None or not variable.explicit or variable.lower is None or variable.lower.op != "number":
        return None
    first = Node("number", node.at, str(int(variable.lower.data[0]) - 1))
    declared = resolver.symbols.find(replace(node, items=(node.items[0], first, NONE)))
    if declared is None or declared[0] != "input" or int(variable.lower.data[0]) != variable.base:
        return None
    definition.start = resolver.input_term(declared[1], Scope(), node.at)
    return Term("previous", (definition.start,), definition.start.shape, (definition.name,), definition.start.side, node.at)


def _check_recurrence(resolver: Resolver, body: Term, at: int) -> None:
    definition = resolver.current[-1] if resolver.current else None
    if definition is None or definition.start is None:
        return
    start = definition.start.shape
    if len(start) != body.rank or not all(map(resolver.sizes.same, start, body.shape)):
        raise Refusal(f"{definition.name} and its first value differ in shape", at)
    if any(
        item.op in {"reduce", "collect", "gradient"} and any(inner.op == "previous" for inner in every_term(item))
        for item in every_term(body)
    ):
        raise Refusal("the element before stands inside a reduction", at)


def _unnamed(resolver: Resolver, node: Node) -> Iterator[Node]:
    """Everything in a tree outside declared scripted names: the b of a declared b_t is no index."""
    found = resolver.symbols.find(node) if node.kind == "script" else None
    if found is not None and found[0] == "input":
        return
    yield node
    for item in node.items:
        yield from _unnamed(resolver, item)


def _printed_range(resolver: Resolver, variable: IndexVar, lower: Node, upper: Node) -> None:
    """T_i used under sum_{i=1}^N: the range that the sum prints is that of i."""
    fresh = index_variable(resolver, Node("symbol", lower.at, variable.name, (), ("",)), lower, upper)
    variable.lower, variable.upper, variable.base, variable.explicit = fresh.lower, fresh.upper, fresh.base, True


def _index_pieces(resolver: Resolver, name: Node) -> list[Node]:
    if name.kind != "script" or name.items[0].kind not in NAME_KINDS:
        return []
    pieces = [] if _is_word(resolver, name.items[1]) else [piece for piece in parts(name.items[1]) if _left_index(resolver, piece)]
    above = name.items[2]
    if above.kind != "none" and _left_index(resolver, above):
        index = above.items[0] if above.kind == "group" and len(above.items) == 1 else above
        if not pieces:
            return [index]
        order = resolver.choices.choose("the order of the indices above and below", ["above first", "below first"])
        return [index, *pieces] if order == "above first" else [*pieces, index]
    return pieces


def _pattern_base(resolver: Resolver, term: Term) -> int:
    found = [item.data[0].base for item in indices_in(term)]
    return found[0] if found else (0 if resolver.zero_based else 1)


def settle_shape(resolver: Resolver, output: Output, definition: Definition) -> None:
    first = output.rules[0]
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
