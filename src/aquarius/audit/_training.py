"""Circumvention in the model: a training that changes nothing, a prediction that does not look, a truth held against itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, dotted, last, names_in, returns, walk, words

_OPTIMISERS = re.compile(r"^(Adam\w*|SGD|RMSprop|Adagrad|Adadelta|LBFGS|NAdam|RAdam|Adamax|Muon|Lion)$")
_TRUTH = re.compile(r"^(y|labels?|targets?|truth|y_?true|y_?test|t)$")


def idle_training(material: Material) -> Iterator[Evidence]:
    """A training loop whose optimiser never steps, steps on cleared gradients, or holds another model's parameters."""
    code = material.code
    text = "\n".join(module.text for module in code.repository.code)
    if not re.search(r"\btorch\b", text):
        return
    made = [
        (target, node.value)
        for node in code.walk(ast.Assign)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _OPTIMISERS.match(last(node.value.func))
        for target in node.targets
    ]
    for target, call in made:
        name = last(target)
        if not re.search(rf"\b{re.escape(name)}\.step\(|\.step\(\s*{re.escape(name)}\b", text) and not _given_on(code, call, name):
            yield found(
                code.place(call), f"the optimiser `{name}` is made and never steps: `{source(call)}`.", "train, or take the claim out."
            )
    for loop in code.walk(ast.For, ast.While):
        assert isinstance(loop, ast.For | ast.While)
        order = [
            (last(item.func), item)
            for statement in loop.body
            for item in walk(statement)
            if isinstance(statement, ast.Expr) and isinstance(item, ast.Call) and last(item.func) in ("backward", "step", "zero_grad")
        ]
        names = [name for name, _ in order]
        if names[:3] == ["backward", "zero_grad", "step"]:
            yield found(code.place(order[1][1]), "the gradients are cleared between backward and step.", "clear them before backward.")
        if (
            "step" in names
            and "backward" not in names
            and "backward(" not in text
            and "grad" not in re.sub(r"zero_grad|no_grad|enable_grad", "", text)
        ):
            yield found(
                code.place(order[names.index("step")][1]), "the optimiser steps, and no gradient is ever computed.", "call backward."
            )


def _given_on(code: Code, call: ast.Call, name: str) -> bool:
    """Say whether an optimiser is handed to another function or given back, so that it may step there."""
    scope = code.scope_of[call]
    for item in walk(scope):
        if (
            isinstance(item, ast.Call)
            and item is not call
            and any(name in names_in(part) for part in [*item.args, *(w.value for w in item.keywords)])
        ):
            return True
        if isinstance(item, ast.Return) and item.value is not None and name in names_in(item.value):
            return True
    return False


def blind_prediction(material: Material) -> Iterator[Evidence]:
    """A prediction that never reads its input, and a score of the labels against themselves."""
    code = material.code
    for name, group in code.functions.items():
        if name not in (
            "predict",
            "predict_proba",
            "forward",
            "classify",
            "infer",
            "generate",
            "act",
            "decide",
            "__call__",
            "transform",
            "encode",
        ):
            continue
        for function in group:
            inputs = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args] if arg.arg not in ("self", "cls")]
            body = [item for item in function.body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
            if (
                not inputs
                or not returns(function)
                or (len(body) == 1 and isinstance(body[0], ast.Raise | ast.Pass))
                or function.decorator_list
            ):
                continue
            read = {item.id for item in walk(function) if isinstance(item, ast.Name)}
            sized = all(_only_sized(code, function, item) for item in inputs if item in read)
            if sized and not re.search(
                r"majority|constant|random|chance|dummy|trivial|uniform|mean|prior|baseline|persist", _holder(code, function).lower()
            ):
                yield found(
                    code.place(function), f"`{name}` never looks at `{inputs[0]}`, of which it is to predict.", "predict from the input."
                )
    for node in code.walk(ast.Call, ast.Compare):
        pair = _compared(node)
        if pair is not None and ast.dump(pair[0]) == ast.dump(pair[1]) and _TRUTH.match(last(pair[0]) or ""):
            yield found(
                code.place(node), f"the labels are held against themselves: `{source(node)}`.", "compare the predictions with the labels."
            )


def _holder(code: Code, function: ast.FunctionDef) -> str:
    parent = code.parent.get(function)
    return f"{parent.name if isinstance(parent, ast.ClassDef) else ''} {function.name} {ast.get_docstring(function) or ''} {code.module_of[function].path}"


def _only_sized(code: Code, function: ast.FunctionDef, name: str) -> bool:
    """Say whether a parameter is only asked for its length or shape."""
    for item in walk(function):
        if isinstance(item, ast.Name) and item.id == name and isinstance(item.ctx, ast.Load):
            parent = code.parent.get(item)
            sized = isinstance(parent, ast.Attribute) and parent.attr in ("shape", "size", "device", "dtype")
            counted = isinstance(parent, ast.Call) and last(parent.func) == "len"
            if not sized and not counted:
                return False
    return True


def _compared(node: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return node.left, node.comparators[0]
    if isinstance(node, ast.Call) and len(node.args) >= 2 and re.search(r"(score|accuracy|f1|error)$", last(node.func)):
        return node.args[0], node.args[1]
    return None


def slowed(material: Material) -> Iterator[Evidence]:
    """A pause inside what is timed or compared."""
    code = material.code
    for call in code.walk(ast.Call):
        assert isinstance(call, ast.Call)
        if dotted(call.func) not in ("time.sleep", "sleep"):
            continue
        scope = code.scope_of[call]
        name = scope.name if isinstance(scope, ast.FunctionDef) else ""
        around = ast.unparse(scope)
        if re.search(r"urlopen|requests|retry|download|poll|subprocess", around) or code.within(call, ast.Try) is not None:
            continue
        timed = re.search(r"perf_counter|time\.time\(|timeit|process_time", "\n".join(module.text for module in code.repository.code))
        baseline = set(words(name)) & {"baseline", "naive", "reference", "standard", "vanilla", "slow", "dense", "full", "sequential"}
        if timed or baseline:
            yield found(code.place(call), f"`{name or 'the run'}` waits: `{source(call)}`.", "time the work alone.", sure=bool(baseline))


CHECKS = (
    Check(
        "idle-training",
        "circumvention",
        "a training whose optimiser never steps or steps on cleared gradients",
        "an optimiser that another framework steps",
        idle_training,
    ),
    Check(
        "blind-prediction",
        "circumvention",
        "a prediction that never reads its input, or labels held against themselves",
        "a baseline that is constant by definition",
        blind_prediction,
    ),
    Check("slowed-baseline", "circumvention", "a pause inside what is timed or compared", "a pause between requests", slowed),
)
