"""Operations as a polynomial of the sizes that move: fitted exactly to the counts of a few runs, and refused unless further runs agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement

Monomial = tuple[str, ...]  # () is the constant, ("S", "S") the square


def polynomial(counts: Sequence[int | None], runs: Sequence[Mapping[str, int]]) -> str:
    """Return the count as text, "B*(4096*S*S + 512*S)", or "" where it cannot be told. The first run is the base.

    B, where it is a symbol, is a factor of every term or of none; in the lengths and in N the degree is at most two.
    """
    if not counts or counts[0] is None or any(count is None for count in counts):
        return ""
    known = [count for count in counts if count is not None]
    batch = runs[0].get("B")
    same = [index for index, run in enumerate(runs) if run.get("B") == batch]
    lengths = [symbol for symbol in runs[0] if symbol != "B"]
    monomials = [monomial for degree in (0, 1, 2) for monomial in combinations_with_replacement(lengths, degree)]
    rows = {tuple(_value(monomial, runs[index]) for monomial in monomials): known[index] for index in same}
    if any(rows[tuple(_value(monomial, runs[index]) for monomial in monomials)] != known[index] for index in same):
        return ""  # one size, two counts: the data decide
    if lengths and len(rows) <= len(monomials):
        return ""  # nothing is left to see whether the polynomial holds
    found = _solve(list(rows), list(rows.values()))
    if found is None or any(coefficient.denominator != 1 for coefficient in found):
        return ""
    terms = {monomial: int(coefficient) for monomial, coefficient in zip(monomials, found, strict=True) if coefficient}
    factor = _factor(terms, known, runs, batch)
    return "" if factor is None else _text(terms, factor)


def degree(text: str, symbol: str) -> int | None:
    """Return the highest power of a symbol in a polynomial's text, None where the text is empty."""
    if not text:
        return None
    inside = text.removeprefix("B*").strip("()")
    powers = [term.split("*").count(symbol) for term in inside.replace(" - ", " + ").split(" + ")]
    return max(powers) + (1 if symbol == "B" and text.startswith("B*") else 0)


def _value(monomial: Monomial, run: Mapping[str, int]) -> int:
    value = 1
    for symbol in monomial:
        value *= run[symbol]
    return value


def _factor(terms: Mapping[Monomial, int], counts: Sequence[int], runs: Sequence[Mapping[str, int]], batch: int | None) -> int | None:
    """Return what B divides out (its size at the base), 1 where B plays no part, None where the runs say neither."""
    if batch is None:
        return 1
    here = [sum(value * _value(monomial, run) for monomial, value in terms.items()) for run in runs]
    others = [index for index, run in enumerate(runs) if run["B"] != batch]
    if not others:
        return None
    if all(counts[index] == here[index] for index in others):
        return 1
    if all(counts[index] * batch == here[index] * runs[index]["B"] for index in others) and len(others) > 1:
        return batch
    return None


def _solve(rows: Sequence[tuple[int, ...]], values: Sequence[int]) -> list[Fraction] | None:
    """Solve rows x = values exactly; None where there is no solution or more than one."""
    width = len(rows[0])
    table = [[Fraction(entry) for entry in (*row, value)] for row, value in zip(rows, values, strict=True)]
    for column in range(width):
        pivot = next((index for index in range(column, len(table)) if table[index][column]), None)
        if pivot is None:
            return None
        table[column], table[pivot] = table[pivot], table[column]
        table[column] = [entry / table[column][column] for entry in table[column]]
        for index, row in enumerate(table):
            if index != column and row[column]:
                table[index] = [entry - row[column] * own for entry, own in zip(row, table[column], strict=True)]
    if any(row[width] for row in table[width:]):
        return None
    return [table[index][width] for index in range(width)]


def _text(terms: Mapping[Monomial, int], factor: int) -> str:
    if not terms:
        return "0"
    if any(value % factor for value in terms.values()):
        return ""
    ordered = sorted(terms.items(), key=lambda item: (-len(item[0]), item[0]))
    inside = " + ".join("*".join((str(value // factor), *monomial)) for monomial, value in ordered).replace("+ -", "- ")
    if factor == 1:
        return inside
    return f"B*({inside})" if len(terms) > 1 else f"B*{inside}"
