"""The layout of tables, and the number of a cell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier._tables import label_text, layout, value_of
from aquarius.reading import Document


@pytest.mark.parametrize(
    ("text", "value", "spread", "printed"),
    [
        ("81.5", 81.5, None, "81.5"),
        ("67.9 ± 0.5", 67.9, 0.5, "67.9"),
        (r"$87.1\pm.2$", 87.1, 0.2, "87.1"),
        (r"$3.3\cdot10^{18}$", 3.3e18, None, "3.3·10^18"),
        ("1,024", 1024.0, None, "1,024"),
        ("70.3 (7s)", 70.3, None, "70.3"),
        ("41.3*", 41.3, None, "41.3"),
        ("100K", 1e5, None, "100K"),
    ],
)
def test_the_number_of_a_cell(text: str, value: float, spread: float | None, printed: str) -> None:
    found = value_of(text)
    assert found is not None and found.value == pytest.approx(value) and found.spread == spread and found.printed == printed


@pytest.mark.parametrize("text", ["", "-", "–", "n/a", "see text", "1 / 2", "0.1-0.5", "12 13", "O(n^2)", "v2"])
def test_a_cell_without_one_number_has_none(text: str) -> None:
    assert value_of(text) is None


@pytest.mark.parametrize(
    ("text", "label"),
    [(r"$\epsilon_{ls}$", "epsilon_ls"), ("Oldnet [7]", "Oldnet"), ("Oldnet [smith2019old]", "Oldnet"), ("Dyer et al. (2016)", "Dyer et al. (2016)"), (r"Planetoid$^*$", "Planetoid")],
)  # fmt: skip
def test_labels_lose_citations_and_marks(text: str, label: str) -> None:
    assert label_text(text) == label


def test_headers_labels_and_groups(paper: Callable[[str], Document]) -> None:
    document = paper(
        "## 1 A\n\nTable 1: T.\n\n| Model | Kind | Score |\n|---|---|---|\n| Deep | | |\n| a | wide one | 1 |\n| b | thin one | 2 |\n"
    )
    grid = layout(document.tables[0])
    assert grid is not None and grid.headers == ("Model", "Kind", "Score") and grid.label_columns == (0, 1)
    assert [(row.labels, row.group) for row in grid.rows] == [(("a", "wide one"), "Deep"), (("b", "thin one"), "Deep")]


def test_a_table_of_one_column_has_no_layout(paper: Callable[[str], Document]) -> None:
    assert layout(paper("## 1 A\n\nTable 1: T.\n\n| Model |\n|---|\n| a |\n").tables[0]) is None
