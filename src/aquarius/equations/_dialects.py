"""The verified PyTorch text of an equation in the words of NumPy, JAX or TensorFlow. Text only: nothing here imports a library.

One emitter writes PyTorch; a table per library says how each of its calls is spelled there, so that all texts come from one verified tree.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from ._spellings import DIALECTS, HELPERS, Dialect
from ._tokens import Refusal

Parameters = list[tuple[str, str]]
Place = tuple[int, int, int]  # line, first and last column
_ATOMS = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant, ast.List)
_METHODS = {"amax": "max", "amin": "min"}


@dataclass(frozen=True)
class Ranks:
    """How many axes the operands of `@`, `.T` and `.mT` have, by their place in the text, as a run has shown."""

    found: Mapping[Place, tuple[int, ...]]

    def of(self, node: ast.expr) -> tuple[int, ...]:
        return self.found.get(_place(node), ())


def _place(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_col_offset or 0


def respelled(code: str, parameters: Parameters, backend: str, ranks: Ranks) -> tuple[str, Parameters]:
    """The text for another library, and its parameters as (LaTeX name, Python name).

    Raises:
        Refusal: the library has no counterpart of a function.
    """
    writer = _Writer(code, DIALECTS[backend], ranks)
    text = writer.whole()
    return text, [(latex, writer.renamed(python)) for latex, python in parameters]


class _Writer:
    """One text, node by node; whatever is not a call into the library is copied as it stands."""

    def __init__(self, code: str, dialect: Dialect, ranks: Ranks) -> None:
        self.code = code
        self.dialect = dialect
        self.ranks = ranks
        self.tree = ast.parse(code)
        self.starts = [0]
        for line in code.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.helpers: dict[str, None] = {}
        self.math = False
        self.used = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        self.used |= {node.arg for node in ast.walk(self.tree) if isinstance(node, ast.arg)}

    def whole(self) -> str:
        function = self.tree.body[-1]
        body = self.splice(function)
        imports = ["import math"] if self.math or any("math." in HELPERS[self.dialect.name][name] for name in self.helpers) else []
        imports += ["", *self.dialect.imports] if imports else self.dialect.imports
        if "jax." not in body and not any("jax." in HELPERS[self.dialect.name][name] for name in self.helpers):
            imports = [line for line in imports if line != "import jax"]
        if f"{self.dialect.alias}." not in body and not any(
            self.dialect.alias in HELPERS[self.dialect.name][name] for name in self.helpers
        ):
            imports = [line for line in imports if not line.endswith(f" as {self.dialect.alias}")]
        parts = ["\n".join(imports).strip(), *(HELPERS[self.dialect.name][name].strip() for name in self.helpers), body.strip()]
        return "\n\n\n".join(part for part in parts if part) + "\n"

    def renamed(self, name: str) -> str:
        """A name that the library or a helper has taken gets a tail."""
        while name in self.dialect.taken or (name in HELPERS[self.dialect.name] and name not in {"torch", "F"}):
            name += "_"
            while name in self.used:
                name += "_"
        return name

    # ---- text

    def at(self, node: ast.AST) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            self.starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def splice(self, node: ast.AST) -> str:
        """The source of a node with everything below it respelled in place."""
        start, stop = self.at(node)
        children = [child for child in _placed(node) if self.at(child)[1] > self.at(child)[0]]
        text, position = "", start
        for child in sorted(children, key=lambda item: self.at(item)[0]):
            first, last = self.at(child)
            if first < position:
                continue
            text += self.code[position:first] + self.text(child)
            position = last
        text += self.code[position:stop]
        if isinstance(node, ast.FunctionDef):
            text = text.replace(f"def {node.name}(", f"def {self.renamed(node.name)}(", 1)
        return text

    def text(self, node: ast.AST) -> str:
        if isinstance(node, ast.Name):
            self.math |= node.id == "math"
            return node.id if node.id in {"torch", "F", "math"} else self.renamed(node.id)
        if isinstance(node, ast.arg):
            return self.renamed(node.arg)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Attribute) and node.attr in {"T", "mT"}:
            return self.transposed(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            return self.product(node)
        if isinstance(node, ast.Subscript) and "picked" in self.dialect.calls and isinstance(node.slice, ast.Tuple):
            row, *places = node.slice.elts
            if isinstance(row, ast.Call) and _library_name(row.func) == "arange":  # x[arange(n), y]
                return self.dialect.calls["picked"].format(first=self.text(node.value), second=self.text(places[0]))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and self.dialect.assigned:
            return self.assigned(node, node.targets[0])
        return self.splice(node)

    def argument(self, node: ast.expr) -> str:
        """One argument; a number that PyTorch wants as a tensor stays a number where the library takes numbers."""
        inner = _wrapped_number(node)
        if inner is not None and self.dialect.takes_numbers:
            return self.text(inner)
        if isinstance(node, ast.List):
            return f"[{', '.join(self.argument(item) for item in node.elts)}]"
        return self.text(node)

    def tight(self, node: ast.expr) -> str:
        """Text that a dot may follow."""
        text = self.text(node)
        return text if isinstance(node, _ATOMS) else f"({text})"

    def call(self, node: ast.Call) -> str:
        name = _library_name(node.func)
        if name is not None:
            return self.spelled(name, node.args, node)
        if isinstance(node.func, ast.Attribute) and _is_method(node.func):
            return self.spelled("." + _METHODS.get(node.func.attr, node.func.attr), [node.func.value, *node.args], node)
        return self.splice(node)

    def spelled(self, name: str, arguments: list[ast.expr], node: ast.Call) -> str:
        keywords = {keyword.arg or "": self.text(keyword.value) for keyword in node.keywords if keyword.arg != "dtype"}
        if len(arguments) == 1 and isinstance(arguments[0], ast.Starred) and isinstance(arguments[0].value, ast.Call):
            arguments = arguments[0].value.args  # maximum(*broadcast_tensors(a, b)): the others broadcast by themselves
        if name == "tensor":
            name = "tensor" if isinstance(arguments[0], ast.List) else "number"
        if name == "clamp":
            name += "-" + "-".join(sorted(keywords))
        if name == ".sum" and isinstance(arguments[0], ast.Compare) and "count" in self.dialect.calls:
            name = "count"
        template = self.dialect.calls.get(name)
        if template is None:
            shown = self.dialect.missing.get(name, f"{name.lstrip('.')} has no counterpart")
            raise Refusal(f"{shown} in {self.dialect.title}", 0)
        texts = [self.argument(item) for item in arguments]
        axis = keywords.get("dim", "")
        for helper in HELPERS[self.dialect.name]:
            if template.startswith(helper + "("):
                self.need(helper)
        fields = {
            "first": texts[0] if texts else "",
            "second": texts[1] if len(texts) > 1 else "",
            "dotted": self.tight(arguments[0]) if arguments else "",
            "all": ", ".join(texts),
            "rest": ", ".join(texts[1:]),
            "shape": texts[0] if len(texts) == 1 else f"({', '.join(texts)})",
            "tuple": f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})",
            "rest_tuple": f"({', '.join(texts[1:])})",
            "axis": f"axis={axis}" if axis else "",
            "then_axis": f", axis={axis}" if axis else "",
            "low": keywords.get("min", ""),
            "high": keywords.get("max", ""),
            "limit": keywords.get("min", keywords.get("max", "")),
            "points": _split_points(arguments[1:], texts),
        }
        return template.format(**fields)

    def need(self, helper: str) -> None:
        """Take a helper in, after those it calls."""
        for other in HELPERS[self.dialect.name]:
            if other != helper and f" {other}(" in HELPERS[self.dialect.name][helper]:
                self.need(other)
        self.helpers[helper] = None

    def transposed(self, node: ast.Attribute) -> str:
        deep = (self.ranks.of(node) or (2,))[0] > 2
        template = self.dialect.calls["transpose-deep" if deep else "transpose"]
        return template.format(first=self.text(node.value), dotted=self.tight(node.value))

    def product(self, node: ast.BinOp) -> str:
        template = self.dialect.calls.get("matmul-" + "-".join(str(min(rank, 2)) for rank in self.ranks.of(node)))
        if template is None:
            return self.splice(node)
        return template.format(first=self.text(node.left), second=self.text(node.right))

    def assigned(self, node: ast.Assign, target: ast.Subscript) -> str:
        name, places, value = self.text(target.value), self.splice(target.slice), self.text(node.value)
        return self.dialect.assigned.format(name=name, places=places, value=value)


def _split_points(sizes: list[ast.expr], texts: list[str]) -> str:
    """[a, a + b] for pieces of sizes [a, b, c]: where NumPy cuts."""
    if not sizes or not isinstance(sizes[0], ast.List):
        return texts[-1]
    parts = texts[1].strip("[]").split(", ")
    return f"[{', '.join(' + '.join(parts[: count + 1]) for count in range(len(parts) - 1))}]"


def _placed(node: ast.AST) -> list[ast.AST]:
    """The nearest nodes below that have a place in the text."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        found += [child] if hasattr(child, "col_offset") else _placed(child)
    return found


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def _library_name(node: ast.expr) -> str | None:
    """softmax of torch.softmax, linalg.inv of torch.linalg.inv, gelu of F.gelu."""
    dotted = _dotted(node)
    if dotted is None or dotted.split(".")[0] not in {"torch", "F"}:
        return None
    return dotted.split(".", 1)[1]


def _is_method(node: ast.Attribute) -> bool:
    dotted = _dotted(node)
    return dotted is None or dotted.split(".")[0] not in {"math", "torch", "F"}


def _wrapped_number(node: ast.expr) -> ast.expr | None:
    """c of torch.tensor(c, dtype=torch.float64)."""
    if isinstance(node, ast.Call) and _library_name(node.func) == "tensor" and not isinstance(node.args[0], ast.List):
        return node.args[0]
    return None


class _Watched(ast.NodeTransformer):
    """Wraps the operands of products and transposes in calls that note their axes."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        place = _place(node)
        self.generic_visit(node)
        return _noting(node, place, ["left", "right"]) if isinstance(node.op, ast.MatMult) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        place = _place(node)
        self.generic_visit(node)
        return _noting(node, place, ["value"]) if node.attr in {"T", "mT"} else node


def _noting(node: ast.expr, place: Place, names: list[str]) -> ast.expr:
    for position, name in enumerate(names):
        where = ast.Tuple([ast.Constant(number) for number in place], ast.Load())
        arguments = [where, ast.Constant(position), getattr(node, name)]
        setattr(node, name, ast.Call(ast.Name("__note__", ast.Load()), arguments, []))
    return node


def watched(code: str) -> ast.Module:
    """The PyTorch text as a tree that calls `__note__(place, position, operand)` at every product and transpose."""
    tree: ast.Module = ast.fix_missing_locations(_Watched().visit(ast.parse(code)))
    return tree
