"""A function that is its stated equation but for one slip, and the equation itself under no reading."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ...core import Evidence
from .._calls import FunctionCall, named, recorded, run, run_elsewhere
from .._check import card
from .._examination import Examination
from .._functions import own_functions
from ._aligned import Axes, evaluate, sizes_of
from ._equation_values import STATISTICS, Option, forms, sources_of, statistic_of, written
from ._equations import _rows
from ._expressions import Display, Node, Unreadable, complex_parts, expects, label, read, without_expectations
from ._likeness import likeness, pole
from ._slips import OF_ONE, printed, slips
from ._spellings import constants, spellings

MOST_ASSIGNMENTS, MOST_READINGS, MOST_BEST = 2500, 48, 12
SAME, APART = 3e-4, 5e-3
Key = tuple[str, int]


@dataclass(frozen=True)
class Assignment:
    """Values of an expression's atoms: how well the names fit, which parameters are used, and what each atom was given."""

    score: int
    values: dict[Key, Tensor]
    used: set[str]
    chosen: dict[Key, Option]

    def allows(self, slip: str, body: Node) -> bool:
        """Say whether a slip can be told from an argument that was changed beforehand: by names that fit, and an atom of its own."""
        if slip.startswith(OF_ONE):
            named = [option for (name, _), option in self.chosen.items() if printed(name) in slip]
            return all(option.score >= 2 for option in named if option.source)
        left = {label(atom) for atom in body.atoms()}
        lost = [option for (name, _), option in self.chosen.items() if name not in left]
        kept = {option.source for (name, _), option in self.chosen.items() if name in left}
        return all(option.source not in kept and option.score >= 2 if option.source else option.score >= 0 for option in lost)


@dataclass(frozen=True)
class Outcome:
    """What one call told: whether the equation holds, and the slips with which it would."""

    holds: bool
    slips: frozenset[str]
    reason: str = ""


def equation_slips(examination: Examination) -> list[Evidence]:
    """Hold each function against its stated equation and, where that fails under every reading, against the equation with one slip."""
    stated = examination.facts.get("equations")
    if not isinstance(stated, dict) or not stated:
        return [examination.skipped("no equation is stated")]
    found = []
    for qualname, latex in sorted(stated.items()):
        place = named(examination, qualname) if isinstance(qualname, str) and isinstance(latex, str) and qualname != "loss" else None
        if place is not None:
            found.append(_judged(examination, qualname, latex))
    return found or [examination.skipped("no function of the file has a stated equation")]


def _judged(examination: Examination, qualname: str, latex: str) -> Evidence:
    calls = _calls(examination, qualname)
    if not calls:
        return examination.unsure(f"{qualname} is not called by batch, build, forward, loss or step")
    if re.search(r"\.training\b|bernoulli|dropout", examination.source.code(qualname)):
        return examination.unsure(f"{qualname} does another thing in training, and its equation does not say which it is of")
    with torch.no_grad():
        outcomes = [_outcome(examination, qualname, latex, call) for call in calls[:4]]
    if all(outcome.holds for outcome in outcomes):
        return examination.passed(f"{qualname} computes its stated equation", calls=float(len(outcomes)))
    common = frozenset.intersection(*(outcome.slips for outcome in outcomes))
    if common and not any(outcome.holds for outcome in outcomes):
        slip = min(common, key=lambda text: (len(text), text))
        return examination.finding(
            "fail",
            f"{qualname} is its stated equation {slip}, on the values of {len(outcomes)} real calls, and the equation itself under no reading",
            where=qualname,
            hint=f"The stated equation is {latex}",
        )
    reason = next((outcome.reason for outcome in outcomes if outcome.reason), "no reading of the equation agrees, with or without one slip")
    return examination.unsure(f"{qualname} could not be held against its equation: {reason}")


def _calls(examination: Examination, qualname: str) -> list[FunctionCall]:
    """Return the calls in forward and loss at two perturbed models, or in build and step where there are none."""
    calls: list[FunctionCall] = []
    for seed in (1, 2):
        model = examination.perturbed(seed)
        batch = examination.batch(_rows(examination), seed=seed)
        calls += _recorded(examination, qualname, lambda: run(examination, model, batch))[:2]  # noqa: B023
    if calls:
        return calls
    for seed in (1, 2):
        rows = _rows(examination) or examination.layout.size
        calls += _recorded(examination, qualname, lambda: run_elsewhere(examination, rows, seed))[:2]  # noqa: B023
    return calls


def _recorded(examination: Examination, qualname: str, work: Callable[[], Any]) -> list[FunctionCall]:
    """Return the calls of one function while something runs; what the file's other functions gave stands in its attributes, by their names."""
    every: dict[str, list[FunctionCall]] = {}
    with ExitStack() as stack:
        for name in {qualname, *own_functions(examination)}:
            place = named(examination, name)
            if place is not None:
                every[name] = stack.enter_context(recorded(*place))
        examination.quiet(work)
    for number, call in enumerate(every[qualname]):
        for name, others in every.items():
            result = others[min(number, len(others) - 1)].result if others and name != qualname else None
            if isinstance(result, Tensor) and result.is_floating_point():
                call.attributes.setdefault(name.rpartition(".")[2], result.detach())
    return [_shaken(examination, call) for call in every[qualname]]


def _shaken(examination: Examination, call: FunctionCall) -> FunctionCall:
    """Return the same call with noise in the place of arguments that are one number throughout, which would hide signs and powers."""
    empty = [
        name
        for name, value in call.arguments.items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.numel() > 1 and bool((value == value.flatten()[0]).all())
    ]
    if not empty:
        return call
    generator = torch.Generator().manual_seed(5)
    given = dict(call.arguments)
    for name in empty:
        value = call.arguments[name]
        level = float(value.flatten()[0])
        noise = torch.rand(value.shape, generator=generator) + 0.5 if level else torch.randn(value.shape, generator=generator)
        given[name] = (noise * level if level else noise).to(value.dtype)
    kept = {name: value.clone() if isinstance(value, Tensor) else value for name, value in given.items()}
    with torch.no_grad():
        result = examination.quiet(lambda: call.again(given))
    return call if result is None else replace(call, arguments=kept, result=result)


# --- one call -------------------------------------------------------------------------------------------------------


def _outcome(examination: Examination, qualname: str, latex: str, call: FunctionCall) -> Outcome:
    displays, reason = _displays(latex)
    results = call.result if isinstance(call.result, tuple | list) else (call.result,)
    if not displays or not all(isinstance(result, Tensor) and result.is_floating_point() for result in results):
        return Outcome(False, frozenset(), reason or "it does not return arrays of real numbers")
    holds, found = False, set()
    expected = any(expects(body) for display in displays for _, body in display.results)
    numbers = written(examination.source.code(qualname))
    for display in displays:
        if len(results) == 2 and len(display.results) == 1 and (pair := complex_parts(display.results[0][1])) is not None:
            display = replace(display, results=tuple((None, part) for part in pair))
        if len(results) > 1 and len(results) != len(display.results):
            reason = "it returns more than the equation gives"
            continue
        if expected and results[0].numel() == 1 and not any(expects(body) for _, body in display.results):
            continue  # one number for the batch is the mean that is stated, and no sum
        whole, some = True, None
        for (left, body), result in zip(display.results, results, strict=False):
            exact, slipped, why = _Holding(examination, display, left, body, call, result.detach().double(), numbers).judged()
            whole, reason = whole and exact, reason or why
            some = slipped if some is None and not exact else some if exact else (some or set()) & slipped
        holds = holds or whole
        found |= some or set()
    return Outcome(holds, frozenset() if holds else frozenset(found), reason)


def _displays(latex: str) -> tuple[list[Display], str]:
    found: list[Display] = []
    reason = ""
    inner = re.sub(r"([A-Za-z](?:_\{[^{}]*\}|_?[^\s{}\\]|'|\^\{?[a-z+-]\}?)?)\s*\\cdot\s*(?=[A-Za-z])", r"\1^\\top ", latex)
    for text, wide in itertools.product(dict.fromkeys((latex, inner)), (False, True)):  # a dot may be an inner product
        try:
            display = read(text, wide)
        except Unreadable as error:
            reason = f"the equation cannot be read: {error}"
            continue
        except RecursionError:
            continue
        for some in (display, *_outer(display), *_expected(display)):
            if some not in found:
                found.append(some)
    return found, "" if found else reason


def _expected(display: Display) -> Iterator[Display]:
    """Yield a display whose inner expectations are of one draw, and, where all that is left is one, what is expected for each sample."""
    for inside in (True, False):
        results = tuple((left, without_expectations(body, inside)) for left, body in display.results)
        if results != display.results:
            yield replace(display, results=results)


def _outer(display: Display) -> Iterator[Display]:
    """Yield a display whose inner sum is one value, as a function has it that is given the sum."""
    if len(display.results) == 1 and display.results[0][1].kind == "add":
        left, body = display.results[0]
        for place, part in enumerate(body.parts):
            inside = part.parts if part.kind == "mul" else (part,)
            if any(item.kind == "sum" and item.index != "feature" for item in inside):
                items = tuple(Node("atom", "V", index="'") if item.kind == "sum" else item for item in inside)
                other = items[0] if len(items) == 1 else replace(part, parts=items)
                parts = (*body.parts[:place], other, *body.parts[place + 1 :])
                yield Display(((left, replace(body, parts=parts)),), display.numbers)


class _Holding:
    """One expression held against one result."""

    def __init__(
        self,
        examination: Examination,
        display: Display,
        left: Node | None,
        body: Node,
        call: FunctionCall,
        result: Tensor,
        written: list[float],
    ) -> None:
        self.examination, self.display, self.left, self.body, self.result, self.written = examination, display, left, body, result, written
        self.sources = sources_of(call)
        self.arguments = {
            name for name, value in self.sources.items() if isinstance(value, Tensor) and name.split("[")[0] in call.arguments
        }
        self.numbers = {name for name in call.arguments if not isinstance(self.sources.get(name), Tensor)}
        given = [self.sources[name] for name in self.arguments]
        alone = not list(body.reductions()) and not any(atom.name in STATISTICS for atom in body.atoms())
        if given and alone and all(value.shape == result.shape for value in given) and not self.shifts():
            self.sources |= {name: self.sources[name].flatten() for name in self.arguments}  # element by element: axes do not matter
            self.result = result.flatten()

    def judged(self) -> tuple[bool, set[str], str]:
        """Return (does it hold, the slips with which it would, why nothing can be said)."""
        exact, slipped, reason = False, set(), ""
        for axes in self.readings():
            ranked = self.ranked(axes)
            if not ranked:
                reason = reason or "its symbols cannot be matched with its arguments"
                continue
            best, exchanged, next_best = ranked[0].score, False, 0
            for one in ranked:
                for along in self.reductions(self.body, axes):
                    value = self.value(self.body, one.values, along)
                    if value is not None and self.agrees(value, axes) is True:
                        exact, exchanged, next_best = exact or one.score >= best - 1, True, max(next_best, one.score)
            if exact:
                return True, set(), ""
            for one in ranked[:MOST_BEST]:
                if one.score == best and self.arguments <= one.used:
                    slipped |= self.slipped(one, axes)
            if exchanged and not slipped and best - next_best >= 3:
                slipped.add("with two of its arguments exchanged")
            if exchanged:
                reason = "it holds with its arguments exchanged"
        return False, slipped, reason

    def slipped(self, one: Assignment, axes: Axes) -> set[str]:
        found, values = set(), one.values
        if any("soft" in node.index for node in self.body.reductions()) or self.rows_axis(self.body) is not None:
            for along in self.reductions(self.body, axes, samples=True):
                value = self.value(self.body, values, along)
                if value is not None and self.agrees(value, axes) is True:
                    found.add(f"with its {'norms' if self.rows_axis(self.body) is not None else 'softmax'} over the samples")
        for along in self.reductions(self.body, axes):
            plain = self.value(self.body, values, along)
            if plain is None or self.agrees(plain, axes, APART) is not False:
                continue
            for slip, body in slips(self.body):
                value = self.value(body, values, along) if one.allows(slip, body) else None
                if value is not None and self.agrees(value, axes) is True:
                    found.add(slip)
            for name, stated in self.display.numbers.items():
                for other in self.written:
                    keys = {key: torch.tensor(other, dtype=torch.float64) for key in values if key[0] == name}
                    value = self.value(self.body, values | keys, along) if keys and other != stated else None
                    if value is not None and self.agrees(value, axes) is True:
                        found.add(f"with {other:g} where {stated:g} is stated")
        return found

    def shifts(self) -> set[int]:
        """Return the k of all t+k."""
        return {atom.shift for atom in self.body.atoms()} - {0}

    def readings(self) -> list[Axes]:
        """Return the ways to see the axes: with t+1 as the next element along one of them, where the expression shifts, and without."""
        atoms = list(self.body.atoms())
        kept = [name for name in self.sources if name in self.arguments or any(likeness(name, atom) >= 2 for atom in atoms)]
        tensors = [self.result, *(self.sources[name] for name in kept if isinstance(self.sources[name], Tensor))]
        found = []
        if self.shifts():
            for size in dict.fromkeys(self.result.shape):
                sizes = sizes_of(tensors)
                if sizes is not None and size > 2:
                    along = tuple(own for own in sizes if own != size + 1)
                    found.append(Axes(along, along.index(size)))
        sizes = sizes_of(tensors)
        if sizes is not None and not self.recursive():
            found.append(Axes(sizes))
        return found

    def recursive(self) -> bool:
        """Say whether the expression speaks of its own left side."""
        return self.left is not None and any(label(atom) == label(self.left) and atom.shift for atom in self.body.atoms())

    def ranked(self, axes: Axes) -> list[Assignment]:
        """Return the assignments, the likeliest first."""
        keys: dict[Key, Node] = {}
        for atom in self.body.atoms():
            keys.setdefault((label(atom), atom.shift), atom)
        base = -min([0, *(atom.shift for atom in keys.values())])
        options: list[list[Option]] = []
        for (name, shift), atom in keys.items():
            fixed = self.fixed(name, atom, axes, shift + base)
            some = fixed if fixed is not None else self.options(atom, axes, shift + base)
            if not some:
                return []
            options.append(sorted(some, key=lambda option: -option.score)[:8])
        found = []
        for chosen in itertools.islice(itertools.product(*options), MOST_ASSIGNMENTS):
            sources = {name for option in chosen for name in (option.source, option.beside) if name}
            pairs = list(zip(keys, chosen, strict=True))
            if not _injective(list(keys.values()), chosen):
                continue
            score = (
                sum(option.score for option in chosen)
                + _ordered(chosen)
                + 2 * len(sources & self.arguments)
                - len(sources - self.arguments)
            )
            values = {key: option.value for key, option in pairs}
            for (name, shift), option in pairs:
                if shift and option.raw is not None and (now := axes.laid(option.raw, base)) is not None:
                    values.setdefault((name, 0), now)
            found.append(Assignment(score, values, sources, dict(pairs)))
        found.sort(key=lambda item: -item.score)
        return found[:MOST_READINGS]

    def counted(self, atom: Node, axes: Axes) -> list[Option]:
        """Return the numbers of the elements along each axis, from 0 and from 1, for an index of the left side that stands alone."""
        if self.left is None or atom.index or atom.name not in re.sub(r"\\[a-z]+", "", self.left.index):
            return []
        found = []
        for place, size in enumerate(axes.sizes):
            shape = [1] * len(axes.sizes)
            shape[place] = size
            count = torch.arange(size, dtype=torch.float64).reshape(shape)
            found += [Option("", count, 0), Option("", count + 1, 0)]
        return found

    def fixed(self, name: str, atom: Node, axes: Axes, shift: int) -> list[Option] | None:
        """Return the value of an atom that is no argument: a stated number, the result itself, a constant, a size."""
        if self.left is not None and name == label(self.left) and self.recursive():
            laid = axes.laid(self.result, shift)
            # an in-place rule speaks of the value before, a recursion of that one step on
            if laid is not None and axes.time is not None:
                return [Option("", laid, 0)]
        if name in self.display.numbers:
            return [Option("", torch.tensor(self.display.numbers[name], dtype=torch.float64), 0)]
        if name == "\\pi|":
            return [Option("", torch.tensor(torch.pi, dtype=torch.float64), 0)]
        if any(likeness(source, atom) >= 2 for source in self.sources):
            return None
        numbers = {k: float(v) for k, v in self.sources.items() if not isinstance(v, Tensor)}
        known = constants(atom.name, self.examination.facts, numbers)
        options = [Option("", torch.tensor(value, dtype=torch.float64), 0) for value in known if isinstance(value, float)]
        if not options and any(isinstance(value, str) for value in known) and not atom.index:
            given = [value for name, value in numbers.items() if name in self.numbers and value >= 1 and value == int(value)]
            sizes = given or axes.sizes  # a size that the function is told is what the symbol means
            options = [Option("", torch.tensor(float(size), dtype=torch.float64), -1) for size in sizes]
        if not options:  # a constant of the file by the symbol's name
            written = [(k, v) for k, v in vars(self.examination.module).items() if k.isupper() and isinstance(v, float)]
            options = [Option("", torch.tensor(v, dtype=torch.float64), 0) for k, v in written if atom.name in spellings(k)]
        if not options and atom.name.startswith("\\bar") and not any(likeness(source, atom) >= 1 for source in self.sources):
            stated = vars(self.examination.module).items()
            options = [Option("", torch.tensor(v, dtype=torch.float64), 0) for k, v in stated if k.isupper() and isinstance(v, float)]
        return options or self.counted(atom, axes) or None

    def options(self, atom: Node, axes: Axes, shift: int) -> list[Option]:
        found = []
        padding = self.examination.number("padding_index")
        for source, value in self.sources.items():
            if atom.name == "m" and padding is not None and isinstance(value, Tensor) and value.dtype == torch.long:
                mask = (value != padding).double()
                if (laid := axes.laid(mask, shift)) is not None:
                    found.append(Option("", laid, 2, mask, source))
            score = likeness(source, atom)
            if not isinstance(value, Tensor):
                if score >= 1:
                    found.append(Option(source, torch.tensor(float(value), dtype=torch.float64), score))
                continue
            if score < 2 and source not in self.arguments:
                continue
            if score < 2 and (statistic := statistic_of(value, atom, axes, self.examination.words("normalisation") == "batch")) is not None:
                found.append(Option("", statistic, 2, None, source))
            for form, beside in forms(source, value, atom, self.sources):
                laid = axes.laid(form, shift)
                if laid is not None:
                    found.append(Option(source, laid, score, form, beside))
        return found

    def reductions(self, body: Node, axes: Axes, samples: bool = False) -> Iterator[dict[str, tuple[int, ...]]]:
        """Yield the axes that each index may run over; a softmax runs over the samples only where these are asked for."""
        names = list(dict.fromkeys(node.index for node in body.reductions()))
        every = list(range(len(axes.sizes)))
        choices: list[list[tuple[int, ...]]] = []
        for name in names:
            single: list[tuple[int, ...]] = [(axis,) for axis in every]
            if "soft" in name and len(every) > 1 and not samples:
                single = single[1:]
            if name in ("all", "norm", "feature") or (len(name) > 1 and "soft" not in name):
                single += [tuple(every[1:]), tuple(every)]
            if name in ("norm", "feature") and (rows := self.rows_axis(body)) is not None:
                single = [(rows,)] if samples else [along for along in single if rows not in along]
            choices.append(list(dict.fromkeys(some for some in single if some)))
        for chosen in itertools.product(*choices):
            yield dict(zip(names, chosen, strict=True))

    def rows_axis(self, body: Node) -> int | None:
        """Return the axis of the samples where a cosine of two arrays of rows is stated: norms and products are of one row each."""
        given = [self.sources[name] for name in self.arguments]
        norms = [node for node in body.reductions() if node.index == "norm"]
        alike = len(given) == 2 and all(value.ndim == 2 and value.shape == given[0].shape for value in given)
        if len(norms) < 2 or not alike or given[0].shape[0] == given[0].shape[1] or any("_" in atom.index for atom in body.atoms()):
            return None
        sizes = self.readings()[0].sizes if self.readings() else ()
        return sizes.index(given[0].shape[0]) if given[0].shape[0] in sizes else None

    def value(self, body: Node, values: dict[Key, Tensor], along: dict[str, tuple[int, ...]]) -> Tensor | None:
        with suppress(Unreadable, RuntimeError, IndexError, KeyError, ValueError):
            value = evaluate(body, values, along)
            return value if bool(value.isfinite().all()) else None
        return None

    def agrees(self, value: Tensor, axes: Axes, tolerance: float = SAME) -> bool | None:
        """Say whether a value is the result, or its mean or sum where the result is a number; None where their sizes differ."""
        base = -min([0, *(atom.shift for atom in self.body.atoms())])
        want = axes.laid(self.result, base)
        if want is None or not bool(want.isfinite().all()):
            return None
        forms = [value]
        if self.result.numel() == 1 and value.numel() > 1:
            forms = [value.mean(), value.sum(), value.sum() / value.shape[0]]
        answer: bool | None = None
        for form in forms:
            try:
                shape = torch.broadcast_shapes(form.shape, want.shape)
            except RuntimeError:
                continue
            if tuple(shape) != tuple(want.shape) and want.numel() != form.numel():
                continue
            scale = max(float(want.abs().max()), float(form.abs().max()), 1e-6)
            near = float((want - form).abs().max()) <= tolerance * scale
            answer = near or bool(answer)
        return answer


def _injective(atoms: list[Node], chosen: tuple[Option, ...]) -> bool:
    """Say whether no parameter is two different symbols; one symbol at another time or index may be the same parameter."""
    taken: dict[str, str] = {}
    return all(taken.setdefault(option.source, atom.name) == atom.name for atom, option in zip(atoms, chosen, strict=True) if option.source)


def _ordered(chosen: tuple[Option, ...]) -> int:
    """Give two points where a pair of opposite parameters stands in the order better, worse, in symbols that carry no mark."""
    poles = [pole(option.source) for option in chosen if option.source and pole(option.source)]
    return 2 if poles[:2] == [1, -1] else 0


EQUATION_SLIPS = card(
    "equations",
    "equation slips",
    "A function that equals its stated equation with one slip (a sign, min for max, a quotient upside down, a forgotten factor or term).",
    ("equations", "temperature", "discount", "margin", "regularisation"),
    "An argument that already holds a part of the equation: only exact equality with a single slip, under the likeliest reading of the names"
    " and with every argument used, fails.",
    equation_slips,
)
