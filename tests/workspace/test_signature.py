"""Options, help and tool schemas come from signatures and docstrings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from aquarius.workspace._outcome import Outcome
from aquarius.workspace._signature import description, parameters, summary


def sample(
    file: Path, *, names: tuple[str, ...] = (), to: Literal["a", "b"] = "a", budget: float | None = None, fast: bool = False
) -> Outcome:
    """Do one thing.

    And say more of it.

    Args:
        file: the file
        names: several names, described
            over two lines
        to: one of two
        budget: seconds
        fast: quickly
    """
    return Outcome({}, lambda: "")


def test_everything_is_read_from_the_code() -> None:
    assert summary(sample) == "Do one thing."
    assert description(sample) == "Do one thing.\n\nAnd say more of it."
    file, names, to, budget, fast = parameters(sample)
    assert (file.kind, file.required, file.positional) == (Path, True, True)
    assert (names.many, names.description) == (True, "several names, described over two lines")
    assert to.choices == ("a", "b")
    assert (budget.kind, budget.default) == (float, None)
    assert (fast.kind, fast.default) == (bool, False)


def test_an_undescribed_parameter_is_an_error_of_ours() -> None:
    def bare(x: int) -> Outcome:
        """Do."""
        return Outcome({}, lambda: "")

    with pytest.raises(KeyError):
        parameters(bare)
