"""Circumvention of the tests as a whole: files and tests that are never collected, comparisons that a setting takes out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, found, noted, source
from ._code import Code, dotted, last, walk

_SLOW = re.compile(
    r"slow|gpu|cuda|network|download|runslow|integration|notebook|docs?\b|examples?\b|torch|import|platform|version|windows|linux"
)


def uncollected(material: Material) -> Iterator[Evidence]:
    """Tests that a setting, a mark of the whole file or their name keeps from running."""
    code = material.code
    for path, text in material.repository.files.items():
        name = path.rsplit("/", 1)[-1]
        if name in ("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml"):
            for option in re.findall(r"--deselect[= ]\S+|--ignore(?:-glob)?[= ]\S*test\S*|-k ['\"]?not [^'\"\n]+", text):
                if not _SLOW.search(option):
                    yield noted(path, f"the settings of the tests leave out `{option}`.", "run all tests.")
        elif name.endswith(".sh") or name == "Makefile":
            for option in re.findall(r"pytest[^\n]*?(--deselect[= ]\S+|--ignore[= ]\S*test\S*|-k ['\"]?not [^'\"\n]+)", text):
                if not _SLOW.search(option):
                    yield noted(path, f"the script leaves out `{option}`.", "run all tests.")
    for node in code.walk(ast.Assign, ast.Call, tests=True):
        text = ast.unparse(node)
        if isinstance(node, ast.Assign):
            names = {dotted(target) for target in node.targets}
            if names & {"collect_ignore", "collect_ignore_glob"} and "test" in text and not _SLOW.search(text):
                yield found(code.place(node), f"test files are left out: `{source(node)}`.", "run all tests.")
            elif "pytestmark" in names and re.search(r"mark\.(skip|xfail)\b", text) and not _SLOW.search(text):
                yield found(code.place(node), f"the whole file never counts: `{source(node)}`.", "let it run.")
        elif (
            isinstance(node, ast.Call)
            and (dotted(node.func) == "pytest.skip" and "allow_module_level=True" in text and code.within(node, ast.If, ast.Try) is None)
            and not _SLOW.search(text)
        ):
            yield found(code.place(node), f"the whole file is skipped: `{source(node)}`.", "let it run.")
    yield from _not_named(code)


def _not_named(code: Code) -> Iterator[Evidence]:
    """A function with assertions in a file of tests that neither pytest nor any function of the file calls."""
    for module in code.repository.tests:
        if module.path.endswith("conftest.py") or not re.search(r"(^|/)test_|_test\.py$", module.path):
            continue
        for node in module.tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("test") or node.decorator_list:
                continue
            asserts = any(
                isinstance(item, ast.Assert) or (isinstance(item, ast.Call) and last(item.func).startswith("assert_"))
                for item in walk(node)
            )
            if asserts and re.search(r"test|check|verify", node.name) and len(re.findall(rf"\b{re.escape(node.name)}\b", module.text)) == 1:
                yield found(code.place(node), f"`{node.name}` holds assertions and is never collected.", "call it test_...")


CHECKS = (
    Check(
        "uncollected-tests",
        "circumvention",
        "tests that a setting, a mark or their name keeps from running",
        "slow tests that are run elsewhere",
        uncollected,
    ),
)
