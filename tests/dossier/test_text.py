"""Flattened text has the length of the original, and sentences know their bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aquarius.dossier._text import flatten, sentences, squeeze
from aquarius.reading import Document

Paper = Callable[[str], Document]


@given(st.text(alphabet="ab1{}\\$_^,.[]% frac\n", max_size=60))
def test_flattening_keeps_the_length(text: str) -> None:
    assert len(flatten(text)) == len(text)


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"$\beta_1=0.9$", "β_1=0.9"),
        (r"$d_{\text{model}}$", "d_model"),
        (r"$5\cdot10^{-4}$", "5·10^-4"),
        (r"10\%", "10%"),
        (r"$\frac{8}{3}$", "8/3"),
        ("Adam [kingma2014adam] here", "Adam here"),
        ("Adam [12] here", "Adam here"),
        ("in [1, 2, 5, 10] steps", "in [1, 2, 5, 10] steps"),
    ],
)
def test_a_person_would_write_it_so(latex: str, plain: str) -> None:
    assert squeeze(flatten(latex)) == plain


def test_sentences_end_at_full_stops_and_not_at_abbreviations(paper: Paper) -> None:
    document = paper("## 1 Method\n\nWe follow e.g. Smith et al. It works. See Fig. 3 for $a. B$ and 0.5 of it.\n")
    found = [sentence.text.strip() for sentence in sentences(document) if sentence.number == "1"]
    assert found == ["We follow e.g. Smith et al. It works.", "See Fig. 3 for $a. B$ and 0.5 of it."]


def test_a_place_holds_exactly_the_words(paper: Paper) -> None:
    document = paper("## 1 Method\n\nÄ first one.\nA second\none here.\n")
    sentence = [item for item in sentences(document) if item.number == "1"][1]
    place = sentence.place()
    assert place.quote == "A second\none here." and place.label == "Section 1"
    assert sentence.place(2, 8).quote == "second"


def test_noise_is_cut_and_quick(paper: Paper) -> None:
    document = paper("## 1 Method\n\n" + "1" * 30_000 + " and " + "word " * 3_000 + "\n")
    found = [sentence for sentence in sentences(document) if sentence.number == "1"]
    assert len(found) > 5 and all(len(sentence.text) <= 2_000 for sentence in found)
    assert "".join(sentence.text for sentence in found) == document.passages[found[0].index].text
    assert not flatten("1" * 100).strip()
