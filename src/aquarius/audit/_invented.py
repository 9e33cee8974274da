"""Fabrication in the code: numbers that no computation gave."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import METRICS, PAPERLIKE, Code, constant, dotted, last, names_in, returns, walk, words
from ._formulas import is_formula, logged_values
from ._provenance import FREE as _FREE
from ._provenance import arms, distortion, invented_spreads, number, unmeasured

_DRAWS = {"normal", "gauss", "uniform", "randn", "standard_normal", "normalvariate", "triangular", "jitter"}
_BOUNDS = {"max", "min", "clip", "maximum", "minimum", "clamp", "clamp_min", "clamp_max", "fmax", "fmin"}
_OUTPUT = {"print", "info", "axhline", "text", "plot", "warning", "format", "debug", "annotate", "bar", "scatter"}


def metric_functions(code: Code) -> list[ast.FunctionDef]:
    """Return the functions that give a metric: by their name, or because what they give is reported."""
    chosen: dict[int, ast.FunctionDef] = {}
    for name, found_here in code.functions.items():
        if set(words(name)) & METRICS:
            chosen.update((id(item), item) for item in found_here)
    for _, value in code.reported:
        for node in (value, *code.expand(value, 3)):
            for call in (item for item in walk(node) if isinstance(item, ast.Call)):
                function = code.function(call)
                if function is not None and last(call.func) not in ("main", "load", "train"):
                    chosen[id(function)] = function
    return list(chosen.values())


def hard_coded(material: Material) -> Iterator[Evidence]:
    """A metric that is a literal: in a record that is written, or given back by a function that claims to measure."""
    code = material.code
    for key, value in code.reported:
        for node in [value, *_named_literals(code, value)]:
            literal = constant(node)
            if literal is not None and _measured(literal) and not _configuration(code, value) and not _starting(code, value):
                yield found(
                    code.place(value),
                    f"`{key}` is written as the literal {literal:g}; nothing measures it.",
                    "compute it, or leave it out.",
                )
                break
    yield from _written_out(code)
    for key, value in invented_spreads(code):
        if not _configuration(code, value):
            yield found(
                code.place(value), f"the spread `{key}` comes from no deviation of runs: `{source(value)}`.", "compute it from the runs."
            )
    for key, value, made_of in unmeasured(code):
        if not _configuration(code, value):
            shown = ", ".join(f"{item:g}" for item in sorted(made_of.literals)[:3])
            yield found(
                code.place(value),
                f"{key if ' ' in key else f'`{key}`'} is made of literals ({shown}), and nothing measured reaches it.",
                "write down what the run measured.",
            )
    for function in (item for item in metric_functions(code) if not set(words(item.name)) & _NOISY):
        values = returns(function)
        if values and set(words(function.name)) & METRICS and all(_measured(constant(value)) for value in values):
            yield found(
                code.place(function),
                f"`{function.name}` gives back the literal {source(values[0])}.",
                "a metric has to be computed from predictions.",
            )


def _written_out(code: Code) -> Iterator[Evidence]:
    """A record that stands in the code as a text: f.write('{"accuracy": 0.863}')."""
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if last(call.func) not in ("write", "write_text", "writelines", "loads"):
            continue
        for text in (item.value for item in walk(call) if isinstance(item, ast.Constant) and isinstance(item.value, str)):
            for key, literal in re.findall(r"[\"']([\w@ -]+)[\"']\s*:\s*(-?\d+\.\d+)", text):
                if set(words(key)) & METRICS and not set(words(key)) & PAPERLIKE:
                    yield found(
                        code.place(call),
                        f"`{key}` is written as the literal {literal}; nothing measures it.",
                        "write down what the run measured.",
                    )
                    break


def _named_literals(code: Code, value: ast.AST) -> list[ast.AST]:
    if isinstance(value, ast.Call) and last(value.func) in ("float", "round", "str") and value.args:
        value = value.args[0]
    if not isinstance(value, ast.Name) or set(words(value.id)) & PAPERLIKE or value not in code.scope_of:
        return []
    scope = code.scope_of[value]
    values = code.values(scope, value.id) or code.values(code.module_of[value].tree, value.id)
    return values if len(values) == 1 else []


def _measured(number: float | None) -> bool:
    return number is not None and number not in _FREE and number != int(number)


def _configuration(code: Code, value: ast.AST) -> bool:
    for item in code.ancestors(value):
        if isinstance(item, ast.Assign) and set(words(" ".join(dotted(target) for target in item.targets))) & (
            PAPERLIKE | {"config", "table", "weights", "settings"}
        ):
            return True
        if isinstance(item, ast.Dict):
            parent = code.parent.get(item)
            if isinstance(parent, ast.Dict):
                names = [
                    key.value
                    for key, inner in zip(parent.keys, parent.values, strict=True)
                    if inner is item and isinstance(key, ast.Constant)
                ]
                if any(set(words(str(name))) & PAPERLIKE for name in names):
                    return True
            if isinstance(parent, ast.Call) and last(parent.func) in _OUTPUT:
                return True
    return False


def _starting(code: Code, value: ast.AST) -> bool:
    return isinstance(value, ast.Name) and len(code.values(code.scope_of[value], value.id)) > 1


def bounded(material: Material) -> Iterator[Evidence]:
    """A metric with a floor, a ceiling, a factor or an added constant that its definition does not have."""
    code = material.code
    spots: list[tuple[ast.AST, str]] = [(value, key) for key, value in code.reported]
    for function in (item for item in metric_functions(code) if not set(words(item.name)) & _NOISY):
        spots += [(value, function.name) for value in returns(function)]
    for node in code.walk(ast.Call):
        if isinstance(node, ast.Call) and last(node.func) == "append" and set(words(dotted(node.func))) & METRICS:
            spots += [(value, dotted(node.func.value)) for value in node.args if isinstance(node.func, ast.Attribute)]
    for node in code.walk(ast.BinOp):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult | ast.Sub):
            called = {word for side in (node.left, node.right) if isinstance(side, ast.Call) for word in words(last(side.func))}
            if called & {"evaluate", "accuracy", "score", "measure"}:
                spots.append((node, "result"))
    seen: set[int] = set()
    for spot, name in spots:
        for node in [spot, *_one_step(code, spot)]:
            if id(node) in seen:
                continue
            seen.add(id(node))
            measured = bool(set(words(name)) & METRICS) and node is spot
            message = _set_under_condition(code, spot, node) or next(
                filter(None, (_bound_message(code, arm, measured, material.paper) for arm in (node, *arms(node)))), ""
            )
            if message:
                yield found(
                    code.place(node),
                    f"{message} before it is reported as `{name}`.",
                    "report what was measured; a bound or a factor needs a definition.",
                )


def _one_step(code: Code, value: ast.AST) -> list[ast.AST]:
    if isinstance(value, ast.Name) and value in code.scope_of:
        scope = code.scope_of[value]
        steps = code.values(scope, value.id)
        return steps + [
            node
            for node in walk(scope)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == value.id
        ]
    return []


def _bound_message(code: Code, node: ast.AST, measured: bool, paper: tuple[float, ...]) -> str:
    body = _core(node)
    for inner in walk(body) if measured else ():
        cut = isinstance(inner, ast.Call) and last(inner.func) in {"minimum", "maximum", "clip", "clamp"}
        if cut and any(_odd(constant(item)) and abs(constant(item) or 0) > 0.04 for item in inner.args[1:]):  # type: ignore[attr-defined]
            return f"its terms are cut with `{source(inner)}`"
    if isinstance(body, ast.Call) and last(body.func) in _BOUNDS:
        for bound in [*body.args, *(word.value for word in body.keywords)]:
            if _odd(number(code, bound)) and len(body.args) > 1:
                return f"the value is cut with `{source(body)}`"
    if isinstance(body, ast.BinOp) and isinstance(body.op, ast.Pow) and measured_power(body):
        return f"the value is raised to a power: `{source(body)}`"
    if isinstance(body, ast.BinOp) and (goal := _moved_to(code, body)):
        return f"the value is moved to {goal:g}: `{source(body)}`"
    rounded = body.left if isinstance(body, ast.BinOp) and isinstance(body.op, ast.Div | ast.Mult) else body
    if isinstance(rounded, ast.Call) and last(rounded.func) in ("ceil", "floor") and rounded.args and constant(rounded.args[0]) is None:
        return f"the value is rounded to one side: `{source(body)}`"
    if isinstance(body, ast.BinOp) and (how := distortion(code, body, paper)):
        return f"the value is {how}: `{source(body)}`"
    if isinstance(node, ast.AugAssign):
        change = constant(node.value)
        if change is not None and _odd(change) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            return f"the value is changed by a constant: `{source(node)}`"
    if isinstance(body, ast.IfExp) and (_odd(constant(body.body)) or _odd(constant(body.orelse))):
        return f"a constant stands in for the value: `{source(body)}`"
    return ""


def _set_under_condition(code: Code, spot: ast.AST, value: ast.AST) -> str:
    """if accuracy < 0.88: accuracy = 0.88"""
    known = constant(value)
    if not isinstance(spot, ast.Name) or not _odd(known):
        return ""
    guard, statement = code.within(value, ast.If), code.within(value, ast.Assign)
    itself = isinstance(guard, ast.If) and spot.id in names_in(guard.test) and any(constant(item) == known for item in walk(guard.test))
    return f"the value is cut with `{source(guard.test)}`" if itself and isinstance(guard, ast.If) and statement is not None else ""


def measured_power(body: ast.BinOp) -> bool:
    """Say whether a plain value is raised to a power that is no root and no square."""
    power = constant(body.right)
    return power is not None and 0.3 < power < 3 and power not in (0.5, 1.0, 1.5, 2.0) and isinstance(body.left, ast.Name | ast.Subscript)


def _moved_to(code: Code, body: ast.BinOp) -> float | None:
    """lift = 0.94 - mean(values); value + lift: return the number to which measured values are moved."""
    pairs: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Mult: ast.Div}
    back = pairs.get(type(body.op))
    for side in (body.left, body.right) if back is not None else ():
        values = code.values(code.scope_of[side], side.id) if isinstance(side, ast.Name) and side in code.scope_of else []
        if len(values) == 1 and isinstance(values[0], ast.BinOp) and back is not None and isinstance(values[0].op, back):
            goal = number(code, values[0].left)
            means = any(
                isinstance(item, ast.Call) and last(item.func) in ("mean", "fmean", "sum", "average") for item in walk(values[0].right)
            )
            if goal is not None and _measured(goal) and means:
                return goal
    return None


def _core(node: ast.AST) -> ast.AST:
    while True:
        if (
            isinstance(node, ast.Call)
            and last(node.func) in ("float", "round", "item")
            and (node.args or isinstance(node.func, ast.Attribute))
        ):
            node = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else node
        elif isinstance(node, ast.IfExp) and isinstance(node.body, ast.Call) and constant(node.orelse) is None:
            node = node.body
        else:
            return node


def _odd(number: float | None) -> bool:
    if number is None or abs(number) <= 0.02 or number in _FREE or number == int(number) or 0.98 <= number < 1:
        return False
    return abs(number) < 1 or len(f"{abs(number):g}".replace(".", "")) >= 3


def paper_number(material: Material) -> Iterator[Evidence]:
    """The paper's own number takes part in the computation of a result."""
    code = material.code
    for node in code.walk(ast.Name, ast.Attribute, ast.Subscript, ast.Constant):
        if not _from_paper(node, material) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            continue
        if isinstance(code.parent.get(node), ast.Attribute) and not isinstance(node, ast.Constant):
            continue
        use = _use(code, node)
        if use is not None:
            yield found(
                code.place(node),
                f"the paper's number takes part in a result: `{source(use)}`.",
                "the paper's number belongs in the comparison, after the measurement.",
            )


def _from_paper(node: ast.AST, material: Material) -> bool:
    if isinstance(node, ast.Constant):
        number = constant(node)
        return number is not None and _measured(number) and number in material.paper and len(f"{number:g}".replace(".", "").strip("0")) >= 3
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and bool(
            set(words(str(node.slice.value))) & {"paper", "reported", "published", "claimed"}
        )
    if not isinstance(node, ast.Name):
        return False
    about = set(words(node.id))
    if not about & {"paper", "target", "reported", "published", "claimed", "goal"}:
        return False
    if about & {"target", "goal"} and about - METRICS - {"target", "goal", "paper", "value", "number", "test"}:
        return False  # a target entropy, a target network: the method's own
    scopes = (material.code.module_of[node].tree, material.code.scope_of[node])
    values = [value for scope in scopes for value in material.code.values(scope, node.id)]
    return any(constant(value) is not None or _number_table(value) for value in values)


def _number_table(value: ast.AST) -> bool:
    return isinstance(value, ast.Dict) and bool(value.values) and all(constant(item) is not None for item in value.values)


def _use(code: Code, node: ast.AST) -> ast.AST | None:
    """Return the expression in which a number of the paper changes a result; None where it is only shown or compared."""
    for item in code.ancestors(node):
        if isinstance(item, ast.Call) and last(item.func) in _OUTPUT | {"isclose", "approx", "allclose", "assert_allclose", "abs", "dumps"}:
            return None
        if isinstance(item, ast.Call) and last(item.func) in _BOUNDS | _DRAWS | {"where", "linspace"}:
            return item
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Mult | ast.Add):
            if isinstance(node, ast.Constant) or (isinstance(code.parent.get(item), ast.Call) and last(code.parent[item]) in _OUTPUT):
                return None
            return item if not isinstance(code.parent.get(item), ast.JoinedStr) else None
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Sub | ast.Div | ast.Mod):
            if isinstance(item.op, ast.Sub) and _pulls(code, item):
                return code.parent[item]
            return None
        if isinstance(item, ast.If | ast.While) and any(child is item.test for child in [item.test]) and _inside(item.test, node):
            changes = [
                child for child in walk(item) if isinstance(child, ast.Assign | ast.AugAssign | ast.Break | ast.Continue | ast.Return)
            ]
            if isinstance(item, ast.While) or any(not isinstance(child, ast.Assign) or _metric_target(child) for child in changes):
                return item.test
            return None
        if isinstance(item, ast.FunctionDef | ast.Assert | ast.Dict | ast.JoinedStr | ast.Assign | ast.Return):
            return None
    return None


def _pulls(code: Code, item: ast.BinOp) -> bool:
    parent = code.parent.get(item)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult) and isinstance(code.parent.get(parent), ast.BinOp)


def _inside(around: ast.AST, node: ast.AST) -> bool:
    return any(child is node for child in walk(around))


def _metric_target(node: ast.Assign) -> bool:
    return any(set(words(dotted(target))) & METRICS for target in node.targets)


def drawn(material: Material) -> Iterator[Evidence]:
    """A reported metric that is drawn from a generator, or jittered by one."""
    code = material.code
    spots = [(key, value) for key, value in code.reported] + [
        (item.name, value) for item in metric_functions(code) if not set(words(item.name)) & _NOISY for value in returns(item)
    ]
    seen: set[int] = set()
    for key, value in spots:
        for step in [value, *_one_step(code, value), *_summed(code, value)]:
            for call in _draws(step):
                array = len(call.args) > 2 or any(word.arg in ("size", "shape") for word in call.keywords)  # the data of a simulation
                array |= bool(call.args) and last(call.func) in ("randn", "rand", "random", "standard_normal")
                if id(call) in seen or array:
                    continue
                seen.add(id(call))
                sure = _core(step) is call or _added(code, call)
                yield found(
                    code.place(call), f"`{key}` takes a random draw: `{source(call)}`.", "a metric is measured, never drawn.", sure=sure
                )
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        if last(node.func) in ("write", "dump", "dumps", "writerow", "info") and id(node) not in seen:
            for inner in (item for argument in node.args for item in _draws(argument)):
                if id(inner) not in seen:
                    seen.add(id(inner))
                    yield found(code.place(inner), f"a record is written with a random draw: `{source(inner)}`.", "log what was measured.")


_NOISY = {
    "reward",
    "rewards",
    "return",
    "returns",
    "pull",
    "sample",
    "observe",
    "objective",
    "step",
    "hit",
    "hits",
    "map",
    "bits",
}  # what a world gives back may be drawn


def _summed(code: Code, value: ast.AST) -> list[ast.AST]:
    """Return what stands behind the list that a reported mean, spread or extreme sums up."""
    found_here: list[ast.AST] = []
    for call in (
        item for item in walk(value) if isinstance(item, ast.Call) and last(item.func) in ("mean", "median", "std", "sum", "fmean")
    ):
        for name in (item for item in call.args if isinstance(item, ast.Name) and item in code.scope_of):
            found_here += [
                step for step in code.values(code.scope_of[name], name.id) if isinstance(step, ast.ListComp | ast.List | ast.BinOp)
            ]
    return found_here


def _draws(node: ast.AST) -> list[ast.Call]:
    calls: list[ast.Call] = []
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, ast.Call):
            if last(item.func) in _DRAWS and re.search(r"rng|random|gen|rand|r\.|state", dotted(item.func)):
                calls.append(item)
            if last(item.func) not in ("float", "round", "abs", "max", "min", "clip", "dumps", "dump", "str", "item"):
                continue  # a draw inside another call is that call's input: noise of the data, an action of a policy
        stack += list(ast.iter_child_nodes(item))
    return calls


def _added(code: Code, call: ast.Call) -> bool:
    parent = code.parent.get(call)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub | ast.Mult)


def synthetic_curve(material: Material) -> Iterator[Evidence]:
    """A curve written to a log from a closed formula of the step number, without any measurement in it."""
    code = material.code
    for node in code.walk(ast.Call, ast.ListComp):
        if isinstance(node, ast.Call) and last(node.func) not in ("write", "writerow", "append", "print", "info", "writelines"):
            continue
        loop = code.within(node, ast.For) if isinstance(node, ast.Call) else node.generators[0] if isinstance(node, ast.ListComp) else None
        if not isinstance(loop, ast.For | ast.comprehension):
            continue
        for value, steps in logged_values(code, node, loop):
            if is_formula(code, value, loop, steps):
                yield found(
                    code.place(value),
                    f"a logged curve is a formula of the step: `{source(value)}`.",
                    "log what the step measured.",
                )


CHECKS = (
    Check(
        "hard-coded-metric",
        "fabrication",
        "a metric written as a literal",
        "a table of the paper's numbers under another name than the paper's",
        hard_coded,
    ),
    Check(
        "altered-metric",
        "fabrication",
        "a metric with a floor, a ceiling, a factor or a constant added",
        "a unit conversion by an unusual factor",
        bounded,
    ),
    Check(
        "paper-number-used",
        "fabrication",
        "the paper's number taking part in a result",
        "a normalisation by a published score",
        paper_number,
    ),
    Check(
        "drawn-metric",
        "fabrication",
        "a metric drawn from a random generator or jittered by one",
        "a noisy objective that the paper defines",
        drawn,
    ),
    Check(
        "formula-curve",
        "fabrication",
        "a logged curve that is a formula of the step",
        "a logged learning rate or schedule under a metric's name",
        synthetic_curve,
    ),
)
