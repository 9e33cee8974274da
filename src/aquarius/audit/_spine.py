"""Protocol and fabrication: what is done to a number between its measurement and the report that no text mentions.

The spine of a reported number is the chain of outermost operations behind it: `float(np.mean(values))`, then what is put into `values`, then what
the function that makes them gives back, and so on. A mean, a root, a rounding or a factor of 100 belongs there; an extreme, a random number, a
condition on the number itself or a repetition until it is good does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import METRICS, PAPERLIKE, Code, constant, dotted, last, names_in, returns, walk, words
from ._provenance import sources

_WRAPS = {
    "float",
    "round",
    "item",
    "int",
    "str",
    "tolist",
    "array",
    "asarray",
    "list",
    "tuple",
    "numpy",
    "cpu",
    "tensor",
    "stack",
    "float64",
    "abs",
}
_SUMS = {"mean", "fmean", "nanmean", "average", "sum", "fsum", "std", "stdev", "pstdev", "median", "sqrt", "norm", "var"}
_EXTREMES = {"max", "min", "amax", "amin", "nanmax", "nanmin"}
_DRAWS = {"normal", "gauss", "uniform", "randn", "standard_normal", "normalvariate", "triangular", "rand", "random"}
_EXTREME_WORDS = re.compile(
    r"\b(best|max(imum)?|min(imum)?|highest|lowest|worst|largest|smallest|peak|top|greatest|oracle|longest|shortest|supremum)\b"
)
_STEPS = 60
_SUMMED = {"mean", "average", "avg", "values", "value", "result", "results", "final", "runs", "seeds", "scores"}


@dataclass(frozen=True)
class Bone:
    """One expression of a spine, and how many sums over several values lie between it and the report."""

    node: ast.AST
    sums: int


def spine(code: Code, value: ast.AST) -> Iterator[Bone]:
    """Give the chain of outermost operations behind a reported value, the report first."""
    stack = [Bone(value, 0)]
    seen: set[int] = set()
    while stack and len(seen) < _STEPS:
        bone = stack.pop()
        if id(bone.node) in seen:
            continue
        seen.add(id(bone.node))
        yield bone
        stack += [Bone(node, bone.sums + more) for node, more in _behind(code, bone.node)]


def _behind(code: Code, node: ast.AST) -> list[tuple[ast.AST, int]]:
    if isinstance(node, ast.Name) and node in code.scope_of:
        scope = code.scope_of[node]
        values = code.values(scope, node.id) or code.values(code.module_of[node].tree, node.id)
        if not values and isinstance(scope, ast.FunctionDef):
            values = code.arguments(scope, node.id)
        return [(value, 0) for value in values if id(value) != id(node)]
    if isinstance(node, ast.Call):
        name = last(node.func)
        function = code.function(node)
        if function is not None:
            return [(value, 0) for value in returns(function)]
        inner = [*node.args[:1], *([node.func.value] if isinstance(node.func, ast.Attribute) and not node.args else [])]
        if name in _WRAPS | _SUMS | _EXTREMES:
            return [(item, int(name in _SUMS)) for item in inner]
        return []
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return [(node.elt, 0)]
    if isinstance(node, ast.List | ast.Tuple):
        return [(item.value if isinstance(item, ast.Starred) else item, 0) for item in node.elts]
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Add) and any(isinstance(side, ast.List | ast.ListComp) for side in (node.left, node.right)):
            return [(node.left, 0), (node.right, 0)]
        if isinstance(node.op, ast.Mult | ast.Div) and (constant(node.left) is not None or constant(node.right) is not None):
            return [(node.left if constant(node.right) is not None else node.right, 0)]
        return []
    if isinstance(node, ast.IfExp):
        return [(node.body, 0), (node.orelse, 0)]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Call):
        return [(node.value, 0)]
    return []


def unsaid(material: Material) -> Iterator[Evidence]:
    """An extreme, a random number or a repetition between the measurement and the report, of which no text speaks."""
    code = material.code
    own = material.repository.prose(paper=False).lower()
    both = own + material.repository.prose(paper=True).lower()
    extremes_said = bool(_EXTREME_WORDS.search(own))
    seen: set[int] = set()
    for key, value in code.written:
        if not set(words(key)) & (METRICS | _SUMMED) or set(words(key)) & PAPERLIKE or set(words(key)) & {"time", "seconds"}:
            continue
        if _EXTREME_WORDS.search(key.replace("_", " ").lower()):
            continue
        for bone in spine(code, value):
            node = bone.node
            if id(node) in seen:
                continue
            seen.add(id(node))
            if not extremes_said and "mean" in both and _extreme(code, node):
                yield found(
                    code.place(node),
                    f"`{key}` goes through an extreme that no text mentions: `{source(node)}`.",
                    "report the mean of all of them.",
                )
            elif (draw := _jitter(code, node)) is not None:
                yield found(
                    code.place(node), f"`{key}` goes through a random number: `{source(draw)}`.", "a metric is measured, never drawn."
                )
            elif (loop := _until_good(code, node)) is not None:
                yield found(
                    code.place(loop),
                    f"the run behind `{key}` is repeated until its result is good: `{source(loop.test)}`.",
                    "report the first run, or all.",
                )


def _extreme(code: Code, node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or last(node.func) not in _EXTREMES or len(node.args) > 1 or node.keywords:
        return False
    inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
    if inner is None or (isinstance(inner, ast.Call) and last(inner.func) in ("abs", "fabs", "absolute")):
        return False
    listed = isinstance(inner, ast.ListComp | ast.GeneratorExp) or (
        isinstance(inner, ast.Name)
        and inner in code.scope_of
        and any(isinstance(value, ast.ListComp | ast.List | ast.Call) for value in code.values(code.scope_of[inner], inner.id))
    )
    measured = {word.rstrip("s") for item in names_in(inner) for word in words(item)} & (
        {word.rstrip("s") for word in METRICS} | {"value", "result"}
    )
    return listed and (bool(measured) or isinstance(inner, ast.ListComp | ast.GeneratorExp))


def _jitter(code: Code, node: ast.AST) -> ast.AST | None:
    """value + rng.normal(0, 0.003)"""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        return None
    for side, other in ((node.left, node.right), (node.right, node.left)):
        core = _drawn_from(code, side)
        while isinstance(core, ast.BinOp) and isinstance(core.op, ast.Mult):
            core = core.right if isinstance(core.right, ast.Call) else core.left
        made_of = sources(code, side)
        if made_of.draws and not made_of.measured and _generator(code, made_of.draws[0]) and isinstance(other, ast.Name | ast.Call):
            return made_of.draws[0]
        if (
            isinstance(core, ast.Call)
            and last(core.func) in _DRAWS
            and isinstance(other, ast.Name | ast.Constant | ast.Call)
            and constant(other) != 1.0
        ):
            size = any(word.arg in ("size", "shape") for word in core.keywords) or len(core.args) > 2
            if (not size or core is not side) and _generator(code, core):
                return core
    return None


def _drawn_from(code: Code, side: ast.AST) -> ast.AST:
    """Return the draw that a name of a comprehension runs over: [a + d for d in rng.normal(0, s, n)]."""
    if isinstance(side, ast.Name) and isinstance(code.parent.get(code.parent.get(side, side)), ast.ListComp | ast.GeneratorExp):
        values = code.values(code.scope_of[side], side.id)
        return values[0] if len(values) == 1 and isinstance(values[0], ast.Call) else side
    return side


def _generator(code: Code, call: ast.Call) -> bool:
    base = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    if re.search(r"rng|rand|gen|np\.", dotted(call.func)):
        return True
    values = code.values(code.scope_of[base], base.id) if isinstance(base, ast.Name) and base in code.scope_of else []
    return any(last(value) in ("default_rng", "RandomState", "Random", "Generator") for value in values)


def _until_good(code: Code, node: ast.AST) -> ast.While | None:
    """while error > 0.1: seed += 1; error = experiment(seed)"""
    loop = code.within(node, ast.While)
    statement = code.within(node, ast.Assign)
    if not isinstance(loop, ast.While) or not isinstance(statement, ast.Assign):
        return None
    names = {name for target in statement.targets for name in names_in(target)}
    compared = [item for item in walk(loop.test) if isinstance(item, ast.Compare)] + [
        item.test for item in walk(loop) if isinstance(item, ast.If) and any(isinstance(part, ast.Break) for part in item.body)
    ]
    about = any(names & names_in(item) for item in compared)
    body = " ".join(ast.unparse(part) for part in loop.body)
    again = re.search(r"\b\w*(seed|attempt|retry|tries|trial|restart)\w*\b|default_rng|manual_seed", body)
    return loop if about and again else None


CHECKS = (
    Check(
        "unsaid-operation",
        "fabrication",
        "an extreme, a random number or a repetition between the measurement and the report that no text mentions",
        "a metric whose definition holds an extreme under another word",
        unsaid,
    ),
)
