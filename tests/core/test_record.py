"""Records keep their value through JSON, and say so when they were changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquarius.core import BadInput, Broken, Evidence, Noun, canonical, hash_data


class Sample(Noun):
    SCHEMA: ClassVar[str] = "test.sample"
    name: str
    values: dict[str, float] = {}
    numbers: tuple[int, ...] = ()


@given(name=st.text(), values=st.dictionaries(st.text(), st.floats(allow_nan=False)), numbers=st.lists(st.integers(-(2**53), 2**53)))
def test_json_round_trip(name: str, values: dict[str, float], numbers: list[int]) -> None:
    sample = Sample(name=name, values=values, numbers=tuple(numbers))
    again = Sample.from_json(sample.to_json())
    assert again == sample
    assert again.content_hash == sample.content_hash


def test_nan_survives_and_hashes() -> None:
    evidence = Evidence(kind="run", check="a", status="fail", message="m", values={"loss": float("nan"), "top": float("inf")})
    again = Evidence.from_json(evidence.to_json())
    assert again.values["loss"] != again.values["loss"]
    assert again.values["top"] == float("inf")
    assert again.content_hash == evidence.content_hash


def test_hash_ignores_the_order_of_keys_and_sees_a_changed_value() -> None:
    assert hash_data({"a": 1, "b": 2}) == hash_data({"b": 2, "a": 1})
    assert hash_data({"a": 1}) != hash_data({"a": 2})
    assert canonical({"b": (1, 2), "a": {3, 1}}) == '{"a":[1,3],"b":[1,2]}'


def test_a_record_changed_by_hand_is_broken() -> None:
    text = Sample(name="x", numbers=(1,)).to_json().replace('"x"', '"y"')
    with pytest.raises(Broken, match="was changed by hand"):
        Sample.from_json(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[1]", "holds no test.sample record"),
        ('{"schema": "other"}', "holds no test.sample record"),
        ('{"schema": "test.sample", "version": 9}', "has version 9"),
    ],
)
def test_other_text_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Sample.from_json(text)


def test_a_wrong_field_is_named() -> None:
    body = {"name": 3}
    text = json.dumps({"schema": "test.sample", "version": 1, "hash": hash_data(body), "record": body})
    with pytest.raises(BadInput, match=r"sample\.json: name: input should be a valid string"):
        Sample.from_json(text, name="sample.json")


def test_records_are_frozen() -> None:
    sample = Sample(name="x")
    with pytest.raises(ValueError, match="frozen"):
        sample.name = "y"  # type: ignore[misc]


def test_save_and_load(tmp_path: Path) -> None:
    sample = Sample(name="x")
    assert Sample.load(sample.save(tmp_path / "deep" / "sample.json")) == sample
