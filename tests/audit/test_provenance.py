"""Where numbers come from, and what tests can say: one staged flaw for each rule, found by its check, and an honest repository left in peace."""
# tests _provenance.py, _formulas.py, _answers.py

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from aquarius.audit import audit
from aquarius.audit._code import Code
from aquarius.audit._provenance import line, sources
from aquarius.audit._repository import load
from aquarius.audit._weakened import always_true
from audit.repositories_house import HOUSE
from audit.staged import Flaw, write
from audit.staged_house import FLAWS


@pytest.mark.parametrize(("check", "case"), FLAWS, ids=[case.name for _, case in FLAWS])
def test_a_flaw_is_found_by_its_check(check: str, case: Flaw, tmp_path: Path) -> None:
    failed = {((item.where or "").split(":")[0]) for item in audit(write(case.flawed(), tmp_path), only=(check,)) if item.status == "fail"}
    assert case.where in failed


def test_the_honest_repository_is_left_in_peace(tmp_path: Path) -> None:
    assert [(item.check, item.where, item.message) for item in audit(write(HOUSE, tmp_path)) if item.status == "fail"] == []


def _code(text: str, folder: Path) -> tuple[Code, ast.AST]:
    """Return the tables of a file and the value of its last assignment."""
    (folder / "it.py").write_text(text)
    repository = load(folder)
    assignments = [item for item in ast.walk(repository.modules[0].tree) if isinstance(item, ast.Assign)]
    return Code(repository), max(assignments, key=lambda item: item.lineno).value


@pytest.mark.parametrize(
    ("text", "slope", "offset"),
    [("v = 1 - 0.9 * (1 - f())", 0.9, 0.1), ("v = 100 * f() / 2", 50.0, 0.0), ("K = 3\nv = K + f() - f()", 0.0, 3.0), ("u = f() * 2\nv = u + 1", 2.0, 1.0)],
)  # fmt: skip
def test_a_linear_function_of_one_value(text: str, slope: float, offset: float, tmp_path: Path) -> None:
    found = line(*_code(text, tmp_path))
    assert found is not None
    assert (found.slope, found.offset) == pytest.approx((slope, offset))


@pytest.mark.parametrize("text", ["v = f() * f()", "v = f() + g()", "v = 2 ** f()", "v = log(f())"])
def test_what_is_no_linear_function_of_one_value(text: str, tmp_path: Path) -> None:
    assert line(*_code(text, tmp_path)) is None


def test_what_a_value_is_made_of(tmp_path: Path) -> None:
    made = sources(*_code("table = {1: 0.31, 2: 0.42}\nv = sum(table.values()) / len(table)", tmp_path))
    assert (made.literals, made.measured) == ([0.42, 0.31], False)
    assert sources(*_code("v = sum([0.31, measure(3)])", tmp_path)).measured


@pytest.mark.parametrize(
    ("text", "holds"),
    [("sys.version_info >= (3, 8)", True), ("sys.version_info < (3, 8)", False), ("not False", True), ("os.name == 'nt'", False), ("os.environ", False), ("1 < 2 < 1", False)],
)  # fmt: skip
def test_a_condition_that_always_holds(text: str, holds: bool) -> None:
    assert always_true(ast.parse(text, mode="eval").body) is holds
