"""Other ways in which the rows of a projection may lie: by head, by part, for a rotation in pairs or in halves; tried for all layers at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import torch

from ..comparison._weights import Pair

Rows = tuple[int, ...]
ORDERS = ("phs", "hps", "hsp", "psh")  # axes of fused rows, the slowest first: part (q, k, v), head, size
MOST_HEADS = 64


@dataclass(frozen=True)
class Site:
    """The weights of one projection, at every layer: the pairs that share the module of the second implementation, numbers aside."""

    pairs: tuple[int, ...]
    size: int  # of the output
    inputs: int
    call: int


def layouts(pairs: Sequence[Pair], near: Collection[str]) -> Iterator[list[Pair]]:
    """Give the maps in which projections that touch `near` have their rows (and what follows them its columns) in another order."""
    sites = _sites(pairs, near)
    for heads in _heads(sites):
        for site in sites:
            if site.size % 3 == 0 and site.size // 3 % heads == 0:
                for rows in _fused(site.size, heads):
                    yield _laid(pairs, [(site, rows)])
        for one, two in combinations([site for site in sites if site.size % heads == 0 and site.size // heads % 2 == 0], 2):
            for turn in (_pairs_of_halves, _halves_of_pairs):
                yield _laid(pairs, [(site, _in_heads(turn(site.size // heads), heads)) for site in (one, two)])
        square = [site for site in sites if site.size == site.inputs and site.size % heads == 0]
        for at in range(len(square) - 2):
            for order in ((heads, square[at].size // heads), (square[at].size // heads, heads)):
                rows = tuple(torch.arange(square[at].size).view(*order).T.reshape(-1).tolist())
                chosen = [(site, rows) for site in square[at : at + 3]]
                yield _laid(pairs, chosen)
                for last in square[at + 3 : at + 4]:
                    yield _laid(pairs, chosen, columns=(last, rows))


def _sites(pairs: Sequence[Pair], near: Collection[str]) -> list[Site]:
    """Return the projections in the order in which they are used."""
    found: dict[str, list[int]] = {}
    for at, one in enumerate(pairs):
        module = re.sub(r"\d+", "*", one.second.name.rpartition(".")[0])
        found.setdefault(module, []).append(at)
    sites = []
    for module, members in found.items():
        matrices = [at for at in members if len(pairs[at].second.shape) == 2]
        if not matrices or not any(use.name in near for at in members for use in pairs[at].firsts):
            continue
        if module == "" or len({pairs[at].second.form for at in matrices}) > 1:
            continue  # several matrices of one module: nothing says which bias belongs to which
        size, inputs = pairs[matrices[0]].second.form
        rows = tuple(at for at in members if pairs[at].second.form[:1] == (size,))
        sites.append(Site(rows, size, inputs, min(pairs[at].second.call for at in matrices)))
    return sorted(sites, key=lambda site: site.call)


def _heads(sites: Sequence[Site]) -> list[int]:
    sizes = {part for site in sites for part in (site.size, site.size // 3 if site.size % 3 == 0 else site.size)}
    return [heads for heads in range(1, MOST_HEADS + 1) if any(size % heads == 0 and size > heads for size in sizes)]


def _fused(size: int, heads: int) -> Iterator[Rows]:
    """Give the orders of three parts in one matrix, every part in every role, and a rotation in pairs or halves of the first two."""
    axes = {"p": 3, "h": heads, "s": size // 3 // heads}
    seen: set[Rows] = set()
    turns = [torch.arange(axes["s"])]
    if axes["s"] % 2 == 0:
        turns += [_pairs_of_halves(axes["s"]), _halves_of_pairs(axes["s"])]
    for roles in permutations(range(3)):
        for turn in turns:
            for source in ORDERS:
                lying = torch.arange(size).view(*(axes[axis] for axis in source))
                upright = lying.permute(*(source.index(axis) for axis in "phs"))[list(roles)].clone()
                upright[:2] = upright[:2][..., turn]
                for target in ORDERS:
                    rows = tuple(upright.permute(*("phs".index(axis) for axis in target)).reshape(-1).tolist())
                    if rows not in seen:
                        seen.add(rows)
                        yield rows


def _pairs_of_halves(size: int) -> torch.Tensor:
    """Return the index that lays (0, 1, ..., then the second half) as pairs (0, half, 1, half + 1, ...)."""
    return torch.arange(size).view(2, size // 2).T.reshape(-1)


def _halves_of_pairs(size: int) -> torch.Tensor:
    return torch.arange(size).view(size // 2, 2).T.reshape(-1)


def _in_heads(turn: torch.Tensor, heads: int) -> Rows:
    return tuple((torch.arange(heads)[:, None] * len(turn) + turn).reshape(-1).tolist())


def _laid(pairs: Sequence[Pair], chosen: Sequence[tuple[Site, Rows]], columns: tuple[Site, Rows] | None = None) -> list[Pair]:
    laid = list(pairs)
    for site, rows in chosen:
        for at in site.pairs:
            laid[at] = replace(laid[at], rows=rows)
    if columns is not None:
        for at in columns[0].pairs:
            if len(laid[at].second.shape) == 2:
                laid[at] = replace(laid[at], columns=columns[1])
    return laid
