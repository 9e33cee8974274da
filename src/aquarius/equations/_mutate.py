"""Known deviations: an equation's typed outputs, changed in one place, each with the words for the change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ._typed import Output, Sizes, Term

Say = Callable[[Term], str]


def deviations(outputs: list[Output], sizes: Sizes, say: Say) -> Iterator[tuple[str, list[Output]]]:
    """Yield (what it is, outputs) for every known deviation in every place, the likeliest kinds first."""
    found: list[tuple[int, str, list[Output]]] = []
    for place, output in enumerate(outputs):
        for number, rule in enumerate(output.rules):
            for rank, words, body in _changed(rule.body, sizes, say):
                rules = [*output.rules[:number], replace(rule, body=body), *output.rules[number + 1 :]]
                changed = Output(output.name, rules, output.shape, output.diagonal)
                found.append((rank, words, [*outputs[:place], changed, *outputs[place + 1 :]]))
    for _, words, changed_outputs in sorted(found, key=lambda item: item[0]):
        yield words, changed_outputs


def _changed(term: Term, sizes: Sizes, say: Say) -> Iterator[tuple[int, str, Term]]:
    for rank, words, other in _here(term, sizes, say):
        if other.shape == term.shape:
            yield rank, words, other
    for place, item in enumerate(term.args):
        for rank, words, other in _changed(item, sizes, say):
            yield rank, words, replace(term, args=(*term.args[:place], other, *term.args[place + 1 :]))


def _here(term: Term, sizes: Sizes, say: Say) -> Iterator[tuple[int, str, Term]]:
    """Deviations at the root of one term."""
    op, args = term.op, term.args
    if op == "divide":
        yield 0, f"without the division by {say(args[1])}", args[0]
        if args[1].op == "unary" and args[1].data[0] == "sqrt" and not args[1].rank:
            yield 0, f"divided by {say(args[1].args[0])} instead of {say(args[1])}", replace(term, args=(args[0], args[1].args[0]))
        yield 2, f"multiplied by {say(args[1])} instead of divided", replace(term, op="multiply")
        yield 3, "numerator and denominator exchanged", replace(term, args=(args[1], args[0]))
        yield from _scaled_roots(term, say)
    if op == "multiply":
        yield 1, f"without the factor {say(args[0])}", args[1]
        yield 1, f"without the factor {say(args[1])}", args[0]
        yield 3, f"divided by {say(args[1])} instead of multiplied", replace(term, op="divide")
    if op == "softmax" and term.rank >= 2:
        yield 0, "with the softmax over the other axis", replace(term, data=(term.data[0], -2))
    if op == "softmax":
        yield 2, "without the softmax", args[0]
    if op == "matmul":
        yield from _transposed(term, sizes)
    if op == "transpose" and sizes.same(term.shape[-1], term.shape[-2]):
        yield 0, f"without the transposition of {say(args[0])}", replace(args[0], shape=term.shape)
    if op == "unary":
        yield from _unary(term, say)
    if op == "add":
        yield from _sum(term, say)
    if op == "negate":
        yield 1, "with the sign of a term reversed", args[0]
    if op in {"reduce", "reduce-all"}:
        yield from _reduction(term)
    if op == "power":
        yield from _power(term, say)
    if op == "matrix-power" and args[1].op != "number":
        yield 2, f"without the power {say(args[1])}", args[0]
        yield 1, f"with the inverse instead of the power {say(args[1])}", replace(term, args=(args[0], Term("number", (), (), (-1.0,))))
    if op in {"maximum", "minimum"}:
        yield 2, f"without the {op}", args[1] if args[1].shape == term.shape else args[0]
        yield (
            2,
            f"with the {'minimum' if op == 'maximum' else 'maximum'} instead of the {op}",
            replace(term, op="minimum" if op == "maximum" else "maximum"),
        )
    if op == "norm":
        if term.data[0] == 2.0:
            yield 1, "with the norm 1 instead of 2", replace(term, data=(1.0,))
        if term.data[0] == 1.0:
            yield 1, "with the norm 2 instead of 1", replace(term, data=(2.0,))
    if op == "compare":
        flipped = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}.get(term.data[0])
        if flipped:
            yield 1, f"with {flipped} instead of {term.data[0]} in a condition", replace(term, data=(flipped,))
    if op == "index":
        one = Term("number", (), (), (1.0,))
        yield 2, "with the index counted one higher", Term("add", (term, one), (), ("+", "+"))
        yield 2, "with the index counted one lower", Term("add", (term, one), (), ("+", "-"))
    if op == "cases" and len(args) >= 3:
        yield 3, "with the branches exchanged", replace(term, args=(args[0], args[-1], *args[2:-1], args[1]))


def _transposed(term: Term, sizes: Sizes) -> Iterator[tuple[int, str, Term]]:
    for place in (0, 1):
        item = term.args[place]
        if item.rank == 2 and sizes.same(item.shape[0], item.shape[1]):
            turned = Term("transpose", (item,), item.shape)
            yield 1, "with a matrix transposed", replace(term, args=(turned, term.args[1]) if place == 0 else (term.args[0], turned))
    if (
        term.args[0].rank == term.args[1].rank == 2
        and sizes.same(term.shape[0], term.shape[1])
        and term.args[0].shape == term.args[1].shape
    ):
        yield 2, "with an elementwise product instead of the matrix product", replace(term, op="multiply")
        yield 2, "with the factors of a matrix product exchanged", replace(term, args=(term.args[1], term.args[0]))


def _scaled_roots(term: Term, say: Say) -> Iterator[tuple[int, str, Term]]:
    below = term.args[1]
    if below.op == "add" and len(below.args) == 2:  # a / (sqrt(v) + epsilon)
        for root, other in (below.args, below.args[::-1]):
            if root.op == "unary" and root.data[0] == "sqrt" and not other.rank:
                inside = Term("add", (root.args[0], other), root.shape, ("+", "+"))
                yield 0, f"with {say(other)} inside the root", replace(term, args=(term.args[0], replace(root, args=(inside,))))


def _unary(term: Term, say: Say) -> Iterator[tuple[int, str, Term]]:
    name, inner = term.data[0], term.args[0]
    if name == "sqrt" and inner.op == "add" and len(inner.args) == 2:
        value, epsilon = inner.args
        if not epsilon.rank:
            yield 0, f"with {say(epsilon)} outside the root", Term("add", (replace(term, args=(value,)), epsilon), term.shape, inner.data)
    yield 1, f"without the function {name}", inner
    for other in {
        "sigmoid": ("tanh",),
        "tanh": ("sigmoid",),
        "relu": ("gelu", "silu", "softplus"),
        "gelu": ("relu", "silu"),
        "sin": ("cos",),
        "cos": ("sin",),
    }.get(name, ()):
        yield 1, f"with {other} instead of {name}", replace(term, data=(other,))
    if name == "log":
        yield 2, "with the logarithm to base 2", Term("divide", (term, Term("number", (), (), (0.6931471805599453,))), term.shape)
        yield 2, "with the logarithm to base 10", Term("divide", (term, Term("number", (), (), (2.302585092994046,))), term.shape)


def _sum(term: Term, say: Say) -> Iterator[tuple[int, str, Term]]:
    for place, item in enumerate(term.args):
        if place:
            signs = (*term.data[:place], "-" if term.data[place] == "+" else "+", *term.data[place + 1 :])
            yield 1, f"with the sign of {say(item)} reversed", replace(term, data=signs)
        if len(term.args) > 1:
            rest = (*term.args[:place], *term.args[place + 1 :])
            signs = (*term.data[:place], *term.data[place + 1 :])
            left = (
                rest[0] if len(rest) == 1 and signs[0] == "+" else Term("add", rest, max((other.shape for other in rest), key=len), signs)
            )
            yield 1, f"without the term {say(item)}", left


def _reduction(term: Term) -> Iterator[tuple[int, str, Term]]:
    operation = term.data[0]
    instead = {"sum": ("mean",), "mean": ("sum",), "max": ("min", "mean"), "min": ("max",), "var": ("sample-var",)}.get(operation, ())
    said = {"sample-var": "variance over n - 1", "var": "variance over n"}
    for other in instead:
        words = f"with the {said.get(other, other)} instead of the {said.get(operation, operation)}"
        yield 0, words, replace(term, data=(other, *term.data[1:]))
    if term.op == "reduce" and len(term.args) == 2:
        yield 1, "without the condition under a reduction", replace(term, args=term.args[:1])


def _power(term: Term, say: Say) -> Iterator[tuple[int, str, Term]]:
    base, exponent = term.args
    yield 1, f"without the power {say(exponent)}", base
    if base.op == "norm" and exponent.op == "number":
        yield 1, "without the square of a norm", base
    if exponent.op == "negate":
        yield 1, f"with the power {say(exponent.args[0])} instead of {say(exponent)}", replace(term, args=(base, exponent.args[0]))
