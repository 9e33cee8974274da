"""The public names are those that the documentation lists, and each has a docstring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import aquarius

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_door_is_what_the_library_page_lists() -> None:
    listed = re.findall(r"^\| `(\w+)`", (DOCS / "library.md").read_text(), flags=re.MULTILINE)
    assert sorted(listed) == sorted(aquarius.__all__)


@pytest.mark.parametrize("name", aquarius.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert (getattr(aquarius, name).__doc__ or "").strip()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'raed'"):
        _ = aquarius.raed
