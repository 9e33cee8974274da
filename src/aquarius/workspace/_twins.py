"""Broken twins of code: one place changed, for equations, checks and comparisons that must notice it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

_SWAPS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Mult(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.Div: ast.Mult(), ast.Pow: ast.Mult(), ast.MatMult: ast.Add(),
}  # fmt: skip
_SIGNS = {ast.Mult: "*", ast.Add: "+", ast.Sub: "-", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}
_TRAINING = ("step", "backward")


def code_twins(source: str, function: str | None = None) -> Iterator[tuple[str, str]]:
    """Give (what is changed, source) for changes of one place each in a file, or in one of its functions: first steps of training that are
    left out, then operators, then calls, then numbers."""
    tree = ast.parse(source)
    inside = [node for node in ast.walk(tree) if function is None or (isinstance(node, ast.FunctionDef) and node.name == function)]
    nodes = list(ast.walk(tree)) if function is None else [node for root in inside for statement in getattr(root, "body", []) for node in ast.walk(statement)]  # fmt: skip
    order = {id(node): number for number, node in enumerate(ast.walk(tree))}
    for change in (_left_out, _operator, _call, _number):
        for node in nodes:
            other = copy.deepcopy(tree)
            target = list(ast.walk(other))[order[id(node)]]
            if words := change(target):
                yield f"line {_line(node)}: {words}", ast.unparse(ast.fix_missing_locations(other))


def _line(node: ast.AST) -> int:
    return next((inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.stmt | ast.expr)), 0)


def _left_out(node: ast.AST) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute) and node.value.func.attr in _TRAINING:  # fmt: skip
        words = f"{ast.unparse(node)} left out"
        node.value = ast.Constant(None)
        return words
    return None


def _operator(node: ast.AST) -> str | None:
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPS:
        old = type(node.op)
        node.op = _SWAPS[old]
        return f"{_SIGNS[old]} became {_SIGNS[type(node.op)]}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
        return "a minus left out"
    return None


def _call(node: ast.AST) -> str | None:
    """Replace f(x) and x.f() by x."""
    for name, child in ast.iter_fields(node):
        inner = _inner(child)
        if inner is not None and isinstance(child, ast.Call):
            words = f"{ast.unparse(child.func)} left out"
            setattr(node, name, inner)
            return words
    return None


def _inner(call: object) -> ast.expr | None:
    if not isinstance(call, ast.Call) or call.keywords:
        return None
    plain = isinstance(call.func, ast.Attribute) and not isinstance(call.func.value, ast.Call)
    if plain and isinstance(call.func, ast.Attribute) and not call.args:
        return call.func.value
    one = len(call.args) == 1 and not isinstance(call.args[0], ast.Starred | ast.Constant)
    return call.args[0] if one and (plain or isinstance(call.func, ast.Name)) else None


def _number(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        old = node.value
        node.value = old + 1
        return f"{old} became {node.value}"
    return None
