"""The typed tree: what is computed, once every name, index and product has been decided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ._symbols import Dim, Symbols
from ._tokens import Refusal

POOL = (3, 5, 4, 7, 6, 2, 8, 9, 10, 11, 13, 14, 15, 16)
DESCENDING_POOL = (9, 7, 5, 4, 3, 2, 8, 6, 10)
EVEN_POOL = (4, 6, 8, 10, 12, 2, 14, 16, 18, 20)


@dataclass(eq=False, slots=True)
class IndexVar:
    """A running index. Its range is declared (`lower` and `upper`, both included) or follows from the axis it walks over."""

    name: str
    base: int = 1  # the number of the first element of the axes it walks over
    lower: Term | None = None
    upper: Term | None = None
    dim: Dim = ""  # the axis, where the range follows from it
    least: int = 0  # offsets met: x_{i+1} shortens an inferred range
    most: int = 0
    explicit: bool = False
    valued: bool = False  # used as a number, so its base matters


@dataclass(frozen=True, slots=True)
class Term:
    """One operation. `shape` holds symbolic sizes; running indices are not axes: they are bound outside."""

    op: str
    args: tuple[Term, ...] = ()
    shape: tuple[Dim, ...] = ()
    data: tuple[Any, ...] = ()
    side: str = ""  # a vector's orientation: "" unknown, "r" row, "c" column, "t" transposed from unknown
    at: int = 0

    @property
    def rank(self) -> int:
        return len(self.shape)


@dataclass(frozen=True, slots=True)
class Rule:
    """One defining row: for every binding of `variables`, the element at `pattern` is `body`."""

    variables: tuple[IndexVar, ...]
    pattern: tuple[Term, ...]
    bases: tuple[int, ...]
    body: Term


@dataclass(slots=True)
class Output:
    """A defined name with its rules and its shape (axes of the indices first)."""

    name: str
    rules: list[Rule] = field(default_factory=list)
    shape: tuple[Dim, ...] = ()
    diagonal: bool = False
    start: Term | None = None  # what stands before the first element of a recurrence


@dataclass(frozen=True)
class Scope:
    """What is bound where an expression stands: running indices, parameters of a local function, sample axes."""

    indices: dict[str, IndexVar] = field(default_factory=dict)
    parameters: dict[str, Term] = field(default_factory=dict)
    samples: dict[str, IndexVar] = field(default_factory=dict)
    depth: int = 0

    def bind(self, indices: dict[str, IndexVar]) -> Scope:
        return replace(self, indices={**self.indices, **indices})


def terms(term: Term) -> Iterator[Term]:
    """Yield a term and everything below it."""
    yield term
    for item in term.args:
        yield from terms(item)


def constant(value: float, at: int = 0) -> Term:
    return Term("number", (), (), (float(value),), at=at)


_DIM_PIECE = re.compile(r"\s*([+\-*/()]|[0-9]+|(?:[^+\-*/(){}\s]|\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+\s?)+)")


class Sizes:
    """Sizes in numbers: those declared, and small distinct ones for the rest; expressions such as h*d_v are worked out."""

    def __init__(self, symbols: Symbols, pool: tuple[int, ...] = POOL) -> None:
        self.pool = pool
        self.values: dict[Dim, int] = {}
        self.known = dict(symbols.dims)
        taken = set(symbols.dims.values())
        free = [size for size in pool if size not in taken]
        atoms = [atom for shape in symbols.inputs.values() for dim in shape for atom in dim_atoms(dim)]
        atoms += [atom for value in (*symbols.index.values(), *symbols.sets.values()) for atom in _range_atoms(value)]
        atoms += [value for value in symbols.constants.values() if isinstance(value, str)]
        texts = [dim for shape in symbols.inputs.values() for dim in shape] + list(symbols.index.values()) + list(symbols.sets.values())
        for atom in (name for name in dict.fromkeys(atoms) if name not in self.known):
            divisor = max((int(found) for text in texts for found in re.findall(re.escape(atom) + r"\s*/\s*([1-9])", text)), default=1)
            size = next(
                (size for size in free if size % divisor == 0 and (size > divisor or divisor == 1)), divisor * (17 + len(self.values))
            )
            free = [other for other in free if other != size]
            self.values[atom] = size
        # A second assignment, so that m+n is not taken for k because three small numbers happen to add up.
        self.others = {name: 60 * (17 + place * (place + 3)) for place, name in enumerate(self.values)} | self.known
        self.values.update(self.known)
        for name, value in symbols.constants.items():
            if isinstance(value, int) and name in self.values and name not in symbols.dims:
                self.values[name] = value

    def of(self, dim: Dim) -> int:
        """Return the number a size stands for; -1 where it is not known."""
        if dim in self.values:
            return self.values[dim]
        if dim.isdigit():
            return int(dim)
        try:
            return _arithmetic(dim, self.values)
        except (KeyError, ValueError, ZeroDivisionError, IndexError):
            return -1

    def same(self, left: Dim, right: Dim) -> bool:
        """Two sizes are one where they are spelled alike or come to the same number whatever the free sizes are."""
        return left == right or (self.of(left) == self.of(right) != -1 and self._other(left) == self._other(right))

    def _other(self, dim: Dim) -> int:
        try:
            return self.others[dim] if dim in self.others else _arithmetic(dim, self.others)
        except (KeyError, ValueError, ZeroDivisionError, IndexError):
            return self.of(dim)


def dim_pieces(dim: Dim) -> list[str]:
    """A size expression cut into names, numbers and operators."""
    return [str(piece) for piece in _DIM_PIECE.findall(dim)]


def dim_atoms(dim: Dim) -> list[str]:
    """The names in a size expression."""
    return [piece for piece in _DIM_PIECE.findall(dim) if not piece.isdigit() and piece not in "+-*/()"]


def _range_atoms(text: str) -> list[str]:
    """Names of sizes that only the range of an index knows: pos in 0..n-1."""
    if ".." not in text:
        return []
    atoms = dim_atoms(text.split("..", 1)[1])
    return [atom for atom in atoms if atom[0].isalpha() or atom[0] == "\\"]


def _arithmetic(dim: Dim, values: dict[Dim, int]) -> int:
    pieces = _DIM_PIECE.findall(dim)
    if not pieces or "".join(pieces).replace(" ", "") != dim.replace(" ", ""):
        raise ValueError(dim)
    position = 0

    def level(tight: int) -> int:
        nonlocal position
        piece = pieces[position]
        position += 1
        if piece == "(":
            value = level(0)
            position += 1
        else:
            value = int(piece) if piece.isdigit() else values[piece]
        while position < len(pieces) and pieces[position] != ")":
            operator = pieces[position]
            binding = 2 if operator in "*/" else 1
            if operator not in "+-*/" or binding <= tight:
                if operator not in "+-*/":
                    raise ValueError(dim)
                break
            position += 1
            right = level(binding)
            if operator == "/" and value % right:
                raise ValueError(f"{dim} is not whole")
            value = {"+": value + right, "-": value - right, "*": value * right, "/": value // right if right else 0}[operator]
        return value

    return level(0)


def mismatch(what: str, left: Term, right: Term) -> Refusal:
    return Refusal(f"the shapes do not fit {what}: {shown(left)} and {shown(right)}", right.at)


def shown(term: Term) -> str:
    return "a number" if not term.shape else "[" + ", ".join(term.shape) + "]"
