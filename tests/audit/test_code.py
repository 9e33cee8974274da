"""Names and what they stand for: words, roles of the data, values, bindings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from aquarius.audit._code import Code, constant, dotted, name_role, words
from aquarius.audit._repository import load


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("x_test", "test"),
        ("xte", "test"),
        ("val_loss", "valid"),
        ("trainset", "train"),
        ("latest", None),
        ("y", None),
        ("contest", None),
        ("held", "test"),
    ],
)
def test_a_name_speaks_of_its_split(name: str, role: str | None) -> None:
    assert name_role(name) == role


def test_words_of_names() -> None:
    assert words("macro_f1Score") == ["macro", "f1", "score"] and words("PAPER_ACC") == ["paper", "acc"]


def test_constants() -> None:
    values = [constant(ast.parse(text, mode="eval").body) for text in ("-0.5", "3", "True", "x")]
    assert values == [-0.5, 3.0, None, None]


def code(text: str, tmp_path: Path) -> Code:
    (tmp_path / "a.py").write_text(text)
    return Code(load(tmp_path))


def test_roles_are_followed_through_parameters(tmp_path: Path) -> None:
    table = code("def score(a):\n    value = a.mean()\n    return value\n\nprint(score(x_test))\n", tmp_path)
    (result,) = [node for node in table.walk(ast.Return) if isinstance(node, ast.Return)]
    assert result.value is not None and table.roles(result.value) == {"test"}


def test_a_value_that_depends_on_itself_ends(tmp_path: Path) -> None:
    table = code("a = b\nb = a + test\nprint(a)\n", tmp_path)
    (call,) = [node for node in table.walk(ast.Call) if isinstance(node, ast.Call)]
    assert table.roles(call.args[0]) == {"test"}


def test_values_of_unpacked_names(tmp_path: Path) -> None:
    table = code("a, (b, c) = 1, (2, 3)\nfor i, x in enumerate(rows):\n    a = x\n", tmp_path)
    tree = table.repository.modules[0].tree
    assert [constant(value) for value in table.values(tree, "b")] == [2.0]
    assert [dotted(value) for value in table.values(tree, "x")] == ["rows"]
    assert len(table.values(tree, "a")) == 2
