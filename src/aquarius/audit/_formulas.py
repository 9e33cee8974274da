"""Curves that are written from a formula: values of a loop that depend on its step, on constants, and on nothing that is measured in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ._code import METRICS, Code, constant, dotted, last, names_in, returns, walk, words
from ._provenance import FREE

Loop = ast.For | ast.comprehension
_CURVED = {"exp", "tanh", "sqrt", "log", "pow", "log1p", "power", "expm1", "logspace", "geomspace", "sigmoid"}
_PLAIN = {
    "float",
    "round",
    "max",
    "min",
    "abs",
    "int",
    "sin",
    "cos",
    "array",
    "clip",
    "maximum",
    "minimum",
    "cumsum",
    "sorted",
    "len",
    "list",
    "enumerate",
    "zip",
}
_DRAWS = {"normal", "gauss", "uniform", "randn", "standard_normal", "normalvariate", "triangular", "random", "rand"}
_STEPS = {"arange", "linspace", "range", "logspace", "geomspace"}
_THEORY = {"bound", "theory", "theoretical", "expected", "ideal", "upper", "lower", "target", "lr", "rate", "schedule", "analytic", "exact"}

_CURVES = (METRICS | {"losses", "curve", "history", "accs"}) - {"return", "returns", "reward"}


@dataclass
class _Seen:
    """What a value turned out to be made of."""

    steps: bool = False  # the number of the step
    curved: bool = False  # an exponential, a root, a power or a share of it
    literal: bool = False  # a number such as 0.55 that no unit explains
    measured: bool = False


def is_formula(code: Code, value: ast.AST, loop: Loop, steps: set[str]) -> bool:
    """Say whether a value is a curved formula of the step: of constants and of what was fixed before the loop."""
    seen = _Seen()
    _read(code, value, loop, steps, seen, 6)
    return seen.steps and seen.curved and seen.literal and not seen.measured


def _read(code: Code, node: ast.AST, loop: Loop, steps: set[str], seen: _Seen, depth: int) -> None:
    number = constant(node)
    if number is not None:
        seen.literal |= number not in FREE and number != int(number)
    elif isinstance(node, ast.Name):
        _read_name(code, node, loop, steps, seen, depth)
    elif isinstance(node, ast.Call):
        _read_call(code, node, loop, steps, seen, depth)
    elif isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Pow | ast.Div) and _about_step(code, node, loop, steps):
            seen.curved = True
        _read(code, node.left, loop, steps, seen, depth)
        _read(code, node.right, loop, steps, seen, depth)
    elif isinstance(node, ast.UnaryOp | ast.IfExp | ast.List | ast.Tuple | ast.BoolOp | ast.Compare):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                _read(code, child, loop, steps, seen, depth)
    else:
        seen.measured = True


def _about_step(code: Code, node: ast.AST, loop: Loop, steps: set[str]) -> bool:
    return bool(names_in(node) & steps) or any(isinstance(item, ast.Call) and last(item.func) in _STEPS for item in walk(node))


def _read_name(code: Code, node: ast.Name, loop: Loop, steps: set[str], seen: _Seen, depth: int) -> None:
    if node.id in steps:
        seen.steps = True
        return
    scope = code.scope_of.get(node)
    values = code.values(scope, node.id) if scope is not None else []
    if not values or depth <= 0:
        return  # a parameter, or a constant of the module: fixed before the loop
    home = code.scope_of.get(loop.target)
    inside = [value for value in values if scope is not home or loop in code.ancestors(value) or value is loop.iter]
    over_array = node.id in names_in(loop.target)
    for value in inside or (values if over_array else []):
        _read(code, value, loop, steps, seen, depth - 1)
    if not inside and not over_array and any(_about_step(code, v, loop, steps) and not isinstance(v, ast.ListComp) for v in values):
        for value in values:
            _read(code, value, loop, steps, seen, depth - 1)  # curve = 2.1 * np.exp(-np.arange(n) / 5), looped over


def _read_call(code: Code, node: ast.Call, loop: Loop, steps: set[str], seen: _Seen, depth: int) -> None:
    name = last(node.func)
    if name in _STEPS:
        seen.steps = True
        return
    function = code.function(node)
    if name in _CURVED | _PLAIN:
        seen.curved |= name in _CURVED
        for item in node.args:
            _read(code, item, loop, steps, seen, depth)
    elif name in _DRAWS and function is None:
        return
    elif function is not None and depth > 0 and not any(isinstance(item, ast.For | ast.While | ast.With) for item in walk(function)):
        for value in returns(function):
            _read(code, value, loop, _handed_on(code, node, function, steps), seen, depth - 1)
    else:
        seen.measured = True


def _handed_on(code: Code, call: ast.Call, function: ast.FunctionDef, steps: set[str]) -> set[str]:
    """Return the parameters of a function that are given the step."""
    names = [arg.arg for arg in function.args.args]
    given = {name for name, item in zip(names, call.args, strict=False) if names_in(item) & steps}
    return given | {word.arg for word in call.keywords if word.arg and names_in(word.value) & steps}


def logged_values(code: Code, node: ast.AST, loop: Loop) -> Iterator[tuple[ast.AST, set[str]]]:
    """Give what a loop logs under a metric's name, and the names that hold the step there; through a function that makes the record."""
    ranged = isinstance(loop.iter, ast.Call) and last(loop.iter.func) in {"range", "arange", "linspace"}
    counted = isinstance(loop.iter, ast.Call) and last(loop.iter.func) == "enumerate" and isinstance(loop.target, ast.Tuple)
    steps = names_in(loop.target) if ranged else names_in(loop.target.elts[0]) if counted and isinstance(loop.target, ast.Tuple) else set()
    whole = node.elt if isinstance(node, ast.ListComp) else node
    yield from ((value, steps) for value in _named_values(whole))
    for call in (item for item in walk(whole) if isinstance(item, ast.Call)):
        function = code.function(call)
        if function is not None:
            inner = _handed_on(code, call, function, steps)
            yield from ((value, inner) for part in returns(function) for value in _named_values(part)) if inner else ()
    kept = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append" else None
    if kept is not None and isinstance(node, ast.Call) and set(words(dotted(kept))) & _CURVES:
        yield from ((value, steps) for value in node.args[:1])


def _named_values(node: ast.AST) -> Iterator[ast.AST]:
    for item in walk(node):
        if isinstance(item, ast.Dict):
            for key, value in zip(item.keys, item.values, strict=True):
                if isinstance(key, ast.Constant) and set(words(str(key.value))) & METRICS and not set(words(str(key.value))) & _THEORY:
                    yield value
        elif isinstance(item, ast.JoinedStr):
            for before, part in zip([None, *item.values], item.values, strict=False):
                label = str(before.value) if isinstance(before, ast.Constant) else ""
                if isinstance(part, ast.FormattedValue) and not set(words(label.split(",")[-1])) & _THEORY:
                    yield part.value
        elif isinstance(item, ast.List | ast.Tuple) and isinstance(node, ast.Call) and last(node.func) == "writerow":
            yield from item.elts
