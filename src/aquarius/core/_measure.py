"""A number as a paper prints it: the digits, the unit in the last place, the spread and what the spread is."""

from __future__ import annotations

import re
from typing import Literal

from ._record import Record

SpreadKind = Literal["sd", "se", "interval", "range", "unknown"]


class Measure(Record):
    """A value with its unit and, where it is known, its spread and the number of runs behind it."""

    value: float
    unit: str = ""  # "%", "BLEU", "parameters", "nats", ...
    printed: str = ""  # the digits as printed, "65×10^6" or "81.5"
    last_place: float = 0.0  # the unit in the last printed place, in the unit of `value`: 81.5 -> 0.1, 65×10^6 -> 1e6; 0 = exact
    spread: float | None = None
    spread_kind: SpreadKind | None = None
    n: int | None = None  # runs behind the value


_NUMBER = re.compile(
    r"^(?P<sign>[-−+]?)(?P<digits>\d[\d,]*(?:\.\d*)?|\.\d+)"
    r"(?:\s*(?:[eE]|(?:×|x|\*|·|\\times|\\cdot)\s*10\s*\^?\s*\{?)\s*(?P<exponent>[-−+]?\d+)\}?)?\s*(?P<suffix>[KMBT](?![a-z])|%)?$"
)
_SUFFIX = {"K": 3, "M": 6, "B": 9, "T": 12}


def measure(
    printed: str, *, unit: str = "", spread: float | None = None, spread_kind: SpreadKind | None = None, n: int | None = None
) -> Measure:
    """Read a printed number: "81.5", "-0.3", "65×10^6", "3.3e18", "213M", "1,024", "93 %".

    The last place follows the digits that are printed: "65×10^6" is known to ±0.5 million, "65.0×10^6" to ±0.05 million.

    Raises:
        ValueError: the text is not one number.
    """
    text = printed.strip().strip("$").strip()
    found = _NUMBER.match(text)
    if found is None:
        raise ValueError(f"not one printed number: {printed!r}")
    digits = found["digits"].replace(",", "")
    exponent = int((found["exponent"] or "0").replace("−", "-")) + _SUFFIX.get(found["suffix"] or "", 0)
    decimals = len(digits.partition(".")[2])
    sign = "-" if found["sign"] in "-−" and found["sign"] else ""
    value = float(f"{sign}{digits}e{exponent}")
    unit = unit or ("%" if found["suffix"] == "%" else "")
    return Measure(
        value=value, unit=unit, printed=text, last_place=float(f"1e{exponent - decimals}"), spread=spread, spread_kind=spread_kind, n=n
    )
