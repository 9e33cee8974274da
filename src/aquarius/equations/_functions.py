"""Known functions, functions that the paper defines elsewhere, norms and concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ._arithmetic import unary
from ._composed import COMPOSED, composed
from ._indexing import dim_of, element_at, index_variable
from ._names import NAME_KINDS, Split, parts
from ._reductions import Bounds, cardinality, every_term, reduced, summed
from ._tokens import Refusal
from ._tree import Node, key, latex, walk
from ._typed import IndexVar, Scope, Term, constant, shown

if TYPE_CHECKING:
    from ._resolve import Resolver

_ELEMENTWISE = {
    **{
        name: name
        for name in (
            "exp",
            "log",
            "sin",
            "cos",
            "tan",
            "tanh",
            "sinh",
            "cosh",
            "arctan",
            "arcsin",
            "arccos",
            "erf",
            "sigmoid",
            "relu",
            "softplus",
            "round",
        )
    },
    **{
        "ln": "log",
        "sigm": "sigmoid",
        "Sigmoid": "sigmoid",
        "sigma": "sigmoid",
        "ReLU": "relu",
        "RELU": "relu",
        "Relu": "relu",
        "Softplus": "softplus",
    },
    **{
        "Tanh": "tanh",
        "sign": "sign",
        "sgn": "sign",
        "GELU": "gelu",
        "gelu": "gelu",
        "abs": "abs",
        "SiLU": "silu",
        "silu": "silu",
        "swish": "silu",
    },
    **{
        "atan": "arctan",
        "sqrt": "sqrt",
        "logit": "logit",
        "floor": "floor",
        "ceil": "ceil",
        "Exp": "exp",
        "Log": "log",
        "Swish": "silu",
    },
}
BUILTIN: dict[str, str] = {
    **_ELEMENTWISE,
    **dict.fromkeys(("softmax", "Softmax", "SoftMax", "SOFTMAX"), "softmax"),
    **COMPOSED,
    "Gamma": "gamma",
    **dict.fromkeys(("tr", "Tr", "trace", "Trace"), "trace"),
    **dict.fromkeys(("Concat", "concat", "CONCAT", "cat", "Concatenate"), "concat"),
    **{name: name for name in ("max", "min", "argmax", "argmin", "det", "diag", "mean", "logsumexp", "clip")},
    **{
        "Var": "var",
        "var": "var",
        "Diag": "diag",
        "LSE": "logsumexp",
        "clamp": "clip",
        "logsoftmax": "log-softmax",
        "Mean": "mean",
        "avg": "mean",
    },
}


def builtin_call(resolver: Resolver, name: str, bracket: Node, below: Node, above: Node, scope: Scope, at: int) -> Term:
    """Apply a known function to the items of a bracket."""
    if name == "concat":
        return concatenation(resolver, bracket.items, bracket.tag, scope, at)
    if name == "softmax" and below.kind != "none":
        return indexed_softmax(resolver, bracket, below, scope, at)
    if name in {"max", "min"} and below.kind == "none" and any(item.kind == "dots" for item in bracket.items):
        variable, body = series(resolver, bracket.items, scope, at)
        return Term("reduce", (body,), body.shape, (name, (variable,)), "", at)
    if any(item.kind == "dots" for item in bracket.items):
        raise Refusal(f"an ellipsis among the arguments of {name} is not supported", at)
    if "|" in bracket.tag or (";" in bracket.tag and name != "clip"):
        raise Refusal(f"the arguments of {name} are not understood", at)
    arguments = (
        _largest_of(resolver, bracket, scope) if name in {"max", "min"} else [resolver.expression(item, scope) for item in bracket.items]
    )
    if not arguments:
        raise Refusal(f"{name} has no argument", at)
    if above.kind not in {"none", "number"}:
        raise Refusal(f"the superscript {latex(above)} of {name} is a power or an inverse; the display does not say which", above.at)
    if name == "softmax" and len(arguments) == 1 and not arguments[0].rank:
        term = _indexed_alone(resolver, bracket, arguments[0], scope, at)
    else:
        term = _apply(resolver, name, arguments, below, at)
    return resolver.raised(term, above, scope, at) if above.kind != "none" else term


def _largest_of(resolver: Resolver, bracket: Node, scope: Scope) -> list[Term]:
    """The arguments of max(u, |g|): bars around a vector beside a vector of its size are absolute values, as one takes the larger of each pair."""
    barred = [item.kind == "group" and item.text == "||" and len(item.items) == 1 for item in bracket.items]
    found = [resolver.expression(item.items[0] if bars else item, scope) for item, bars in zip(bracket.items, barred, strict=True)]
    vectors = [term for term, bars in zip(found, barred, strict=True) if term.rank == 1 and not bars]
    for place, (item, bars) in enumerate(zip(bracket.items, barred, strict=True)):
        if bars and any(resolver.arithmetic.same(found[place], other) for other in vectors):
            found[place] = unary("abs", found[place], item.at)
        elif bars:
            found[place] = resolver.expression(item, scope)
    return found


def _apply(resolver: Resolver, name: str, arguments: list[Term], below: Node, at: int) -> Term:
    first = arguments[0]
    if name in _ELEMENTWISE.values():
        if len(arguments) != 1:
            raise Refusal(f"{name} takes one argument, not {len(arguments)}", at)
        if name == "log" and below.kind != "none":
            base = resolver.expression(below, Scope())
            return resolver.arithmetic.divide(unary("log", first, at), unary("log", base, at), at)
        if below.kind != "none":
            raise Refusal(f"the subscript of {name} is not understood", below.at)
        if name in {"exp", "log", "sin", "cos", "sqrt"} and first.rank >= 2:
            resolver.refuse_matrix_function(name, first)
        return unary(name, first, at)
    if name in COMPOSED.values():
        if below.kind != "none":
            raise Refusal(f"the subscript of {name} is not understood", below.at)
        return composed(resolver, name, arguments, at)
    if name == "gamma" and len(arguments) == 1 and below.kind == "none":  # of positive numbers, as a logarithm does not overflow
        return unary("exp", unary("lgamma", first, at), at)
    if name in {"max", "min"} and len(arguments) > 1:
        if below.kind != "none":
            raise Refusal(f"the subscript of {name} is not understood", below.at)
        term = first
        for other in arguments[1:]:
            term = resolver.arithmetic.elementwise("maximum" if name == "max" else "minimum", term, other, name, at)
        return term
    if name == "clip" and len(arguments) == 3:
        low = resolver.arithmetic.elementwise("maximum", first, arguments[1], name, at)
        return resolver.arithmetic.elementwise("minimum", low, arguments[2], name, at)
    if len(arguments) != 1:
        raise Refusal(f"{name} takes one argument, not {len(arguments)}", at)
    if below.kind != "none":
        raise Refusal(f"the subscript of {name} is not understood", below.at)
    return _of_one(name, first, at)


def _of_one(name: str, first: Term, at: int) -> Term:
    """Functions of one vector or matrix."""
    if name in {"softmax", "log-softmax"}:
        if not first.rank:
            raise Refusal("the softmax of a number: over which index it runs does not show", at)
        return Term("softmax", (first,), first.shape, (name,), first.side, at)
    if name in {"max", "min", "mean", "var", "argmax", "argmin", "logsumexp"}:
        if first.rank != 1:
            raise Refusal(f"{name} of a value of shape {shown(first)}: over what it runs does not show", at)
        return summed(first, name, at)
    if name == "diag":
        if first.rank == 1:
            return Term("diagonal-matrix", (first,), (first.shape[0], first.shape[0]), (), "", at)
        if first.rank == 2:
            return Term("diagonal", (first,), (first.shape[0],), (), "", at)
    if name in {"trace", "det"} and first.rank == 2:
        return Term(name, (first,), (), (), "", at)
    raise Refusal(f"{name} of a value of shape {shown(first)} is not understood", at)


def _indexed_alone(resolver: Resolver, bracket: Node, argument: Term, scope: Scope, at: int) -> Term:
    """p_i = softmax(u^T m_i): over the one index that runs in its argument."""
    running = {id(variable): name for name, variable in scope.indices.items()}
    met = dict.fromkeys(id(item.data[0]) for item in every_term(argument) if item.op == "index")
    names = [running[one] for one in met if one in running]
    if len(names) != 1:
        raise Refusal("the softmax of a number: over which index it runs does not show", at)
    letter = next(item for node in bracket.items for item in walk(node) if key(item, fonts=False) == names[0])
    return indexed_softmax(resolver, bracket, letter, scope, at)


def indexed_softmax(resolver: Resolver, bracket: Node, below: Node, scope: Scope, at: int) -> Term:
    """softmax_j(e_{ij}): over j, at j."""
    pieces = parts(below)
    if len(pieces) != 1 or pieces[0].kind not in NAME_KINDS or len(bracket.items) != 1:
        raise Refusal("the subscript of softmax is not an index", below.at)
    name = key(pieces[0], fonts=False)
    above = unary("exp", resolver.expression(bracket.items[0], scope), at)
    if above.rank or name not in scope.indices:
        raise Refusal("the subscript of softmax is not an index that runs here", below.at)
    found = Bounds(variables={name: index_variable(resolver, pieces[0], scope=scope)})
    exponential = Node("call", at, "()", (Node("symbol", at, "\\exp", (), ("",)), Node("group", at, "()", bracket.items, ())))
    under = reduced(resolver, "sum", found, exponential, scope.bind(found.variables), at)
    return resolver.arithmetic.divide(above, under, at)


def concatenation(resolver: Resolver, items: Sequence[Node], separators: Sequence[str], scope: Scope, at: int) -> Term:
    """[x; y], Concat(a, b), Concat(head_1, ..., head_h)."""
    if any(item.kind == "dots" for item in items):
        return _ellipsis(resolver, items, scope, at)
    found = [resolver.expression(item, scope) for item in items]
    if all(term.rank == 0 for term in found):
        if len(found) == 1:
            return found[0]
        return Term("stack", tuple(found), (str(len(found)),), (), "", at)
    if any(term.rank == 0 for term in found) or len({term.rank for term in found}) > 1:
        if all(term.rank <= 1 for term in found):
            found = [Term("stack", (term,), ("1",), (), "", at) if not term.rank else term for term in found]
        else:
            raise Refusal("values of different rank are concatenated", at)
    rank = found[0].rank
    axes = [axis for axis in range(rank) if _joinable(resolver, found, axis)]
    if not axes:
        raise Refusal("the shapes do not fit a concatenation", at)
    axis = rank - 1 if rank - 1 in axes else axes[0]
    if rank == 2 and ";" in separators:
        if len(axes) > 1:
            axis = int(resolver.choices.choose("[A; B] of matrices", ["0", "1"]))
        else:
            axis = axes[0]
    size = "+".join(_wrapped(term.shape[axis]) for term in found)
    shape = (*found[0].shape[:axis], size, *found[0].shape[axis + 1 :])
    return Term("concat", tuple(found), shape, (axis,), found[0].side, at)


def _wrapped(dim: str) -> str:
    return f"({dim})" if "-" in dim or "/" in dim else dim


def _joinable(resolver: Resolver, found: list[Term], axis: int) -> bool:
    first = found[0].shape
    return all(resolver.sizes.same(first[other], term.shape[other]) for term in found for other in range(len(first)) if other != axis)


def _ellipsis(resolver: Resolver, items: Sequence[Node], scope: Scope, at: int) -> Term:
    """a_1, ..., a_h as one array: numbers side by side, vectors and matrices along the last axis."""
    grouped = _grouped(items)
    if grouped is not None:
        return _ellipsis(resolver, grouped, scope, at)
    variable, body = series(resolver, items, scope, at)
    count = dim_of(resolver, variable, at)
    if not body.rank:
        return Term("collect", (body,), (count,), (variable,), "", at)
    simple = not set("+-") & set(count + body.shape[-1])
    size = f"{_wrapped(count)}*{_wrapped(body.shape[-1])}" if simple else f"({count})*({body.shape[-1]})"
    return Term("concat-range", (body,), (*body.shape[:-1], size), (variable,), body.side, at)


def _grouped(items: Sequence[Node]) -> tuple[Node, ...] | None:
    """sin a_0, cos a_0, ..., sin a_L, cos a_L as (sin a_0, cos a_0), ..., (sin a_L, cos a_L)."""
    place = next(position for position, item in enumerate(items) if item.kind == "dots")
    count = len(items) - place - 1
    if count < 2 or place % count or sum(item.kind == "dots" for item in items) != 1:
        return None
    groups = [items[start : start + count] for start in [*range(0, place, count), place + 1]]
    pairs = [_difference(first, last) for first, last in zip(groups[0], groups[-1], strict=True)]
    if any(pair is None for pair in pairs) or len({(key(pair[0]), key(pair[1])) for pair in pairs if pair is not None}) != 1:
        return None
    joined = [Node("group", group[0].at, "()", tuple(group), (",",) * (count - 1)) for group in groups]
    return (*joined[:-1], items[place], joined[-1])


def series(resolver: Resolver, items: Sequence[Node], scope: Scope, at: int) -> tuple[IndexVar, Term]:
    """a_1, a_2, ..., a_h: what differs between first and last is a running index."""
    place = next(position for position, item in enumerate(items) if item.kind == "dots")
    if place != len(items) - 2 or place < 1 or sum(item.kind == "dots" for item in items) != 1:
        raise Refusal("an ellipsis is not completed by a last member", at)
    first, last = items[0], items[-1]
    for number, item in enumerate(items[:place]):
        if number and _difference(items[0], item) is None:
            raise Refusal("the members before the ellipsis do not follow one pattern", item.at)
    found = _difference(first, last)
    if found is None:
        raise Refusal("first and last member of an ellipsis differ in more than an index", at)
    lower, upper = found
    marker = Node("symbol", at, "\\ellipsis", (), ("",))
    template = _replaced(first, last, marker)
    try:
        variable = index_variable(resolver, marker, lower, upper, scope)
    except Refusal:
        raise Refusal("first and last member of an ellipsis differ in more than an index", at) from None
    variable.name = "i"
    body = resolver.expression(template, scope.bind({key(marker, fonts=False): variable}))
    return variable, body


def _difference(first: Node, last: Node) -> tuple[Node, Node] | None:
    """The one place where two trees differ, as (first, last); None where they differ otherwise."""
    if key(first) == key(last):
        return None
    leaf = first.kind in {"number"} or (first.kind != last.kind) or not first.items
    if leaf or len(first.items) != len(last.items):
        return (first, last) if first.kind in {"number", "symbol"} else None
    found = [pair for a, b in zip(first.items, last.items, strict=True) if key(a) != key(b) for pair in [_difference(a, b)]]
    if not found or any(pair is None for pair in found):
        return None
    pairs = [pair for pair in found if pair is not None]
    return pairs[0] if all(key(a) == key(pairs[0][0]) and key(b) == key(pairs[0][1]) for a, b in pairs) else None


def _replaced(first: Node, last: Node, marker: Node) -> Node:
    if key(first) == key(last):
        return first
    if first.kind in {"number", "symbol"} or len(first.items) != len(last.items):
        return marker
    return replace(first, items=tuple(_replaced(a, b, marker) for a, b in zip(first.items, last.items, strict=True)))


def norm(resolver: Resolver, node: Node, below: Node, scope: Scope) -> Term:
    """Double bars: the Euclidean norm unless a subscript says otherwise. Single bars: the absolute value of a number."""
    if len(node.items) != 1:
        raise Refusal("bars around a list are not understood", node.at)
    single = node.text == "||"
    counted = cardinality(resolver, node.items[0], scope) if single and below.kind == "none" else None
    if counted is not None:
        return counted
    term = resolver.expression(node.items[0], scope)
    order = key(below, fonts=False) if below.kind != "none" else ""
    if single and not order:
        if not term.rank:
            return unary("abs", term, node.at)
        options = ["absolute values", "norm"] if term.rank == 1 else ["absolute values", "determinant"]
        signed = term.rank == 1 and key(node.items[0]) in resolver.signed  # sign(x) |x|: what has a sign of each has a size of each
        options = options[:1] if resolver.in_cases or signed or _for_one_number(resolver, term) else options
        picked = resolver.choices.choose(f"single bars around a value of shape {shown(term)}", options)
        if picked == "absolute values":
            return unary("abs", term, node.at)
        return Term("det", (term,), (), (), "", node.at) if picked == "determinant" else Term("norm", (term,), (), (2.0,), "", node.at)
    if not term.rank:
        if order in {"", "1", "2"}:
            return unary("abs", term, node.at)
        raise Refusal("the norm of a number is taken", node.at)
    if order == "F" or (term.rank >= 2 and order == ""):
        return Term("norm", (term,), (), (2.0,), "", node.at)
    if term.rank == 2 and order in {"2", "1", "\\infty"}:
        raise Refusal(f"the norm {order} of a matrix is elementwise or of the operator; the display does not say which", node.at)
    if order in {"", "2"}:
        return Term("norm", (term,), (), (2.0,), "", node.at)
    if order in {"1", "0"}:
        return Term("norm", (term,), (), (float(order),), "", node.at)
    if order == "\\infty":
        return Term("norm", (term,), (), (float("inf"),), "", node.at)
    if below.kind == "group":
        raise Refusal(f"the norm with subscript {latex(below)} is not understood", below.at)
    exponent = resolver.expression(below, scope)
    if exponent.rank or exponent.op not in {"number", "constant"}:
        raise Refusal(f"the norm with subscript {latex(below)} is not understood", below.at)
    powers = Term("power", (unary("abs", term), exponent), term.shape, (), "", node.at)
    return resolver.arithmetic.power(summed(powers, "sum", node.at), resolver.arithmetic.divide(constant(1), exponent), node.at)


def _for_one_number(resolver: Resolver, term: Term) -> bool:
    """A display in plain letters whose inputs and declared result have one shape is written for one number: |x| is its absolute value."""
    symbols = resolver.symbols
    shapes = {shape for shape in symbols.inputs.values() if shape}
    name = symbols.outputs[-1] if symbols.outputs else "out"
    declared = symbols.output_shapes.get(name, symbols.output_shapes.get("out", ()))
    bold = any(mark in name for name in symbols.inputs for mark in ("bf", "bold", "bm", "vec"))
    return len(shapes) == 1 and term.rank == 1 and len(declared) == 1 and not bold and not resolver.by_bars


def user_call(resolver: Resolver, entity: str, split: Split, bracket: Node, scope: Scope) -> Term:
    """A function the paper defines elsewhere: its result is a number, or has the shape of an argument; or one defined by another row."""
    kind, _, name = entity.partition(":")
    items = _argument_list(bracket)
    if split.above is not None and len(items) > 1 and split.above.kind == "number":  # rho^2(x, y) can be no repetition
        value = user_call(resolver, entity, replace(split, above=None), bracket, scope)
        return resolver.raised(value, split.above, scope, bracket.at)
    if split.above is not None:
        raise Refusal(
            f"the superscript {latex(split.above)} of {name} is a power or a repetition; the display does not say which", split.above.at
        )
    if kind == "local":
        return _inline(resolver, name, items, split, scope, bracket.at)
    arguments = [_argument(resolver, item, scope) for item in items]
    shapes: dict[str, tuple[str, ...]] = {}
    arrays = [term for term in arguments if term.rank]
    for term in arrays:
        shapes.setdefault(f"like {shown(term)}", term.shape)
    shapes["a number"] = ()
    matrices = [term for term in arrays if term.rank == 2]
    if len(matrices) >= 2:
        joined = (matrices[0].shape[0], matrices[-1].shape[1])
        shapes.setdefault(f"like [{', '.join(joined)}]", joined)
    if len(arguments) > 1:
        shapes = {"a number": (), **{label: shape for label, shape in shapes.items() if shape}}
    if len(matrices) >= 3:
        shapes = dict(sorted(shapes.items(), key=lambda item: item[1] != (matrices[0].shape[0], matrices[-1].shape[1])))
    shape = _result_shape(resolver, name, arguments, shapes, split, scope)
    term = Term("call", tuple(arguments), shape, (name,), "", bracket.at)
    return element_at(resolver, term, split.below, scope, bracket.at) if split.below else term


def call_label(name: str, arguments: Sequence[Term]) -> str:
    """The question of which shape a foreign function's result has."""
    return f"result of {name} of {', '.join(shown(term) for term in arguments)}"


def _result_shape(
    resolver: Resolver, name: str, arguments: list[Term], shapes: dict[str, tuple[str, ...]], split: Split, scope: Scope
) -> tuple[str, ...]:
    """The known shape of the result, or one supposed: with an axis for every index that stands on the function, as in E_i(x)."""
    label = call_label(name, arguments)
    known = (resolver.choices.results or {}).get(label)
    if known is not None:
        return known
    if resolver.choices.wide:
        declared = [shape for shape in resolver.symbols.inputs.values() if shape and len(shape) <= 2]
        for shape in dict.fromkeys([*((shape[-1],) for shape in declared), *((shape[0],) for shape in declared), *declared]):
            if shape not in shapes.values() and len(shapes) < MOST_SHAPES:
                shapes[f"[{', '.join(shape)}]"] = shape
    if split.below:
        running = [scope.indices.get(key(piece, fonts=False)) for piece in split.below]
        if all(variable is not None and (variable.explicit or variable.dim) for variable in running):
            front = tuple(dim_of(resolver, variable, 0) for variable in running if variable is not None)
            shapes = {f"{place} for every index": (*front, *shape) for place, shape in shapes.items()}
    return shapes[resolver.choices.choose(label, list(shapes))]


MOST_SHAPES = 8


def _argument_list(bracket: Node) -> list[Node]:
    items: list[Node] = []
    for item in bracket.items:
        if item.kind == "dots":
            raise Refusal("an ellipsis among the arguments of a function is not supported", item.at)
        items.append(item)
    if not items:
        raise Refusal("a function is called without arguments", bracket.at)
    return items


def _argument(resolver: Resolver, item: Node, scope: Scope) -> Term:
    if item.kind == "relation":
        raise Refusal("a relation stands as an argument", item.at)
    term = resolver.expression(item, scope)
    if term.op == "index":
        return Term("position", (term,), (), (term.data[0].base,), "", term.at)
    return term


def _inline(resolver: Resolver, name: str, items: list[Node], split: Split, scope: Scope, at: int) -> Term:
    definition = resolver.definitions[name]
    definition.called = True
    left, _, rights = definition.rights[0]
    indices = _shared_indices(definition.index_pieces, split.below, scope)
    if len(left.arguments) != len(items) or len(definition.rights) > 1 or indices is None or scope.depth > 8:
        raise Refusal(f"the call of {definition.name} does not fit its definition", at)
    parameters = {
        key(parameter): resolver.expression(item, scope)
        for parameter, item in zip(left.arguments, items, strict=True)
        if key(parameter) != key(item) or resolver.lookup(item, scope) is not None  # r(theta): a parameter that is only named
    }
    inner = Scope(indices=indices, parameters=parameters, samples=scope.samples, depth=scope.depth + 1)
    return resolver.expression(rights[-1], inner)


def _shared_indices(defined: tuple[Node, ...], called: tuple[Node, ...], scope: Scope) -> dict[str, IndexVar] | None:
    """r_t(theta) called as r_k(theta): the running index of the call in the place of the defined one; None where it does not run."""
    names = [key(piece, fonts=False) for piece in called]
    if len(defined) != len(called) or any(name not in scope.indices for name in names):
        return None
    return {key(piece, fonts=False): scope.indices[name] for piece, name in zip(defined, names, strict=True)}
