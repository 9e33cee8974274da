"""What the text says of a paper's symbols, as plain data, checked and found by the key of a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core import BadInput, did_you_mean
from ._printed import name_key
from ._symbols import DOMAINS, _words

HINTS = ("meanings", "shapes", "numbers", "scalars", "functions", "numbered", "samples", "overloaded", "index", "values")


@dataclass(frozen=True)
class Hints:
    """The hints by key of the name: ("shape", name), ("number", name), ("scalar", name) or ("function", name)."""

    shapes: dict[str, tuple[str, ...]]
    numbers: dict[str, float | int]
    scalars: dict[str, str]
    meanings: dict[str, str]
    known: dict[str, tuple[str, str]]
    said: dict[str, str]  # key -> meaning
    words: frozenset[str]
    samples: tuple[str, ...] = ()  # names that are drawn, as a person says
    numbered: frozenset[str] = frozenset()  # keys of names that the paper counts by numbers above: x^1, x^2
    index: dict[str, str] = field(default_factory=dict)  # index -> its range, as a person says: 1..n
    applied: frozenset[str] = frozenset()  # keys of functions
    overloaded: frozenset[str] = frozenset()  # keys of functions that the paper tells apart by their arguments: p(x), p(z | x)

    values: frozenset[str] = frozenset()  # keys of names said to be vectors or matrices: before a bracket they are factors

    @classmethod
    def of(cls, hints: Mapping[str, Any]) -> Hints:
        for name in hints:
            if name not in HINTS:
                raise BadInput(f"The hints for an equation have no key {name!r}.{did_you_mean(str(name), HINTS)}")
        shapes = {str(name): _sizes(str(name), shape) for name, shape in dict(hints.get("shapes", {})).items()}
        numbers = dict(hints.get("numbers", {}))
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise BadInput(f"The hint for {name} under 'numbers' is a number, not {value!r}.")
        scalars = {str(name): str(domain or "") for name, domain in dict(hints.get("scalars", {})).items()}
        for name, domain in scalars.items():
            if domain and domain not in DOMAINS:
                raise BadInput(f"The domain {domain!r} of {name} is not known.{did_you_mean(domain, DOMAINS)}")
        meanings = {str(name): str(text) for name, text in dict(hints.get("meanings", {})).items()}
        functions = [str(name) for name in hints.get("functions", ())]
        known: dict[str, tuple[str, str]] = {}
        applied: set[str] = set()
        for kind, names in (("shape", shapes), ("number", numbers), ("scalar", scalars), ("function", functions)):
            for name in names:
                where = name_key(str(name))
                if where is None:
                    continue
                if kind == "function":
                    applied.add(where)
                if kind == "function" and where in known:
                    continue  # a value, and a function of the same name: the brackets behind it tell
                if known.setdefault(where, (kind, str(name)))[0] != kind:
                    known[where] = ("unclear", str(name))  # the text says two things of it
        said = {where: text for name, text in meanings.items() if (where := name_key(name)) is not None}
        words = frozenset(word for name in (*shapes, *numbers, *scalars, *functions, *meanings) for word in _words(name))
        overloaded = frozenset(where for name in hints.get("overloaded", ()) if (where := name_key(str(name))) is not None)
        numbered = frozenset(where for name in hints.get("numbered", ()) if (where := name_key(str(name))) is not None)
        return cls(
            shapes,
            numbers,
            scalars,
            meanings,
            known,
            said,
            words,
            tuple(map(str, hints.get("samples", ()))),
            numbered,
            dict(hints.get("index", {})),
            frozenset(applied),
            overloaded,
            frozenset(where for name in hints.get("values", ()) if (where := name_key(str(name))) is not None),
        )


def _sizes(name: str, shape: Any) -> tuple[str, ...]:
    if isinstance(shape, str) or not isinstance(shape, Sequence) or not all(isinstance(size, (str, int)) for size in shape):
        raise BadInput(f"The hint for {name} under 'shapes' is a list of sizes, not {shape!r}.")
    return tuple(str(size) for size in shape)
