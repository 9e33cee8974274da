"""Where a module, a parameter or a frame is written in the subject's file."""

from __future__ import annotations

import ast
import re
import sys
from types import FrameType, ModuleType, TracebackType

from torch import nn


class Source:
    """The subject's file as a tree: its classes with their methods, and its functions."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.file = getattr(module, "__file__", "") or ""
        with open(self.file, encoding="utf-8") as file:
            self.text = file.read()
        tree = ast.parse(self.text)
        self.functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def owns(self, kind: type) -> bool:
        """Say whether a class is written in the subject's file."""
        return kind.__module__ == self.module.__name__ and kind.__qualname__ in self.classes

    def method(self, kind: str, *names: str) -> str:
        """Return "Class.method" for the first of the names that the class defines, else for the last name."""
        node = self.classes.get(kind)
        defined = {item.name for item in node.body if isinstance(item, ast.FunctionDef)} if node else set()
        return f"{kind}.{next((name for name in names if name in defined), names[-1])}"

    def code(self, where: str) -> str:
        """Return the text of a function, a class or a method, "" where there is none of that name."""
        kind, _, method = where.partition(".")
        node: ast.AST | None = self.functions.get(kind) or self.classes.get(kind)
        if method and isinstance(node, ast.ClassDef):
            node = next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == method), None)
        return (ast.get_source_segment(self.text, node) or "") if node is not None else ""

    def holding(self, pattern: str) -> list[str]:
        """Return the functions and methods in whose text a regular expression is found."""
        found = [name for name in self.functions if re.search(pattern, self.code(name))]
        for kind, node in self.classes.items():
            methods = [f"{kind}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)]
            found += [method for method in methods if re.search(pattern, self.code(method))]
        return found

    def where_of_frame(self, frame: FrameType | None) -> str | None:
        """Return the innermost function of the subject's file on a stack."""
        while frame is not None:
            if frame.f_code.co_filename == self.file:
                return plain_name(frame.f_code.co_qualname)
            frame = frame.f_back
        return None

    def where_of_error(self, trace: TracebackType | None) -> str | None:
        """Return the innermost function of the subject's file in a traceback."""
        found = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                found = plain_name(trace.tb_frame.f_code.co_qualname)
            trace = trace.tb_next
        return found

    def where_now(self) -> str | None:
        """Return the innermost function of the subject's file on the present stack."""
        return self.where_of_frame(sys._getframe(1))


def plain_name(qualified: str) -> str | None:
    """Return "Class.method" or "function" without local scopes; None for the file's own body."""
    name = qualified.split(".<locals>")[0]
    return None if name.startswith("<") else name


def where_of_module(source: Source, model: nn.Module, path: str, method: str = "forward") -> str:
    """Return the method that owns a module: its own class's, or that of the nearest ancestor written in the subject's file.

    A module of a library is a decision of whoever built it, so its ancestor's `__init__` or `forward` is named.
    """
    parts = path.split(".") if path else []
    for length in range(len(parts), -1, -1):
        try:
            module = model.get_submodule(".".join(parts[:length]))
        except AttributeError:
            continue
        if source.owns(type(module)):
            return source.method(type(module).__qualname__, method, "__init__")
    for length in range(len(parts), -1, -1):  # a model of a library: the nearest class that is none of torch's
        kind = type(model.get_submodule(".".join(parts[:length])))
        if not kind.__module__.startswith("torch."):
            return f"{kind.__qualname__}.{method}"
    return "build"
