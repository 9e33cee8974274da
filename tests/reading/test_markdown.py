"""Markdown: the same kind of Document as LaTeX, with the same numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from aquarius.core import BadInput, Place
from aquarius.reading import Document, place_of
from aquarius.reading._markdown import read_markdown

Untrue = Callable[[Document, Mapping[str, bytes]], list[Place]]
Markdown = Callable[[str], Document]


@pytest.fixture
def markdown(untrue: Untrue) -> Markdown:
    def make(text: str) -> Document:
        files = {"paper.md": text.encode()}
        document = read_markdown("paper.md", files)
        assert untrue(document, files) == []
        return document

    return make


SHEET = """# Attention Is *All* You Need
Authors: Ashish Vaswani, Noam Shazeer and Łukasz Kaiser
Year: 2017
URL: https://arxiv.org/abs/1706.03762

## Abstract

We propose **a model** of $28.4$ BLEU.[^1]

[^1]: On newstest2014.

## 3 Model Architecture

### 3.2.1 Scaled dot-product attention

$$ \\mathrm{softmax}(QK^T) V \\tag{1} $$

where $d_k$ is
the *key* size, see [the code](https://github.com/x/y).

$$
c = a + b
$$ (2)

- one with a_b_c
- two

Table 3: Variations with $N=6$.

| model | **layers** | x |
|:--|--:|---|
| base | 6 | $a|b$ |
| big | **12** |

| t | u \\| v |
|---|---|
| 1 | 2 |

**Table A1:** Caption below.

![Figure 2: The model.](model.png)

## A Details

Adam.

## References

- [k15] Kingma, Adam, 2015.
"""


def test_a_fact_sheet(markdown: Markdown) -> None:
    document = markdown(SHEET)
    assert (document.kind, document.title, document.year, document.url) == (
        "markdown",
        "Attention Is All You Need",
        2017,
        "https://arxiv.org/abs/1706.03762",
    )
    assert document.authors == ("Ashish Vaswani", "Noam Shazeer", "Łukasz Kaiser")
    assert document.abstract == "We propose a model of $28.4$ BLEU."
    assert [(s.number, s.level, s.title, s.role) for s in document.sections] == [
        (None, 1, "Abstract", "abstract"),
        ("3", 1, "Model Architecture", "method"),
        ("3.2.1", 3, "Scaled dot-product attention", "method"),
        ("A", 1, "Details", "appendix"),
        (None, 1, "References", "references"),
    ]
    assert [(e.number, e.latex) for e in document.equations] == [("1", r"\mathrm{softmax}(QK^T) V"), ("2", "c = a + b")]
    assert [(t.number, t.caption, t.texts()) for t in document.tables] == [
        ("3", "Variations with $N=6$.", [["model", "layers", "x"], ["base", "6", "$a|b$"], ["big", "12", ""]]),
        ("A1", "Caption below.", [["t", "u | v"], ["1", "2"]]),
    ]
    assert [cell.bold for cell in document.tables[0].rows[2]] == [False, True, False]
    assert [cell.header for row in document.tables[0].rows for cell in row] == [True] * 3 + [False] * 6
    assert [(f.number, f.caption, f.files) for f in document.figures] == [("2", "The model.", ("model.png",))]
    assert [(r.key, r.text) for r in document.references] == [("k15", "Kingma, Adam, 2015.")]
    assert document.problems == ()


def test_passages(markdown: Markdown) -> None:
    kinds = [(p.kind, p.text) for p in markdown(SHEET).passages if p.kind != "heading"]
    assert kinds == [
        ("title", "Attention Is All You Need"),
        ("paragraph", "We propose a model of $28.4$ BLEU."),
        ("footnote", "On newstest2014."),
        ("paragraph", r"$$ \mathrm{softmax}(QK^T) V $$"),
        ("paragraph", "where $d_k$ is the key size, see the code (https://github.com/x/y)."),
        ("paragraph", "$$ c = a + b $$"),
        ("item", "one with a_b_c"),
        ("item", "two"),
        ("caption", "Variations with $N=6$."),
        ("caption", "Caption below."),
        ("caption", "The model."),
        ("paragraph", "Adam."),
    ]


def test_the_same_numbers_as_latex(markdown: Markdown, latex: Callable[..., Document]) -> None:
    tex = latex(
        r"\section{One}\subsection{Two}\begin{equation}x\end{equation}\begin{table}\caption{C}\begin{tabular}{l}h\\\hline a\end{tabular}\end{table}"
        r"\appendix\section{Three}\begin{equation}y\end{equation}"
    )
    text = markdown(
        "# T\n\n## 1 One\n\n### 1.1 Two\n\n$$x$$ (1)\n\nTable 1: C\n\n| h |\n|---|\n| a |\n\n## A Three\n\n$$\ny \\qquad (2)\n$$\n"
    )

    def numbers(document: Document) -> object:
        return (
            [(s.number, s.level, s.title) for s in document.sections],
            [(e.number, e.latex) for e in document.equations],
            [(t.number, t.caption, t.texts(), [cell.header for row in t.rows for cell in row]) for t in document.tables],
        )

    assert numbers(tex) == numbers(text)


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("$$a$$", (None, None, "a")),
        ("$$a \\tag{3.1}$$", ("3.1", None, "a")),
        ("$$a$$ (4) {#eq:four}", ("4", "eq:four", "a")),
        ("$$\na\n(5)\n$$", ("5", None, "a")),
        ("$$f(2)$$", (None, None, "f(2)")),
        ("$$a + \nb \\label{x}$$ (A.1)", ("A.1", "x", "a + b")),
        ("\\[\na\n\\]", (None, None, "a")),
        ("```math\na \\tag{6}\n```", ("6", None, "a")),
    ],
)
def test_displays(markdown: Markdown, display: str, expected: tuple[str | None, str | None, str]) -> None:
    equation = markdown(f"# T\n\n{display}\n\nafter\n").equations[0]
    assert (equation.number, equation.label, equation.latex) == expected


@pytest.mark.parametrize(
    ("heading", "number", "title"),
    [
        ("## 2. Method", "2", "Method"),
        ("## A study of things", None, "A study of things"),
        ("## Appendix B: More", "B", "More"),
        ("### B.2 More", "B.2", "More"),
        ("## 3D shapes", None, "3D shapes"),
        ("Method\n------", None, "Method"),
        ("## `code` and $x$ ##", None, "code and $x$"),
    ],
)
def test_headings(markdown: Markdown, heading: str, number: str | None, title: str) -> None:
    section = markdown(f"# T\n\n{heading}\n\ntext\n").sections[0]
    assert (section.number, section.title) == (number, title)


def test_code_html_quotes_and_money_are_text(markdown: Markdown) -> None:
    document = markdown("# T\n\n> quoted <b>bold</b><br>line \\*star\\* and $5 or $6 <!-- gone --> end\n\n```\nx = $y$\n```\n\n***\n")
    assert [(p.kind, p.text) for p in document.passages[1:]] == [
        ("paragraph", "quoted bold line *star* and $5 or $6 end"),
        ("algorithm", "x = $y$"),
    ]


def test_a_place_in_markdown(markdown: Markdown) -> None:
    passage = markdown("# T\n\nWe use **Größe** of `7` µm.\n").passages[1]
    start = passage.text.index("Größe")
    assert place_of(passage, start, start + 5).quote == "Größe"
    assert place_of(passage, start, passage.text.index("µm") + 2).quote == "Größe** of `7` µm"


def test_refusals_and_what_is_said(untrue: Untrue) -> None:
    with pytest.raises(BadInput, match="is empty"):
        read_markdown("a.md", {"a.md": b" \n "})
    with pytest.raises(BadInput, match="is binary"):
        read_markdown("a.md", {"a.md": b"# x\0"})
    with pytest.raises(BadInput, match="at most 16,777,216"):
        read_markdown("a.md", {"a.md": b"x" * (17 * 1024 * 1024)})
    files = {"a.md": b"# Title\n\ntext that is long enough\n", "b.md": b"# B\n"}
    document = read_markdown("folder", files)
    assert document.title == "Title" and set(document.files) == {"a.md"}
    assert document.problems == ("of 2 Markdown files only the largest, a.md, is read.",)
    unclosed = read_markdown("a.md", {"a.md": "# T\n\n$$ a\n\n## 1 Next\n\nfine\n".encode("latin-1")})
    assert [s.number for s in unclosed.sections] == ["1"]
    assert "opened and never closed" in unclosed.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * 200_000 + "x",
        "|a|\n|-|" + " " * 200_000 + "x",
        "$$x$$" + " " * 200_000 + "y",
        "$$x" + "\n " * 100_000 + "(1) z$$",
        "![a](" + "b" * 200_000,
        "[a](" * 50_000,
        "![" * 50_000,
        "[^" * 50_000,
        "`" + " ``".join("a" * 3 for _ in range(30_000)),
        "<!--" * 30_000,
        "*" * 100_000,
        "$" * 99_999,
        "Year: " + " " * 200_000 + "x",
        "a | b\n" * 30_000,
        "\\[\n" * 20_000,
    ],
)
def test_noise_takes_no_time(text: str) -> None:
    started = time.process_time()
    read_markdown("a.md", {"a.md": text.encode()})
    assert time.process_time() - started < 10
