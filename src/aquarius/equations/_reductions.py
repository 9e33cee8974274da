"""Sums, products, maxima and expectations over running indices, sets, masks and sample axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ._indexing import element_of, index_term, index_variable
from ._names import NAME_KINDS, parts, splits
from ._notation import UNBOUNDED
from ._numbered import numbered
from ._tokens import Refusal
from ._tree import Node, key, latex, walk
from ._typed import IndexVar, Scope, Term

if TYPE_CHECKING:
    from ._resolve import Resolver


@dataclass
class Bounds:
    """What stands under and over a reduction: the indices it binds and the condition they meet."""

    variables: dict[str, IndexVar] = field(default_factory=dict)
    conditions: list[Node] = field(default_factory=list)
    weights: list[tuple[str, Node, tuple[Node, ...]]] = field(default_factory=list)  # mask, at, members
    members: dict[str, Term] = field(default_factory=dict)  # names that stand for an element of the set
    outside: set[int] = field(default_factory=set)  # which of the masks are complements


def bounds(resolver: Resolver, below: Node, above: Node, scope: Scope) -> Bounds:
    """Read the bounds of one reduction."""
    found = Bounds()
    items = list(below.items) if below.kind == "group" and below.text == "{}" and not _is_pair(below) else [below]
    if below.kind == "group" and below.text == "()" and all(item.kind in NAME_KINDS for item in below.items):
        items = list(below.items)
    pending: list[Node] = []
    listed = _listed(items) if above.kind == "none" else None
    if listed is not None:
        name, lower, upper = listed
        found.variables[key(name, fonts=False)] = index_variable(resolver, name, lower, upper, scope)
        return found
    for item in items:
        if item.kind == "text":
            raise Refusal(f"the text '{item.text}' under a reduction is not understood", item.at)
        if item.kind == "relation":
            _relation(resolver, item, above, scope, found, pending)
            pending = []
        elif item.kind in NAME_KINDS or item.kind == "product":
            for part in parts(item):
                if part.kind == "symbol" and part.text == "\\forall":
                    continue
                if part.kind not in NAME_KINDS:
                    raise Refusal(f"{latex(item)} under a reduction is not an index", item.at)
                pending.append(part)
        else:
            raise Refusal(f"{latex(item)} under a reduction is not an index", item.at)
    for part in pending:
        if above.kind != "none" and len(items) == 1 and len(pending) == 1:
            if above.kind not in {"symbol", "name"} or key(above, fonts=False) not in resolver.size_keys:
                raise Refusal(f"the lower bound of {latex(part)} is missing", part.at)
            one = Node("number", part.at, "1")  # sum_i^N over an axis of N: all of it
            found.variables[key(part, fonts=False)] = index_variable(resolver, part, one, above, scope)
            return found
        plain_index(resolver, part, scope, found)
    return found


def _listed(items: list[Node]) -> tuple[Node, Node, Node] | None:
    """i=1,2 and i in {1,2}: consecutive numbers one by one, as index, first and last."""
    head = items[0]
    if head.kind != "relation" or head.tag not in {("=",), ("in",)} or head.items[0].kind not in NAME_KINDS:
        return None
    name, first = head.items
    members = [first, *items[1:]]
    if head.tag == ("=",) and len(members) >= 3 and members[-2].kind == "dots" and all(item.kind == "number" for item in members[:-2]):
        return name, first, members[-1]  # i = 1, ..., n
    if head.tag == ("in",) or first.kind == "group":
        if len(items) > 1 or first.kind != "group" or first.text != "{}":
            return None
        members = list(first.items)
    if len(members) < 2 or not all(item.kind == "number" and item.text.isdigit() for item in members):
        return None
    numbers = [int(item.text) for item in members]
    return (name, members[0], members[-1]) if numbers == list(range(numbers[0], numbers[-1] + 1)) else None


def _is_pair(node: Node) -> bool:
    return node.kind == "group" and node.text == "()"


def plain_index(resolver: Resolver, part: Node, scope: Scope, found: Bounds) -> None:
    entity = resolver.symbols.find(part)
    if entity is not None and entity[0] in {"input", "constant", "function"} and key(part, fonts=False) not in resolver.ranges:
        raise Refusal(f"{latex(part)} is declared as a value, so what the reduction runs over does not show", part.at)
    found.variables[key(part, fonts=False)] = index_variable(resolver, part, scope=scope)


def _relation(resolver: Resolver, node: Node, above: Node, scope: Scope, found: Bounds, pending: list[Node]) -> None:
    first = node.tag[0]
    left, right = node.items[0], node.items[1]
    if first == "=" and len(node.tag) == 1:
        for part in pending:
            plain_index(resolver, part, scope, found)
        names = parts(left)
        if above.kind == "none" and right.kind == "group" and right.text == "{}":
            raise Refusal("the range of a reduction does not show", node.at)
        if above.kind == "none":
            raise Refusal(f"the upper bound of {latex(left)} is missing", node.at)
        for name in names:
            if name.kind not in NAME_KINDS:
                raise Refusal(f"{latex(name)} is not an index", name.at)
            inner = scope.bind(found.variables)
            found.variables[key(name, fonts=False)] = index_variable(resolver, name, right, above, inner)
    elif first == "in" and len(node.tag) == 1:
        _membership(resolver, [*pending, *([left] if left.kind in NAME_KINDS else list(parts(left)))], right, scope, found)
    elif first == "notin" and len(node.tag) == 1:
        before = len(found.weights)
        _membership(resolver, [*pending, *([left] if left.kind in NAME_KINDS else list(parts(left)))], right, scope, found)
        if len(found.weights) == before:
            raise Refusal("a complement is understood only of a set that is a mask", node.at)
        found.outside.add(len(found.weights) - 1)
    elif first in {"!=", "<", "<=", ">", ">="} or (first == "=" and len(node.tag) > 1):
        _comparison(resolver, node, scope, found, pending)
    else:
        raise Refusal("what stands under the reduction is not understood", node.at)


def _comparison(resolver: Resolver, node: Node, scope: Scope, found: Bounds, pending: list[Node]) -> None:
    """j != i, i < j, 1 <= i <= n: symbols that nothing binds yet are the indices."""
    for part in pending:
        plain_index(resolver, part, scope, found)
    new = []
    for item in node.items:
        for piece in walk(item):
            name = key(piece, fonts=False)
            if piece.kind not in NAME_KINDS or name in scope.indices or name in found.variables or name in resolver.size_keys:
                continue
            declared = resolver.symbols.find(piece)
            if declared is None and piece.kind == "script" and _is_element(resolver, piece):
                break  # y_i of j != y_i is a value, not an index
            if declared is None or declared[0] in {"index", "output"}:
                new.append(piece)
                plain_index(resolver, piece, scope, found)
            break
    if not new and not found.variables:
        first = node.items[0]
        if first.kind in NAME_KINDS:  # sum_{j != i} where j is free outside: bound anew here
            found.variables[key(first, fonts=False)] = index_variable(resolver, first, scope=scope)
    for variable in [found.variables[key(piece, fonts=False)] for piece in new]:
        _whole_range(resolver, node, variable, scope)
    if not (
        len(new) == 1
        and found.variables[key(new[0], fonts=False)].explicit
        and node.tag == ("<=", "<=")
        and latex(node.items[1]) == latex(new[0])
    ):
        found.conditions.append(node)


def _is_element(resolver: Resolver, node: Node) -> bool:
    """Whether a scripted name is an element of a declared value."""
    found = [resolver.symbols.find(split.name) for split in splits(node) if split.below]
    return any(entity is not None and entity[0] == "input" for entity in found)


def _whole_range(resolver: Resolver, node: Node, variable: IndexVar, scope: Scope) -> None:
    """1 <= i <= n gives an index its range as well as its condition."""
    if variable.explicit or len(node.items) != 3 or node.tag != ("<=", "<="):
        return
    lower, middle, upper = node.items
    if latex(middle) == variable.name:
        variable.lower, variable.upper = resolver.expression(lower, scope), resolver.expression(upper, scope)
        variable.explicit = True
        variable.base = 0 if variable.lower.op == "number" and variable.lower.data[0] == 0 else 1


def _membership(resolver: Resolver, members: list[Node], container: Node, scope: Scope, found: Bounds) -> None:
    """i in {1..n}, i in [n], x in an axis, (i, j) in a mask, j in N(i)."""
    if container.kind == "group" and container.text == "{}" and any(item.kind == "dots" for item in container.items):
        for member in members:
            found.variables[key(member, fonts=False)] = index_variable(resolver, member, container.items[0], container.items[-1], scope)
        return
    if container.kind == "group" and container.text == "[]" and len(container.items) == 1:
        one = Node("number", container.at, "1")
        for member in members:
            found.variables[key(member, fonts=False)] = index_variable(resolver, member, one, container.items[0], scope)
        return
    if container.kind == "group" and container.text == "[]" and container.tag == (",",) and _counts(*container.items):
        for member in members:
            found.variables[key(member, fonts=False)] = index_variable(resolver, member, container.items[0], container.items[1], scope)
        return
    for name, owners in _set_forms(container):
        kind = _set_kind(resolver, name)
        if kind is None:
            continue
        declared, meaning = kind
        if meaning.startswith("axis"):
            dim = meaning.removeprefix("axis").strip()
            for member in members:
                variable = index_variable(resolver, member, scope=scope)
                variable.dim = variable.dim or dim
                declared_member = resolver.symbols.find(member)
                if declared_member is not None and declared_member[0] == "input":  # sum_{x in X} phi(x): x itself, not its number
                    array = resolver.input_term(declared_member[1], scope, member.at)
                    if not array.rank or not resolver.sizes.same(array.shape[0], dim):
                        raise Refusal(f"{latex(member)} is declared as a value, so what the reduction runs over does not show", member.at)
                    index = Term("index", (), (), (variable,), "", member.at)
                    found.members[key(member)] = Term("element", (array, index), array.shape[1:], (variable.base,), "", member.at)
                    found.variables[f"member {key(member, fonts=False)}"] = variable
                    continue
                found.variables[key(member, fonts=False)] = variable
            return
        if ".." in meaning:
            for member in members:
                lower, upper = resolver.ranges[key(name, fonts=False)]
                found.variables[key(member, fonts=False)] = index_variable(resolver, member, lower, upper, scope)
            return
        if meaning.startswith("mask"):
            if declared not in resolver.symbols.inputs:
                raise Refusal(f"the set {declared} is a mask, but no input holds it", container.at)
            if len(owners) + len(members) != len(resolver.symbols.inputs[declared]):
                raise Refusal(
                    f"the mask {declared} has {len(resolver.symbols.inputs[declared])} axes, not {len(owners) + len(members)}", container.at
                )
            for member in members:
                found.variables[key(member, fonts=False)] = index_variable(resolver, member, scope=scope)
            found.weights.append((declared, container, (*owners, *members)))
            return
        raise Refusal(f"the set {declared} is declared as '{meaning}', which is not understood", container.at)
    if not _members_of_values(resolver, members, container, scope, found):
        raise Refusal(f"the set {latex(container)} is not declared", container.at)


def _members_of_values(resolver: Resolver, members: list[Node], container: Node, scope: Scope, found: Bounds) -> bool:
    """sum_{x in X} x^p where X is a declared input: its elements along the first axis."""
    declared = resolver.symbols.find(container)
    if declared is None or declared[0] != "input" or len(members) != 1 or resolver.symbols.find(members[0]) is not None:
        return False
    array = resolver.input_term(declared[1], scope, container.at)
    if not array.rank or resolver.symbols.domains.get(declared[1]) in {"adj", "binary"}:
        return False
    name = key(members[0])
    variable = IndexVar(latex(members[0]), dim=array.shape[0])
    index = Term("index", (), (), (variable,), "", members[0].at)
    found.members[name] = Term("element", (array, index), array.shape[1:], (variable.base,), "", members[0].at)
    found.variables[f"member {name}"] = variable
    return True


def _counts(lower: Node, upper: Node) -> bool:
    """[1, k]: whole numbers from one to a size; [0, 1] and [a, b] may be all that lies between."""
    return lower.kind == "number" and lower.text == "1" and upper.kind in NAME_KINDS


def _set_forms(container: Node) -> list[tuple[Node, tuple[Node, ...]]]:
    """N, N_i, N(i): the set's name and what it depends on."""
    forms: list[tuple[Node, tuple[Node, ...]]] = []
    if container.kind == "product" and len(container.items) == 2 and container.items[1].kind == "group":
        forms += [(split.name, (*split.below, *container.items[1].items)) for split in splits(container.items[0])]
    elif container.kind in NAME_KINDS:
        forms += [(split.name, split.below) for split in splits(container)]
        if container.kind == "script" and container.items[2].kind == "group":
            forms += [(container.items[0], container.items[2].items)]
    return forms


def _set_kind(resolver: Resolver, name: Node) -> tuple[str, str] | None:
    found = resolver.symbols.find(name)
    if found is not None and found[1] in resolver.symbols.sets:
        return found[1], resolver.symbols.sets[found[1]]
    return None


def cardinality(resolver: Resolver, node: Node, scope: Scope) -> Term | None:
    """|N(v)| of a declared set: how many members it has; None where the bars hold no set."""
    for name, owners in _set_forms(node):
        kind = _set_kind(resolver, name)
        if kind is None:
            continue
        declared, meaning = kind
        if meaning.startswith("axis"):
            return Term("size", (), (), (meaning.removeprefix("axis").strip(),), "", node.at)
        if not meaning.startswith("mask"):
            raise Refusal(f"how many members {declared} has does not show", node.at)
        shape = resolver.symbols.inputs.get(declared, ())
        array = Term("input", (), shape, (declared,), "", node.at)
        for owner in owners:
            array = element_of(
                resolver,
                array,
                (*array.args[1:], index_term(resolver, owner, scope)) if array.op == "element" else (index_term(resolver, owner, scope),),
                node.at,
            )
        zero = Term("number", (), (), (0.0,), "", node.at)
        member = Term("indicator", (Term("compare", (array, zero), array.shape, ("!=",), "", node.at),), array.shape, (), "", node.at)
        return summed(member, "sum", node.at)
    declared_name = resolver.symbols.find(node) if node.kind in NAME_KINDS else None
    if declared_name is not None and declared_name[0] == "input" and key(node) in resolver.containers:
        shape = resolver.symbols.inputs[declared_name[1]]
        return Term("size", (), (), (shape[0],), "", node.at) if shape else None
    return None


def big(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """One reduction with its bounds."""
    below, above, body = node.items
    if node.text in UNBOUNDED:
        raise Refusal(f"\\{node.text} is not a finite computation", node.at)
    if below.kind == "none":
        raise Refusal(f"what {node.text} runs over does not show", node.at)
    found = bounds(resolver, below, above, scope)
    inner = scope.bind(found.variables)
    if found.members:
        inner = replace(inner, parameters={**inner.parameters, **found.members})
    if len(found.variables) == 1 and not found.conditions and not found.weights:
        written_out = numbered(resolver, node, *next(iter(found.variables.items())), inner)
        if written_out is not None:
            return written_out
    tail = _free_tail(body, set(found.variables)) if node.text in {"prod", "max", "min"} else 0
    if tail and resolver.choices.choose(f"what stands behind {node.text}", ["reduced too", "outside"]) == "outside":
        head = body.items[0] if tail == 1 else replace(body, items=body.items[:tail], tag=body.tag[: tail - 1])
        term = reduced(resolver, node.text, found, head, inner, node.at)
        for operator, item in zip(body.tag[tail - 1 :], body.items[tail:], strict=True):
            term = resolver.arithmetic.multiply(operator, term, resolver.expression(item, scope), node.at)
        return term
    return reduced(resolver, node.text, found, body, inner, node.at)


def _free_tail(body: Node, names: set[str]) -> int:
    """Where the factors begin that no index of the reduction occurs in; 0 where there are none."""
    if body.kind != "product":
        return 0
    last = next((place for place in range(len(body.items) - 1, -1, -1) if _uses(body.items[place], names)), None)
    return 0 if last is None or last == len(body.items) - 1 else last + 1


def reduced(resolver: Resolver, operation: str, found: Bounds, body_node: Node, inner: Scope, at: int) -> Term:
    body = resolver.expression(body_node, inner)
    conditions = [resolver.condition(condition, inner) for condition in found.conditions]
    for place, (mask, node, members) in enumerate(found.weights):
        shape = resolver.symbols.inputs[mask]
        array = Term("input", (), shape, (mask,), "", node.at)
        weight = element_of(resolver, array, tuple(index_term(resolver, member, inner) for member in members), node.at)
        sign = "==" if place in found.outside else "!="
        conditions.append(Term("compare", (weight, Term("number", (), (), (0.0,))), (), (sign,), "", node.at))
    condition: Term | None = None
    for item in conditions:
        condition = item if condition is None else Term("and", (condition, item), (), (), "", at)
    for variable in found.variables.values():
        if not variable.explicit and not variable.dim:
            raise Refusal(f"the range of the index {variable.name} does not show: declare it under 'index'", at)
    check_counted(resolver, list(found.variables.values()), (body,), at)
    if body.rank and operation in {"argmax", "argmin"}:
        raise Refusal(f"{operation} over a value with axes is not understood", at)
    if operation in {"argmax", "argmin"} and len(found.variables) > 1:
        raise Refusal(f"{operation} over several indices is not one number", at)
    idle = next((variable for variable in found.variables.values() if is_idle(variable, body, *conditions)), None)
    if idle is not None:
        raise Refusal(f"the index {idle.name} does not occur in what is reduced: an index is hidden", at)
    if body.op in {"eye", "ones"} and not body.shape:
        raise Refusal("the size of the identity matrix does not show", at)
    arguments = (body,) if condition is None else (body, condition)
    return Term("reduce", arguments, body.shape, (operation, tuple(found.variables.values())), body.side, at)


def check_counted(resolver: Resolver, variables: list[IndexVar], bodies: tuple[Term, ...], at: int) -> None:
    """Refuse gamma^t where nothing says from which number t counts."""
    counted = {id(variable) for body in bodies for variable in _counted(body)}
    for variable in variables:
        if not variable.explicit and not resolver.zero_based and id(variable) in counted:
            raise Refusal(f"from which number the index {variable.name} counts does not show: declare it under 'index'", at)


def _counted(term: Term) -> Iterator[IndexVar]:
    """The indices used as numbers: not in a subscript, not as a position, not in a difference or comparison of two of them."""
    if term.op == "index":
        yield term.data[0]
        return
    if term.op == "position":
        return
    places = [place for place, item in enumerate(term.args) if item.op == "index"]
    signs = term.data if term.op == "add" else ("+", "-") if term.op == "compare" else ()
    level = bool(signs) and sum(1 if signs[place] == "+" else -1 for place in places) == 0
    for place, item in enumerate(term.args):
        if (term.op in {"element", "select"} and place) or (level and place in places):
            continue
        yield from _counted(item)


def is_idle(variable: IndexVar, *bodies: Term) -> bool:
    """Whether an index does not occur although data do: then the display hides where it belongs."""
    found = [term for body in bodies for term in every_term(body)]
    return not any(term.op == "index" and term.data[0] is variable for term in found) and any(
        term.op in {"input", "call", "local"} for term in found
    )


def every_term(term: Term) -> Iterator[Term]:
    """A term, everything below it, and the bounds of the reductions inside."""
    yield term
    for item in term.args:
        yield from every_term(item)
    for variable in term.data[1] if term.op == "reduce" else term.data if term.op in {"collect", "concat-range"} else ():
        for limit in (variable.lower, variable.upper):
            if limit is not None:
                yield from every_term(limit)


def summed(term: Term, operation: str, at: int = 0) -> Term:
    """A reduction over all axes of a term."""
    return Term("reduce-all", (term,), (), (operation,), "", at)


def objective(resolver: Resolver, node: Node) -> Node:
    """min_theta L: what is minimised is computed; the minimisation is said, not done."""
    if node.kind == "sum" and node.items:
        return replace(node, items=(objective(resolver, node.items[0]), *node.items[1:]))
    if node.kind == "product" and node.items and node.items[0].kind == "big":
        return node
    if node.kind != "big" or node.text not in {"min", "max"}:
        return node
    below, _, body = node.items
    names = [
        piece
        for item in (below.items if below.kind == "group" else (below,))
        for piece in parts(item.items[0] if item.kind == "relation" else item)
    ]
    for name in names:
        if name.kind not in NAME_KINDS or key(name, fonts=False) in resolver.ranges:
            return node
        starless = name.items[0] if name.kind == "script" else name
        declared = resolver.symbols.find(name) or resolver.symbols.find(starless)
        if declared is None and _subscripted(resolver, body, name):
            return node
    return objective(resolver, body)


def _subscripted(resolver: Resolver, node: Node, name: Node) -> bool:
    """Whether a name stands in a script that belongs to no declared name: theta of a declared pi_theta is no index."""
    if node.kind == "script":
        split = next((split for split in splits(node) if resolver.symbols.find(split.name) is not None), None)
        sides = node.items[1:] if split is None else (*split.below, *((split.above,) if split.above is not None else ()))
        if any(key(piece, fonts=False) == key(name, fonts=False) for side in sides for piece in walk(side)):
            return True
        return _subscripted(resolver, node.items[0], name)
    return any(_subscripted(resolver, item, name) for item in node.items)


def total_scope(resolver: Resolver, node: Node, scope: Scope) -> tuple[list[Node], list[str]]:
    """Terms of a sum; a reduction in front takes the later terms that use its index."""
    items, signs = list(node.items), list(node.tag)
    position = 0
    while position < len(items) - 1:
        bound = _bound_at_end(items[position])
        free = {name for name in bound if name not in scope.indices}
        last = next((place for place in range(len(items) - 1, position, -1) if _uses(items[place], free)), None)
        if free and last is not None:
            tail = list(zip(signs[position + 1 : last + 1], items[position + 1 : last + 1], strict=True))
            items[position] = _extended(items[position], tail)
            del items[position + 1 : last + 1], signs[position + 1 : last + 1]
        position += 1
    return items, signs


def _uses(node: Node, names: set[str]) -> bool:
    """Whether a name is used and not bound again inside."""
    if node.kind == "big":
        names = names - bound_names(node.items[0])
    if node.kind in NAME_KINDS and key(node, fonts=False) in names:
        return True
    return any(_uses(item, names) for item in node.items) if names else False


def bound_names(below: Node) -> set[str]:
    found: set[str] = set()
    for item in below.items if below.kind == "group" else (below,):
        head = item.items[0] if item.kind == "relation" else item
        found |= {key(piece, fonts=False) for piece in parts(head) if piece.kind in NAME_KINDS}
    return found


def _bound_at_end(node: Node) -> set[str]:
    if node.kind == "big":
        return bound_names(node.items[0]) | _bound_at_end(node.items[2])
    if node.kind == "product":
        return _bound_at_end(node.items[-1])
    return set()


def _extended(node: Node, tail: list[tuple[str, Node]]) -> Node:
    if node.kind == "product":
        return replace(node, items=(*node.items[:-1], _extended(node.items[-1], tail)))
    below, above, body = node.items
    deeper = _bound_at_end(body)
    if deeper and any(_uses(item, deeper) for _, item in tail):
        return replace(node, items=(below, above, _extended(body, tail)))
    signs = ("+", *(sign for sign, _ in tail))
    return replace(node, items=(below, above, Node("sum", body.at, "", (body, *(item for _, item in tail)), signs)))
