"""Names for sizes: which axis is the batch, which a length, which a width that the paper names. Pure, no torch.

An axis gets a name for one of two reasons: it moved with a size that was changed on purpose (B, S, T), or it stood still and equals
exactly one stated size (d_model, heads, vocabulary). Everything else keeps its digits; what moved without an explanation is "?".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Literal

Shape = Sequence[int]
Role = Literal["given", "inside", "final"]

# Stated sizes that can be the length of an axis, and no others: "layers" is a count of modules, "padding_index" an index.
_WIDTHS = {
    "width", "hidden", "hidden_size", "embedding", "latent", "latent_size", "features", "channels", "factors", "users", "items", "n_embd",
    "embedding_size", "rank", "inputs", "outputs", "feed_forward_size", "head_size",
}  # fmt: skip
_LAST = {"vocabulary", "vocabulary_size", "vocab_size", "classes", "num_classes", "actions", "experts"}
_GIVEN = {"features", "inputs", "channels"}
_SAME = (
    {"d_model", "width", "hidden_size"},
    {"vocabulary", "vocabulary_size", "vocab_size"},
)  # two names of one thing are no contradiction
_HEADS = {"heads", "kv_heads", "n_head", "n_heads", "num_heads"}


def stated_sizes(values: Mapping[str, object]) -> dict[str, int]:
    """Return the entries of facts or of a configuration that can be the length of an axis."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int)
        and not isinstance(value, bool)
        and value > 1
        and (name in _WIDTHS | _LAST | _HEADS or (name.startswith("d_") and name.isidentifier()))
    }


def name_shape(
    shapes: Sequence[Shape | None],
    runs: Sequence[Mapping[str, int]],
    stated: Sequence[Mapping[str, int]],
    *,
    role: Role = "inside",
) -> tuple[str, ...]:
    """Return the symbolic shape of one tensor, seen in several runs (None where a run lacks it). The first run is the base.

    `runs` are the sizes that were changed on purpose, by symbol; `stated` are names for constant sizes, the nearest source first.
    What is `given` to the model has features but no width of the model, and only what is `final`, an output of the model, can have an axis
    of classes: elsewhere an equal size is chance. Of two axes with one size nobody can say which has the name.
    """
    base = shapes[0]
    assert base is not None
    seen = [shape for shape in shapes if shape is not None and len(shape) == len(base)]
    if len(seen) < len(shapes):
        return tuple("?" for _ in base)  # another rank in another run: nothing can be said of an axis
    fitting = [{name: size for name, size in source.items() if _may_be(name, role)} for source in stated]
    names = [name_axis([shape[axis] for shape in seen], runs, fitting, axis, len(base)) for axis in range(len(base))]
    standing = [size for axis, size in enumerate(base) if len({shape[axis] for shape in seen}) == 1]
    chance = {str(name) for source in fitting for name, size in source.items() if name not in _HEADS and standing.count(size) > 1}
    return tuple(str(size) if name in chance else name for name, size in zip(names, base, strict=True))


def name_axis(values: Sequence[int], runs: Sequence[Mapping[str, int]], stated: Sequence[Mapping[str, int]], axis: int, rank: int) -> str:
    """Return the name of one axis from its length in every run."""
    if len(set(values)) == 1:
        return _constant(values[0], stated, axis, rank)
    symbols = list(runs[0])
    return _product(values, runs, symbols) or _affine(values, runs, symbols) or _sum(values, runs, symbols) or "?"


def _constant(value: int, stated: Sequence[Mapping[str, int]], axis: int, rank: int) -> str:
    for source in stated:
        fitting = [name for name, size in source.items() if size == value and _may_stand(name, axis, rank)]
        if len(fitting) == 1 or any(fitting and same.issuperset(fitting) for same in _SAME):
            return min(fitting)
        if fitting:
            break  # two names for one size: the digits are right under both
    return str(value)


def _may_be(name: str, role: str) -> bool:
    if role == "given":
        return name in _GIVEN
    return name not in _LAST or role == "final"


def _may_stand(name: str, axis: int, rank: int) -> bool:
    if name in _HEADS:
        return rank >= 4 and axis in (1, 2)
    if name in _LAST or rank >= 4:
        return axis == rank - 1 or axis == 1  # of four axes two are a place: height and width, heads and position
    return axis > 0 or rank == 1


def _product(values: Sequence[int], runs: Sequence[Mapping[str, int]], symbols: Sequence[str]) -> str | None:
    for count in range(1, len(symbols) + 1):
        for chosen in combinations(symbols, count):
            sizes = [prod(run[symbol] for symbol in chosen) for run in runs]
            factor, rest = divmod(values[0], sizes[0]) if sizes[0] else (0, 1)
            if not rest and factor and all(value == factor * size for value, size in zip(values, sizes, strict=True)):
                return "*".join((*((str(factor),) if factor > 1 else ()), *chosen))
    for symbol in symbols:
        if list(values) == [run[symbol] ** 2 for run in runs]:
            return f"{symbol}*{symbol}"
    return None


def _affine(values: Sequence[int], runs: Sequence[Mapping[str, int]], symbols: Sequence[str]) -> str | None:
    for symbol in symbols:
        sizes = [run[symbol] for run in runs]
        other = next((index for index, size in enumerate(sizes) if size != sizes[0]), None)
        if other is None:
            continue
        slope, rest = divmod(values[other] - values[0], sizes[other] - sizes[0])
        offset = values[0] - slope * sizes[0]
        if not rest and slope > 0 and all(value == slope * size + offset for value, size in zip(values, sizes, strict=True)):
            return f"{'' if slope == 1 else f'{slope}*'}{symbol}{offset:+d}"
    return None


def _sum(values: Sequence[int], runs: Sequence[Mapping[str, int]], symbols: Sequence[str]) -> str | None:
    for one, two in combinations(symbols, 2):
        if list(values) == [run[one] + run[two] for run in runs]:
            return f"{one}+{two}"
    return None
