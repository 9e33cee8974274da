"""What is known of a paper's symbols before any display is read: statements, notation and typography put together, with their sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ._answers import Answers
from ._displays import calls, defined_functions
from ._hints import Hints
from ._infer import infer
from ._printed import dimension, name_key, spelled
from ._settle import family, rank_words
from ._stated import BY_VALUE, Said, pieces
from ._statements import parse_name
from ._symbols import _words
from ._tokens import Refusal
from ._typography import by_letters, letter, upper_scripts

DENSITIES = ("p", "q", "P")  # letters whose arguments may tell one density from another: read strictly


@dataclass
class Knowledge:
    """`hints` as `infer` takes them, `ranks` of families of names, and the evidence by key of a name."""

    hints: dict[str, Any]
    ranks: dict[str, frozenset[int]] = field(default_factory=dict)
    returns: dict[str, int] = field(default_factory=dict)  # function -> the number of axes of its result, where the text says so
    because: dict[str, str] = field(default_factory=dict)  # family -> why, in words with the place
    defined: dict[str, list[tuple[int, frozenset[int], str]]] = field(default_factory=dict)  # family -> where a display defines it

    def at(self, index: int) -> Knowledge:
        """What holds at one display: a definition teaches the displays behind it, up to the next one of the same name."""
        ranks, because = dict(self.ranks), dict(self.because)
        for name, places in self.defined.items():
            before = [item for item in places if item[0] < index]
            if before and name not in ranks:
                ranks[name], because[name] = before[-1][1], before[-1][2]
        return replace(self, ranks=ranks, because=because)

    def learn(
        self, learnt: Mapping[str, tuple[frozenset[int], str]], results: Mapping[str, list[tuple[int, frozenset[int], str]]]
    ) -> set[str]:
        """Take over what one pass over all displays showed; return the families of which more is known than before."""
        narrowed = set()
        for name, (left, source) in learnt.items():
            if left and left != self.ranks.get(name) and len(left) < 3:
                self.ranks[name] = left
                self.because.setdefault(name, source)
                narrowed.add(name)
        for name, places in results.items():
            if name not in self.ranks and name not in self.defined:
                self.defined[name] = places
                narrowed.add(name)
        return narrowed


def knowledge(displays: Sequence[str], said: Sequence[Said], meanings: Mapping[str, str], given: Answers) -> Knowledge:
    """Put together what the text says, what the notation shows and what a person answered; an answer stands above all."""
    answered = {family(as_printed(item.name)) for item in given.said}
    every = [item for item in said if family(as_printed(item.name)) not in answered] + list(given.said)
    shapes, ranks, scalars, functions, because = _sorted(every, _drawn(displays))
    known = Knowledge({"meanings": dict(meanings) | dict.fromkeys(given.sigmoid, "the sigmoid function")}, {}, {}, because)
    notation, overloaded = _functions(displays, functions | set(shapes) | set(scalars) | set(ranks))
    for name, why in notation.items():
        because.setdefault(family(name), why)
    walked = _printed_names(displays, known.hints | {"functions": sorted(functions | set(notation))})
    names = list(walked)
    known.hints |= {
        "shapes": {name: list(sizes) for name, sizes in sorted(shapes.items())},
        "scalars": dict(sorted(scalars.items())),
        "numbers": dict(given.numbers),
        "functions": sorted(functions | set(notation)),
        "samples": list(given.samples),
        "index": dict(given.index),
        "values": [name for name, rank in ranks.items() if rank],
        "overloaded": overloaded,
        "numbered": list(upper_scripts(names)),
    }
    stated = ranks | dict.fromkeys(scalars, 0)
    known.ranks = {family(name): frozenset({rank}) for name, rank in ranks.items()}
    known.returns = {as_printed(item.name): int(item.value[0]) for item in every if item.kind == "function" and item.value}
    free = [name for name in names if family(name) not in known.ranks and name not in scalars]
    for item in given.letters:
        for name in free:
            if _is_of(item.name, name):
                known.ranks[family(name)] = frozenset(
                    {int(item.value[0]) if item.kind == "rank" else len(item.value) if item.kind == "shape" else 0}
                )
                because[family(name)] = f"the answer {item.quote}"
    for name, (rank, why) in by_letters(stated, [name for name in free if family(name) not in known.ranks]).items():
        known.ranks[family(name)] = frozenset({rank})
        because.setdefault(family(name), why)
    for name in free:
        element = next((one for one in known.ranks if walked[name] == 1 and re.fullmatch(re.escape(name) + r"_[a-z]", one)), None)
        if element is not None and family(name) not in known.ranks:
            known.ranks[family(name)] = frozenset(rank + 1 for rank in known.ranks[element])
            because.setdefault(family(name), f"{because.get(element, 'the text')}, of which it is the stack")
    for name in free:
        twin = _bold(name)
        if walked[name] and family(name) not in known.ranks and twin is not None and family(twin) in known.ranks:
            known.ranks[family(name)] = known.ranks[family(twin)]
            because.setdefault(family(name), f"the paper's typography: {name} with an index is an element of {twin}")
    return known


def _bold(name: str) -> str | None:
    """\\mathbf{y}_s of y_s; None for a name that does not begin with a plain letter."""
    match = re.match(r"([A-Za-z]|\\\\[A-Za-z]+)(?![A-Za-z{])", name)
    return f"\\mathbf{{{match[1]}}}{name[match.end() :]}" if match is not None else None


def as_printed(printed: str) -> str:
    """A name as displays print it: the same spelling for \\bm s and \\mathbf{s}."""
    try:
        return spelled(parse_name(printed, frozenset(_words(printed))))
    except (Refusal, RecursionError):
        return printed


def _is_of(pattern: str, name: str) -> bool:
    mine, other = letter(pattern.removesuffix("_*")), letter(name)
    return mine is not None and mine == other


def _sorted(
    said: Sequence[Said],
    drawn: set[str],
) -> tuple[dict[str, tuple[str, ...]], dict[str, int], dict[str, str], set[str], dict[str, str]]:
    """Shapes, numbers of axes, numbers and functions that the text states of a name and states no other."""
    shapes: dict[str, set[tuple[str, ...]]] = {}
    ranks: dict[str, set[int]] = {}
    scalars: dict[str, set[str]] = {}
    functions: set[str] = set()
    because: dict[str, str] = {}
    printed: dict[str, str] = {}
    drawn = drawn | {where for item in said if item.kind == "drawn" and (where := name_key(item.name)) is not None}
    for item in said:
        where = name_key(item.name)
        weak = item.kind == "scalar" and item.value[1:] == (BY_VALUE,) and where in drawn  # epsilon = 1e-8 is not the noise epsilon
        if where is None or weak or item.kind == "drawn":
            continue
        name = printed.setdefault(where, item.name)
        place = f" ({item.place})" if item.place else ""
        because.setdefault(family(as_printed(name)), f'{item.source}: "{item.quote}"{place}')
        if item.kind == "shape":
            shapes.setdefault(name, set()).add(item.value)
            ranks.setdefault(name, set()).add(len(item.value))
        elif item.kind == "rank":
            ranks.setdefault(name, set()).add(int(item.value[0]))
        elif item.kind == "scalar":
            scalars.setdefault(name, set()).add(item.value[0])
        else:
            functions.add(name)
    twice = {name for name, found in ranks.items() if len(found) > 1 or (name in scalars)}
    one = {name: next(iter(found)) for name, found in shapes.items() if len({_sizes(item) for item in found}) == 1 and name not in twice}
    one = {name: sizes for name, sizes in one.items() if None not in _sizes(sizes)}
    numbers = {name: next(iter(found)) if len(found) == 1 else _common(found) for name, found in scalars.items() if name not in ranks}
    axes = {as_printed(name): next(iter(found)) for name, found in ranks.items() if name not in twice}
    return one, axes, numbers, functions, because


def _drawn(displays: Sequence[str]) -> set[str]:
    """The keys of what stands under an expectation, or before a \\sim."""
    found: set[str] = set()
    for display in displays:
        for match in re.finditer(r"\\mathbb\s*\{?\s*E\s*\}?\s*_\s*\{((?:[^{}]|\{[^{}]*\})*)\}", display):
            found |= {where for piece in pieces(match[1]) if (where := name_key(re.split(r"\\sim", piece)[0].strip())) is not None}
        found |= {
            where
            for match in re.finditer(r"(\\?[A-Za-z]+(?:_(?:\w|\{[^{}]*\}))?)\s*\\sim(?![A-Za-z])", display)
            if (where := name_key(match[1])) is not None
        }
    return found


def _sizes(shape: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(dimension(size) for size in shape)


def _common(domains: set[str]) -> str:
    """The narrower of a stated sign and nothing stated; nothing where they differ."""
    stated = domains - {""}
    return next(iter(stated)) if len(stated) == 1 else "pos" if stated == {"pos", "prob"} else ""


def _functions(displays: Sequence[str], known: set[str]) -> tuple[dict[str, str], list[str]]:
    """What only ever stands before a bracket, at least once as a call can only be printed; and what is told apart by its arguments."""
    signatures: dict[str, set[tuple[int, tuple[str, ...]]]] = {}
    clear: dict[str, int] = {}
    alone: set[str] = set()
    found: dict[str, str] = {}
    for display in displays:
        called, single = calls(display)
        alone |= single
        for name, signature, sure in called:
            signatures.setdefault(name, set()).add(signature)
            clear[name] = clear.get(name, 0) + sure
        for name, _ in defined_functions(display):
            if name not in known:
                found[name] = "the notation: a display defines it with arguments"
    for name in signatures:
        if clear[name] and name not in alone and name not in known:
            found.setdefault(name, f"the notation: {name} always stands before a bracket")
    several = [
        name for name, shapes in signatures.items() if any("|" in marks for _, marks in shapes) or (letter(name) or ("",))[0] in DENSITIES
    ]
    return found, several


def _printed_names(displays: Sequence[str], hints: dict[str, Any]) -> dict[str, int]:
    """Every name that some display leaves open, with the number of axes that indices walk over."""
    Hints.of(hints)
    found: dict[str, int] = {}
    for display in displays:
        for item in infer(display, hints).unknown:
            if not item.why:
                found[item.name] = max(found.get(item.name, 0), len(item.axes))
    return found


def words_of(ranks: Iterable[int]) -> list[str]:
    """What a name may be, in words."""
    return [rank_words(rank) for rank in sorted(ranks)]
