"""Code in a file is held against an equation in a child process; what it does wrong is evidence."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from aquarius.core import BadInput
from aquarius.workspace._conformance import Request, callable_of, conform_file, conform_in_child, counterexample_text

SYMBOLS = {"inputs": {"W": ["m", "n"], "x": ["n"], "b": ["m"]}, "outputs": ["y"]}
CODE = """
def right(x, W, b):
    return W @ x + b
def wrong(x, W, b):
    return W @ x - b
def other(weight, x, b):
    return weight @ x + b
def leaves(x, W, b):
    import os
    os._exit(3)
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


def test_right_and_wrong_code(code: Path) -> None:
    right = conform_file("y = W x + b", f"{code}:right", SYMBOLS)
    wrong = conform_file("y = W x + b", f"{code}:wrong", SYMBOLS)
    assert (right.status, wrong.status) == ("pass", "fail")
    assert "conforms to the equation" in right.message
    assert right.receipt is not None and "workspace:code.py" in right.receipt.inputs


def test_a_bound_parameter_and_code_that_dies(code: Path) -> None:
    assert conform_file("y = W x + b", f"{code}:other", SYMBOLS, ["W=weight"]).status == "pass"
    gone = conform_file("y = W x + b", f"{code}:leaves", SYMBOLS)
    assert gone.status == "unsure"
    assert "left with exit code 3" in gone.message


@pytest.mark.parametrize(
    ("code_name", "words"), [("code.py", "names no function"), ("code.py:none", "has no function 'none'"), ("none.py:f", "does not exist")]
)
def test_what_cannot_be_held_is_refused(code: Path, code_name: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        conform_file("y = W x + b", str(code.parent / code_name) if "none.py" not in code_name else code_name, SYMBOLS)


METHODS = """
import torch
class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 3)
    def forward(self, x):
        return self.fc(x)
class Algebra:
    @staticmethod
    def line(W, x, b):
        return W @ x + b
    def shifted(self, W, x, b):
        return W @ x + 2 * b
class Needs:
    def __init__(self, size):
        self.size = size
    def line(self, W, x, b):
        return x
number = 3
"""


def test_methods_classes_and_their_weights(tmp_path: Path) -> None:
    path = tmp_path / "methods.py"
    path.write_text(METHODS)
    names = {"Algebra.line": {}, "Line": {"W": "fc.weight", "b": "fc.bias"}, "Algebra.shifted": {}}
    found = conform_in_child(path, [Request("y = W x + b", name, SYMBOLS, bind) for name, bind in names.items()])
    assert [item.status for item in found] == ["pass", "pass", "fail"]
    text = counterexample_text(found[2])
    assert text.startswith("on these inputs:\n")
    assert "the equation gives y = " in text and "the code returns" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Needs.line", "Needs of m.py cannot be made without arguments"),
        ("number", "is no function, but of the type int"),
        ("Algebra.lines", "Algebra of m.py has no function 'lines'. Did you mean 'line'"),
        ("algebra", "m.py has no function 'algebra'. Did you mean 'Algebra'"),
    ],
)
def test_a_name_that_is_no_function_is_refused(name: str, words: str) -> None:
    module = ModuleType("m")
    module.__file__ = "m.py"
    exec(METHODS, module.__dict__)
    assert callable(callable_of(module, "Algebra.line"))
    with pytest.raises(BadInput, match=re.escape(words)):
        callable_of(module, name)


def test_a_file_that_does_not_import_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("import nowhere_at_all")
    with pytest.raises(BadInput, match="does not import: ModuleNotFoundError"):
        conform_file("y = W x + b", f"{path}:f", SYMBOLS)
