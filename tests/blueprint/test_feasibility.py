from __future__ import annotations

from typing import Any

import pytest

from aquarius.blueprint._feasibility import feasibility, physical_memory, size

ELEMENTS = {"parameter_bytes": 400, "trainable_bytes": 400, "buffer_bytes": 100}


def told(available: int, activation: int | None = 300) -> Any:
    return feasibility(ELEMENTS, forward_flops=5, activation_bytes=activation, batch_size=2, available=available)


def test_what_a_training_step_holds() -> None:
    assert told(10_000).training_bytes == 500 + 3 * 400 + 300
    assert told(10_000).parameter_bytes == 400


@pytest.mark.parametrize(("available", "verdict"), [(2500, "fits"), (2499, "does not fit")])
def test_the_verdict_is_at_four_fifths_of_the_memory(available: int, verdict: str) -> None:
    assert told(available).verdict == verdict


def test_unknown_activations_cannot_tell_but_too_many_weights_can() -> None:
    assert told(10_000, None).verdict == "cannot tell"
    assert told(1000, None).verdict == "does not fit"


def test_the_reason_has_the_numbers() -> None:
    reason = told(10_000).reason
    assert reason == (
        "weights 500 B, gradients and Adam's moments 1.2 kB, activations of a batch of 2 300 B: "
        "2.0 kB together, within the 8.0 kB that may be used of 10.0 kB."
    )


def test_sizes_and_this_machine() -> None:
    assert [size(number) for number in (999, 1000, 252_329_984, 3_000_000_000, 2 * 10**12)] == [
        "999 B",
        "1.0 kB",
        "252.3 MB",
        "3.0 GB",
        "2.0 TB",
    ]
    assert physical_memory() > 2**28
