"""Floats: which caption belongs to which grid, sub-floats, figures, captions outside floats."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.reading import Document

Read = Callable[..., Document]

GRID = r"\begin{tabular}{l}%s\end{tabular}"


def seen(document: Document) -> list[tuple[str | None, str, list[list[str]]]]:
    return [(table.number, table.caption, table.texts()) for table in document.tables]


def test_several_grids_under_one_caption_are_one_table(latex: Read) -> None:
    document = latex(r"\begin{table}\caption{C}" + GRID % "a" + r"\quad" + r"\begin{tabular}{ll}b&c\end{tabular}" + r"\end{table}")
    assert seen(document) == [("1", "C", [["a", ""], ["b", "c"]])]


def test_two_captions_in_one_float_go_to_the_nearest_grid(latex: Read) -> None:
    above = r"\begin{table}\caption{A}" + GRID % "a" + r"\caption{B}" + GRID % "b" + r"\end{table}"
    below = r"\begin{table}" + GRID % "c" + r"\caption{C}" + GRID % "d" + r"\caption{D}\end{table}"
    assert seen(latex(above + below)) == [("1", "A", [["a"]]), ("2", "B", [["b"]]), ("3", "C", [["c"]]), ("4", "D", [["d"]])]


def test_boxes_side_by_side(latex: Read) -> None:
    box = r"\begin{minipage}{.5\textwidth}%s\caption{%s}\label{%s}\end{minipage}"
    document = latex(r"\begin{table}" + box % (GRID % "a", "A", "ta") + box % (GRID % "b", "B", "tb") + r"\end{table}\ref{ta}\ref{tb}")
    assert seen(document) == [("1", "A", [["a"]]), ("2", "B", [["b"]])]
    assert [table.label for table in document.tables] == ["ta", "tb"]
    assert document.passages[-1].text == "12"


def test_a_box_without_a_caption_belongs_to_its_float(latex: Read) -> None:
    document = latex(r"\begin{table}\begin{minipage}{5cm}" + GRID % "a" + r"\end{minipage}\caption{C}\end{table}")
    assert seen(document) == [("1", "C", [["a"]])]


def test_sub_tables_have_letters_and_both_captions(latex: Read) -> None:
    sub = r"\begin{subtable}{.5\textwidth}%s\caption{%s}\label{s%s}\end{subtable}"
    inner = sub % (GRID % "a", "left", "a") + sub % (GRID % "b", "right", "b")
    document = latex(
        r"\begin{table}"
        + inner
        + r"\caption{Main}\end{table}"
        + r"\begin{table}\caption{Other}"
        + inner.replace("label{s", "label{u")
        + r"\end{table}\ref{sb} \ref{ua}"
    )
    assert seen(document) == [
        ("1a", "Main (a) left", [["a"]]),
        ("1b", "Main (b) right", [["b"]]),
        ("2a", "Other (a) left", [["a"]]),
        ("2b", "Other (b) right", [["b"]]),
    ]
    assert document.passages[-1].text == "1b 2a"


def test_subfloat_as_a_command(latex: Read) -> None:
    document = latex(r"\begin{table}\caption{M}\subfloat[one]{" + GRID % "a" + r"}\subfloat[two]{" + GRID % "b" + r"}\end{table}")
    assert [(number, rows) for number, _, rows in seen(document)] == [("1a", [["a"]]), ("1b", [["b"]])]


def test_captionof_outside_a_float(latex: Read) -> None:
    document = latex(r"\begin{center}" + GRID % "a" + r"\captionof{table}{C}\label{c}\end{center} Table \ref{c}")
    assert seen(document) == [("1", "C", [["a"]])]
    assert document.passages[-1].text == "Table 1"


def test_a_table_inside_a_figure_counts_no_table_number(latex: Read) -> None:
    document = latex(r"\begin{figure}" + GRID % "a" + r"\caption{F}\end{figure}\begin{table}\caption{T}" + GRID % "b" + r"\end{table}")
    assert seen(document) == [(None, "F", [["a"]]), ("1", "T", [["b"]])]


def test_figures(latex: Read) -> None:
    document = latex(
        r"\begin{figure}[t]\centering\includegraphics[width=1cm]{plots/a.pdf}\includegraphics{b}\caption{Loss over $t$.}\label{f}\end{figure} Figure~\ref{f}"
    )
    figure = document.figures[0]
    assert (figure.number, figure.label, figure.caption, figure.files) == ("1", "f", "Loss over $t$.", ("plots/a.pdf", "b"))
    assert figure.place.label == "Figure 1"
    assert document.passages[-1].text == "Figure 1"


def test_an_uncaptioned_table_is_kept_without_a_number(latex: Read) -> None:
    assert seen(latex("Hyperparameters:\n\n" + GRID % "a")) == [(None, "", [["a"]])]
    assert seen(latex(r"\begin{table}" + GRID % "a" + r"\end{table}")) == [(None, "", [["a"]])]


def test_boxes_and_sub_floats_written_as_commands(latex: Read) -> None:
    document = latex(
        r"\begin{figure}\begin{floatrow}\ffigbox{\includegraphics{f}}{\caption{F}}\capbtabbox{"
        + GRID % "a"
        + r"}{\caption{T}}\end{floatrow}\end{figure}"
        r"\begin{table}\subcaptionbox{one\label{o}}[5cm]{" + GRID % "b" + r"}\caption{M}\end{table}\ref{o}"
    )
    assert seen(document) == [("1", "T", [["a"]]), ("2a", "M (a) one", [["b"]])]
    assert [(figure.number, figure.caption) for figure in document.figures] == [("1", "F")]
    assert document.passages[-1].text == "2a"


def test_a_long_table_is_its_own_float(latex: Read) -> None:
    document = latex(
        r"\begin{longtable}{ll}\caption{Long}\label{l}\\\toprule h&i\\\midrule\endfirsthead h&i\\\midrule\endhead a&b\\\bottomrule\end{longtable}\ref{l}"
    )
    assert seen(document) == [("1", "Long", [["h", "i"], ["a", "b"]])]
    assert document.tables[0].label == "l"
    assert [cell.header for row in document.tables[0].rows for cell in row] == [True, True, False, False]


def test_settings_of_captions_print_nothing(latex: Read) -> None:
    document = latex(r"\begin{table}\captionsetup[table]{skip=4pt}\captionsetup{width=5cm}\caption{C}" + GRID % "a" + r"\end{table}")
    assert seen(document) == [("1", "C", [["a"]])]
    assert [passage.text for passage in document.passages] == ["C"]
