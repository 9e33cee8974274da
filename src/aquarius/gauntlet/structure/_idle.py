"""What is written in a class and does nothing: a train method of its own that changes nothing, a buffer that no line reads."""

from __future__ import annotations

import ast
import re

from ...core import Evidence
from .._check import card
from .._examination import Examination


def idle_code(examination: Examination) -> Evidence | list[Evidence]:
    """Look through the classes of the file for a `train` that only calls its parent's, and for registered buffers that nothing names again."""
    found = []
    for name, node in examination.source.classes.items():
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name in ("train", "eval") and _only_parent(item):
                text = f"{name}.{item.name} is written anew and does what its parent does: whatever was to stay in its mode does not"
                hint = "Put the frozen part back into evaluation mode after super().train(mode)."
                found.append(examination.finding("fail", text, where=f"{name}.{item.name}", hint=hint))
        for call in ast.walk(node):
            buffer = _registered(call)
            if buffer and len(re.findall(rf"\b{re.escape(buffer)}\b", examination.source.text)) == 1:
                text = f"{name} registers the buffer {buffer}, and no line of the file reads it"
                where = f"{name}.forward" if any(isinstance(i, ast.FunctionDef) and i.name == "forward" for i in node.body) else name
                found.append(examination.finding("fail", text, where=where, path=buffer, hint="Where was it to be used?"))
    return found[:2] or examination.passed("no method or buffer is seen that does nothing")


def _only_parent(method: ast.FunctionDef) -> bool:
    """Say whether a method consists of the call of its parent's method and a return."""
    work = [statement for statement in method.body if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))]
    calls = [
        statement
        for statement in work
        if isinstance(statement, ast.Expr | ast.Return) and "super()" in ast.unparse(statement) and ast.unparse(statement).count("(") == 2
    ]
    rest = [statement for statement in work if statement not in calls]
    return len(calls) == 1 and all(isinstance(statement, ast.Return) and ast.unparse(statement) == "return self" for statement in rest)


def _registered(node: ast.AST) -> str | None:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "register_buffer"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        return node.args[0].value
    return None


IDLE = card(
    "registration",
    "idle code",
    "A train method that only calls its parent's, a registered buffer that no line of the file reads.",
    (),
    "Buffers that are kept for others to read, by a name that is put together.",
    idle_code,
)
