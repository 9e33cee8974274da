"""Protocol: a baseline with a smaller budget, and models that are fitted to a part of the training data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, assigned, constant, dotted, last, name_role, walk, words


def budgets(material: Material) -> Iterator[Evidence]:
    """A baseline that is given fewer steps, trials or data than the method it is compared with."""
    code, prose = material.code, material.repository.prose(paper=False).lower()
    if re.search(r"(fewer|less|smaller|shorter|unequal|different) (\w+ )?(epochs|steps|budget|trials|iterations|data)", prose):
        return
    yield from fewer_settings(material)
    yield from own_budgets(material)
    yield from _named_budgets(code)
    for calls in code.calls_of.values():
        named = [(call, _side(code, call)) for call in calls]
        theirs, ours = [c for c, side in named if side == "baseline"], [c for c, side in named if side == "ours"]
        for one in theirs:
            for two in ours:
                for key, mine, other in _budget_pairs(code, two, one):
                    if other < mine:
                        yield found(
                            code.place(one),
                            f"the baseline gets {key} {other:g}, the method {mine:g}: `{source(one)}`.",
                            "give both the same budget.",
                        )
                        return


def fewer_settings(material: Material) -> Iterator[Evidence]:
    """Two methods go through one tuning, and one is given a part of its settings: tune(ours, GRID), tune(theirs, OTHER[:1])."""
    code, prose = material.code, material.repository.prose(paper=False).lower()
    if re.search(r"not tuned|untuned|default (settings|parameters|values)|fewer settings|one setting|fixed settings", prose):
        return
    for name, calls in code.calls_of.items():
        calls = [call for call in calls if isinstance(call.func, ast.Name)]
        if len(calls) < 2 or code.functions.get(name) is None:
            continue
        for call in calls:
            for place, item in enumerate(call.args):
                cut = isinstance(item, ast.Subscript) and isinstance(item.slice, ast.Slice) and isinstance(item.value, ast.Name)
                if not cut or not isinstance(item, ast.Subscript) or not isinstance(item.slice, ast.Slice):
                    continue
                listed = code.values(code.module_of[call].tree, last(item.value)) or code.values(code.scope_of[call], last(item.value))
                settings = any(
                    isinstance(value, ast.List | ast.ListComp | ast.Tuple) or last(value) in ("list", "product", "grid") for value in listed
                )
                whole = any(other is not call and len(other.args) > place and isinstance(other.args[place], ast.Name) for other in calls)
                upper = constant(item.slice.upper)
                if settings and whole and upper is not None and upper > 0:
                    yield found(
                        code.place(call),
                        f"one of the methods that `{name}` compares is given a part of its settings: `{source(item)}`.",
                        "give each its whole list, or say so.",
                    )
                    return


def own_budgets(material: Material) -> Iterator[Evidence]:
    """One of several methods in a table of options has a smaller budget of its own: {"ours": {...}, "plain": {..., "epochs": 8}}."""
    code = material.code
    prose = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    defaults = {
        arg.arg: constant(value)
        for function in code.walk(ast.FunctionDef)
        if isinstance(function, ast.FunctionDef) and function.args.defaults
        for arg, value in zip(function.args.args[-len(function.args.defaults) :], function.args.defaults, strict=True)
    }
    for node in code.walk(ast.Dict, ast.List, ast.Tuple):
        values = node.values if isinstance(node, ast.Dict) else node.elts if isinstance(node, ast.List | ast.Tuple) else []
        options = [(_options(value), value) for value in values]
        if len(options) < 2 or any(not given for given, _ in options):
            continue
        for given, place in options:
            for key, mine in given.items():
                others = [other.get(key, defaults.get(key)) for other, two in options if two is not place]
                if not set(words(key)) & _BUDGETS or mine is None or any(other is None or other <= mine for other in others):
                    continue
                if not re.search(rf"(?<![\d.]){mine:g}(?![\d.])", prose):
                    yield found(
                        code.place(place),
                        f"one of the methods that are compared gets {key} {mine:g}, the others {min(o for o in others if o is not None):g}: `{source(place)}`.",
                        "give all the same budget, or say so.",
                    )
                    return


def _options(node: ast.AST) -> dict[str, float | None]:
    """Return the options that a dictionary of literals or dict(...) gives."""
    if isinstance(node, ast.Dict):
        return {str(key.value): constant(value) for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)}
    if isinstance(node, ast.Call) and last(node.func) == "dict":
        return {word.arg: constant(word.value) for word in node.keywords if word.arg}
    return {}


def _named_budgets(code: Code) -> Iterator[Evidence]:
    """BASELINE_EPOCHS = 20 beside EPOCHS = 100."""
    for module in code.repository.code:
        numbers: dict[str, tuple[float, ast.AST]] = {}
        for node in (item for item in module.tree.body if isinstance(item, ast.Assign)):
            for target, value in (pair for whole in node.targets for pair in assigned(whole, node.value)):
                number = constant(value)
                if number is not None:
                    numbers[dotted(target)] = (number, node)
        for name, (less, place) in numbers.items():
            rest = [word for word in words(name) if word not in _BASELINE]
            if rest == words(name) or not set(rest) & _BUDGETS:
                continue
            for other, (more, _) in numbers.items():
                plain = [word for word in words(other) if word not in ("our", "ours", "method", "model", "proposed", "main")]
                if other != name and plain == rest and less < more:
                    yield found(
                        code.place(place),
                        f"`{name}` is {less:g}, `{other}` {more:g}: the baseline gets less.",
                        "give both the same budget.",
                    )


_BASELINE = {"baseline", "base", "vanilla", "plain", "random", "standard", "uniform", "control", "reference"}
_BUDGETS = {"epochs", "steps", "iterations", "iters", "trials", "budget", "restarts", "iter", "epoch", "rounds", "episodes"}


def _side(code: Code, call: ast.Call) -> str:
    statement = code.within(call, ast.Assign)
    target = " ".join(map(dotted, statement.targets)) if isinstance(statement, ast.Assign) else ""
    parent = code.parent.get(call)
    if isinstance(parent, ast.Dict):
        target = " ".join(
            str(key.value) for key, value in zip(parent.keys, parent.values, strict=True) if value is call and isinstance(key, ast.Constant)
        )
    text = words(target + " " + " ".join(ast.unparse(arg) for arg in call.args))
    if set(text) & {"baseline", "base", "vanilla", "plain", "sgd", "random", "standard", "uniform", "control"}:
        return "baseline"
    return "ours" if set(text) & {"ours", "method", "proposed", "model", "new", "adam", "active", "full", "improved"} or target else ""


def _budget_pairs(code: Code, one: ast.Call, two: ast.Call) -> Iterator[tuple[str, float, float]]:
    function = code.function(one)
    names = [arg.arg for arg in function.args.args] if function is not None else []
    given = []
    for call in (one, two):
        table: dict[str, ast.expr] = dict(zip(names, call.args, strict=False)) | {
            word.arg: word.value for word in call.keywords if word.arg
        }
        given.append({key: (_number(code, value), value) for key, value in table.items() if set(words(key)) & _BUDGETS})
    for key in given[0].keys() & given[1].keys():
        mine, other = given[0][key][0], given[1][key][0]
        share = _share(given[0][key][1], given[1][key][1])
        if share is not None:
            yield key, 1.0, share
        elif mine is not None and other is not None:
            yield key, mine, other


def _share(mine: ast.expr, other: ast.expr) -> float | None:
    """Return the other budget as a share of mine where it is written as one: epochs // 3 beside epochs."""
    if isinstance(other, ast.BinOp) and isinstance(other.op, ast.Div | ast.FloorDiv | ast.Mult) and ast.dump(other.left) == ast.dump(mine):
        number = constant(other.right)
        if number:
            return number if isinstance(other.op, ast.Mult) else 1 / number
    return None


def _number(code: Code, node: ast.AST) -> float | None:
    if isinstance(node, ast.Name):
        values = code.values(code.module_of[node].tree, node.id) if node in code.module_of else []
        return constant(values[0]) if len(values) == 1 else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
        left, right = _number(code, node.left), _number(code, node.right)
        return left / right if left is not None and right else None
    return constant(node)


_SAID_PART = re.compile(
    r"subset|part of the train|fraction|share of|\d+ ?% of|first \d++(?! ?%)|few[- ]shot|low[- ]resource|subsampl|(sub)?sampled|learning curve|sample efficien|tenth|quarter|half of|third of"
)


def less_data(material: Material) -> Iterator[Evidence]:
    """A model that is fitted to a part of the training rows, of which no text speaks: Baseline(train[:300]), fit(x_train[::4], y_train[::4])."""
    code = material.code
    prose = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower().replace(",", "")
    if _SAID_PART.search(prose):
        return
    for node in code.walk(ast.Subscript):
        assert isinstance(node, ast.Subscript)
        if (
            not isinstance(node.value, ast.Name | ast.Attribute)
            or name_role(last(node.value)) != "train"
            or not isinstance(node.slice, ast.Slice)
        ):
            continue
        size = _cut(code, node.slice)
        if (
            size is None
            or re.search(rf"(?<![\d.]){size:g}(?![\d.]\d)", re.sub(r"(?<=\d) (?=\d{{3}})", "", prose))
            or _other_part(code, node)
        ):
            continue
        around = code.parent.get(node)
        call = around if isinstance(around, ast.Call) else None
        if call is not None and node in call.args and _trains(code, call) and not _varied(code, node):
            yield found(
                code.place(node),
                f"`{source(call.func)}` is given a part of the training data, which no text states: `{source(node)}`.",
                "give it all of them, or say so.",
            )
            return


def _cut(code: Code, part: ast.Slice) -> float | None:
    """Return the number in a slice that leaves most rows out: [:300], [::4], [: len(x) // 10]."""
    step = constant(part.step)
    if step is not None and step > 1:
        return step
    if part.upper is None or (part.lower is not None and constant(part.lower) != 0):
        return None
    upper = part.upper
    number = _number(code, upper)
    if number is None and isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.FloorDiv | ast.Mult) and "len" in ast.unparse(upper):
        number = constant(upper.right) or constant(upper.left)
    return number if number is not None and number > 0 else None


def _trains(code: Code, call: ast.Call) -> bool:
    name = last(call.func)
    made = any(isinstance(node, ast.ClassDef) and node.name == name for node in code.walk(ast.ClassDef))
    return (
        name in ("fit", "partial_fit")
        or made
        or (code.function(call) is not None and bool(set(words(name)) & {"train", "fit", "learn", "estimate"}))
    )


def _varied(code: Code, node: ast.Subscript) -> bool:
    """Say whether a loop goes through several sizes, as a learning curve does."""
    names = {item.id for item in ast.walk(node.slice) if isinstance(item, ast.Name)}
    return any(
        names & {item.id for item in ast.walk(loop.target) if isinstance(item, ast.Name)}
        for loop in code.ancestors(node)
        if isinstance(loop, ast.For)
    )


def _other_part(code: Code, node: ast.Subscript) -> bool:
    """Say whether the rest is used too, as a validation part is: train[:n] beside train[n:]."""
    assert isinstance(node.slice, ast.Slice)
    upper = ast.dump(node.slice.upper) if node.slice.upper is not None else ""
    return any(
        isinstance(item, ast.Subscript)
        and isinstance(item.slice, ast.Slice)
        and item.slice.lower is not None
        and ast.dump(item.slice.lower) == upper
        and dotted(item.value) == dotted(node.value)
        for item in walk(code.scope_of[node])
    )


CHECKS = (
    Check("unequal-budgets", "protocol", "a baseline with a smaller budget", "a comparison at equal cost in another unit", budgets),
    Check(
        "part-of-training",
        "protocol",
        "a model fitted to a part of the training data, which no text states",
        "a warm-up on a few rows",
        less_data,
    ),
)
