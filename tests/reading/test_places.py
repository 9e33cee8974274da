"""From plain text back to bytes: the smallest range, and always a true one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.core import BadInput
from aquarius.reading import Document, place_of
from aquarius.reading._places import Piece, assemble, source_file

Read = Callable[..., Document]


@pytest.mark.parametrize(
    ("body", "words", "quote"),
    [
        ("We train for 100,000 steps.", "100,000 steps", "100,000 steps"),
        (r"We use $\beta_1=0.9$ here.", r"\beta_1=0.9", r"\beta_1=0.9"),
        (r"a rate of \textbf{0.1} is", "0.1", "0.1"),
        (r"a rate of \textbf{0.1} is", "of 0.1", r"of \textbf{0.1"),
        ("two\n  lines % comment\n here", "lines here", "lines % comment\n here"),
        (r"size \dmodel{} is", "512", r"\dmodel"),
        (r"size $\d=64$ is", "=64", "=64"),
        (r"size $\d=64$ is", "d_k=64", r"\d=64"),
        (r"in \param{0.3} of", "0.3", "0.3"),
        (r"in \param{0.3} of", "rate 0.3", r"\param{0.3}"),
        ("Größe 7 µm", "7 µm", "7 µm"),
        (r"a ``big'' one", "“big”", "``big''"),
        (r"as in Table~\ref{t}.", "Table ??", r"Table~\ref{t}"),
    ],
)
def test_the_smallest_range_that_says_it(latex: Read, body: str, words: str, quote: str) -> None:
    passage = latex(body, r"\newcommand{\dmodel}{512}\newcommand{\d}{d_k}\newcommand{\param}[1]{rate #1}").passages[0]
    start = passage.text.index(words)
    place = place_of(passage, start, start + len(words))
    assert place.quote == quote


def test_it_agrees_with_the_files(latex: Read) -> None:
    passage = latex("First line.\nThe answer is 42.").passages[0]
    text = "\\documentclass{article}\n\n\\begin{document}\nFirst line.\nThe answer is 42.\n\\end{document}\n"
    start = passage.text.index("42")
    place = place_of(passage, start, start + 2, {"main.tex": text.encode()})
    assert (place.line, place.file) == (5, "main.tex")
    with pytest.raises(BadInput, match="is not the file this passage was read from"):
        place_of(passage, start, start + 2, {"main.tex": b"something else"})


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (5, 2), (0, 1_000)])
def test_ranges_outside_the_passage_are_refused(latex: Read, start: int, end: int) -> None:
    with pytest.raises(BadInput, match="lie outside a passage of 4 characters"):
        place_of(latex("text").passages[0], start, end)


def test_bytes_lines_and_encodings() -> None:
    file = source_file("a.tex", "ä\nöx".encode())
    assert [file.byte(index) for index in range(5)] == [0, 2, 3, 5, 6]
    assert file.place(2, 4).quote == "öx"
    assert file.place(2, 4).line == 2
    assert source_file("b", b"\xe4x").encoding == "latin-1"
    assert source_file("b", b"\xe4x").place(0, 2).is_true_of(b"\xe4x")


def test_pieces_of_another_file_carry_no_span() -> None:
    files = [source_file("a", b"one two"), source_file("b", b"three")]
    text = assemble([Piece("one", 0, 0, 3), Piece("  ", 0, 3, 4), Piece("three", 1, 0, 5)], files)
    assert text.text == "one three"
    assert [(span.text_start, span.length, span.source_end) for span in text.spans] == [(0, 4, 4)]
