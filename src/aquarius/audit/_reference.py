"""Circumvention in the tests: references that are the code under test."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, source
from ._code import Code, dotted, last, names_in, returns, walk, words
from ._weakened import _COMPARE, _DATA


def own_reference(material: Material) -> Iterator[Evidence]:
    """A reference that is the code under test: it imports it, calls it, or its golden values are made by it."""
    code = material.code
    own = {re.sub(r"\.py$", "", module.path).rsplit("/", 1)[-1] for module in material.repository.code}
    for module in material.repository.modules:
        if not re.search(
            r"(^|/|_)(reference|golden|oracle|naive|ref|expected|ground_truth|brute|brute_force|slow|independent)(_\w+)?\.(py|ipynb)$",
            module.path,
        ):
            continue
        if module.path.rsplit("/", 1)[-1].startswith("test_"):
            continue
        used = _imported(module.tree)
        for name, node in used.items():
            base = name.split(".")[-1]
            if (
                base in own
                and base not in module.path
                and not re.search(r"data|util|common|config|io|constant", base)
                and _reference_uses(module.tree, node)
            ):
                yield found(
                    code.place(node),
                    f"the reference imports the code it is to judge: `{source(node)}`.",
                    "a reference is written without the code under test.",
                )
                break
    imported_own = {
        alias
        for module in material.repository.tests
        for name, node in _imported(module.tree).items()
        if name.split(".")[-1] in own
        for alias in _aliases(node)
    }
    for tests in (True, False):
        for function in code.walk(ast.FunctionDef, tests=tests):
            assert isinstance(function, ast.FunctionDef)
            if not set(words(function.name)) & {
                "reference",
                "naive",
                "slow",
                "oracle",
                "expected",
                "golden",
                "truth",
                "ref",
            } or function.name.startswith("test"):
                continue
            called = {item.func.id: item for item in walk(function) if isinstance(item, ast.Call) and isinstance(item.func, ast.Name)}
            called |= {
                dotted(item.func): item for item in walk(function) if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute)
            }
            judged = _judged_with(code, function.name)
            for name, call in called.items():
                base = name.split(".")[-1]
                if base != function.name and (
                    base in judged or (tests and (name in imported_own or name.split(".")[0] in imported_own) and base in judged)
                ):
                    yield found(
                        code.place(function),
                        f"`{function.name}` calls `{name}`, which it is to judge: `{source(call)}`.",
                        "a reference is written without the code under test.",
                    )
                    break
    yield from _same_call(code)
    yield from _through_helper(code)
    yield from _written_by_test(code)


def _imported(tree: ast.Module) -> dict[str, ast.Import | ast.ImportFrom | ast.Assign]:
    table: dict[str, ast.Import | ast.ImportFrom | ast.Assign] = {}
    for node in walk(tree):
        if isinstance(node, ast.Import):
            table.update((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            table[node.module] = node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and last(node.value.func) in ("import_module", "__import__"):
            table.update((item.value, node) for item in node.value.args if isinstance(item, ast.Constant) and isinstance(item.value, str))
    return table


def _aliases(node: ast.Import | ast.ImportFrom | ast.Assign) -> set[str]:
    if isinstance(node, ast.Assign):
        return {dotted(target).split(".")[0] for target in node.targets}
    return {(alias.asname or alias.name).split(".")[0] for alias in node.names}


def _reference_uses(tree: ast.Module, node: ast.Import | ast.ImportFrom | ast.Assign) -> bool:
    """Say whether a function of the reference calls what was imported; a comparison under `__main__` is no reference."""
    names = _aliases(node)
    functions = [item for item in tree.body if isinstance(item, ast.FunctionDef | ast.ClassDef)]
    return (
        any(
            isinstance(item, ast.Call) and dotted(item.func).split(".")[0] in names
            for function in functions
            if function.name != "main"
            for item in walk(function)
        )
        or not functions
    )


def _judged_with(code: Code, reference: str) -> set[str]:
    """Return the functions that stand in one comparison with a reference."""
    judged: set[str] = set()
    for tests in (True, False):
        for function in code.walk(ast.FunctionDef, tests=tests):
            calls = {last(item.func) for item in walk(function) if isinstance(item, ast.Call)}
            if reference in calls and (any(isinstance(item, ast.Assert) for item in walk(function)) or calls & _COMPARE):
                judged |= {name for name in calls - {reference} if not set(words(name)) & _DATA}
    return (
        judged
        - _COMPARE
        - {
            "abs",
            "float",
            "len",
            "range",
            "max",
            "min",
            "sum",
            "default_rng",
            "normal",
            "mean",
            "array",
            "zeros",
            "ones",
            "all",
            "any",
            "zip",
            "list",
            "arange",
            "eye",
            "exp",
            "log",
            "sqrt",
            "dot",
            "randn",
        }
    )


def _written_by_test(code: Code) -> Iterator[Evidence]:
    """A test that writes the file of expected values which it then compares with."""
    for call in code.walk(ast.Call, tests=True):
        assert isinstance(call, ast.Call)
        if not _of_tests(code, call) or last(call.func) not in (
            "write_text",
            "dump",
            "save",
            "savez",
            "savetxt",
            "to_csv",
            "write_bytes",
            "write",
        ):
            continue
        text = ast.unparse(code.scope_of[call]) if isinstance(code.scope_of[call], ast.FunctionDef) else ast.unparse(call)
        line = ast.unparse(call) + " ".join(
            ast.unparse(value) for name in names_in(call) for value in code.values(code.scope_of[call], name)
        )
        kept = re.search(r"golden|expected|reference|snapshot|baseline|fixture|truth", line.lower())
        asked = re.search(r"environ|getoption|--(update|regen)|UPDATE|REGENERATE", text)
        guard = code.within(call, ast.If)
        absent = isinstance(guard, ast.If) and bool(re.search(r"not .*(exists|is_file)\(", ast.unparse(guard.test)))
        compared = absent and "assert" in text and bool(re.search(r"read_text|load|read\(|read_bytes", text))
        if (kept or compared) and not re.search(r"tmp|temp", line) and not asked:
            yield found(
                code.place(call),
                f"the test writes what it compares with: `{source(call)}`.",
                "expected values come from another source and stay.",
            )


def _of_tests(code: Code, call: ast.Call) -> bool:
    """Say whether a file is collected as tests or uses the code under test; a script beside them may be where expected values come from."""
    module = code.module_of[call]
    name = module.path.rsplit("/", 1)[-1]
    own = {re.sub(r"\.py$", "", item.path).rsplit("/", 1)[-1] for item in code.repository.code} - {"__init__"}
    own |= {item.path.split("/")[0] for item in code.repository.code if "/" in item.path}
    uses = any(part in own for item in _imported(module.tree) for part in item.split("."))
    return uses or name.startswith("test") or name.endswith("_test.py") or name == "conftest.py"


def _same_call(code: Code) -> Iterator[Evidence]:
    """assert f(x) == f(x), without a seed that would make it a test of determinism."""
    for function in code.walk(ast.FunctionDef, tests=True):
        assert isinstance(function, ast.FunctionDef)
        if set(words(function.name)) & {
            "deterministic",
            "determinism",
            "reproducible",
            "repeatable",
            "seed",
            "seeds",
            "same",
            "twice",
            "repeat",
            "stable",
            "pure",
        }:
            continue
        for node in (item for item in walk(function) if isinstance(item, ast.Assert | ast.Call)):
            pair = _sides(node)
            if pair is None:
                continue
            one, two = (_bare(_resolved(code, function, _bare(side))) for side in pair)
            if (
                isinstance(one, ast.Call)
                and isinstance(two, ast.Call)
                and _plain(one) == _plain(two)
                and not re.search(r"rng|seed|random", ast.unparse(one))
            ):
                yield found(
                    code.place(node), f"the code is compared with itself: `{source(one)}`.", "compare with a value found in another way."
                )


def _through_helper(code: Code) -> Iterator[Evidence]:
    """assert decode(x) == exhaustive(x), where what `exhaustive` gives back is what `decode` gave."""
    helpers = {
        node.name: node
        for node in code.walk(ast.FunctionDef, tests=True)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("test") and isinstance(code.parent.get(node), ast.Module)
    }
    for function in code.walk(ast.FunctionDef, tests=True):
        assert isinstance(function, ast.FunctionDef)
        for node in (item for item in walk(function) if isinstance(item, ast.Assert | ast.Call)):
            pair = _sides(node)
            sides = [_bare(_resolved(code, function, _bare(side))) for side in pair] if pair is not None else []
            if len(sides) != 2 or not all(isinstance(side, ast.Call) for side in sides):
                continue
            for one, two in (sides, sides[::-1]):
                helper, judged = helpers.get(last(one)), last(two)
                if helper is None or judged == helper.name or judged in helpers:
                    continue
                if any(
                    last(_bare(_resolved(code, helper, _bare(value)))) == judged
                    and isinstance(_bare(_resolved(code, helper, _bare(value))), ast.Call)
                    for value in returns(helper)
                ):
                    yield found(
                        code.place(helper),
                        f"`{helper.name}` gives back what `{judged}` gives, which it is to judge.",
                        "a reference is written without the code under test.",
                    )


_COPIES = {"clone", "copy", "deepcopy", "detach", "float", "double", "array", "asarray", "ascontiguousarray", "tensor", "as_tensor", "numpy", "item", "tolist", "list", "tuple", "round"}  # fmt: skip


def _bare(node: ast.AST) -> ast.AST:
    """Return an expression without what copies or converts it: kl(m).clone() -> kl(m)."""
    while isinstance(node, ast.Call) and last(node.func) in _COPIES:
        if node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            break
    return node


class _WithoutCopies(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        inner = _bare(node)
        return self.visit(inner) if inner is not node else self.generic_visit(node)


def _plain(node: ast.AST) -> str:
    """Return an expression as a text in which copies and conversions of values are left out."""
    return ast.unparse(_WithoutCopies().visit(copy.deepcopy(node)))


def _resolved(code: Code, function: ast.FunctionDef, side: ast.AST) -> ast.AST:
    for _ in range(3):
        values = code.values(function, side.id) if isinstance(side, ast.Name) else []
        if len(values) != 1:
            break
        side = _bare(values[0])
    return side


def _sides(node: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    if isinstance(node, ast.Call) and last(node.func) in _COMPARE and len(node.args) >= 2:
        return node.args[0], node.args[1]
    if isinstance(node, ast.Assert):
        for item in walk(node.test):
            if isinstance(item, ast.Compare) and isinstance(item.ops[0], ast.Eq):
                return item.left, item.comparators[0]
            if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Sub) and isinstance(code_parent(node, item), ast.Call):
                return item.left, item.right
    return None


def code_parent(root: ast.AST, node: ast.AST) -> ast.AST | None:
    """Return the node right around a node inside a tree."""
    return next((item for item in walk(root) if any(child is node for child in ast.iter_child_nodes(item))), None)


CHECKS = (
    Check(
        "own-reference",
        "circumvention",
        "a reference that is the code under test",
        "a vectorised form held against a loop over the same kernel",
        own_reference,
    ),
)
