"""Circumvention of the evaluation: the answer reaches the guess that is held against it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, last, walk, words

_LABELS = re.compile(
    r"(y|labels?|targets?|truths?|gold|answers?|correct|actual|true)(_?(test|te|true|held))?|t[ey]|y_\w+|(test|held|te|val|true|eval)_?(y|labels?|targets?|answers?)"
)
_WRAPS = {
    "array",
    "asarray",
    "float",
    "int",
    "list",
    "tuple",
    "tensor",
    "stack",
    "numpy",
    "cpu",
    "detach",
    "item",
    "astype",
    "long",
    "round",
    "concatenate",
    "cat",
}
_SIZES = {"len", "max", "min", "unique", "bincount", "size", "shape", "dtype", "device", "zeros_like", "empty_like", "numel", "set"}
_MEASURES = {"accuracy", "score", "f1", "error", "mse", "mae", "rmse", "auc", "r2"}


def answers_used(material: Material) -> Iterator[Evidence]:
    """A guess that is made from the very answer it is held against."""
    code = material.code
    seen: set[int] = set()
    for node in code.walk(ast.Compare, ast.Call):
        pair = _judged(node)
        for guess, truth in (pair, pair[::-1]) if pair is not None else ():
            name = _base(truth)
            if name and name != _base(guess) and _counted(code, node):
                for place in _sorted_out(code, guess, name, node):
                    if id(place) not in seen:
                        seen.add(id(place))
                        yield found(
                            code.place(place),
                            f"the guess is chosen by the answer it is held against: `{source(place)}`.",
                            "choose without the answer.",
                        )
            if not _LABELS.fullmatch(name) or re.search(r"pred|hat|guess", name) or name == _base(guess):
                continue
            for place in _answered(code, guess, name, node):
                if id(place) not in seen:
                    seen.add(id(place))
                    yield found(
                        code.place(place),
                        f"the guess is made from the answer it is held against: `{source(place)}`.",
                        "guess from the inputs alone.",
                    )


def _counted(code: Code, node: ast.AST) -> bool:
    """Say whether a comparison goes into a score and not into a decision of the method."""
    for item in code.ancestors(node):
        if isinstance(item, ast.If | ast.While | ast.Assert | ast.stmt):
            return isinstance(item, ast.AugAssign)
        if isinstance(item, ast.Call) and last(item.func) in ("mean", "sum", "append", "average", "float", "item", "count_nonzero"):
            return True
        if isinstance(item, ast.Attribute) and item.attr in ("mean", "sum", "float"):
            return True
    return False


def _sorted_out(code: Code, guess: ast.AST, truth: str, judgement: ast.AST) -> Iterator[ast.AST]:
    """path = np.where(other == states, other, path), scored against `states`: each guess is chosen by its answer."""
    scope = code.scope_of[judgement]
    name = _base(guess)
    for value in [guess, *(code.values(scope, name) if name else [])]:
        chosen = isinstance(value, ast.Call) and last(value.func) == "where" and len(value.args) == 3
        test = value.args[0] if chosen and isinstance(value, ast.Call) else value.test if isinstance(value, ast.IfExp) else None
        if test is not None and any(
            isinstance(item, ast.Compare) and truth in {_base(item.left), *map(_base, item.comparators)} for item in walk(test)
        ):
            yield value


def _judged(node: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return node.left, node.comparators[0]
    if isinstance(node, ast.Call) and len(node.args) >= 2 and set(words(last(node.func))) & _MEASURES:
        return node.args[0], node.args[1]
    return None


def _base(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript) or (isinstance(node, ast.Call) and last(node.func) in _WRAPS):
        if isinstance(node, ast.Subscript):
            node = node.value
        else:
            node = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else ast.Constant(0)
    return node.id if isinstance(node, ast.Name) else ""


def _answered(code: Code, guess: ast.AST, truth: str, judgement: ast.AST) -> Iterator[ast.AST]:
    """Give the expressions behind a guess, followed by name and by alternative, that hold its answer."""
    scope = code.scope_of[judgement]
    stack, seen = [guess], set[int]()
    while stack:
        node = stack.pop()
        if id(node) in seen or code.scope_of.get(node) is not scope:
            continue
        seen.add(id(node))
        if isinstance(node, ast.Name):
            values = code.values(scope, node.id)
            stack += values
            taken = [value for value in values if _base(value) == truth and isinstance(value, ast.Name | ast.Subscript)]
            yield from (code.parent.get(value, value) for value in taken if len(values) > 1)  # set to it in one case, to a guess in another
        elif isinstance(node, ast.IfExp):
            stack += [node.body, node.orelse]
            yield from (node for arm in (node.body, node.orelse) if _base(arm) == truth)
        elif isinstance(node, ast.Call) and last(node.func) == "where" and len(node.args) == 3:
            stack += node.args[1:]
            yield from (node for arm in node.args[1:] if _base(arm) == truth)
        elif isinstance(node, ast.Subscript):
            stack.append(node.value)
        elif isinstance(node, ast.Call) and last(node.func) in _WRAPS:
            stack += [*node.args[:1], *([node.func.value] if isinstance(node.func, ast.Attribute) and not node.args else [])]
        elif isinstance(node, ast.Call):
            function = code.function(node)
            place = _read_by(code, function, truth, node) if function is not None else None
            if place is not None:
                yield place


def _read_by(code: Code, function: ast.FunctionDef, truth: str, call: ast.Call) -> ast.AST | None:
    """Return the statement in which a function that fits nothing reads the answers it is given as a whole, other than for their size."""
    given = [*call.args, *(word.value for word in call.keywords)]
    if not any(isinstance(item, ast.Name) and item.id == truth for item in given):
        return None
    if re.search(r"fit|train|backward|delete\(|!=|mask|fold|learn|loss", ast.unparse(function).lower()) or set(words(function.name)) & {
        "loo",
        "cross",
    }:
        return None
    parameters = [item.arg for item in function.args.args]
    taken = next((arg for arg in parameters if any(item in given and _base(item) == truth for item in code.arguments(function, arg))), "")
    for item in walk(function):
        if not (isinstance(item, ast.Name) and item.id == taken and isinstance(item.ctx, ast.Load)):
            continue
        parent = code.parent.get(item)
        sized = (isinstance(parent, ast.Call) and last(parent.func) in _SIZES) or (
            isinstance(parent, ast.Attribute) and parent.attr in _SIZES
        )
        statement = code.within(item, ast.Assign, ast.AugAssign, ast.Return, ast.Expr)
        if not sized and not (isinstance(parent, ast.Subscript) and parent.value is item) and statement is not None:
            return statement
    return None


CHECKS = (
    Check(
        "answers-used",
        "circumvention",
        "a guess that is made from the very answer it is held against",
        "a training label that carries the same name as the answer",
        answers_used,
    ),
)
