"""Where a written number comes from: the constants that scale or shift it, and whether anything measured reaches it at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from ._code import PAPERLIKE, Code, constant, dotted, last, returns, walk, words

FREE = {0.0, 1.0, 0.5, 2.0, 10.0, 60.0, 100.0, 1000.0, 1024.0, 0.01, 0.001, 255.0, 1e6, 3600.0}
_CONVERSIONS = (1.4826, 0.6745, 1.442695, 0.693147, 1.2533, 0.7979, 1.253314)  # of spreads, nats and absolute deviations
_WRAPS = {"float", "round", "item", "float64", "float32", "Decimal"}
_GATHERS = {
    "sum", "fsum", "mean", "fmean", "nanmean", "average", "median", "std", "stdev", "pstdev", "var", "max", "min", "amax", "amin", "len", "values", "items",
    "keys", "get", "list", "tuple", "dict", "sorted", "array", "asarray", "zip", "enumerate", "range", "abs", "sqrt", "str", "int", "tolist", "tensor",
    "append", "copy", "percentile", "quantile", "cumsum", "linspace", "stack", "concatenate", "next", "iter", "reversed",
} | _WRAPS  # fmt: skip
_DRAWS = {"normal", "gauss", "uniform", "randn", "standard_normal", "normalvariate", "triangular"}
_MAKERS = {"default_rng", "RandomState", "Random", "Generator"}
_STEPS = 200


def number(code: Code, node: ast.AST | None) -> float | None:
    """Return the number of a literal, or of a name that the module binds once to one."""
    if isinstance(node, ast.Name) and node in code.module_of:
        scope, tree = code.scope_of[node], code.module_of[node].tree
        values = code.values(tree, node.id) if scope is tree or not code.values(scope, node.id) else []
        return constant(values[0]) if len(values) == 1 else None
    return constant(node)


def arms(node: ast.AST) -> list[ast.AST]:
    """Return the values an expression may take, without float() and round() around them: those of both sides of a condition."""
    while isinstance(node, ast.Call) and last(node.func) in _WRAPS:
        if node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            break
    return [*arms(node.body), *arms(node.orelse)] if isinstance(node, ast.IfExp) else [node]


@dataclass(frozen=True)
class Line:
    """slope * measured + offset; what is measured is None for a constant."""

    slope: float
    offset: float
    measured: str | None


def line(code: Code, node: ast.AST, depth: int = 5) -> Line | None:
    """Return an expression as a linear function of one measured value; None where it is something else."""
    node = arms(node)[0]
    known = number(code, node)
    if known is not None:
        return Line(0.0, known, None)
    if isinstance(node, ast.BinOp):
        return _combined(node.op, line(code, node.left, depth), line(code, node.right, depth))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = line(code, node.operand, depth)
        return None if inner is None else Line(-inner.slope, -inner.offset, inner.measured)
    if isinstance(node, ast.Name) and node in code.scope_of and depth > 0:
        values = code.values(code.scope_of[node], node.id)
        if len(values) == 1 and isinstance(values[0], ast.BinOp):
            return line(code, values[0], depth - 1)
    if isinstance(node, ast.Call) and last(node.func) in ("log", "exp", "log2", "log1p"):
        return None  # a term of a formula, in which constants are at home
    return Line(1.0, 0.0, ast.dump(node)) if isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript) else None


def _combined(operator: ast.operator, one: Line | None, two: Line | None) -> Line | None:
    if one is None or two is None:
        return None
    measured = one.measured or two.measured
    if one.measured and two.measured and one.measured != two.measured:
        return None
    if isinstance(operator, ast.Add):
        return Line(one.slope + two.slope, one.offset + two.offset, measured)
    if isinstance(operator, ast.Sub):
        return Line(one.slope - two.slope, one.offset - two.offset, measured)
    if isinstance(operator, ast.Mult) and not (one.measured and two.measured):
        factor, other = (one.offset, two) if one.measured is None else (two.offset, one)
        return Line(factor * other.slope, factor * other.offset, measured)
    if isinstance(operator, ast.Div) and two.measured is None and two.offset:
        return Line(one.slope / two.offset, one.offset / two.offset, measured)
    return None


def distortion(code: Code, node: ast.AST, paper: tuple[float, ...]) -> str:
    """Say how an expression bends the one value measured in it: by a factor or a shift that converts no unit; "" where it does not."""
    found = line(code, node)
    if found is None or found.measured is None or not found.slope:
        return ""
    scale = next((unit for unit in (1.0, 100.0, 0.01) if 0.5 < abs(found.slope) / unit < 1.5), None)
    if scale is not None:
        factor = abs(found.slope) / scale
        if abs(factor - 1) > 1e-9 and abs(found.slope) not in FREE and not any(abs(factor - known) < 1e-3 for known in _CONVERSIONS):
            return "multiplied"
    shift = abs(found.offset / (scale or 1.0))
    if found.offset > 0 and found.offset in paper and found.offset != int(found.offset) and len(f"{found.offset:g}") >= 3:
        return "shifted by a number of the paper"
    return "shifted" if 1e-4 < shift < 1 and round(shift, 12) not in FREE else ""


@dataclass
class Sources:
    """What a value is made of: literals, random draws, and whether anything measured is among it."""

    literals: list[float] = field(default_factory=list)
    draws: list[ast.Call] = field(default_factory=list)
    measured: bool = False


def sources(code: Code, value: ast.AST) -> Sources:
    """Follow a value through names, lists, sums and short functions of the repository to what it is made of."""
    found = Sources()
    stack, seen = [value], set[int]()
    while stack and not found.measured:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if len(seen) > _STEPS:
            found.measured = True
        stack += _made_of(code, node, found)
    return found


def _made_of(code: Code, node: ast.AST, found: Sources) -> list[ast.AST]:
    """Enter a node among the sources and return what it is made of in its turn."""
    known = constant(node)
    if known is not None:
        if known not in FREE and known != int(known) and _listed(code, node):
            found.literals.append(known)
        return []
    if isinstance(node, ast.Name) and node in code.scope_of:
        return _bound_to(code, node, found)
    if isinstance(node, ast.Call):
        return _given(code, node, found)
    if isinstance(node, ast.Compare | ast.Attribute | ast.Await | ast.Lambda | ast.Yield):
        found.measured = True
        return []
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return [node.elt]
    if isinstance(node, ast.DictComp):
        return [node.value]
    if isinstance(node, ast.Dict):
        return list(node.values)
    if isinstance(node, ast.Subscript):
        return [node.value]
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _listed(code: Code, node: ast.AST) -> bool:
    """Say whether a literal is an element of a list or a table, and not a constant that is set beside another: A, B = 0.1, 0.2."""
    parent = code.parent.get(node)
    parent = code.parent.get(parent) if isinstance(parent, ast.UnaryOp) else parent
    around = code.parent.get(parent) if parent is not None else None
    unpacked = isinstance(around, ast.Assign) and isinstance(around.targets[0], ast.Tuple)
    return isinstance(parent, ast.List | ast.Dict | ast.Tuple) and not unpacked


def _bound_to(code: Code, node: ast.Name, found: Sources) -> list[ast.AST]:
    scope = code.scope_of[node]
    values = code.values(scope, node.id) or code.values(code.module_of[node].tree, node.id)
    if not values and isinstance(scope, ast.FunctionDef):
        values = code.arguments(scope, node.id)
    if not values or set(words(node.id)) & PAPERLIKE:
        found.measured = True  # of unknown origin, or the paper's, which another check follows
    return list(values)


def _given(code: Code, call: ast.Call, found: Sources) -> list[ast.AST]:
    name = last(call.func)
    given = [*call.args, *(word.value for word in call.keywords)]
    if name in _MAKERS:
        return []
    if name in _DRAWS:
        found.draws.append(call)
        found.measured |= len(call.args) > 2 or bool(call.keywords)  # an array of them: data of a simulation
        return []
    function = code.function(call)
    if function is not None and len(function.body) <= 3 and not any(isinstance(item, ast.For | ast.While) for item in walk(function)):
        return [*returns(function)]
    if function is not None or name not in _GATHERS:
        found.measured = True
        return []
    base = call.func.value if isinstance(call.func, ast.Attribute) and dotted(call.func).split(".")[0] not in ("np", "numpy", "math", "statistics", "torch", "json") else None  # fmt: skip
    return [*given, *([base] if base is not None else [])]


_SPREADS = {"sd", "std", "stdev", "sem", "stderr", "spread", "ci", "ci95", "deviation"}
_SPREADING = {
    "std", "stdev", "pstdev", "var", "variance", "pvariance", "sem", "sqrt", "percentile", "quantile", "ptp", "norm", "interval", "bootstrap", "max", "min", "mad",
    "nanstd", "quantiles", "cov", "median_abs_deviation", "describe", "agg", "hypot", "t_interval",
}  # fmt: skip


def invented_spreads(code: Code) -> Iterator[tuple[str, ast.AST]]:
    """Give what is written as a spread and comes from no deviation: a share of the mean, or a literal."""
    for key, value in code.written:
        named = words(key)
        if not set(named) & _SPREADS or set(named) & PAPERLIKE or "noise" in named:
            continue
        steps = [value, *(step for name in walk(value) if isinstance(name, ast.Name) and name in code.scope_of for step in code.values(code.scope_of[name], name.id))]  # fmt: skip
        calls = [item for step in steps for item in ast.walk(step) if isinstance(item, ast.Call)]
        spreading = any(set(words(last(call.func))) & _SPREADING for call in calls)
        powers = any(isinstance(item, ast.BinOp) and isinstance(item.op, ast.Pow) for step in steps for item in ast.walk(step))
        scaled = line(code, value)
        literal = scaled is not None and (scaled.measured is None or scaled.slope not in (*FREE, -1.0))
        if (
            literal
            and scaled is not None
            and (scaled.offset or scaled.slope)
            and not spreading
            and not powers
            and _of_runs(code, value, scaled)
        ):
            yield key, value


def _of_runs(code: Code, value: ast.AST, scaled: Line) -> bool:
    """Say whether a spread's other factor is a mean or a measured number, not something unknown."""
    names = {last(item) for step in code.expand(value, 4) for item in ast.walk(step) if isinstance(item, ast.Call)}
    return (scaled.measured is None and scaled.offset != int(scaled.offset)) or bool(names & {"mean", "fmean", "sum", "average", "median"})


def unmeasured(code: Code) -> Iterator[tuple[str, ast.AST, Sources]]:
    """Give what is written under a metric's name, or dumped as the results, and is made of literals and random draws alone."""
    spots = list(code.reported)
    for call in (*code.calls_of.get("dump", ()), *code.calls_of.get("dumps", ())):
        spots += [("the record", item) for item in call.args[:1]]
    for key, value in spots:
        if set(words(key)) & {"tolerance", "threshold", "weight", "weights", "margin", "limit", "noise", "smoothing", "sd", "config"}:
            continue
        found = sources(code, value)
        if not found.measured and found.literals and (len(found.literals) > 1 or found.draws):
            yield key, value, found
