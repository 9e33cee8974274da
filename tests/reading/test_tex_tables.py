"""Tables: one rectangular grid with spans repeated, rules dropped, marks kept, each cell with its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.reading import Document

Read = Callable[..., Document]


def grid(document: Document) -> list[list[str]]:
    assert len(document.tables) == 1
    return document.tables[0].texts()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"\begin{tabular}{ll}a&b\\c&d\end{tabular}", [["a", "b"], ["c", "d"]]),
        (r"\begin{tabular}{ll}\hline a&b\\\cline{1-2}c&d\\\hline\end{tabular}", [["a", "b"], ["c", "d"]]),
        (
            r"\begin{tabular}{ll}\toprule a&b\\\cmidrule(lr){1-2}\midrule c&d\\[2pt]\addlinespace[1ex]\bottomrule\end{tabular}",
            [["a", "b"], ["c", "d"]],
        ),
        (r"\begin{tabular}{lll}a&\multicolumn{2}{c}{b}\\c&d&e\end{tabular}", [["a", "b", "b"], ["c", "d", "e"]]),
        (r"\begin{tabular}{ll}\multirow{2}{*}{a}&b\\&c\\d&e\end{tabular}", [["a", "b"], ["a", "c"], ["d", "e"]]),
        (r"\begin{tabular}{ll}\multirow{2}*{a}&b\\&c\end{tabular}", [["a", "b"], ["a", "c"]]),
        (r"\begin{tabular}{ll}x&b\\&c\\\multirow{-2}{*}{a}&d\end{tabular}", [["x", "b"], ["a", "c"], ["a", "d"]]),
        (
            r"\begin{tabular}{lll}\multicolumn{2}{c}{\multirow{2}{*}{a}}&b\\\multicolumn{2}{c}{}&c\end{tabular}",
            [["a", "a", "b"], ["a", "a", "c"]],
        ),
        (r"\begin{tabular}{ll}a\\b&c\end{tabular}", [["a", ""], ["b", "c"]]),
        (r"\begin{tabular}{l}a\\\\b\end{tabular}", [["a"], ["b"]]),
        (r"\begin{tabular*}{\textwidth}{@{\extracolsep{\fill}}ll}a&b\end{tabular*}", [["a", "b"]]),
        (r"\begin{tabularx}{10cm}{lX}a&b\end{tabularx}", [["a", "b"]]),
        (r"\begin{tabular}{l}\makecell{two\\lines}\\\begin{tabular}{c}in\\ner\end{tabular}\end{tabular}", [["two lines"], ["in ner"]]),
        (r"\begin{tabular}{ll}$1.0\cdot10^{20}$&$\x$\end{tabular}", [[r"$1.0\cdot10^{20}$", r"$\mathbf{x}$"]]),
        (r"\begin{tabular}{ll}10\,000&81.5\%\end{tabular}", [["10 000", "81.5%"]]),
        (r"\begin{tabular}{ll}Adam \cite{k}&\cite{only}\end{tabular}", [["Adam", "[only]"]]),
        (r"\begin{tabular}{ll}\rowcolor{gray!10}\textcolor{red}{a}&\cellcolor[HTML]{FFFFFF}b\end{tabular}", [["a", "b"]]),
        (r"\begin{tabular}{ll}\rule{0pt}{2ex}a&\tnote{1}b\footnotemark[2]\end{tabular}", [["a", "b"]]),
        (r"\begin{tabular}{ll}a \& b&c\_d\end{tabular}", [["a & b", "c_d"]]),
        (r"\begin{tabular}{ll}\row{a}{b}\end{tabular}", [["a", "b"]]),
        (r"\begin{tabular}{ll}a&b\\%c&d\\" + "\n" + r"e&f\end{tabular}", [["a", "b"], ["e", "f"]]),
        (r"\begin{tblr}{colspec={lll},hlines}\SetCell[c=2]{c}a&&b\\c&d&e\end{tblr}", [["a", "a", "b"], ["c", "d", "e"]]),
        (r"\begin{NiceTabular}{ll}[hvlines]\Block{2-1}{a}&b\\&c\end{NiceTabular}", [["a", "b"], ["a", "c"]]),
        (r"\begin{tabular}{ll}$\mathbf{28.4}$&$\underline{41.8}\pm\mathbf{x}$\end{tabular}", [["$28.4$", r"$41.8\pm\mathbf{x}$"]]),
        (r"\begin{tabular}{ll}0.5$\pm$0.1&\num{1e-3}\end{tabular}", [["0.5$\\pm$0.1", "1e-3"]]),
        (r"\begin{longtable}{l}\caption{C}\\h\\\endfirsthead h\\\endhead a\\b\end{longtable}", [["h"], ["a"], ["b"]]),
    ],
)
def test_grids(latex: Read, body: str, expected: list[list[str]]) -> None:
    assert grid(latex(body, r"\newcommand{\x}{\mathbf{x}}\newcommand{\row}[2]{#1 & #2 \\}")) == expected


def test_marks_and_headers(latex: Read) -> None:
    document = latex(
        r"\begin{tabular}{lll}\toprule Model&\multicolumn{2}{c}{\textbf{BLEU}}\\\cmidrule{2-3}&de&$\mathbf{x}$\\\midrule "
        r"a&\textbf{28.4}&\underline{41.8}\\b&{\bf 1}&$\mathbf{2.5}$\\\bottomrule\end{tabular}"
    )
    rows = document.tables[0].rows
    assert [[cell.header for cell in row] for row in rows] == [[True] * 3, [True] * 3, [False] * 3, [False] * 3]
    assert [[cell.bold for cell in row] for row in rows] == [
        [False, True, True],
        [False, False, False],  # a bold letter is a vector, not the best result
        [False, True, False],
        [False, True, True],
    ]
    assert rows[2][2].underline and not rows[2][1].underline


def test_a_spanning_cell_has_one_place(latex: Read) -> None:
    document = latex(r"\begin{tabular}{lll}\multirow{2}{*}{(A)}&\multicolumn{2}{c}{x}\\&1&2\end{tabular}")
    rows = document.tables[0].rows
    assert rows[0][0].place == rows[1][0].place
    assert rows[0][0].place.quote == r"\multirow{2}{*}{(A)}"
    assert rows[0][1].place == rows[0][2].place
    assert rows[1][2].place.quote == "2"


def test_captions_numbers_and_labels(latex: Read) -> None:
    table = r"\begin{table}\caption{C%s.}\label{t%s}\begin{tabular}{l}a%s\end{tabular}\end{table}"
    after = r"\begin{table*}\centering\resizebox{\textwidth}{!}{\begin{tabular}{l}b\end{tabular}}\caption[short]{After $x_1$.}\label{after}\end{table*}"
    document = latex(table % (1, 1, 1) + after + r"\appendix\section{More}" + table % (3, 3, 3) + r"Table~\ref{after}, \cref{t3}")
    assert [(t.number, t.label, t.caption, t.texts()) for t in document.tables] == [
        ("1", "t1", "C1.", [["a1"]]),
        ("2", "after", "After $x_1$.", [["b"]]),
        ("3", "t3", "C3.", [["a3"]]),
    ]
    assert document.tables[1].caption_place is not None
    assert document.tables[1].caption_place.quote == "After $x_1$."
    assert document.tables[1].place.label == "Table 2"
    assert document.passages[-1].text == "Table 2, Table 3"
    assert [p.text for p in document.passages if p.kind == "caption"] == ["C1.", "After $x_1$.", "C3."]


@pytest.mark.parametrize(
    ("preamble", "expected"),
    [
        (r"\renewcommand{\thetable}{A\arabic{table}}", ["A1", "A2"]),
        (r"\renewcommand{\thetable}{\Roman{table}}", ["I", "II"]),
        (r"\numberwithin{table}{section}", ["1.1", "1.2"]),
        (r"\setcounter{table}{4}", ["5", "6"]),
    ],
)
def test_table_numbers_follow_the_papers_style(latex: Read, preamble: str, expected: list[str]) -> None:
    table = r"\begin{table}\caption{x}\begin{tabular}{l}a\end{tabular}\end{table}"
    assert [t.number for t in latex(r"\section{S}" + table + table, preamble).tables] == expected


def test_a_table_without_rows_or_end_is_no_table(latex: Read) -> None:
    assert latex(r"\begin{tabular}{ll}\hline\end{tabular}").tables == ()
    open_ended = latex(r"\begin{tabular}{ll}a&b")
    assert open_ended.tables == ()
    assert any("has no end" in problem for problem in open_ended.problems)
    assert latex(r"\begin{tabular}{c}\includegraphics{a}\\\includegraphics{b}\end{tabular}").tables == ()
