"""A file that declares the symbols of an equation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core import BadInput
from ._values import read_yaml


def read_symbols(path: Path | None) -> dict[str, Any]:
    """Read declarations from YAML or JSON (which is YAML too); None declares nothing.

    Raises:
        BadInput: not a mapping.
    """
    if path is None:
        return {}
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise BadInput(f"{path} declares no symbols: it must map inputs, constants, functions and outputs.")
    return data
