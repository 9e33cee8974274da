"""Code in a file is held against an equation in a child process; what it does wrong is evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._conformance import conform_file

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
