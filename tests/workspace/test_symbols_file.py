"""Declarations come from YAML or JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.workspace._symbols_file import read_symbols


def test_both_kinds_and_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("inputs: {Q: [n, d_k]}\n")
    (tmp_path / "a.json").write_text('{"inputs": {"Q": ["n", "d_k"]}}')
    assert read_symbols(tmp_path / "a.yaml") == read_symbols(tmp_path / "a.json") == {"inputs": {"Q": ["n", "d_k"]}}
    assert read_symbols(None) == {}


def test_a_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- Q\n")
    with pytest.raises(BadInput, match="declares no symbols"):
        read_symbols(tmp_path / "a.yaml")
