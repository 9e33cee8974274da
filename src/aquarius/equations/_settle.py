"""Names without a stated shape: every number of axes is tried, and what all that have a meaning agree on needs no statement.

Source: the two readings that survive and agree are taken; two that differ are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

from ._shapes import FREE, Alive, Elastic, alive
from ._statements import Statement, statements
from ._symbols import Symbols, declarations
from ._tokens import Refusal
from ._translate import Translation, translate, wanted_names
from ._typed import Output, Term, dim_pieces, terms
from ._unknowns import SAMPLES, Inferred

RANKS = (0, 1, 2)
MOST_CASES = 243  # assignments of axes tried for one display
MOST_TRANSLATED = 24
_DEAD = ("cannot be evaluated", "has no power", "shapes do not fit", "no legal inputs")
WORDS = ("a number", "a vector", "a matrix", "an array of three axes", "an array of four axes")


@dataclass(frozen=True)
class Case:
    """One assignment: the number of axes of each unknown family, the declarations it comes to, and the shapes of the results."""

    ranks: dict[str, int]
    table: dict[str, Any]
    outputs: dict[str, int]


@dataclass(frozen=True)
class Settled:
    """`translation` where every case agrees; else `ask`: family -> the numbers of axes that are left. `ranks` and `results` hold what is left of each."""

    translation: Translation | None = None
    table: dict[str, Any] = field(default_factory=dict)
    ask: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ranks: dict[str, frozenset[int]] = field(default_factory=dict)
    results: dict[str, frozenset[int]] = field(default_factory=dict)
    reason: str = ""
    offset: int = 0


def family(name: str) -> str:
    """What neighbours in a sequence share: x_{t-1}, x_t and x_{t+1} have one shape."""
    plain = re.sub(r"(?<=[A-Za-z\d}])\s*[+-]\s*\d+(?=[},]|$)", "", name)
    return re.sub(r"([_^])\{(\w|\\[A-Za-z]+)\}", r"\1\2", plain)


def settle(display: str, inferred: Inferred, ranks: Mapping[str, frozenset[int]] | None = None) -> Settled:
    """Translate a display if what its unknown names may be makes no difference.

    `ranks` is what is known elsewhere of families of names: the numbers of axes left, those included that indices walk over.
    """
    known = ranks or {}
    unknown = inferred.unknown
    walked = {family(item.name): len([axis for axis in item.axes if axis != SAMPLES]) for item in unknown}
    families = {
        name: frozenset(rank - axes for rank in known[name] if rank >= axes) if name in known else frozenset(RANKS)
        for name, axes in walked.items()
    }
    families |= {
        family(item.name): frozenset({1})
        for item in unknown
        if item.handed and set(item.axes) <= {SAMPLES} and family(item.name) not in known
    }
    count = 1
    for several in families.values():
        count *= len(several)
    if count > MOST_CASES:
        asked = {name: tuple(rank + walked[name] for rank in sorted(left)) for name, left in families.items() if len(left) > 1}
        return Settled(ask=asked, reason="too many names are open")
    found, complete, reason = _cases(display, inferred, families, known)
    names = [name for name, left in families.items() if len(left) > 1]
    if not found or not complete:
        asked = {} if complete else {name: tuple(rank + walked[name] for rank in sorted(families[name])) for name in names}
        return Settled(ask=asked, reason=_plain(reason))
    translations = [translate(display, case.table) for case in found] if len(found) <= MOST_TRANSLATED else []
    if translations:
        kept = [place for place, item in enumerate(translations) if not any(words in item.reason for words in _DEAD)]
        if kept:  # an assignment that cannot be evaluated is none
            found, translations = [found[place] for place in kept], [translations[place] for place in kept]
    left = {name: frozenset(case.ranks[name] + axes for case in found) for name, axes in walked.items()}
    results = {name: frozenset(case.outputs[name] for case in found if name in case.outputs) for name in found[0].outputs}
    open_names = [name for name in names if len(left[name]) > 1]
    if not translations:
        return Settled(ask={name: tuple(sorted(left[name])) for name in open_names}, ranks=left, results=results)
    return _agreement(found, translations, open_names, left, results)


def _cases(
    display: str, inferred: Inferred, families: Mapping[str, frozenset[int]], known: Mapping[str, frozenset[int]]
) -> tuple[list[Case], bool, str]:
    """The assignments under which the display has a meaning; whether all were searched to the end; why the first had none."""
    found: list[Case] = []
    complete, reason = True, ""
    for picked in product(*(sorted(left, reverse=True) for left in families.values())):
        assigned = dict(zip(families, picked, strict=True))
        table = _table(inferred, assigned)
        try:
            symbols = declarations(table)
            rows = statements(display, symbols.words, symbols.bracketed)
        except Refusal as refusal:
            return [], True, refusal.reason
        one, searched, why = _alive(symbols, rows, assigned, known)
        reason = reason or why
        complete &= searched
        if one is not None:
            outputs = {family(name): len(shape) for name, shape in one.outputs.items()}
            found.append(Case(assigned, _named(table, one), outputs))
    return found, complete, reason


def _alive(
    symbols: Symbols, rows: list[Statement], assigned: Mapping[str, int], known: Mapping[str, frozenset[int]]
) -> tuple[Alive | None, bool, str]:
    unknown = {name for name, shape in symbols.inputs.items() if any(size.startswith(FREE) for size in shape)}
    shapes = {family(name): shape for name, shape in symbols.inputs.items()}

    def fits(outputs: list[Output], sizes: Elastic) -> bool:
        for output in outputs:
            if any(_matrix_bias(term, unknown) for rule in output.rules for term in terms(rule.body)):
                return False
            group = family(output.name)
            if output.name in symbols.output_shapes and len(symbols.output_shapes[output.name]) != len(output.shape):
                return False
            if group in known and len(output.shape) not in known[group]:
                return False
            like = shapes.get(group)
            if like is not None and (len(like) != len(output.shape) or not all(map(sizes.same, like, output.shape))):
                return False
        return True

    return alive(symbols, rows, fits)


def _matrix_bias(term: Term, unknown: set[str]) -> bool:
    """An unknown matrix as an addend beside a vector: what is added to a vector is no matrix."""
    if term.op != "add" or not any(item.rank == 1 and not _is_unknown(item, unknown) for item in term.args):
        return False
    return any(item.rank == 2 and _is_unknown(item, unknown) for item in term.args)


def _is_unknown(term: Term, unknown: set[str]) -> bool:
    while term.op == "transpose":
        term = term.args[0]
    return term.op == "input" and term.data[0] in unknown


def _table(inferred: Inferred, ranks: Mapping[str, int]) -> dict[str, Any]:
    """The declarations with fresh sizes for every unknown axis; neighbours share theirs."""
    fresh: dict[tuple[str, int], str] = {}
    inputs = {name: list(shape) for name, shape in inferred.symbols.get("inputs", {}).items()}
    for item in inferred.unknown:
        group = family(item.name)
        axes = [axis or fresh.setdefault((group, place), f"{FREE}{len(fresh) + 1}") for place, axis in enumerate(item.axes)]
        own = [fresh.setdefault((group, 10 + place), f"{FREE}{len(fresh) + 1}") for place in range(ranks[group])]
        inputs[item.name] = [*axes, *own]
    return {**inferred.symbols, "inputs": inputs}


def _named(table: dict[str, Any], one: Alive) -> dict[str, Any]:
    """The declarations with a plain name for every size that is still free: n_1, n_2, ..."""
    taken = {piece for shape in table["inputs"].values() for size in shape for piece in dim_pieces(size)} | set(table.get("constants", {}))
    fresh = (name for name in (f"n_{number}" for number in range(1, 100)) if name not in taken)
    names: dict[str, str] = {}
    inputs: dict[str, list[str]] = {}
    for name, shape in table["inputs"].items():
        settled = [one.sizes.get(size, size) for size in shape]
        inputs[name] = [
            "".join(
                names.setdefault(piece, next(fresh)) if piece.startswith(FREE) and piece not in names else names.get(piece, piece)
                for piece in dim_pieces(size)
            )
            for size in settled
        ]
    return {**table, "inputs": inputs}


def _agreement(
    found: Sequence[Case],
    translations: Sequence[Translation],
    open_names: Sequence[str],
    left: dict[str, frozenset[int]],
    results: dict[str, frozenset[int]],
) -> Settled:
    """One code that is right in every case; else the fewest names whose axes decide which code is right."""
    refused = next((item for item in translations if item.status != "ok"), None)
    if refused is not None and len(found) == 1:
        return Settled(ranks=left, results=results, reason=_plain(refused.reason), offset=refused.offset, table=found[0].table)
    kinds: list[Translation] = []
    which: list[int] = []
    for item in translations:
        place = next((place for place, kind in enumerate(kinds) if _serves(kind, item)), None)
        if place is None:
            kinds.append(item)
            place = len(kinds) - 1
        which.append(place)
    for kind in sorted(kinds, key=lambda item: item.status != "ok"):
        if all(_serves(kind, item) for item in translations):
            return Settled(kind, found[translations.index(kind)].table, ranks=left, results=results)
    for size in range(1, len(open_names) + 1):
        for chosen in combinations(open_names, size):  # the fewest names that decide
            seen: dict[tuple[int, ...], int] = {}
            if all(
                seen.setdefault(tuple(case.ranks[name] for name in chosen), kind) == kind for case, kind in zip(found, which, strict=True)
            ):
                return Settled(ask={name: tuple(sorted(left[name])) for name in chosen}, ranks=left, results=results)
    return Settled(
        ask={name: tuple(sorted(left[name])) for name in open_names},
        ranks=left,
        results=results,
        reason=_plain(refused.reason) if refused else "",
    )


def _serves(code: Translation, other: Translation) -> bool:
    """Whether one code computes what another case's readings do: its text is the same, or it passes on that case's inputs."""
    if code.status != "ok" or other.status != "ok":
        return code is other
    if code.code == other.code and len(other.readings) == 1:
        return True
    from ._verify import verified

    names = wanted_names(other.symbols, other.readings[0])
    if names != code.returns:
        return False
    try:
        for reading in other.readings:
            verified(other.symbols, reading, code.code, list(code.signature))
    except (Refusal, KeyError):
        return False
    return True


def _plain(reason: str) -> str:
    """A reason without the numbers of unknown sizes."""
    return re.sub(r"\?\d+", "?", reason)


def rank_words(rank: int) -> str:
    """0 is a number, 1 a vector, 2 a matrix."""
    return WORDS[min(rank, len(WORDS) - 1)]
