from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from torch import nn

from aquarius.blueprint._build import count_rows

ROW = {"settings": {"width": "3"}, "printed": 12.0, "last_place": 1.0}


def module() -> ModuleType:
    made = ModuleType("builders")
    made.build = lambda settings, size=2: nn.Linear(int(settings["width"]), size, bias=False)  # type: ignore[attr-defined]
    return made


def payload(**changes: Any) -> dict[str, Any]:
    return {"function": "build", "rows": [ROW], "assumed": [{}], "assumed_without": [{}], "solve": None, "folder": "/nowhere"} | changes


def test_counts_and_the_solved_size() -> None:
    said: list[Any] = []
    found = count_rows(module(), said.append, payload(assumed=[{"size": 5}, {}], solve="size"))
    assert found["rows"] == [
        {"counts": [{"value": 15}, {"value": 6}], "solved": [{"value": {"affine": True, "offset": 0, "slope": 3, "interval": (4, 4)}}]}
    ]
    assert said == [{"rows": 1, "of": 1}]


def test_an_error_is_told_row_by_row() -> None:
    found = count_rows(module(), lambda _: None, payload(rows=[{**ROW, "settings": {}}, ROW]))
    assert [row["counts"] for row in found["rows"]] == [[{"error": "'width'"}], [{"value": 6}]]


def test_an_absent_builder_is_refused() -> None:
    with pytest.raises(AttributeError, match="the module has no function 'absent'"):
        count_rows(module(), lambda _: None, payload(function="absent"))
