"""How many digits a number carries, defined once: two significant digits of its own error, twelve where it has none."""

from __future__ import annotations

import math

FREE_DIGITS = 12  # of a float that carries no error; the last bits of a float64 depend on the order of a sum


def carried(value: float, error: float | None = None) -> float:
    """Return `value` rounded to the second significant digit of `error`, or to 12 significant digits where there is none."""
    if not math.isfinite(value) or value == 0:
        return value + 0.0
    reference = value if not error or not math.isfinite(error) else error
    keep = FREE_DIGITS if reference is value else 2
    places = keep - 1 - math.floor(math.log10(abs(reference)))
    return round(value, min(places, 300)) + 0.0  # + 0.0 turns -0.0 into 0.0


def number(value: float, error: float | None = None) -> str:
    """Write a number with the digits it carries: "81.40", "−0.12", "65,082,368"."""
    if not math.isfinite(value):
        return str(value)
    rounded = carried(value, error)
    if rounded == int(rounded) and (not error or error >= 10) and abs(rounded) < 1e15:
        text = f"{int(rounded):,}"
    elif error and math.isfinite(error):
        text = f"{rounded:,.{max(0, min(12, 1 - math.floor(math.log10(error))))}f}"
    else:
        text = f"{rounded:.6g}"
    return text.replace("-", "−")


def plus_minus(value: float) -> str:
    """Write a margin: "±0.55"."""
    return f"±{number(value)}"


def many(count: int, one: str, several: str | None = None) -> str:
    """Write a count with its noun: "1 seed", "3 seeds"."""
    return f"{count} {one if count == 1 else several or one + 's'}"
