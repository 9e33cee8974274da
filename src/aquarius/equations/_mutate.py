"""Known deviations: an equation's typed outputs, changed in one place, or alike in all places, each with the words for the change."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ._deviations import Change, here
from ._symbols import Symbols
from ._typed import Output, Sizes, Term

Say = Callable[[Term], str]
_MOST_PAIRS = 40


def deviations(outputs: list[Output], sizes: Sizes, symbols: Symbols, say: Say) -> Iterator[tuple[str, list[Output]]]:
    """Yield (what it is, outputs) for every known deviation in every place, the likeliest kinds first; then those in all places at once."""
    names = _names(outputs, symbols)
    found: list[tuple[float, str, list[Output]]] = []
    for place, output in enumerate(outputs):
        for number, rule in enumerate(output.rules):
            for likely, words, body in _changed(rule.body, lambda term: here(term, sizes, names, say)):
                found.append((likely, words, _with(outputs, place, number, body)))
    patterns = [_pattern(words) for _, words, _ in found]
    for wanted in dict.fromkeys(pattern for pattern in patterns if patterns.count(pattern) > 1):
        rank = next(rank for rank, words, _ in found if _pattern(words) == wanted) + 2.5
        alike = _everywhere(outputs, lambda term, wanted=wanted: _first(here(term, sizes, names, say), wanted))  # type: ignore[misc]
        found.append((rank, f"{next(words for _, words, _ in found if _pattern(words) == wanted)}, everywhere", alike))
    for _, words, changed in sorted(found, key=lambda item: item[0]):
        yield words, changed
    for one, other in itertools.islice(itertools.combinations(names, 2), _MOST_PAIRS):
        if one.shape == other.shape:
            yield f"with {say(one)} and {say(other)} exchanged", _everywhere(outputs, lambda term, a=one, b=other: _exchanged(term, a, b))  # type: ignore[misc]
    for (place, left), (number, right) in itertools.combinations(enumerate(outputs), 2):
        if left.shape == right.shape:
            order = list(outputs)
            order[place], order[number] = replace_name(right, left.name), replace_name(left, right.name)
            yield f"with the results {left.name} and {right.name} exchanged", order


def replace_name(output: Output, name: str) -> Output:
    """The output under another name."""
    return Output(name, output.rules, output.shape, output.diagonal)


def _names(outputs: list[Output], symbols: Symbols) -> list[Term]:
    """Every name that could have been written by mistake: inputs, constants, what the display itself defines."""
    known = [Term("input", (), shape, (name,)) for name, shape in symbols.inputs.items()]
    known += [Term("constant", (), (), (name,)) for name in symbols.constants]
    return known + [Term("local", (), output.shape, (output.name,)) for output in outputs[:-1]]


def _with(outputs: Sequence[Output], place: int, number: int, body: Term) -> list[Output]:
    output = outputs[place]
    rules = [*output.rules[:number], replace(output.rules[number], body=body), *output.rules[number + 1 :]]
    return [*outputs[:place], Output(output.name, rules, output.shape, output.diagonal), *outputs[place + 1 :]]


def _changed(term: Term, changes: Callable[[Term], Iterator[Change]]) -> Iterator[Change]:
    """The term with one change at one place."""
    for rank, words, other in changes(term):
        if other.shape == term.shape:
            yield rank, words, other
    for place, item in enumerate(term.args):
        for rank, words, other in _changed(item, changes):
            yield rank, words, replace(term, args=(*term.args[:place], other, *term.args[place + 1 :]))


def _everywhere(outputs: list[Output], change: Callable[[Term], Term | None]) -> list[Output]:
    """The outputs with a change wherever it applies."""
    return [
        Output(output.name, [replace(rule, body=_all(rule.body, change)) for rule in output.rules], output.shape, output.diagonal)
        for output in outputs
    ]


def _all(term: Term, change: Callable[[Term], Term | None]) -> Term:
    other = change(term)
    if other is not None:
        return other
    return replace(term, args=tuple(_all(item, change) for item in term.args)) if term.args else term


def _pattern(words: str) -> str:
    """The words without the indices in them: x[i] above a fraction is x[j] below it."""
    return re.sub(r"\[[^\[\]]*\]", "[]", words)


def _first(changes: Iterator[Change], pattern: str) -> Term | None:
    return next((other for _, said, other in changes if _pattern(said) == pattern), None)


def _exchanged(term: Term, one: Term, other: Term) -> Term | None:
    for old, new in ((one, other), (other, one)):
        if term.op == old.op and term.data == old.data:
            return replace(new, side=term.side)
    return None
