"""A number of a report has a source when a known value rounds to it as printed; sections, versions and addresses are no results."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.workspace import Workspace
from aquarius.workspace._facts import Facts
from aquarius.workspace._report_numbers import untraced
from workspace.samples import complete, put


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return complete(tmp_path_factory.mktemp("numbers") / "gcn").root


def missing(root: Path, text: str, name: str = "report/own.md") -> list[str]:
    work = Workspace.open(root)
    put(work, name, text)
    return [number for _, number in untraced(Facts(work), work.root / name)[0]]


@pytest.mark.parametrize("text", ["81.5 %", "81.4", "0.815", "81.45 on average", "margin 1.0", "81 %", "8.15e1"])
def test_what_was_measured_claimed_or_set_has_a_source(root: Path, text: str) -> None:
    assert missing(root, f"We find {text}.\n") == []


@pytest.mark.parametrize("text", ["82.5 %", "83.91", "93.7", "87 %", "0.937"])
def test_what_was_not_has_none(root: Path, text: str) -> None:
    assert len(missing(root, f"We find {text} here.\n")) == 1


@pytest.mark.parametrize(
    "text", ["## 3.7 Results", "torch 2.13.0", "see https://example.org/93.7", "v3.11", "four of 5 seeds", "2026-11-24"]
)
def test_names_and_sections_are_no_results(root: Path, text: str) -> None:
    assert missing(root, f"{text}\n") == []


def test_the_line_is_that_of_the_file_and_markup_of_a_page_is_left_out(root: Path) -> None:
    work = Workspace.open(root)
    put(work, "report/own.html", "<style>\np { width: 93.7px }\n</style>\n<p>93.8 %</p>\n")
    assert untraced(Facts(work), work.root / "report/own.html")[0] == [(4, "93.8")]
