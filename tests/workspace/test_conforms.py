"""A test file of a workspace names an equation as the paper does, and its function is held against it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from aquarius.core import BadInput, Place, write_text
from aquarius.dossier import Dossier, Formula, to_yaml
from aquarius.workspace import assert_conforms

PLACE = Place(file="paper.md", start=0, end=1, line=1, quote="y")
DOSSIER = Dossier(
    title="Lines",
    authors=("Ada Example",),
    document="0" * 64,
    formulas=(
        Formula(id="equation (1)", latex="y = W x + b", label="eq:line", place=PLACE),
        Formula(id="equation (2)", latex=r"z = 2 \tanh(y)", place=PLACE),
    ),
)
BLUEPRINT = """
equations:
  - formula: equation (1)
    code: src/lines/equations.py:line
    symbols: {inputs: {W: [m, n], x: [n], b: [m]}}
    bind: {W: weight}
"""
TEST = """
from aquarius.workspace import assert_conforms

def line(weight, x, b):
    return weight @ x + b

def wrong(weight, x, b):
    return weight @ x - b

def held(label, name):
    assert_conforms(label, globals()[name])
"""


@pytest.fixture
def test_file(tmp_path: Path) -> ModuleType:
    """A test file two folders below the workspace's root."""
    write_text(tmp_path / "dossier.yaml", to_yaml(DOSSIER))
    write_text(tmp_path / "blueprint.yaml", BLUEPRINT)
    path = tmp_path / "tests" / "deep" / "test_lines.py"
    write_text(path, TEST)
    spec = importlib.util.spec_from_file_location("test_lines", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("label", ["equation (1)", "eq:line"])
def test_right_code_passes_and_wrong_code_fails_by_id_and_by_label(test_file: ModuleType, label: str) -> None:
    test_file.held(label, "line")
    with pytest.raises(AssertionError, match="differs") as caught:
        test_file.held(label, "wrong")
    assert label in str(caught.value) and "'x'" in str(caught.value)  # with a counterexample


def test_an_equation_that_nothing_declares_or_nobody_knows_is_refused(test_file: ModuleType) -> None:
    with pytest.raises(BadInput, match=r"Nothing declares the symbols of 'equation \(2\)'"):
        test_file.held("equation (2)", "line")
    with pytest.raises(BadInput, match="no equation"):
        assert_conforms("equation (3)", lambda y: y, dossier=DOSSIER, symbols={"inputs": {"y": ["n"]}})


def test_symbols_and_a_dossier_may_be_given_without_a_workspace() -> None:
    symbols = {"inputs": {"y": ["n"]}}
    assert_conforms("equation (2)", lambda y: 2 * y.tanh(), dossier=DOSSIER, symbols=symbols)
    with pytest.raises(AssertionError, match="differs"):
        assert_conforms("equation (2)", lambda y: y.tanh(), dossier=DOSSIER, symbols=symbols)
    with pytest.raises(BadInput, match="put the test into a workspace"):
        assert_conforms("equation (2)", lambda y: y)
