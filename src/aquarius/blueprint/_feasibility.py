"""Whether a training step fits into memory, and what it costs: from counts alone, nothing runs."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ._blueprint import Feasibility

SHARE = 0.8  # of the memory; the rest is the libraries', the data's and the system's
GIB = 1 << 30


def feasibility(
    elements: Mapping[str, int], *, forward_flops: int | None, activation_bytes: int | None, batch_size: int, available: int
) -> Feasibility:
    """Return whether weights, gradients, Adam's two moments and the kept activations of one batch fit into `available` bytes.

    `elements` holds `parameter_bytes`, `trainable_bytes` and `buffer_bytes`, tied storages once.
    """
    weights = elements["parameter_bytes"] + elements["buffer_bytes"]
    state = 3 * elements["trainable_bytes"]  # a gradient and two moments, of the weights' own type
    training = weights + state + (activation_bytes or 0)
    usable = int(SHARE * available)
    parts = f"weights {size(weights)}, gradients and Adam's moments {size(state)}"
    if training > usable:
        verdict, end = "does not fit", f"more than the {size(usable)} that may be used of {size(available)}"
    elif activation_bytes is None:
        verdict, end = "cannot tell", f"within {size(usable)}, but what the forward pass keeps could not be measured"
    else:
        verdict, end = "fits", f"within the {size(usable)} that may be used of {size(available)}"
    kept = "" if activation_bytes is None else f", activations of a batch of {batch_size} {size(activation_bytes)}"
    return Feasibility(
        parameter_bytes=elements["parameter_bytes"],
        training_bytes=training,
        forward_flops=forward_flops,
        verdict=verdict,  # type: ignore[arg-type]
        reason=f"{parts}{kept}: {size(training)} together, {end}.",
    )


def physical_memory() -> int:
    """Return this machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def size(number: int) -> str:
    """Return bytes as a person reads them: "252.3 MB" (powers of 1000)."""
    for unit, one in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= one:
            return f"{number / one:.1f} {unit}"
    return f"{number} B"
