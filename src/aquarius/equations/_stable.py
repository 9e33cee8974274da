"""Stable forms of what is printed: log(1 + exp x) is a softplus, 1 / (1 + exp(-x)) a sigmoid, log of exp a / b is a - log b."""

from __future__ import annotations

from dataclasses import replace

from ._typed import Output, Term, terms

_PLAIN = {"number", "constant", "size", "index", "position"}


def stable_output(output: Output) -> Output:
    """An output whose rules are in stable form."""
    return replace(output, rules=[replace(rule, body=stable(rule.body)) for rule in output.rules])


def stable(term: Term) -> Term:
    """A term with every part in its stable form; what is a plain number stays as it is printed."""
    args = tuple(stable(item) for item in term.args)
    if any(new is not old for new, old in zip(args, term.args, strict=True)):
        term = replace(term, args=args)
    if term.op not in {"unary", "divide"} or all(item.op in _PLAIN for item in terms(term) if not item.args):
        return term
    if term.op == "divide":
        power = _one_and(term.args[1], "exp", "+") if _is_one(term.args[0]) else None
        return term if power is None else _unary(term, "sigmoid", _minus(power))
    if term.data[0] != "log":
        return term
    inner = term.args[0]
    power = _one_and(inner, "exp", "+")
    if power is not None:
        return _unary(term, "softplus", power)
    other = _one_and(inner, "sigmoid", "-")
    return term if other is None else _unary(term, "log", _unary(term, "sigmoid", _minus(other)))


def log_of_quotient(term: Term) -> Term | None:
    """a - log b for log(exp a / b); None for anything else."""
    if term.op != "unary" or term.data[0] != "log" or term.args[0].op != "divide":
        return None
    above, below = term.args[0].args
    if above.op != "unary" or above.data[0] != "exp":
        return None
    return Term("add", (above.args[0], _unary(term, "log", below)), term.shape, ("+", "-"), term.side, term.at)


def turned(difference: Term) -> Term:
    """b - a for a - b: what a minus in front makes of it."""
    return replace(difference, args=difference.args[::-1])


def _unary(term: Term, name: str, inner: Term) -> Term:
    return Term("unary", (inner,), inner.shape, (name,), inner.side, term.at)


def _is_one(term: Term) -> bool:
    return term.op == "number" and term.data[0] == 1


def _minus(term: Term) -> Term:
    return term.args[0] if term.op == "negate" else Term("negate", (term,), term.shape, (), term.side, term.at)


def _one_and(term: Term, function: str, sign: str) -> Term | None:
    """x of 1 + f(x), or of 1 - f(x)."""
    if term.op != "add" or len(term.args) != 2:
        return None
    for one, other, signs in ((0, 1, ("+", sign)), (1, 0, (sign, "+"))):
        found = term.args[other]
        if _is_one(term.args[one]) and tuple(term.data) == signs and found.op == "unary" and found.data[0] == function:
            return found.args[0]
    return None
