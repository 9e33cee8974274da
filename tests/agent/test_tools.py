"""Actions as tools: schemas from signatures, arguments checked, no path out of the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aquarius.agent import call, input_schema, tool_name
from aquarius.agent._tools import arguments
from aquarius.core import BadInput
from aquarius.workspace._signature import parameters
from aquarius.workspace.actions import ACTIONS, Action

BY_NAME = {action.name: action for action in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_schema_describes_every_parameter(action: Action) -> None:
    schema = input_schema(action)
    jsonschema.Draft202012Validator.check_schema(schema)
    found = parameters(action.function)
    assert list(schema["properties"]) == [parameter.name for parameter in found]
    assert all(one["description"] for one in schema["properties"].values())
    assert schema["required"] == [parameter.name for parameter in found if parameter.required]
    assert schema["additionalProperties"] is False and "." not in tool_name(action)


def test_types_choices_lists_and_defaults() -> None:
    properties = input_schema(BY_NAME["write"])["properties"]
    assert properties["format"]["enum"] == ["html", "markdown", "json"] and properties["format"]["default"] == "html"
    properties = input_schema(BY_NAME["check"])["properties"]
    assert properties["only"]["type"] == "array" and properties["only"]["items"] == {"type": "string"}
    assert (properties["no_facts"]["type"], properties["budget"]["type"]) == ("boolean", "number")


def test_arguments_are_taken_as_the_function_wants_them(tmp_path: Path) -> None:
    found = arguments(BY_NAME["check"], {"file": "src/model.py", "budget": 3, "only": ["overfit"], "dossier": None}, tmp_path)
    assert found == {
        "file": tmp_path.resolve() / "src/model.py",
        "no_facts": False,
        "only": ["overfit"],
        "budget": 3.0,
        "dossier": None,
        "plot": None,
        "list": False,
    }
    assert arguments(BY_NAME["status"], {}, tmp_path) == {"folder": tmp_path.resolve(), "gate": None}
    assert arguments(BY_NAME["bench.startup"], {"runs": 3.0}, tmp_path) == {"runs": 3}


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("draw", {}, "draw needs the argument 'subject': a Python file with"),
        ("check", {"file": "m.py", "fil": "x"}, "check has no argument 'fil'. Did you mean 'file'?"),
        ("check", {"file": 3}, "the argument 'file' is of type string, got 3"),
        ("check", {"file": "m.py", "only": "overfit"}, "the argument 'only' is a list, got 'overfit'"),
        ("check", {"file": "m.py", "budget": float("inf")}, "the argument 'budget' must be finite"),
        ("check", {"file": "m.py", "budget": True}, "the argument 'budget' is of type number, got True"),
        ("check", {"file": "a\0b"}, "holds a null character"),
        ("train", {"experiment": "t.py", "seeds": "3"}, "the argument 'seeds' is of type integer, got '3'"),
        ("write", {"format": "pdf"}, "the argument 'format' is one of html, markdown, json"),
        ("check", {"file": "x" * 5000}, "File name too long"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_one_sentence(tmp_path: Path, name: str, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        call(name.replace(".", "_"), given, tmp_path)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_tool_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no tool 'statsu'\. Did you mean 'status'"):
        call("statsu", {}, tmp_path)


@pytest.mark.parametrize("path", ["../outside/model.py", "/etc/passwd", "link/model.py", "link"])
@pytest.mark.parametrize(("name", "argument"), [("check", "file"), ("read", "source"), ("status", "folder"), ("reproduce", "what")])
def test_no_path_leads_out_of_the_folder(tmp_path: Path, name: str, argument: str, path: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "model.py").write_text("secret = 1")
    (root / "link").symlink_to(outside)
    with pytest.raises(BadInput, match="lies outside"):
        call(name, {argument: path}, root)


def test_a_function_of_a_file_outside_is_refused_and_latex_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "model.py").write_text("")
    conform = BY_NAME["equation.conform"]
    with pytest.raises(BadInput, match="lies outside"):
        arguments(conform, {"latex": "x", "code": "../model.py:f", "symbols": "s.yaml"}, tmp_path / "root")
    latex = r"y = \frac{a}{b} / c .. d ~ e:f"
    assert arguments(conform, {"latex": latex, "code": "m.py:f", "symbols": "s.yaml"}, tmp_path / "root")["latex"] == latex
