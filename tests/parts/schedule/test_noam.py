from __future__ import annotations

import pytest

from aquarius.core import BadInput
from aquarius.parts.schedule import noam_learning_rate


def test_the_papers_values() -> None:
    assert noam_learning_rate(1, d_model=512) == pytest.approx(512**-0.5 * 4000**-1.5)
    assert noam_learning_rate(4000, d_model=512) == pytest.approx(7e-4, rel=0.01)
    assert noam_learning_rate(100_000, d_model=512) == pytest.approx((512 * 100_000) ** -0.5)


def test_it_rises_in_a_line_peaks_at_the_warmup_and_falls_with_the_root() -> None:
    rate = [noam_learning_rate(step, d_model=64, warmup_steps=10) for step in range(1, 41)]
    assert rate[4] == pytest.approx(5 * rate[0])
    assert max(rate) == rate[9]
    assert rate[39] == pytest.approx(rate[9] / 2)


@pytest.mark.parametrize("step", [0, -1, -0.5])
def test_steps_count_from_one(step: float) -> None:
    with pytest.raises(BadInput, match=f"count from 1, got step={step}"):
        noam_learning_rate(step, d_model=512)


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(BadInput, match="warmup_steps=0"):
        noam_learning_rate(1, d_model=512, warmup_steps=0)
