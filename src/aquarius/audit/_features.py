"""Circumvention of the claim: a feature that the text speaks of and that is off, thrown away or never added."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import Code, assigned, constant, dotted, last, names_in, returns, walk, words

_COMMON = {
    "self",
    "with",
    "class",
    "data",
    "model",
    "test",
    "train",
    "load",
    "make",
    "build",
    "from",
    "plot",
    "main",
    "value",
    "values",
    "result",
    "results",
    "loss",
    "score",
    "file",
    "path",
    "name",
    "rows",
    "line",
    "time",
}


@lru_cache(maxsize=20_000)
def claimed(name: str, prose: str) -> bool:
    """Say whether the text speaks of what a name names: one of its longer words stands there."""
    parts = [word for word in words(name) if len(word) > 3 and word not in _COMMON]
    return any(re.search(rf"\b{re.escape(word.rstrip('s'))}", prose) for word in parts)


def switched_off(material: Material) -> Iterator[Evidence]:
    """A claimed feature whose switch is off, whose weight is zero, whose result is thrown away or never read."""
    code = material.code
    prose = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    if re.search(
        r"without (the )?(regularis|regulariz|penalt|augment|dropout|momentum)|(not|no longer) (used|applied|implemented)|left out",
        material.repository.prose(paper=False).lower(),
    ):
        return
    yield from _zero_weights(code)
    yield from _never_read(code, prose)
    yield from _self_fed(code, prose)
    yield from _thrown_away(code, prose)
    yield from _default_off(code, prose)
    yield from _called_off(code, prose)
    for path, data in material.records.settings.items():
        for key, value in _flat(data):
            if (
                value is False
                and claimed(key, prose)
                and re.search(rf"\b{re.escape(key)}\b", "\n".join(module.text for module in code.repository.code))
            ):
                yield noted(path, f"`{key}` is off, and the text speaks of it.", "switch it on, or take the claim out.")


def _flat(data: Any) -> Iterator[tuple[str, Any]]:
    for key, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield str(key), value


def _zero_weights(code: Code) -> Iterator[Evidence]:
    """a + 0.0 * b"""
    for node in code.walk(ast.BinOp):
        assert isinstance(node, ast.BinOp)
        if isinstance(node.op, ast.Add | ast.Sub):
            for side in (node.left, node.right):
                if (
                    isinstance(side, ast.BinOp)
                    and isinstance(side.op, ast.Mult)
                    and 0.0 in (_value(code, side.left), _value(code, side.right))
                ):
                    yield found(
                        code.place(node),
                        f"a term has the weight zero: `{source(node)}`.",
                        "give it its weight, or take it out with what is claimed of it.",
                    )


def _value(code: Code, node: ast.AST) -> float | None:
    if isinstance(node, ast.Name) and node.id.isupper():
        values = code.values(code.module_of[node].tree, node.id)
        return constant(values[0]) if len(values) == 1 else None
    return constant(node)


def _never_read(code: Code, prose: str) -> Iterator[Evidence]:
    """penalty = ...; and no line reads it."""
    for function in code.walk(ast.FunctionDef):
        assert isinstance(function, ast.FunctionDef)
        read = {
            item.id
            for item in walk(function)
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load) and not _feeds_itself(code, item)
        }
        parameters = {arg.arg for arg in [*function.args.args, *function.args.kwonlyargs]}
        for node in (item for item in walk(function) if isinstance(item, ast.Assign) and code.scope_of[item] is function):
            for target in node.targets:
                for name, value in _single(target, node.value):
                    computed = isinstance(value, ast.Call | ast.BinOp)
                    kept = any(isinstance(item, ast.Global | ast.Nonlocal) and name in item.names for item in walk(function))
                    built = last(value) if isinstance(value, ast.Call) and last(value.func)[:1].isupper() else ""
                    about = (
                        claimed(name, prose) or claimed(built, prose) or any(claimed(item, prose) for item in names_in(value) & parameters)
                    )
                    if computed and name not in read and not name.startswith("_") and about and not kept:
                        yield found(
                            code.place(node),
                            f"`{name}` is computed and never read: `{source(node)}`.",
                            "use it, or take it out with what is claimed of it.",
                        )


def _self_fed(code: Code, prose: str) -> Iterator[Evidence]:
    """self.bias[u] += rate * (e - decay * self.bias[u]) is the only place that reads `bias`: it is learned, and nothing uses it."""
    if code.words["getattr"] or code.words["vars"] or code.words["__dict__"]:
        return
    uses: dict[str, list[ast.Attribute]] = {}
    for tests in (False, True):
        for node in code.walk(ast.Attribute, tests=tests):
            assert isinstance(node, ast.Attribute)
            uses.setdefault(node.attr, []).append(node)
    for name, nodes in uses.items():
        if not claimed(name, prose) or any(dotted(node.value) != "self" for node in nodes):
            continue
        outside = [node for node in nodes if not _only_updated(code, node)]
        updated = [node for node in nodes if isinstance(code.within(node, ast.AugAssign, ast.Assign), ast.AugAssign)]
        if updated and not outside:
            yield found(
                code.place(updated[0]),
                f"`{name}` is updated and nothing else reads it.",
                "use it, or take it out with what is claimed of it.",
            )


def _only_updated(code: Code, node: ast.Attribute) -> bool:
    statement = code.within(node, ast.Assign, ast.AugAssign)
    if isinstance(statement, ast.AugAssign):
        return _base_attribute(statement.target) == node.attr
    if isinstance(statement, ast.Assign):
        targets = [part for target in statement.targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
        return node.attr in [_base_attribute(target) for target in targets]
    return False


def _base_attribute(target: ast.AST) -> str:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.attr if isinstance(target, ast.Attribute) else ""


def _feeds_itself(code: Code, item: ast.Name) -> bool:
    """baseline[s] += rate * (g - baseline[s]): a value that only goes into its own next value is read by nothing."""
    statement = code.within(item, ast.Assign, ast.AugAssign)
    if isinstance(statement, ast.AugAssign):
        return _base_name(statement.target) == item.id
    return isinstance(statement, ast.Assign) and [_base_name(target) for target in statement.targets] == [item.id]


def _base_name(target: ast.AST) -> str:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def _single(target: ast.AST, value: ast.AST) -> list[tuple[str, ast.AST]]:
    return [(one.id, part) for one, part in assigned(target, value) if isinstance(one, ast.Name)]


def _thrown_away(code: Code, prose: str) -> Iterator[Evidence]:
    """augment(x) as a statement, where the function gives a new value back and changes nothing."""
    for node in code.walk(ast.Expr):
        assert isinstance(node, ast.Expr)
        call = node.value
        function = code.function(call) if isinstance(call, ast.Call) else None
        if function is None or not isinstance(call, ast.Call) or not returns(function) or not claimed(function.name, prose):
            continue
        if isinstance(call.func, ast.Attribute) and any(hasattr(kind, function.name) for kind in (list, dict, set)):
            continue  # rows.append(row): a container's method, though a class here has one of that name
        changes = any(
            isinstance(item, ast.Assign | ast.AugAssign)
            and any(isinstance(t, ast.Subscript | ast.Attribute) for t in (item.targets if isinstance(item, ast.Assign) else [item.target]))
            for item in walk(function)
        )
        calls = any(isinstance(item, ast.Expr) and isinstance(item.value, ast.Call) for item in walk(function))
        if not changes and not calls and not any(isinstance(item, ast.With | ast.Global) for item in walk(function)):
            yield found(code.place(node), f"what `{function.name}` gives back is thrown away: `{source(node)}`.", "assign it.")


def _called_off(code: Code, prose: str) -> Iterator[Evidence]:
    """propagate(..., restart=0.0), where the function has another default, every call says so and the text speaks of it."""
    for node in code.walk(ast.Call):
        assert isinstance(node, ast.Call)
        function = code.function(node)
        if function is None:
            continue
        pairs = dict(zip([arg.arg for arg in function.args.args[::-1]], function.args.defaults[::-1], strict=False))
        pairs |= {
            arg.arg: value for arg, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if value is not None
        }
        for word in node.keywords:
            default = pairs.get(word.arg or "")
            off = isinstance(word.value, ast.Constant) and not word.value.value and word.value.value is not None
            on = isinstance(default, ast.Constant) and bool(default.value) and not isinstance(default.value, str)
            if off and on and claimed(word.arg or "", prose) and re.search(r"\d|True", ast.unparse(default or word.value)):
                others = [item for call in code.calls_of.get(function.name, []) for item in call.keywords if item.arg == word.arg]
                if all(isinstance(item.value, ast.Constant) and not item.value.value for item in others):
                    yield found(
                        code.place(node),
                        f"`{word.arg}` is switched off where `{function.name}` is called: `{source(word.value)}`.",
                        "leave it on, or take the claim out.",
                    )


def _default_off(code: Code, prose: str) -> Iterator[Evidence]:
    """def train(..., augment=False) with `if augment:` inside, and no call that passes it."""
    for function in code.walk(ast.FunctionDef):
        assert isinstance(function, ast.FunctionDef)
        arguments = function.args.args[len(function.args.args) - len(function.args.defaults) :] if function.args.defaults else []
        pairs = [
            *zip(arguments, function.args.defaults, strict=True),
            *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
        ]
        for arg, default in pairs:
            if not (isinstance(default, ast.Constant) and default.value is False) or not claimed(arg.arg, prose):
                continue
            parent = code.parent.get(function)
            name = parent.name if function.name == "__init__" and isinstance(parent, ast.ClassDef) else function.name
            calls = code.calls_of.get(name, [])
            position = (
                [item.arg for item in function.args.args].index(arg.arg) - (1 if isinstance(parent, ast.ClassDef) else 0)
                if arg in function.args.args
                else 99
            )
            passed = any(
                len(call.args) > position
                or any(word.arg in (arg.arg, None) for word in call.keywords)
                or any(isinstance(item, ast.Starred) for item in call.args)
                for call in calls
            )
            tested = any(isinstance(item, ast.If | ast.IfExp) and arg.arg in names_in(item.test) for item in walk(function)) or any(
                dotted(item) == f"self.{arg.arg}" for item in walk(function) if isinstance(item, ast.Attribute)
            )
            if calls and not passed and tested:
                yield found(
                    code.place(function),
                    f"`{name}` has `{arg.arg}=False`, no call switches it on, and the text speaks of it.",
                    "switch it on, or take the claim out.",
                )


CHECKS = (
    Check(
        "switched-off",
        "circumvention",
        "a claimed feature that is off, has the weight zero, is thrown away or never read",
        "an ablation that is kept in the code",
        switched_off,
    ),
)
