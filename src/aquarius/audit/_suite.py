"""Circumvention of the tests as a whole: files and tests that are never collected, comparisons that a setting takes out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

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
            yield from _nothing_run(material, path, text)
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
    yield from _verifications(material)
    yield from _not_named(code)


def _nothing_run(material: Material, path: str, text: str) -> Iterator[Evidence]:
    """Settings with which no test runs: they are only listed, looked for in another folder, or under a name that none has."""
    listed = re.search(r"addopts\s*=[^\n]*(--collect-only|--co\b|--setup-(only|plan)|--fixtures\b|--help\b|--version\b)", text)
    if listed:
        yield noted(path, f"the tests are collected and never run: `{listed.group(1)}`.", "run them.")
    tests = [module.path for module in material.repository.tests if not module.path.endswith("conftest.py")]
    folders = re.search(r"testpaths\s*=\s*\[?([^\n\]]+)", text)
    names = [name.strip(" '\"") for name in re.split(r"[\s,]+", folders.group(1)) if name.strip(" '\"")] if folders else []
    if (
        names
        and tests
        and not any(test.startswith(name.strip("./").rstrip("/") + "/") or name in (".", test) for name in names for test in tests)
    ):
        yield noted(path, f"the tests are looked for in `{names[0]}`, and lie elsewhere.", "name the folder they lie in.")
    patterns = re.search(r"python_files\s*=\s*\[?([^\n\]]+)", text)
    shapes = [shape.strip(" '\",") for shape in patterns.group(1).split() if shape.strip(" '\",")] if patterns else []
    if shapes and tests and not any(PurePosixPath(test).match(shape) for shape in shapes for test in tests):
        yield noted(path, f"no file of tests has a name like `{shapes[0]}`.", "let the pattern find the tests.")


def _verifications(material: Material) -> Iterator[Evidence]:
    """A script called a verification that says all is well and has no way to say otherwise."""
    code = material.code
    for module in material.repository.code:
        if not re.match(r"(verify|check|validate|compare|confirm)", module.path.rsplit("/", 1)[-1]):
            continue
        says = [
            call
            for call in walk(module.tree)
            if isinstance(call, ast.Call) and dotted(call.func) == "print" and _WELL.search(" ".join(_texts(call)))
        ]
        fails = any(
            isinstance(item, ast.Assert | ast.Raise)
            or (
                isinstance(item, ast.Call)
                and (last(item.func) in ("exit", "_exit", "SystemExit", "fail") or last(item.func).startswith("assert"))
            )
            or (isinstance(item, ast.Call) and dotted(item.func) == "print" and _BADLY.search(" ".join(_texts(item))))
            for item in walk(module.tree)
        )
        if says and not fails:
            yield found(
                code.place(says[0]), f"this verification cannot fail: `{source(says[0])}`.", "let it compare, and fail where it must."
            )


_WELL = re.compile(r"\b(verified|passed|pass|ok|match(es)?|success\w*|reproduced|all good|identical|confirmed)\b", re.IGNORECASE)
_BADLY = re.compile(r"\b(differ\w*|mismatch\w*|fail\w*|wrong|not (equal|the same|verified|reproduced)|error)\b", re.IGNORECASE)


def _texts(call: ast.Call) -> list[str]:
    return [item.value for item in walk(call) if isinstance(item, ast.Constant) and isinstance(item.value, str)]


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
