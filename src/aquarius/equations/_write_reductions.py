"""Text of reductions, cases, conditions and arrays put together: one writer for each kind of term."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ._alike import opposite
from ._code import ATOM, COMPARE, SUM, Code, tensor_text
from ._typed import IndexVar, Term, terms

if TYPE_CHECKING:
    from ._emit import Emitter


def _pair(emitter: Emitter, term: Term) -> tuple[Code, Code]:
    return emitter.term(term.args[0]), emitter.term(term.args[1])


def _reduce(emitter: Emitter, term: Term) -> Code:
    code = _reduced(emitter, term)
    emitter.done(term.data[1])
    return code


def _reduced(emitter: Emitter, term: Term) -> Code:
    operation, variables = term.data
    for variable in variables:
        emitter.loop(variable)
    body = emitter.term(term.args[0])
    condition = emitter.term(term.args[1]) if len(term.args) == 2 else None
    loops = " ".join(f"for {emitter.loops[variable]} in {emitter.span(variable)}" for variable in variables)
    items = f"{body.text} {loops}" + (f" if {condition.text}" if condition is not None else "")
    if operation == "sum":
        nought = not body.plain and not term.rank and any(_may_be_empty(variable) for variable in variables)
        return Code(f"sum(({items}), torch.tensor(0.0))" if nought else f"sum({items})", ATOM, body.plain)
    if operation == "prod":
        emitter.math = True
        return Code(f"math.prod({items})", ATOM, body.plain)
    if operation in {"max", "min"}:
        return Code(f"{operation}({items})" if not term.rank else f"torch.stack([{items}]).a{operation}(dim=0)", ATOM, body.plain)
    if operation == "mean":
        if body.plain:
            return Code(f"torch.tensor([{items}], dtype=torch.float64).mean()")
        return Code(f"torch.stack([{items}]).mean(dim=0)")
    variable = variables[0]
    name = emitter.loops[variable]
    pick = "max" if operation == "argmax" else "min"
    places = emitter.span(variable) if condition is None else f"[{name} for {name} in {emitter.span(variable)} if {condition.text}]"
    chosen = f"{pick}({places}, key=lambda {name}: {body.text})"
    return Code(f"{chosen} + {variable.base}", SUM, True) if variable.base else Code(chosen, ATOM, True)


def log_of_sum(emitter: Emitter, total: Term) -> Code | None:
    """log sum_j exp x_j in its stable form, where every j counts."""
    operation, variables = total.data
    body = total.args[0]
    if operation != "sum" or len(total.args) > 1 or body.op != "unary" or body.data[0] != "exp" or total.rank:
        return None
    for variable in variables:
        emitter.loop(variable)
    code = emitter.term(body.args[0])
    loops = " ".join(f"for {emitter.loops[variable]} in {emitter.span(variable)}" for variable in variables)
    emitter.done(variables)
    if code.plain or any(_may_be_empty(variable) for variable in variables):
        return None
    return Code(f"torch.logsumexp(torch.stack([{code.text} {loops}]), dim=0)")


def _may_be_empty(variable: IndexVar) -> bool:
    """A range that ends at another index may hold nothing; Python's sum is then no tensor."""
    limits = [limit for limit in (variable.lower, variable.upper) if limit is not None]
    return variable.explicit and any(item.op == "index" for limit in limits for item in terms(limit))


def _reduce_all(emitter: Emitter, term: Term) -> Code:
    code, operation = emitter.term(term.args[0]), term.data[0]
    if operation == "var":
        return Code(f"{code.at(ATOM)}.var(correction=0)")
    if operation == "logsumexp":
        return Code(f"torch.logsumexp({code.text}, dim=-1)")
    return Code(f"{code.at(ATOM)}.{operation}()")


def _cases(emitter: Emitter, term: Term) -> Code:
    codes = [emitter.term(item) for item in term.args]
    pairs = list(zip(codes[::2], codes[1::2], strict=False)) if len(codes) % 2 == 0 else list(zip(codes[:-1:2], codes[1:-1:2], strict=True))
    emitter.math |= len(codes) % 2 == 0
    result = codes[-1] if len(codes) % 2 else Code("math.nan", ATOM, True)
    if len(codes) % 2 == 0 and len(pairs) >= 2 and opposite(term.args[-4], term.args[-2]):
        result = pairs.pop()[1]
        emitter.math = emitter.math and any("math." in code.text for code in codes)
    for condition, value in reversed(pairs):
        result = _where(condition, value, result)
    return result


def _where(condition: Code, value: Code, other: Code) -> Code:
    if condition.plain:
        return Code(f"{value.at(SUM)} if {condition.text} else {other.at(SUM)}", -1, value.plain and other.plain)
    if value.plain and other.plain:
        return Code(f"torch.where({condition.text}, torch.tensor({value.text}, dtype=torch.float64), {other.text})")
    return Code(f"torch.where({condition.text}, {value.text}, {other.text})")


def _compare(emitter: Emitter, term: Term) -> Code:
    if all(item.op == "index" for item in term.args) and term.args[0].data[0].base == term.args[1].data[0].base:
        names = [emitter.loop(item.data[0]) for item in term.args]
        return Code(f"{names[0]} {term.data[0]} {names[1]}", COMPARE, True)
    left, right = _pair(emitter, term)
    return Code(f"{left.at(SUM)} {term.data[0]} {right.at(SUM)}", COMPARE, left.plain and right.plain)


def _both(emitter: Emitter, term: Term) -> Code:
    left, right = _pair(emitter, term)
    if left.plain and right.plain:
        return Code(f"{left.at(SUM)} and {right.at(SUM)}", -1, True)
    return Code(f"{left.at(SUM)} & {right.at(SUM)}", COMPARE)


def _either(emitter: Emitter, term: Term) -> Code:
    left, right = _pair(emitter, term)
    if left.plain and right.plain:
        return Code(f"({left.at(SUM)} or {right.at(SUM)})", ATOM, True)
    return Code(f"{left.at(SUM)} | {right.at(SUM)}", COMPARE)


def _indicator(emitter: Emitter, term: Term) -> Code:
    code = emitter.term(term.args[0])
    return Code(f"int({code.text})", ATOM, True) if code.plain else Code(f"{code.at(ATOM)}.double()")


def _eye(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.eye({emitter.size(term.shape[0]).text}, dtype=torch.float64)")


def _ones(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.{term.op}({', '.join(emitter.size(dim).text for dim in term.shape)}, dtype=torch.float64)")


def _previous(emitter: Emitter, term: Term) -> Code:
    return Code(emitter.names.of("before:" + term.data[0], "before"))


def _part(emitter: Emitter, term: Term) -> Code:
    axis, place, dims = term.data
    code = emitter.term(term.args[0])
    along = f", dim={axis}" if axis else ""
    if len(set(dims)) == 1:
        return Code(f"torch.chunk({code.text}, {len(dims)}{along})[{place}]")
    sizes = ", ".join(emitter.size(dim).text for dim in dims)
    return Code(f"torch.split({code.text}, [{sizes}]{along})[{place}]")


def _diagonal_matrix(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.diag({emitter.term(term.args[0]).text})")


def _diagonal(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.diagonal({emitter.term(term.args[0]).text})")


def _trace(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.trace({emitter.term(term.args[0]).text})")


def _det(emitter: Emitter, term: Term) -> Code:
    return Code(f"torch.det({emitter.term(term.args[0]).text})")


def _stack(emitter: Emitter, term: Term) -> Code:
    codes = [emitter.term(item) for item in term.args]
    if all(code.plain for code in codes):
        return Code(f"torch.tensor([{', '.join(code.text for code in codes)}], dtype=torch.float64)")
    return Code(f"torch.stack([{', '.join(tensor_text(code) for code in codes)}])")


def _matrix(emitter: Emitter, term: Term) -> Code:
    codes = [tensor_text(emitter.term(item)) for item in term.args]
    return Code(f"torch.stack([{', '.join(codes)}]).reshape({term.shape[0]}, {term.shape[1]})")


def _concat(emitter: Emitter, term: Term) -> Code:
    axis = -1 if term.data[0] == term.rank - 1 else term.data[0]
    return Code(f"torch.cat([{', '.join(emitter.term(item).text for item in term.args)}], dim={axis})")


def _collect(emitter: Emitter, term: Term) -> Code:
    name = emitter.loop(term.data[0])
    text = f"torch.stack([{emitter.term(term.args[0]).text} for {name} in {emitter.span(term.data[0])}])"
    emitter.done(term.data)
    return Code(text)


def _concat_range(emitter: Emitter, term: Term) -> Code:
    name = emitter.loop(term.data[0])
    text = f"torch.cat([{emitter.term(term.args[0]).text} for {name} in {emitter.span(term.data[0])}], dim=-1)"
    emitter.done(term.data)
    return Code(text)


REDUCTIONS: dict[str, Callable[[Emitter, Term], Code]] = {
    "reduce": _reduce,
    "reduce-all": _reduce_all,
    "cases": _cases,
    "compare": _compare,
    "and": _both,
    "or": _either,
    "indicator": _indicator,
    "eye": _eye,
    "previous": _previous,
    "ones": _ones,
    "zeros": _ones,
    "part": _part,
    "diagonal-matrix": _diagonal_matrix,
    "diagonal": _diagonal,
    "trace": _trace,
    "det": _det,
    "stack": _stack,
    "matrix": _matrix,
    "concat": _concat,
    "collect": _collect,
    "concat-range": _concat_range,
}
