"""Application against product: which factors take the bracket that follows, and calls, gradients and indicators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ._expectations import expectation
from ._functions import BUILTIN, builtin_call, user_call
from ._indexing import element_at, element_of, index_term, is_label
from ._names import NAME_KINDS, Split, parts
from ._reductions import every_term
from ._statements import parse_name
from ._tokens import Refusal
from ._tree import NONE, Node, key, latex, walk
from ._typed import Scope, Term, shown

if TYPE_CHECKING:
    from ._resolve import Resolver

MOST_FACTORS = 80


def product_of(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """Application against product, then the product itself from the left."""
    operands: list[Term] = []
    operators: list[str] = []
    position = 0
    items, tags = node.items, ("", *node.tag)
    slash_open = False
    if items[0].kind == "matrix" and node.tag[0] == "" and functions_of(resolver, items[0]):
        return _by_parts(resolver, node, scope)
    if len(items) > MOST_FACTORS:
        raise Refusal(f"a product has more than {MOST_FACTORS} factors", node.at)
    while position < len(items):
        operator = tags[position]
        node_here = items[position]
        if (
            node_here.kind == "call"
            and node_here.text != "()"
            and _open_ended(node_here.items[1])
            and tags[position + 1 : position + 2] == ("/",)
        ):
            reading = resolver.choices.choose(
                f"the argument of {latex(node_here.items[0])} before a slash", ["the first factor", "the quotient"]
            )
            if reading == "the quotient":
                function, argument = node_here.items
                inner = Node("product", argument.at, "", (argument, items[position + 1]), ("/",))
                items = (*items[:position], replace(node_here, items=(function, inner)), *items[position + 2 :])
                tags = (*tags[: position + 1], *tags[position + 2 :])
                continue
        if _averages(resolver, items, tags, position, scope):
            function, argument = node_here.items
            inner = Node("product", argument.at, "", (argument, *items[position + 1 :]), tags[position + 1 :])
            items, tags = (*items[:position], replace(node_here, items=(function, inner), text="()")), tags[: position + 1]
        term, used = _applied(resolver, items, tags, position, scope)
        if operands and operator == "" and slash_open:
            numbers = operands[-1].op == "number" and (len(operands) < 2 or operands[-2].op == "number")
            grouped = items[position].kind == "group" and items[position].text == "()"
            if not numbers or grouped:
                reading = resolver.choices.choose("what stands under the slash", ["only the next factor", "all that follows"])
                if reading == "all that follows":
                    operands[-1] = resolver.arithmetic.multiply("", operands[-1], term, node.at)
                    position += used
                    continue
            slash_open = False
        elif operator not in {""}:
            slash_open = operator == "/"
        operands.append(term)
        operators.append(operator)
        position += used
    operands, operators = _elementwise_last(resolver, operands, operators, node.at)
    result = operands[0]
    for operator, operand in zip(operators[1:], operands[1:], strict=True):
        result = resolver.arithmetic.multiply(operator, result, operand, node.at)
    return result


def signed_values(node: Node) -> Iterator[Node]:
    """The arguments of sign and sgn in a tree."""
    for item in walk(node):
        if item.kind == "call" and _bare(item.items[0]) in _SIGNS:
            yield item.items[1].items[0] if item.items[1].kind == "group" and len(item.items[1].items) == 1 else item.items[1]
        if item.kind == "product":
            for function, argument in zip(item.items, item.items[1:], strict=False):
                if function.kind == "symbol" and _bare(function) in _SIGNS and argument.kind == "group" and len(argument.items) == 1:
                    yield argument.items[0]


_SIGNS = {"sign", "sgn"}


def functions_of(resolver: Resolver, matrix: Node) -> list[Node]:
    """The functions in a printed column of functions; empty where it holds anything else."""
    cells = [row.items[0] for row in matrix.items if row.kind == "row" and len(row.items) == 1]
    known = [cell for cell in cells if cell.kind in NAME_KINDS and _is_function_name(resolver, cell)]
    return cells if len(known) == len(matrix.items) > 1 else []


def _is_function_name(resolver: Resolver, node: Node) -> bool:
    found = resolver.symbols.find(node)
    return found[0] == "function" if found is not None else _bare(node) in BUILTIN


def _by_parts(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """(sigma; sigma; tanh) W x: every function on its part of the product behind the column."""
    functions = functions_of(resolver, node.items[0])
    rest = node.items[1] if len(node.items) == 2 else replace(node, items=node.items[1:], tag=node.tag[1:])
    cells = []
    for place, function in enumerate(functions):
        part = Node("group", rest.at, "()", (Node("part", rest.at, f"{place} {len(functions)}", (rest,), (";",)),), ())
        cells.append(product_of(resolver, Node("product", function.at, "", (function, part), ("",)), scope))
    size = "+".join(cell.shape[0] for cell in cells)
    return Term("concat", tuple(cells), (size, *cells[0].shape[1:]), (0,), "c" if cells[0].rank == 1 else "", node.at)


_ELEMENTWISE_SIGNS = {"\\odot", "\\otimes", "\\circ"}


def _elementwise_last(resolver: Resolver, operands: list[Term], operators: list[str], at: int) -> tuple[list[Term], list[str]]:
    """a \\odot W x: the factors that only stand together come first, unless shapes speak for the order printed."""
    starts = [place for place, operator in enumerate(operators) if operator in _ELEMENTWISE_SIGNS]
    runs = []
    for start in starts:
        end = start + 1
        while end < len(operators) and operators[end] == "":
            end += 1
        if (
            end - start > 1
            and sum(term.rank > 0 for term in operands[start:end]) > 1
            and any(term.rank > 1 for term in operands[start:end])
        ):
            runs.append((start, end))
    if not runs:
        return operands, operators
    order = ["the factors that only stand together", "from the left"]
    if resolver.choices.choose(f"what comes first beside {operators[runs[0][0]]}", order) == order[1]:
        return operands, operators
    for start, end in reversed(runs):
        product = operands[start]
        for operand in operands[start + 1 : end]:
            product = resolver.arithmetic.multiply("", product, operand, at)
        operands = [*operands[:start], product, *operands[end:]]
        operators = [*operators[: start + 1], *operators[end:]]
    return operands, operators


def _applied(resolver: Resolver, items: tuple[Node, ...], tags: tuple[str, ...], position: int, scope: Scope) -> tuple[Term, int]:
    """Resolve the factor at `position`, with the brackets it takes as its argument; return how many items were used."""
    node = items[position]
    following = items[position + 1] if position + 1 < len(items) and tags[position + 1] == "" else None
    script: Node | None = None
    if (
        following is not None
        and following.kind == "script"
        and following.items[0].kind == "group"
        and following.items[0].text in {"()", "[]", "{}"}
    ):
        script = following
        bracket: Node | None = following.items[0]
    else:
        bracket = following if following is not None and following.kind == "group" and following.text in {"()", "[]", "{}"} else None
    bracket = _without_parameters(resolver, bracket, scope)
    special = _special(resolver, node, items, tags, position, scope)
    if special is not None:
        return special
    if node.kind in NAME_KINDS and not (node.kind == "script" and node.items[0].kind not in NAME_KINDS):
        found = resolver.lookup(node, scope)
        if found is not None and isinstance(found[0], str):
            if bracket is None:
                raise Refusal(f"the function {latex(node)} stands without an argument in brackets", node.at)
            return _scripts_after(resolver, user_call(resolver, found[0], found[1], bracket, scope), script, scope), 2
        if found is None and bracket is not None:
            name = BUILTIN.get(_bare(node))
            if name is not None:
                above = node.items[2] if node.kind == "script" else NONE
                below = node.items[1] if node.kind == "script" else NONE
                return _scripts_after(resolver, builtin_call(resolver, name, bracket, below, above, scope, node.at), script, scope), 2
            raise Refusal(f"{latex(node)} is not declared", node.at)
        if (
            found is not None
            and isinstance(found[0], Term)
            and bracket is not None
            and (found[0].rank or found[0].op == "local")
            and bracket.text != "{}"
        ):
            indexed = _indexed_call(resolver, found[0], found[1], bracket, scope)
            if indexed is not None:
                return _scripts_after(resolver, indexed, script, scope), 2
        if found is not None and isinstance(found[0], Term) and bracket is not None and bracket.text == "()" and found[0].rank < 2:
            if all(_only_named(resolver, item, scope) for item in bracket.items):
                return resolver.expression(node, scope), 2  # L(theta) where nothing declares theta: the value L
            plain = len(bracket.items) == 1 and bracket.items[0].kind in NAME_KINDS and found[1].above is None
            if plain and found[0].op in {"input", "constant", "select"}:
                raise Refusal(f"{latex(node)} is a value, so before a bracket it is a factor or a function of it", node.at)
    return resolver.expression(node, scope), 1


def _without_parameters(resolver: Resolver, bracket: Node | None, scope: Scope) -> Node | None:
    """f(x; theta) where nothing declares theta: parameters that are only named."""
    if bracket is None or bracket.tag.count(";") != 1 or bracket.text != "()":
        return bracket
    place = bracket.tag.index(";") + 1
    behind = bracket.items[place:]
    greek = [
        item.kind in NAME_KINDS and resolver.lookup(item, scope) is None and latex(item).lstrip("\\bmathf{")[:1] != "" and _is_greek(item)
        for item in behind
    ]
    if not all(letter or _only_named(resolver, item, scope) for letter, item in zip(greek, behind, strict=True)):
        return bracket
    return replace(bracket, items=bracket.items[:place], tag=bracket.tag[: place - 1])


def _only_named(resolver: Resolver, node: Node, scope: Scope) -> bool:
    """A parameter that nothing declares and that the left side names too: theta of L(theta) = A(theta) + B(theta)."""
    if node.kind not in NAME_KINDS or resolver.lookup(node, scope) is not None or not resolver.current:
        return False
    return key(node) in {key(item) for item in resolver.current[-1].left.arguments}


def _is_greek(node: Node) -> bool:
    first = next((item for item in walk(node) if item.kind == "symbol"), None)
    return first is not None and (first.text.startswith("\\") or first.text in "wW")


def _scripts_after(resolver: Resolver, term: Term, script: Node | None, scope: Scope) -> Term:
    """Scripts that stand on the bracket of a call belong to its value."""
    if script is None:
        return term
    _, below, above = script.items
    if above.kind == "group" and above.text == "()" and below.kind == "none" and term.rank:
        return element_at(resolver, term, parts(above), scope, script.at)  # softmax(z)^{(k)}
    if below.kind != "none":
        term = element_at(resolver, term, parts(below), scope, script.at)
    return resolver.raised(term, above, scope, script.at) if above.kind != "none" else term


def _indexed_call(resolver: Resolver, array: Term, split: Split, bracket: Node, scope: Scope) -> Term | None:
    """w(x) with a running x is an element; L(theta) of a value defined above with the same arguments is that value."""
    if array.op == "local" and not split.below:
        definition = next(
            (item for item in resolver.definitions.values() if item.output is not None and item.output.name == array.data[0]), None
        )
        if definition is not None and definition.left.arguments:
            same = [key(item) for item in definition.left.arguments] == [key(item) for item in bracket.items]
            indexed = any(rule.pattern for rule in (definition.output.rules if definition.output else []))
            if same and not indexed:
                return array
            if not indexed and len(bracket.items) == len(definition.left.arguments):
                name = next(text for text, item in resolver.definitions.items() if item is definition)
                return user_call(resolver, "local:" + name, split, bracket, scope)
    if not bracket.items or not all(item.kind in NAME_KINDS or item.kind in {"sum", "number"} for item in bracket.items):
        return None
    try:
        running = any(
            key(piece, fonts=False) in scope.indices for item in bracket.items for piece in walk(item) if piece.kind in {"symbol", "script"}
        )
        if not running and not all(is_label(resolver.expression(item, scope), resolver.symbols) for item in bracket.items):
            return None
        indices = tuple(index_term(resolver, item, scope) for item in bracket.items)
    except Refusal:
        return None
    below = tuple(index_term(resolver, item, scope) for item in split.below)
    if len(indices) + len(below) > array.rank:
        return None
    term = element_of(resolver, array, (*below, *indices), bracket.at)
    return resolver.raised(term, split.above, scope, bracket.at) if split.above is not None else term


def _special(
    resolver: Resolver, node: Node, items: tuple[Node, ...], tags: tuple[str, ...], position: int, scope: Scope
) -> tuple[Term, int] | None:
    """Expectation, gradient and indicator: symbols that take what follows."""
    base = node.items[0] if node.kind == "script" else node
    if base.kind == "accent" and base.items[0].kind == "symbol" and base.items[0].text == "E":
        base = base.items[0]
    if base.kind != "symbol" or resolver.symbols.find(node) is not None or resolver.symbols.find(base) is not None:
        return None
    following = items[position + 1] if position + 1 < len(items) else None
    if base.text == "\\nabla":
        return _gradient(resolver, node, items, tags, position, scope)
    bracketed = following is not None and following.kind == "group" and following.text in {"[]", "()", "{}"}
    if base.text in {"E", "\\E", "\\mathbb E"} and (
        base.tag[0] in {"bb", "rm"} or (bracketed and following is not None and following.text == "[]")
    ):
        if following is None:
            raise Refusal("an expectation has no body", node.at)
        powered = following.kind == "script" and following.items[0].kind == "group" and following.items[0].text in {"()", "[]", "{}"}
        if powered and following.items[0].text == "()" and following.items[2].kind != "none":  # E(x - y)^2
            wanted = ["the mean of the power", "the power of the mean"]
            powered = resolver.choices.choose(f"a power on the bracket behind {latex(node)}", wanted) == wanted[1]
        if bracketed or powered:
            body = following if bracketed else following.items[0]
            term = expectation(resolver, node, body, scope)
            return (term if bracketed else _scripts_after(resolver, term, following, scope)), 2
        rest = Node("product", following.at, "", items[position + 1 :], tags[position + 2 :]) if len(items) - position > 2 else following
        return expectation(resolver, node, rest, scope), len(items) - position
    condition = bracketed and following is not None and any(item.kind == "relation" for item in following.items)
    if base.text in {"1", "I"} and base.tag[0] in {"bb", "bf"} and condition and following is not None:
        return indicator_of(resolver, following, scope), 2
    return None


def indicator_of(resolver: Resolver, group: Node, scope: Scope) -> Term:
    conditions = [resolver.condition(item, scope) for item in group.items]
    term = conditions[0]
    for other in conditions[1:]:
        term = Term("and", (term, other), resolver.arithmetic.broadcast(term, other, "a condition"), (), "", group.at)
    return Term("indicator", (term,), term.shape, (), "", group.at)


def _gradient(
    resolver: Resolver, node: Node, items: tuple[Node, ...], tags: tuple[str, ...], position: int, scope: Scope
) -> tuple[Term, int]:
    """\\nabla_x f(x): the gradient of a number by an input, at the argument."""
    if position + 1 >= len(items):
        raise Refusal("a gradient of nothing is taken", node.at)
    if node.kind == "script" and node.items[2].kind != "none":
        raise Refusal("second derivatives are not supported", node.at)
    body, used = _applied(resolver, items, tags, position + 1, scope)
    if body.rank:
        raise Refusal(f"the gradient of a value of shape {shown(body)} is not a single vector", node.at)
    below = node.items[1] if node.kind == "script" else NONE
    point: Term | None = None
    if below.kind != "none":
        found = resolver.lookup(below, scope)
        if (
            found is not None
            and isinstance(found[0], Term)
            and found[0].op in {"input", "select", "element"}
            and not found[1].below
            and found[1].above is None
        ):
            point = found[0]
    if point is None or not _contains(body, point):
        bracket = items[position + 2] if position + 2 < len(items) else None
        arguments = _data_arguments(body) if below.kind == "none" or resolver.symbols.find(below) is None or body.op == "call" else []
        if body.op == "call" and bracket is not None and bracket.kind == "group" and bracket.tag[:1] == (";",):
            arguments = [body.args[0]]  # f(w; x): by what stands before the semicolon
        if below.kind != "none" and len(arguments) > 1:
            arguments = [item for item in arguments if _same_letter(below, item, resolver)]
        if len(arguments) != 1 or (below.kind != "none" and not _same_letter(below, arguments[0], resolver)):
            raise Refusal("by what the gradient is taken does not show", node.at)
        point = arguments[0]
    hole = Term("hole", (), point.shape, (object(),), point.side, point.at)
    return Term("gradient", (point, substitute(body, point, hole)), point.shape, (hole,), "", node.at), 1 + used


def _data_arguments(body: Term) -> list[Term]:
    """The values that the one call in a term takes: those of log p(x) are those of p(x)."""
    calls = [item for item in every_term(body) if item.op == "call"]
    if (
        not calls
        or not all(same_term(item, calls[0]) for item in calls)
        or any(item.op == "call" for item in every_term(calls[0]) if item is not calls[0])
    ):
        return []
    return [item for item in calls[0].args if item.rank or item.op in {"input", "select", "element"}]


def _same_letter(below: Node, argument: Term, resolver: Resolver) -> bool:
    """\\nabla_x f(x_t): the letter below is the letter of the argument; \\nabla_\\theta f(x) is not by x."""
    names = [item.data[0] for item in every_term(argument) if item.op in {"input", "local"}]
    first = next((item.text for item in walk(below) if item.kind == "symbol"), "")
    try:
        letters = [
            next((item.text for item in walk(parse_name(name, resolver.symbols.words)) if item.kind == "symbol"), "") for name in names
        ]
    except Refusal:
        return False
    return first in letters


def call_of(resolver: Resolver, node: Node, scope: Scope) -> Term:
    """A known function with its argument, unless the name is declared as something else."""
    function, argument = node.items
    base = function.items[0] if function.kind == "script" else function
    below, above = (function.items[1], function.items[2]) if function.kind == "script" else (NONE, NONE)
    found = resolver.lookup(function, scope) if resolver.symbols.find(base) is not None or _defined(resolver, function) else None
    if found is not None:
        bracket = argument if argument.kind == "group" else Node("group", argument.at, "()", (argument,), ())
        if isinstance(found[0], str):
            return user_call(resolver, found[0], found[1], bracket, scope)
        return resolver.arithmetic.multiply(
            "", resolver.finish(found[0], found[1], scope, node.at), resolver.expression(argument, scope), node.at
        )
    name = BUILTIN.get(_bare(function))
    if name is None:
        raise Refusal(f"{latex(function)} is not declared", node.at)
    if node.text != "()" and argument.kind == "product" and len(argument.items) > 1:
        return _bare_argument(resolver, name, argument, below, above, scope, node.at)
    bracket = (
        argument if argument.kind == "group" and argument.text in {"()", "[]", "{}"} else Node("group", argument.at, "()", (argument,), ())
    )
    return builtin_call(resolver, name, bracket, below, above, scope, node.at)


def _defined(resolver: Resolver, function: Node) -> bool:
    return key(function) in resolver.definitions and resolver.definitions[key(function)] not in resolver.current


def _bare_argument(resolver: Resolver, name: str, argument: Node, below: Node, above: Node, scope: Scope, at: int) -> Term:
    """log a b: how far the argument goes. A call or bracket ends it; a number or a matrix in front takes all."""
    tags = ("", *argument.tag)
    first, used = _applied(resolver, argument.items, tags, 0, scope)
    if used == len(argument.items):
        return builtin_call(resolver, name, Node("group", at, "()", (argument,), ()), below, above, scope, at)
    rest = argument.items[used:]
    remainder = rest[0] if len(rest) == 1 else Node("product", rest[0].at, "", rest, argument.tag[used:])
    head_items = argument.items[:used]
    head = head_items[0] if used == 1 else Node("product", head_items[0].at, "", head_items, argument.tag[: used - 1])
    whole = Node("group", at, "()", (argument,), ())
    counting = first.op in {"index", "size"} or (first.op == "constant" and isinstance(resolver.symbols.constants[first.data[0]], int))
    if first.op == "number" or (first.rank >= 2 and used == 1) or (counting and name in {"sin", "cos", "tan"}):  # cos m theta
        return builtin_call(resolver, name, whole, below, above, scope, at)
    options = ["the first factor", "the whole product"]
    if used > 1 or argument.items[0].kind in {"fraction", "group"} or (name in {"log", "ln"} and rest[0].kind == "big"):
        options = ["the first factor"]
    if resolver.choices.choose(f"the argument of {name}", options) == "the whole product":
        return builtin_call(resolver, name, whole, below, above, scope, at)
    applied = builtin_call(resolver, name, Node("group", at, "()", (head,), ()), below, above, scope, at)
    return resolver.arithmetic.multiply("", applied, resolver.expression(remainder, scope), at)


def _averages(resolver: Resolver, items: tuple[Node, ...], tags: tuple[str, ...], position: int, scope: Scope) -> bool:
    """log 1/k sum_i x_i: a fraction without data in front of a sum belongs to the logarithm, as does the sum."""
    node = items[position]
    if node.kind != "call" or node.text == "()" or node.items[1].kind != "fraction" or position + 1 >= len(items):
        return False
    if tags[position + 1] != "" or items[position + 1].kind != "big":
        return False
    if _is_number(resolver.expression(node.items[1], scope)):
        return True
    question = f"the argument of {latex(node.items[0])} before a reduction"
    return resolver.choices.choose(question, ["the fraction", "all that follows"]) == "all that follows"


def _is_number(term: Term) -> bool:
    """A number that no data go into: 1, k, 1/k."""
    return term.op in {"number", "size", "constant"} or (
        term.op in {"add", "multiply", "divide", "negate", "power"} and all(_is_number(item) for item in term.args)
    )


def _bare(node: Node) -> str:
    base = node.items[0] if node.kind == "script" else node
    return base.text.removeprefix("\\") if base.kind == "symbol" and not (node.kind == "script" and node.tag) else ""


def _open_ended(argument: Node) -> bool:
    """Whether an argument without brackets may go on behind a slash; a fraction or an application has ended."""
    last = argument.items[-1] if argument.kind == "product" else argument
    return last.kind not in {"fraction", "group"}


def same_term(left: Term, right: Term) -> bool:
    if left.op != right.op or left.shape != right.shape or len(left.args) != len(right.args):
        return False
    if left.data != right.data:
        return False
    return all(same_term(a, b) for a, b in zip(left.args, right.args, strict=True))


def _contains(term: Term, part: Term) -> bool:
    return same_term(term, part) or any(_contains(item, part) for item in term.args)


def substitute(term: Term, part: Term, by: Term) -> Term:
    """The term with every occurrence of a part replaced."""
    if same_term(term, part):
        return by
    return replace(term, args=tuple(substitute(item, part, by) for item in term.args)) if term.args else term
