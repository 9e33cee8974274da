"""Title and authors, in the ways papers write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.reading import Document

Read = Callable[..., Document]


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (r"\author{Ada Lovelace \and Alan Turing}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{\AND Ada Lovelace\thanks{Equal.}\\ University of X\\ \texttt{a@x.org} \And {\L}ukasz B.~Kaiser\footnotemark[1] \\ Google Brain}",
         ["Ada Lovelace", "Łukasz B. Kaiser"]),
        (r"\author{Ada Lovelace$^{1,2}$, Alan Turing$^{2*}$ and Kurt G\"odel$^\dag$ \\ $^1$Institute of Y \\ $^2$City Hall}",
         ["Ada Lovelace", "Alan Turing", "Kurt Gödel"]),
        (r"\author{Ada Lovelace\textsuperscript{1} \quad Alan Turing\textsuperscript{2}\\ \textbf{Grace Hopper}\textsuperscript{1}\\[2pt] \textsuperscript{1}Navy}",
         ["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
        (r"\author{$\text{Ada Lovelace}^{1}$, $\textbf{Alan Turing}^{2}$\\$^1$ OpenAI}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace*, Alan Turing\\University of Z\\\{a,b\}@z.org}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace}\affil{Somewhere University}\author[2]{Alan Turing}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace~~~~~Alan Turing~~~~~Jan-Willem van de Meent\\Microsoft Research}", ["Ada Lovelace", "Alan Turing", "Jan-Willem van de Meent"]),
        (r"\author{Ada Lovelace\inst{1} \and Alan Turing\inst{2}}\institute{A \and B}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace\,\orcidlink{0000} \and Li Wei}", ["Ada Lovelace", "Li Wei"]),
        (r"\author{\name Ada Lovelace \email ada@x.org \\ \addr Some Place \AND \name Alan Turing \email alan@x.org \\ \addr Other Place}",
         ["Ada Lovelace", "Alan Turing"]),
        (r"\author{\IEEEauthorblockN{Ada Lovelace, Alan Turing}\IEEEauthorblockA{Some Place\\a@b.org}\and\IEEEauthorblockN{Li Wei}}",
         ["Ada Lovelace", "Alan Turing", "Li Wei"]),
        (r"\author{Ada Lovelace\\Zuse Werke\\Berlin}", ["Ada Lovelace"]),
        (r"\author{Ada Lovelace\\Zuse Werke\\{\tt\small a@b.org}\and Alan Turing\\Bletchley Park}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace, Member, IEEE, and Li Wei, Senior Member, IEEE}", ["Ada Lovelace", "Li Wei"]),
        (r"\author{\begin{tabular}{cc}Ada Lovelace & Alan Turing\\Univ X & Univ Y\end{tabular}}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada O'Neil, Jean-Luc Picard,\\ and Kurt G{\"o}del III\\ Universit\'e de X}", ["Ada O'Neil", "Jean-Luc Picard", "Kurt Gödel III"]),
        (r"\author{Ada Lovelace$^*$, Alan Turing,\\ \textbf{Li Wei, Grace Hopper$^{*}$}\\ $^*$equal contribution\\ Zuse Werke, Hill Team}",
         ["Ada Lovelace", "Alan Turing", "Li Wei", "Grace Hopper"]),
        (r"\author[a]{Ada Lovelace\corref{c}}\ead{a@b}\author[b]{Alan Turing}\address[a]{Univ}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace\thanks{x} \And Alan Turing$^*$ \AND OpenAI}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Anonymous authors\\Paper under double-blind review}", []),
        ("", []),
    ],
)  # fmt: skip
def test_authors(latex: Read, author: str, expected: list[str]) -> None:
    assert list(latex(r"\maketitle", author).authors) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (r"\name{Ada Lovelace$^1$, Alan Turing$^{1,2}$}\address{$^1$University of X}", ["Ada Lovelace", "Alan Turing"]),
        (r"\name[affiliation={1}]{Ada}{Lovelace}\name[affiliation={2}]{Alan}{Turing}", ["Ada Lovelace", "Alan Turing"]),
        (r"\author{Ada Lovelace}\name{Ournet}", ["Ada Lovelace"]),  # some macro of another class
    ],
)
def test_authors_of_speech_conferences(latex: Read, names: str, expected: list[str]) -> None:
    assert list(latex(r"\maketitle", names).authors) == expected


def test_icml_authors(latex: Read) -> None:
    document = latex(
        r"\icmltitle{A Title}\begin{icmlauthorlist}\icmlauthor{Ada Lovelace}{x}\icmlauthor{Alan Turing}{x,y}\end{icmlauthorlist}"
        r"\icmlaffiliation{x}{University of X}\icmltitle{Supplement to a Title}"
    )
    assert document.title == "A Title"
    assert list(document.authors) == ["Ada Lovelace", "Alan Turing"]
    assert not any("University" in passage.text for passage in document.passages)


@pytest.mark.parametrize(
    ("preamble", "expected"),
    [
        ("%\\title{Old}\n\\title{New}", "New"),
        (r"\title{Old}\title{The \textbf{New}\\ Title\thanks{Money.}}", "The New Title"),
        (r"\newcommand{\name}{Net}\title[short]{\name: ``deep'' \emph{and} $O(n)$}", "Net: “deep” and $O(n)$"),
        (r"\begin{comment}\title{Hidden}\end{comment}\title{Shown}", "Shown"),
        ("", ""),
    ],
)
def test_titles(latex: Read, preamble: str, expected: str) -> None:
    document = latex(r"\maketitle \title{Too late}" if preamble else "", preamble)
    assert document.title == expected


def test_the_title_has_its_place(latex: Read) -> None:
    document = latex(r"\maketitle", r"\title{A \emph{good} title}")
    assert document.title_place is not None
    assert document.title_place.quote == r"A \emph{good} title"
    assert document.passages[0].kind == "title"
