"""Whose system a row is, and what it is called."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier
from aquarius.dossier._systems import own_names
from aquarius.reading import Document

Distilled = Callable[[str], Dossier]
HEAD = "# {title}\n\nAuthors: A\n\n## Abstract\n\n{abstract}\n\n"


@pytest.mark.parametrize(
    ("title", "abstract", "names"),
    [
        ("T", "We propose a new network architecture, the Transformer, based on attention.", ("Transformer",)),
        ("T", "We introduce conjugate models (CEBMs), a new class.", ("CEBMs", "CEBM")),
        ("T", "We present Diff Transformer, which amplifies.", ("Diff Transformer", "Diff")),
        ("RoBERTa: A Robust Approach", "It is robust.", ("RoBERTa",)),
        ("A study: of things", "We study things.", ()),
    ],
)
def test_the_names_of_the_papers_own_system(paper: Callable[..., Document], title: str, abstract: str, names: tuple[str, ...]) -> None:
    assert own_names(paper("## 1 A\n\nText.\n", HEAD.format(title=title, abstract=abstract))) == names


def owned(dossier: Dossier) -> dict[str, bool]:
    return {claim.subject: claim.own for claim in dossier.claims if claim.kind != "order"}


def table(*labels: str) -> str:
    return "## 4 Experiments\n\nTable 1: T.\n\n| Model | Accuracy |\n|---|---|\n" + "".join(
        f"| {label} | {index}.5 |\n" for index, label in enumerate(labels)
    )


@pytest.mark.parametrize(
    ("labels", "own"),
    [
        (("Oldnet", "Ournet", "Ournet (deep)"), [False, True, True]),
        (("Oldnet", "Something (ours)"), [False, True]),
        (("Ournet", "w/o attention", "- dropout"), [True, True, True]),
        (("small", "large"), [True, True]),
        (("Smith et al. (2016)", "large"), [False, True]),
        (("Yournet", "Ournets", "Ournet"), [False, False, True]),
    ],
)
def test_whose_row_it_is(distilled: Distilled, labels: tuple[str, ...], own: list[bool]) -> None:
    assert list(owned(distilled(table(*labels))).values()) == own


def test_an_added_part_is_named_with_what_it_is_added_to(distilled: Distilled) -> None:
    ids = [claim.id for claim in distilled(table("Oldnet", "+ Ournet", "Elder", "+ Ournet")).claims if claim.kind == "value"]
    assert ids == ["table1/Oldnet/accuracy", "table1/Oldnet/+ Ournet/accuracy", "table1/Elder/accuracy", "table1/Elder/+ Ournet/accuracy"]
