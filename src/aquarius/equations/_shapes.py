"""Unification of shapes: which unknown sizes must be equal so that a display has a meaning. Source: unification, Robinson 1965."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from ._arithmetic import Choices
from ._resolve import Resolver
from ._statements import Statement
from ._symbols import Dim, Symbols
from ._tokens import Refusal
from ._typed import Output, Sizes, dim_pieces

FREE = "?"  # an unknown size is named ?1, ?2, ...
MOST_TRIES = 160  # of one assignment of axes


@dataclass(frozen=True)
class Alive:
    """One way in which a display has a meaning: what each unknown size is, and the shapes of what it defines."""

    sizes: dict[Dim, Dim]
    outputs: dict[str, tuple[Dim, ...]]


class Elastic:
    """Sizes of which some are unknown. Whether an unknown size is another one is a choice: it is another one only where nothing else goes."""

    def __init__(self, symbols: Symbols, choices: Choices) -> None:
        self._sizes = Sizes(symbols)
        self._choices = choices
        self.pool, self.values, self.known, self.others = self._sizes.pool, self._sizes.values, self._sizes.known, self._sizes.others
        self.bound: dict[Dim, Dim] = {}

    def of(self, dim: Dim) -> int:
        """Return the number a size stands for; -1 where it is not known."""
        return self._sizes.of(self.settled(dim))

    def settled(self, dim: Dim) -> Dim:
        """The size with every unknown replaced that is known by now."""
        while any(piece in self.bound for piece in dim_pieces(dim)):
            dim = "".join(
                f"({self.bound[piece]})" if _several(self.bound.get(piece, "")) else self.bound.get(piece, piece)
                for piece in dim_pieces(dim)
            )
        return dim

    def same(self, left: Dim, right: Dim) -> bool:
        """Whether two sizes are one; for an unknown size this is a choice of the reading."""
        left, right = self.settled(left), self.settled(right)
        if left == right:
            return True
        name, other = (left, right) if left.startswith(FREE) and not _several(left) else (right, left)
        if not name.startswith(FREE) or _several(name):
            return self._sizes.same(left, right)
        if name in dim_pieces(other):
            return False
        if self._choices.choose(f"the size {name} is {other}", ["no", "yes"]) == "no":
            return False
        self.bound[name] = other
        return True


def _several(dim: Dim) -> bool:
    return len(dim_pieces(dim)) > 1


def alive(
    symbols: Symbols, found: list[Statement], fits: Callable[[list[Output], Elastic], bool], tries: int = MOST_TRIES
) -> tuple[Alive | None, bool, str]:
    """Find sizes under which the display has a meaning, as few of them equal as the search finds first.

    Returns what was found, whether the search was complete where nothing was found, and why the first attempt failed.
    """
    reason = ""
    for count, (outputs, sizes, why) in enumerate(_attempts(symbols, found)):
        if outputs is not None and fits(outputs, sizes):
            known = {name: sizes.settled(name) for name in sizes.values if name.startswith(FREE)}
            return Alive(known, {output.name: tuple(sizes.settled(dim) for dim in output.shape) for output in outputs}), True, ""
        reason = reason or why or "what it defines would have other axes than are known of it"
        if count >= tries:
            return None, False, reason
    return None, True, reason


def _attempts(symbols: Symbols, found: list[Statement]) -> Iterator[tuple[list[Output] | None, Elastic, str]]:
    """Readings depth first, the latest choice turned first: what failed was mostly decided last."""
    stack: list[tuple[int, ...]] = [()]
    while stack:
        script = stack.pop()
        choices = Choices(script)
        sizes = Elastic(symbols, choices)
        outputs, why = None, ""
        try:
            outputs = Resolver(symbols, found, cast(Sizes, sizes), choices).outputs()
        except Refusal as refusal:
            why = refusal.reason
        yield outputs, sizes, why
        made = list((choices.made or {}).values())
        for place in range(len(script), len(choices.counts or [])):
            for option in range((choices.counts or [])[place] - 1, 0, -1):
                stack.append((*made[:place], option))
