"""Tokens: comments as TeX sees them, verbatim text, addresses, offsets."""

from __future__ import annotations

import pytest

from aquarius.reading._places import source_file
from aquarius.reading._tex_tokens import Token, extent, join, tokenise, trim


def tokens(text: str) -> list[Token]:
    return tokenise(source_file("a.tex", text.encode()), 0)


def shape(text: str) -> str:
    return " ".join(f"{token.kind}:{token.text}" if token.kind not in "sp" else token.kind for token in tokens(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "w:a s w:b"),
        ("a%c\nb", "w:a w:b"),  # a comment swallows the end of its line
        ("a %c\n  b", "w:a s w:b"),
        ("a\n%c\nb", "w:a s w:b"),
        ("a\n\n%c\nb", "w:a p w:b"),
        ("a%c\n\nb", "w:a p w:b"),
        (r"50\% of", r"w:50 c:\% s w:of"),
        ("\\\\%x\ny", "c:\\\\ w:y"),
        (r"\foo1", r"c:\foo w:1"),
        ("a\n \n b", "w:a p w:b"),
        (r"\verb|a%b$| c", "v:a%b$ s w:c"),
        (r"\url{http://x.org/a%20b_c#d}", "u:http://x.org/a%20b_c#d"),
        ("\\begin{comment}\n\\section{No}\n\\end{comment}x", "w:x"),
        ("\\begin{verbatim}a $ % b\\end{verbatim}x", "v:a $ % b w:x"),
        ("\\begin{comment} never closed", "c:\\begin {:{ w:comment }:} s w:never s w:closed"),
    ],
)
def test_text_is_cut_as_tex_cuts_it(text: str, expected: str) -> None:
    assert shape(text) == expected


def test_every_token_knows_its_characters() -> None:
    text = "Ein \\textbf{Größe} $x_1$ % weg\n\n\\cite{a}"
    for token in tokens(text):
        if token.kind not in "sp":
            assert text[token.start : token.end] == token.text


def test_joining_puts_a_blank_only_where_a_command_would_grow() -> None:
    made = tokens(r"\alpha") + tokens("x")
    assert join(made) == r"\alpha x"
    assert join(tokens(r"\alpha+\,b")) == r"\alpha+\,b"
    assert join(tokens(r"\alpha b")) == r"\alpha b"


def test_extent_and_trim() -> None:
    made = trim(tokens("  a b  "))
    assert [token.text for token in made] == ["a", " ", "b"]
    assert extent(made) == (0, 2, 5)


def test_at_is_a_letter_only_inside_packages() -> None:
    file = source_file("a.sty", rb"\my@macro")
    assert [token.text for token in tokenise(file, 0, internal=True)] == [r"\my@macro"]
    assert [token.text for token in tokenise(file, 0)] == [r"\my", "@macro"]
