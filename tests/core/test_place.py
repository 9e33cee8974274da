"""A place is true when its quote stands in the source, byte for byte."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from aquarius.core import Noun, Place, place_at


class Fact(Noun):
    SCHEMA: ClassVar[str] = "test.fact"
    place: Place


@given(source=st.binary(max_size=200), data=st.data())
def test_a_place_made_from_bytes_is_true(source: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    place = place_at("a.tex", source, start, end)
    assert place.is_true_of(source)
    assert place.line == source[:start].count(b"\n") + 1
    assert Fact.from_json(Fact(place=place).to_json()).place == place


def test_another_source_makes_it_untrue() -> None:
    place = place_at("a.tex", b"dropout 0.1", 8, 11, label="Section 5.4")
    assert place.quote == "0.1"
    assert not place.is_true_of(b"dropout 0.2")
    assert not place.is_true_of(b"drop")
    assert str(place) == "Section 5.4 (a.tex:1)"
