"""Values are read as people mean them; what could be misread is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._values import parse_settings, parse_value, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("3", 3), ("-0.5", -0.5), ("true", True), ("none", None), ("adam", "adam"), ("1e", "1e"), ("0x10", "0x10"), ("", "")],
)
def test_values(text: str, value: object) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_settings() -> None:
    assert parse_settings(["lr=1e-3", "name=a=b"]) == {"lr": 0.001, "name": "a=b"}
    for bad, words in (["lr"], "write NAME=VALUE"), (["=3"], "write NAME=VALUE"), (["a=1", "a=2"], "given twice"):
        with pytest.raises(BadInput, match=words):
            parse_settings(bad)


def test_yaml_numbers_with_an_exponent_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("lr: 1e-3\nlist: [5e4, x]\nname: '1e'\n")
    assert read_yaml(path) == {"lr": 0.001, "list": [5e4, "x"], "name": "1e"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "uses a YAML alias"),
        ("a: [1\n", "is not YAML"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
        ("[" * 3000, "is not YAML|nested too deeply"),
        ("a:\t- b", "is not YAML"),
    ],
)
def test_hostile_yaml_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_yaml(path)
