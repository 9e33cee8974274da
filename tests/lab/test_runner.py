from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from aquarius.core import BadInput
from aquarius.lab._runner import _checked


def test_numbers_of_any_kind_are_taken() -> None:
    assert _checked({"a": torch.tensor(0.5), "b": np.float64(2), "c": 3}, "a") == {"metrics": {"a": 0.5, "b": 2.0, "c": 3.0}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), torch.tensor(float("nan"))])
def test_a_number_that_is_not_finite_fails_the_run(value: Any) -> None:
    assert _checked({"a": 1.0, "b": value}, None)["failed"].startswith("b is ")


@pytest.mark.parametrize(
    ("returned", "metric", "words"),
    [
        (None, None, "returned a NoneType"),
        ({}, None, "returned a dict without any"),
        (0.5, None, "returned a float"),
        ({"a": "x"}, None, "returned 'a' as a str"),
        ({"a": torch.zeros(2)}, None, "returned 'a' as a Tensor"),
        ({1: 2.0}, None, "by name"),
        ({"a": 1.0}, "b", "returned no 'b', only a"),
    ],
)
def test_anything_else_is_refused_with_what_it_was(returned: object, metric: str | None, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        _checked(returned, metric)
