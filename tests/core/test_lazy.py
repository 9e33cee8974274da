"""A lazy package imports a module when one of its names is first used, and refuses other names."""

from __future__ import annotations

import subprocess
import sys

import pytest

import aquarius.core


def test_names_and_refusal() -> None:
    assert "Evidence" in dir(aquarius.core)
    with pytest.raises(AttributeError, match="has no attribute 'Evidnce'"):
        _ = aquarius.core.Evidnce


def test_an_error_class_does_not_load_pydantic() -> None:
    code = "import sys; from aquarius.core import BadInput; print('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
