"""What people get wrong at one operation: left out, exchanged, put inside or outside, off by one. Every change keeps the shape."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from ._typed import IndexVar, Sizes, Term, constant

Say = Callable[[Term], str]
Change = tuple[int, str, Term]  # how likely (0 first), the words that follow "it matches the equation", the term instead

_ONE = constant(1.0)
_INSTEAD = {
    "sigmoid": ("tanh",), "tanh": ("sigmoid", "relu"), "relu": ("gelu", "silu", "softplus", "abs"), "gelu": ("relu", "silu"), "silu": ("gelu", "relu"),
    "sin": ("cos",), "cos": ("sin",), "floor": ("ceil",), "ceil": ("floor",), "softplus": ("relu",), "abs": ("relu",), "exp": ("softplus",),
}  # fmt: skip
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_EDGE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def here(term: Term, sizes: Sizes, names: list[Term], say: Say) -> Iterator[Change]:
    """Deviations at the root of one term."""
    kinds: dict[str, Callable[[], Iterator[Change]]] = {
        "divide": lambda: _division(term, say),
        "multiply": lambda: _product(term, say),
        "softmax": lambda: _softmax(term),
        "matmul": lambda: _matmul(term, sizes, say),
        "transpose": lambda: _transpose(term, sizes, say),
        "unary": lambda: _unary(term, say),
        "add": lambda: _sum(term, say),
        "negate": lambda: iter([(1, "with the sign of a term reversed", term.args[0])]),
        "reduce": lambda: itertools.chain(_reduction(term), _ranges(term)),
        "reduce-all": lambda: _reduction(term),
        "power": lambda: _power(term, say),
        "matrix-power": lambda: _matrix_power(term, say),
        "maximum": lambda: _extreme(term, say),
        "minimum": lambda: _extreme(term, say),
        "norm": lambda: _norm(term),
        "compare": lambda: _compare(term),
        "cases": lambda: _cases(term),
        "indicator": lambda: iter([(1, "with the opposite condition", Term("add", (_ONE, term), term.shape, ("+", "-")))]),
        "index": lambda: _stepped(term, f"{term.data[0].name} counted"),
        "element": lambda: _element(term, say),
        "number": lambda: _number(term),
    }
    if term.op in kinds:
        yield from kinds[term.op]()
    if term.op in {"input", "constant", "local", "size"}:
        yield from _name(term, sizes, names, say)


def _division(term: Term, say: Say) -> Iterator[Change]:
    above, below = term.args
    yield 0, f"without the division by {say(below)}", above
    if below.op == "unary" and below.data[0] == "sqrt":
        yield 0, f"divided by {say(below.args[0])} instead of {say(below)}", replace(term, args=(above, below.args[0]))
    else:
        yield 2, f"divided by the root of {say(below)}", replace(term, args=(above, Term("unary", (below,), below.shape, ("sqrt",))))
    yield 3, f"divided by the square of {say(below)}", replace(term, args=(above, Term("power", (below, constant(2.0)), below.shape)))
    yield 2, f"multiplied by {say(below)} instead of divided", replace(term, op="multiply")
    yield 3, "numerator and denominator exchanged", replace(term, args=(below, above))
    if above.op == "add":
        for place, item in enumerate(above.args):
            rest = tuple(
                replace(term, args=(item, below), shape=item.shape) if place == at else other for at, other in enumerate(above.args)
            )
            yield 3, f"with only {say(item)} divided by {say(below)}", replace(above, args=rest)
    if below.op == "add" and len(below.args) == 2:  # a / (sqrt(v) + epsilon)
        for root, other in (below.args, below.args[::-1]):
            if root.op == "unary" and root.data[0] == "sqrt" and not other.rank:
                inside = Term("add", (root.args[0], other), root.shape, ("+", "+"))
                yield 0, f"with {say(other)} inside the root", replace(term, args=(above, replace(root, args=(inside,))))


def _product(term: Term, say: Say) -> Iterator[Change]:
    left, right = term.args
    yield 1, f"without the factor {say(left)}", right
    yield 1, f"without the factor {say(right)}", left
    yield 3, f"divided by {say(right)} instead of multiplied", replace(term, op="divide")
    yield 3, f"divided by {say(left)} instead of multiplied", Term("divide", (right, left), term.shape)
    for factor, rest in ((left, right), (right, left)):
        if factor.op != "number":
            more = Term("add", (_ONE, factor), factor.shape, ("+", "+"))
            yield 4, f"with 1 + {say(factor)} instead of {say(factor)}", replace(term, args=(more, rest))
    if left.op == "divide" and left.args[0].op == "number" and right.op == "reduce" and right.data[0] == "sum":
        for other in ("max", "min"):
            yield 3, f"with the {other} instead of the mean", replace(right, data=(other, *right.data[1:]))
    yield 4, f"with the sum of {say(left)} and {say(right)} instead of the product", Term("add", (left, right), term.shape, ("+", "+"))
    for factor, total in ((left, right), (right, left)):
        if total.op == "add" and total.shape == term.shape:
            for place, item in enumerate(total.args):
                one = Term("multiply", (factor, item), max((factor.shape, item.shape), key=len))
                args = (*total.args[:place], one, *total.args[place + 1 :])
                yield 3, f"with only {say(item)} multiplied by {say(factor)}", replace(total, args=args)


def _softmax(term: Term) -> Iterator[Change]:
    inner = term.args[0]
    if term.rank >= 2:
        yield 0, "with the softmax over the other axis", replace(term, data=(term.data[0], -2))
    yield 2, "without the softmax", inner
    yield 2, "with the sigmoid instead of the softmax", Term("unary", (inner,), term.shape, ("sigmoid",))
    yield 2, "with the softmax taken twice", replace(term, args=(replace(term),))
    other = "log-softmax" if term.data[0] == "softmax" else "softmax"
    yield 3, f"with the {other} instead of the {term.data[0]}", replace(term, data=(other, *term.data[1:]))


def _transpose(term: Term, sizes: Sizes, say: Say) -> Iterator[Change]:
    if sizes.same(term.shape[-1], term.shape[-2]):
        yield 0, f"without the transposition of {say(term.args[0])}", replace(term.args[0], shape=term.shape)


def _matmul(term: Term, sizes: Sizes, say: Say) -> Iterator[Change]:
    left, right = term.args
    for place, item in enumerate(term.args):
        if item.rank == 2 and sizes.same(item.shape[0], item.shape[1]) and item.op != "transpose":
            turned = Term("transpose", (item,), item.shape)
            yield 1, f"with a matrix transposed: {say(item)}", replace(term, args=(turned, right) if place == 0 else (left, turned))
            yield 3, f"without the factor {say(item)}", replace(term.args[1 - place], shape=term.shape)
    for matrix, product, order in ((left, right, 1), (right, left, -1)):
        if product.op == "multiply" and matrix.rank == 2 and sizes.same(matrix.shape[0], matrix.shape[1]):
            for factor, other in (product.args, product.args[::-1]):
                inside = Term("matmul", (matrix, other)[::order], term.shape)
                yield 3, f"with {say(factor)} multiplied after the matrix product", Term("multiply", (factor, inside), term.shape)
    if left.rank == right.rank == 2 and sizes.same(term.shape[0], term.shape[1]) and left.shape == right.shape:
        yield 2, "with an elementwise product instead of the matrix product", replace(term, op="multiply")
        yield 2, "with the factors of a matrix product exchanged", replace(term, args=(right, left))


def _unary(term: Term, say: Say) -> Iterator[Change]:
    name, inner = term.data[0], term.args[0]
    if inner.op == "add":
        for place, item in enumerate(inner.args):
            if len(inner.args) == 2:
                rest, sign = inner.args[1 - place], inner.data[place]
                outside = Term("add", (replace(term, args=(rest,), shape=rest.shape), item), term.shape, ("+", sign))
                rank = 0 if name == "sqrt" and not item.rank else 3
                if inner.data[1 - place] == "+":
                    yield rank, f"with {say(item)} outside the {'root' if name == 'sqrt' else name}", outside
    yield 1, f"without the function {name}", inner
    for other in _INSTEAD.get(name, ()):
        yield 1, f"with {other} instead of {name}", replace(term, data=(other,))
    if name == "log":
        yield 2, "with the logarithm to base 2", Term("divide", (term, constant(0.6931471805599453)), term.shape)
        yield 2, "with the logarithm to base 10", Term("divide", (term, constant(2.302585092994046)), term.shape)
        yield 3, "with log(1 + x) instead of log(x)", replace(term, args=(Term("add", (_ONE, inner), inner.shape, ("+", "+")),))
    if name == "abs":
        yield 2, "with the square instead of the absolute value", Term("power", (inner, constant(2.0)), term.shape)
    if name == "relu":
        sloped = Term("multiply", (constant(0.01), inner), inner.shape)
        yield 2, "with a leaky relu instead of relu", Term("maximum", (inner, sloped), term.shape)
    if name == "exp":
        yield (
            3,
            "with 2 to the power instead of exp",
            replace(term, args=(Term("multiply", (constant(0.6931471805599453), inner), inner.shape),)),
        )
    if name not in {"abs", "cos"}:
        yield 3, f"with the sign inside {name} reversed", replace(term, args=(Term("negate", (inner,), inner.shape),))


def _sum(term: Term, say: Say) -> Iterator[Change]:
    for place, item in enumerate(term.args):
        said = say(item)
        if place:
            signs = (*term.data[:place], "-" if term.data[place] == "+" else "+", *term.data[place + 1 :])
            yield 1, f"with the sign of {said} reversed", replace(term, data=signs)
        rest = (*term.args[:place], *term.args[place + 1 :])
        signs = (*term.data[:place], *term.data[place + 1 :])
        if rest:
            alone = len(rest) == 1 and signs[0] == "+"
            yield 1, f"without the term {said}", rest[0] if alone else Term("add", rest, max((o.shape for o in rest), key=len), signs)
        for factor, words in ((2.0, "twice"), (0.5, "half of")):
            scaled = Term("multiply", (constant(factor), item), item.shape)
            yield 4, f"with {words} {said}", replace(term, args=(*term.args[:place], scaled, *term.args[place + 1 :]))
    if len(term.args) == 2:
        left, right = term.args
        yield 4, f"with the product of {say(left)} and {say(right)} instead of the sum", Term("multiply", (left, right), term.shape)
        if term.data == ("+", "-"):
            yield 2, "with the terms of a difference exchanged", replace(term, args=(right, left))
            yield 2, f"with {say(right)} instead of {say(term)}", right
            yield 3, "with the absolute value of a difference", Term("unary", (term,), term.shape, ("abs",))
        for root, other in ((left, right), (right, left)):
            if root.op == "unary" and not other.rank and term.data == ("+", "+"):
                inside = Term("add", (root.args[0], other), root.args[0].shape, ("+", "+"))
                rank = 0 if root.data[0] == "sqrt" else 3
                yield (
                    rank,
                    f"with {say(other)} inside the {'root' if root.data[0] == 'sqrt' else root.data[0]}",
                    replace(root, args=(inside,)),
                )


def _reduction(term: Term) -> Iterator[Change]:
    operation = term.data[0]
    instead = {"sum": ("mean", "max"), "mean": ("sum", "max"), "max": ("min", "mean", "sum"), "min": ("max", "mean"), "prod": ("sum",),
               "var": ("sample-var",), "sample-var": ("var",), "argmax": ("argmin",), "argmin": ("argmax",)}.get(operation, ())  # fmt: skip
    said = {"sample-var": "variance over n - 1", "var": "variance over n"}
    for other in instead:
        words = f"with the {said.get(other, other)} instead of the {said.get(operation, operation)}"
        yield 0, words, replace(term, data=(other, *term.data[1:]))
    if operation == "sum":
        body = term.args[0]
        rest = term.args[1:]
        yield 4, "with the root of a sum", Term("unary", (term,), term.shape, ("sqrt",))
        if term.op == "reduce":
            yield 3, "with the number of elements instead of a sum", replace(term, args=(_filled(body), *rest))
            yield 4, "with the elements of a sum squared", replace(term, args=(Term("power", (body, constant(2.0)), body.shape), *rest))
            yield (
                4,
                "with the absolute values of the elements of a sum",
                replace(term, args=(Term("unary", (body,), body.shape, ("abs",)), *rest)),
            )
    if term.op == "reduce" and len(term.args) == 2:
        yield 1, "without the condition under a reduction", replace(term, args=term.args[:1])
        opposite = Term("compare", (Term("indicator", (term.args[1],), ()), constant(0.0)), (), ("==",))
        yield 1, "with the opposite condition under a reduction", replace(term, args=(term.args[0], opposite))


def _filled(term: Term) -> Term:
    return _ONE if not term.shape else Term("ones", (), term.shape)


def _element(term: Term, say: Say) -> Iterator[Change]:
    said = say(term)
    yield 4, f"with 1 - {said} instead of {said}", Term("add", (_ONE, term), term.shape, ("+", "-"))
    for place, (index, base) in enumerate(zip(term.args[1:], term.data, strict=True), start=1):
        if index.op != "number":
            first = (*term.args[:place], constant(float(base)), *term.args[place + 1 :])
            yield 4, f"with the first element instead of {said}", replace(term, args=first)


def _ranges(term: Term) -> Iterator[Change]:
    """A sum that leaves out its first or last element, has one more, or runs over the whole axis."""
    for variable in term.data[1]:
        lower, upper = _bounds(variable)
        if lower is None or upper is None:
            continue
        ends = {"without the first element of a reduction": (1, 0), "without the last element of a reduction": (0, -1),
                "with one element more at the end of a reduction": (0, 1), "with one element more at the start of a reduction": (-1, 0)}  # fmt: skip
        for words, (first, last) in ends.items():
            other = replace(variable, lower=_plus(lower, first), upper=_plus(upper, last), explicit=True)
            yield 2, words, _rebound(term, variable, other)
        if variable.explicit and variable.dim:
            yield 2, "with a reduction over the whole axis", _rebound(term, variable, replace(variable, explicit=False, least=0, most=0))


def _bounds(variable: IndexVar) -> tuple[Term | None, Term | None]:
    if variable.explicit:
        return variable.lower, variable.upper
    if not variable.dim:
        return None, None
    return constant(variable.base - variable.least), _plus(Term("size", (), (), (variable.dim,)), variable.base - 1 - variable.most)


def _plus(term: Term, step: int) -> Term:
    return term if not step else Term("add", (term, constant(float(abs(step)))), (), ("+", "+" if step > 0 else "-"))


def _rebound(term: Term, old: IndexVar, new: IndexVar) -> Term:
    """The term with another running index in place of one."""
    data = tuple(
        new if item is old else tuple(new if part is old else part for part in item) if isinstance(item, tuple) else item
        for item in term.data
    )
    return replace(term, args=tuple(_rebound(item, old, new) for item in term.args), data=data)


def _power(term: Term, say: Say) -> Iterator[Change]:
    base, exponent = term.args
    yield 1, f"without the power {say(exponent)}", base
    if base.op == "norm" and exponent.op == "number":
        yield 1, "without the square of a norm", base
        if base.args[0].shape:
            yield 3, "with the mean over the elements instead of a squared norm", Term("divide", (term, _count(base.args[0])), ())
    if exponent.op == "negate":
        yield 1, f"with the power {say(exponent.args[0])} instead of {say(exponent)}", replace(term, args=(base, exponent.args[0]))
    if exponent.op == "number" and exponent.data[0] == 2.0:
        yield 1, "with the absolute value instead of the square", Term("unary", (base,), term.shape, ("abs",))
    if exponent.op in {"index", "constant", "size", "add", "local"} and not exponent.rank:
        yield from ((2, words, replace(term, args=(base, other))) for _, words, other in _stepped(exponent, f"the power {say(exponent)}"))
        yield 3, f"multiplied by {say(exponent)} instead of raised to it", Term("multiply", (base, exponent), term.shape)


def _matrix_power(term: Term, say: Say) -> Iterator[Change]:
    base, exponent = term.args
    if exponent.op != "number":
        yield 2, f"without the power {say(exponent)}", base
        yield 1, f"with the inverse instead of the power {say(exponent)}", replace(term, args=(base, constant(-1.0)))
        yield from ((2, words, replace(term, args=(base, other))) for _, words, other in _stepped(exponent, f"the power {say(exponent)}"))
    elif exponent.data[0] == -1.0:
        yield 1, f"without the inverse of {say(base)}", base


def _extreme(term: Term, say: Say) -> Iterator[Change]:
    other = "minimum" if term.op == "maximum" else "maximum"
    yield 1, f"with the {other} instead of the {term.op}", replace(term, op=other)
    for zero, value in (term.args, term.args[::-1]):
        if term.op == "maximum" and zero.op == "number" and zero.data[0] == 0.0:
            sloped = Term("multiply", (constant(0.01), value), value.shape)
            yield 3, "with a leaky relu instead of the maximum with 0", replace(term, args=(value, sloped))
            for name in ("softplus", "gelu", "silu", "abs"):
                yield 3, f"with {name} instead of the maximum with 0", Term("unary", (value,), term.shape, (name,))
    for place in (0, 1):
        yield 2, f"without the {term.op} with {say(term.args[1 - place])}", term.args[place]


def _norm(term: Term) -> Iterator[Change]:
    for order in (1.0, 2.0, float("inf")):
        if order != term.data[0]:
            yield 1, f"with the norm {order:g} instead of {term.data[0]:g}", replace(term, data=(order,))
    inside = term.args[0]
    if inside.shape:
        yield 3, "with the mean over the elements instead of a norm", Term("divide", (term, _count(inside)), ())
    yield 2, "with the squared norm instead of the norm", Term("power", (term, constant(2.0)), term.shape)


def _count(term: Term) -> Term:
    """How many elements a term has."""
    found = Term("size", (), (), (term.shape[0],))
    for dim in term.shape[1:]:
        found = Term("multiply", (found, Term("size", (), (), (dim,))), ())
    return found


def _compare(term: Term) -> Iterator[Change]:
    operator = term.data[0]
    if operator in _EDGE:
        yield 1, f"with {_EDGE[operator]} instead of {operator} in a condition", replace(term, data=(_EDGE[operator],))
    yield 2, f"with the opposite condition ({_OPPOSITE[operator]} instead of {operator})", replace(term, data=(_OPPOSITE[operator],))


def _cases(term: Term) -> Iterator[Change]:
    args = term.args
    edges = [place for place in range(0, len(args) - 1, 2) if args[place].op == "compare" and args[place].data[0] in _EDGE]
    if len(edges) > 1:  # x > 0 beside x <= 0: the boundary goes from one case to the other
        operator = args[edges[0]].data[0]
        moved = tuple(replace(item, data=(_EDGE[item.data[0]],)) if place in edges else item for place, item in enumerate(args))
        yield 0, f"with {_EDGE[operator]} instead of {operator} in a condition", replace(term, args=moved)
    if len(args) >= 3:
        yield 3, "with the branches exchanged", replace(term, args=(args[0], args[-1], *args[2:-1], args[1]))
    for number, place in enumerate(range(1, len(args), 2)):
        yield 3, f"with branch {number + 1} for every case", args[place]
    if len(args) % 2:
        yield 3, "with the last branch for every case", args[-1]


def _stepped(term: Term, said: str) -> Iterator[Change]:
    yield 2, f"with {said} one higher", Term("add", (term, _ONE), (), ("+", "+"))
    yield 2, f"with {said} one lower", Term("add", (term, _ONE), (), ("+", "-"))


def _number(term: Term) -> Iterator[Change]:
    value = term.data[0]
    others = [10.0**power for power in range(-12, -2)] + [0.0] if 0 < abs(value) < 1e-2 else [value + 1, value - 1, value * 2, value / 2]
    for other in dict.fromkeys(others):
        if other != value:
            yield 4, f"with {other:g} instead of {value:g}", replace(term, data=(other,))


def _name(term: Term, sizes: Sizes, names: list[Term], say: Say) -> Iterator[Change]:
    """Another name of the same shape; a constant or size one off; a small constant of another size."""
    said = say(term)
    for other in names:
        if other.shape == term.shape and other.data != term.data:
            yield 2 if term.op == "local" else 3, f"with {say(other)} instead of {said}", replace(other, side=term.side)
    if term.op == "size":
        for dim in sizes.values:
            if dim != term.data[0]:
                yield 3, f"with {dim} instead of {said}", replace(term, data=(dim,))
    if term.op in {"constant", "size"}:
        for sign in "-+":
            yield 2, f"with {said} {sign} 1 instead of {said}", Term("add", (term, _ONE), (), ("+", sign))
    if term.op == "constant":
        yield 3, f"with 1 - {said} instead of {said}", Term("add", (_ONE, term), (), ("+", "-"))
        yield 3, f"with the square of {said}", Term("power", (term, constant(2.0)), ())
        yield 3, f"with the root of {said}", Term("unary", (term,), (), ("sqrt",))
        for power in range(-12, -2):
            yield 5, f"with {10.0**power:g} instead of {said}", constant(10.0**power)
    if term.op == "input":
        yield 4, f"with 1 - {said} instead of {said}", Term("add", (_ONE, term), term.shape, ("+", "-"))
    if term.rank == 2 and sizes.same(term.shape[0], term.shape[1]):
        yield 3, f"with a matrix transposed: {said}", Term("transpose", (term,), term.shape)
