"""The stated equations, translated and held against the subject's functions on the values that they meet at work."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._calls import FunctionCall, ModuleCall, named, recorded, run, run_elsewhere, watched
from .._check import Check
from .._examination import Examination
from .._inputs import Batch, is_integer
from ._assign import APART, PAIRS, SAME, TOO_LONG, Attempt, attempts, candidates, close, difference, matched, paired, undeclared
from ._spellings import constants, indexed, spellings, stands_in

MOST_ASSIGNMENTS = 24
_TUPLE = re.compile(r"\\sum_\{\s*\(([^()]*)\)[^{}]*\}")
_ATOM = re.compile(r"((?:\\(?:hat|tilde|bar)\s*(?:\{[A-Za-z]\}|[A-Za-z])|\\[a-z]+|[A-Za-z]))_(\{[a-z]+\}|[a-z])")
# What an equation commonly leaves out: where the code speaks of it, a difference proves nothing.
_LEFT_OUT = re.compile(r"mask|tril|triu|dropout|rand|bernoulli|padding|padded|causal|rotary|alibi")
_INNER = re.compile(r"([A-Za-z]_(?:\{[a-z]\}|[a-z]))\s*\\cdot\s*([A-Za-z]_(?:\{[a-z]\}|[a-z]))(?![A-Za-z])")
_FRESH = tuple(f"\\mathcal{{{letter}}}" for letter in "ABCDEFGH")


def stated_equations(examination: Examination) -> list[Evidence]:
    """Hold each stated equation against its function; one finding for each."""
    stated = examination.facts.get("equations")
    if not isinstance(stated, dict) or not stated:
        return [examination.skipped("no equation is stated")]
    found = []
    for qualname, latex in sorted(stated.items()):
        if isinstance(qualname, str) and isinstance(latex, str):
            found.append(_loss(examination, latex) if qualname == "loss" else _function(examination, qualname, latex))
    return found


# --- a function or a method, by its arguments ----------------------------------------------------------------------


def _function(examination: Examination, qualname: str, latex: str) -> Evidence:
    place = named(examination, qualname)
    if place is None:
        return _unsure(examination, qualname, "the file has no such function")
    outcomes = []
    for seed in (1, 2):
        model = examination.perturbed(seed)
        with recorded(*place) as calls:
            run(examination, model, examination.batch(_rows(examination), seed=seed))
            if not calls:
                run_elsewhere(examination, _rows(examination) or examination.layout.size, seed)
        outcomes += [_doubted(examination, qualname, latex, _held(examination, latex, call)) for call in calls]
    if not outcomes:
        return _unsure(examination, qualname, "it is not called by forward, loss, batch or step")
    return _together(examination, qualname, outcomes)


def _doubted(examination: Examination, qualname: str, latex: str, outcome: tuple[str, str, float]) -> tuple[str, str, float]:
    """Turn a difference into doubt where the code speaks of what equations leave out and this one does."""
    if outcome[0] == "fail" and _LEFT_OUT.search(examination.source.code(qualname)) and "mask" not in latex:
        return "unsure", "they differ, and the code masks or draws, of which the equation does not speak", 0.0
    if (
        outcome[0] == "fail"
        and outcome[2] < 0.05
        and re.search(r"clamp|clip\(|\beps|\d+e-0?(?:[4-9]|1\d)", examination.source.code(qualname))
    ):
        return "unsure", "they differ by little, and the code keeps values from 0, of which the equation does not speak", 0.0
    return outcome


def _rows(examination: Examination) -> int | None:
    """Return a number of samples that no other axis of the batch has, None (the usual size) for graphs."""
    if examination.layout.graph:
        return None
    taken = {
        size
        for key, value in examination.batch().items()
        if isinstance(value, Tensor)
        for axis, size in enumerate(value.shape)
        if axis != examination.layout.axes.get(key)
    }
    return next(size for size in (11, 13, 17, 19, 23) if size not in taken or size == 23)


def _held(examination: Examination, latex: str, call: FunctionCall) -> tuple[str, str, float]:
    """Return (verdict, reason, difference) for one call."""
    if not isinstance(call.result, Tensor) or not call.result.is_floating_point():
        return "unsure", "it does not return one tensor of real numbers", 0.0
    latex = _INNER.sub(r"\1^\\top \2", latex)  # p_i \cdot z_i of two rows is their inner product
    options: dict[str, list[str]] = {}
    open_names: list[str] = []
    for name, value in call.arguments.items():
        if value is None:
            continue
        if not isinstance(value, int | float | Tensor) or isinstance(value, bool):
            return "unsure", f"its argument {name!r} is no tensor and no number", 0.0
        if fitting := [symbol for symbol in spellings(name) if stands_in(symbol, latex)]:
            options[name] = fitting
        elif isinstance(value, Tensor):
            open_names.append(name)
    for name, value in call.attributes.items():
        if isinstance(value, Tensor) and (fitting := [symbol for symbol in spellings(name) if stands_in(symbol, latex)]):
            options.setdefault(name, fitting)
    attributes = {name: float(value) for name, value in call.attributes.items() if isinstance(value, int | float)}
    if len(open_names) > 1 or any(not call.arguments[name].is_floating_point() for name in open_names):
        return "unsure", f"its argument {open_names[0]!r} cannot be found in the equation", 0.0
    tried: list[Attempt] = []
    symbols: dict[str, str] = {}
    values: dict[str, Tensor] = {}
    for chosen in itertools.islice(itertools.product(*options.values()), MOST_ASSIGNMENTS):
        if len(set(chosen)) < len(chosen):
            continue
        symbols = dict(zip(options, chosen, strict=True))
        values, numbers = _values(call, symbols)
        if open_names:  # one argument is left: it is the symbol that is left, unless that may be a constant
            missing = undeclared(latex, values, numbers)
            if missing is None or constants(missing, examination.facts, attributes):
                return "unsure", f"its argument {open_names[0]!r} cannot be found in the equation", 0.0
            symbols[open_names[0]] = missing
            values, numbers = _values(call, symbols)
        shared = frozenset(symbol for name, symbol in symbols.items() if name not in call.arguments)
        plain = attempts(latex, values, numbers, examination.facts, attributes, shared)
        each = (attempts(latex, v, numbers, examination.facts, attributes, shared, PAIRS) for v in paired(values, call.result))
        for attempt in itertools.chain(plain, *each):
            tried.append(attempt)
            if attempt.value is not None and (same := matched(call.result, attempt.value)) is not None:
                return _gradient(examination, call, symbols, values, same)
    if open_names:  # the symbol may stand for what the function makes of its argument
        return "unsure", f"they differ, and its argument {open_names[0]!r} goes by another name in the equation", 0.0
    if any(is_integer(value) and int(value.max()) > 1 for value in values.values() if value.numel()):
        return "unsure", "they differ, and whole numbers may be indices", 0.0
    throughout = all(indexed(symbol, latex) for symbol in symbols.values() if symbol in values)
    if throughout and (squares := {s: v.T for s, v in values.items() if v.ndim == 2 and v.shape[0] == v.shape[1]}):
        turned = list(attempts(latex, values | squares, numbers, examination.facts, attributes, shared))
        if any(attempt.value is not None and matched(call.result, attempt.value) is not None for attempt in turned):
            return "unsure", "they differ unless the axes of a square array are exchanged", 0.0
        tried = [replace(attempt, ambiguous=False) for attempt in tried + turned]  # neither order of its axes agrees
    if len(values) == 1 and not _OVER_AXES.search(latex):
        tried = [replace(attempt, ambiguous=False) for attempt in tried]  # element by element, whichever axis is which
    return _verdict(call.result, tried, throughout)


_OVER_AXES = re.compile(r"_|\\(sum|prod|top|max|min|mathbb|begin|det)|\^\{?(T|\\mathrm)|\\\||softmax|mean|var|norm|std|tr\b")


def _values(call: FunctionCall, symbols: dict[str, str]) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Return what the symbols are in a call: arrays that can be differentiated, and numbers."""
    values: dict[str, Tensor] = {}
    numbers: dict[str, float] = {}
    for name, symbol in symbols.items():
        value = call.arguments[name] if name in call.arguments else call.attributes[name]
        if isinstance(value, Tensor):
            values[symbol] = value.detach().double().requires_grad_() if value.is_floating_point() else value.detach()
        else:
            numbers[symbol] = float(value)
    return values, numbers


def _gradient(
    examination: Examination, call: FunctionCall, symbols: dict[str, str], values: dict[str, Tensor], same: Tensor
) -> tuple[str, str, float]:
    """Compare the gradients of a weighted sum where the values agree; an argument that is wholly detached may be so on purpose."""
    given = {name: value.clone().requires_grad_() if name in call.through else value for name, value in call.arguments.items()}
    names = [name for name in call.through if name in symbols]
    again = examination.quiet(lambda: call.again(given))
    if not names or not isinstance(again, Tensor) or not again.requires_grad or not same.requires_grad or not close(again, same, SAME):
        return "pass", "", 0.0
    weights = torch.randn(again.shape, generator=torch.Generator().manual_seed(0))
    got = torch.autograd.grad((again * weights).sum(), [given[name] for name in names], allow_unused=True)
    want = torch.autograd.grad((same * weights).sum(), [values[symbols[name]] for name in names], allow_unused=True)
    for name, one, other in zip(names, got, want, strict=True):
        if other is None or not bool(other.isfinite().all()) or float(other.abs().max()) < 1e-8:
            continue
        if one is None or float(one.abs().max()) == 0.0:
            return "unsure", f"no gradient reaches its argument {name!r}, and the equation does not say whether one should", 0.0
        if not close(one, other, 20 * APART):
            if "stop_gradient" in examination.facts:
                return "unsure", f"the gradient of its argument {name!r} is not that of the equation, and one is stopped on purpose", 0.0
            return "gradient", name, difference(one, other)
    return "pass", "", 0.0


def _verdict(got: Tensor, tried: list[Attempt], indexed_throughout: bool = False) -> tuple[str, str, float]:
    """Decide where no attempt agreed: it differs only where the attempts of the result's size can be told apart from it."""
    valued = [attempt for attempt in tried if attempt.value is not None]
    if not valued:
        return "unsure", f"the equation cannot be read: {tried[0].reason}" if tried else "no assignment fits", 0.0
    if any(attempt.reason == TOO_LONG for attempt in tried):
        return "unsure", "one way to read its arguments was not tried, for they are too long", 0.0
    if doubted := next((attempt.reason for attempt in tried if attempt.value is None and "can be read as" in attempt.reason), None):
        return "unsure", doubted, 0.0  # the layout that was meant may be the one that was refused
    plain = [attempt for attempt in valued if not attempt.ambiguous]
    if len(plain) < len(valued) and not (indexed_throughout and plain):
        return "unsure", "two axes have the same size, so the equation's indices cannot be told apart", 0.0
    # a number is no mean over pairs: which pairs it is made of, the equation's free indices do not say
    single = [attempt.value for attempt in valued if attempt.value is not None and (got.numel() > 1 or attempt.value.ndim < 2)]
    comparable = [form for value in single for form in candidates(got, value)]
    if not comparable:
        return "unsure", "the equation gives arrays of another size than the function", 0.0
    finite = [form for form in comparable if bool(form.isfinite().all())]
    if not finite or not bool(got.isfinite().all()):
        return "unsure", "the equation or the function is not finite on these values", 0.0
    least = min(difference(got, form) for form in finite)
    return ("fail", "", least) if least > APART else ("unsure", f"they differ by {least:.2g} of the largest element only", 0.0)


def _together(examination: Examination, qualname: str, outcomes: list[tuple[str, str, float]]) -> Evidence:
    """One finding from all calls: it fails where none is unsure and more than half of the calls differ."""
    verdicts = [verdict for verdict, _, _ in outcomes]
    differing = [size for verdict, _, size in outcomes if verdict == "fail"]
    if "unsure" not in verdicts and 2 * len(differing) > len(outcomes):
        size = min(differing)
        return examination.finding(
            "fail",
            f"{qualname} does not compute its stated equation: in {len(differing)} of {len(outcomes)} real calls it is off by {size:.3g} of the"
            " largest element or more, under every assignment of values to the symbols that fits",
            where=qualname,
            hint="Hold it against the equation term by term: signs, the axis that is summed over, factors, what stands under the root.",
            values={"difference": size},
        )
    if set(verdicts) == {"gradient"}:
        name, size = outcomes[0][1:]
        return examination.finding(
            "fail",
            f"{qualname} has the value of its stated equation and another gradient: that of {name} is off by {size:.3g} of the largest element",
            where=qualname,
            hint="Look for a detach, a .data or a no_grad around a part of it.",
            values={"difference": size},
        )
    if set(verdicts) == {"pass"}:
        return examination.passed(f"{qualname} computes its stated equation", calls=float(len(outcomes)))
    reason = next((reason for verdict, reason, _ in outcomes if verdict == "unsure"), "some calls agree and others do not")
    return _unsure(examination, qualname, reason)


def _unsure(examination: Examination, qualname: str, reason: str) -> Evidence:
    return examination.finding("unsure", f"{qualname} could not be held against its equation: {reason}", where=None)


# --- the loss, by what its modules were given -----------------------------------------------------------------------


def _loss(examination: Examination, latex: str) -> Evidence:
    outcomes = []
    for seed in (1, 2):
        model = examination.perturbed(seed)
        batch = examination.batch(_rows(examination), seed=seed)
        with watched(model, batch) as calls:
            value = run(examination, model, batch)
        again = examination.quiet(lambda: examination.loss(model, dict(batch), seed=4))  # noqa: B023
        if value is None or again is None or abs(float(value) - float(again)) > 1e-5 * max(1.0, abs(float(value))):
            return _unsure(examination, "loss", "it draws random numbers, or is refused")
        assigned = list(itertools.islice(_assignments(examination, latex, model, batch, calls), MOST_ASSIGNMENTS))
        if not assigned:
            return _unsure(examination, "loss", "its symbols could not be found among the output, the batch and the modules' outputs")
        tried: list[Attempt] = []
        for rewritten, values in assigned:
            tried += attempts(rewritten, values, {}, examination.facts, {})
        if any(attempt.value is not None and matched(value, attempt.value) is not None for attempt in tried):
            outcomes.append(("pass", "", 0.0))
        else:
            outcomes.append(_verdict(value, tried))
    return _together(examination, "loss", outcomes)


def _assignments(
    examination: Examination, latex: str, model: nn.Module, batch: Batch, calls: list[ModuleCall]
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield (equation, value of each symbol): by the tuple that it sums over, or by an estimate \\hat x beside its x."""
    if pair := _TUPLE.search(latex):
        yield from _by_tuple(latex, pair, batch, calls)
    elif "input" in examination.facts:
        return  # what is compared may be the input as the model scales it
    elif found := re.search(r"\\hat\s*\{?\s*([A-Za-z])\s*\}?", latex):
        with torch.no_grad():
            output = examination.forward(model, dict(batch), seed=3)
        for value in (output, output.sigmoid(), output.tanh(), output.exp(), *([output.softmax(dim=-1)] if output.ndim > 1 else [])):
            for target in batch.values():
                if isinstance(target, Tensor) and target.shape == output.shape and target.is_floating_point():
                    yield latex, {f"\\hat {found[1]}": value, found[1]: target}


def _by_tuple(latex: str, found: re.Match[str], batch: Batch, calls: list[ModuleCall]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """A sum over tuples (u, i, j) is one over samples; each symbol with these indices is what a module made of these entries, in order."""
    entries = _entries([letter.strip() for letter in found[1].split(",")], batch)
    if entries is None:
        return
    printed = {atom[0]: tuple(atom[2].strip("{}")) for atom in _ATOM.finditer(latex)}
    atoms = {atom: below for atom, below in printed.items() if all(letter in entries for letter in below)}
    if not atoms or len(atoms) > len(_FRESH):
        return
    rewritten = latex.replace(found[0], r"\sum_{n}", 1)
    options: list[list[tuple[str, Tensor]]] = []
    for atom, fresh in zip(sorted(atoms, key=len, reverse=True), _FRESH, strict=False):
        rewritten = rewritten.replace(atom, f"{fresh}_{{n}}")
        wanted = tuple(entries[letter] for letter in atoms[atom])
        fitting = [call.output.detach() for call in calls if call.entries == wanted and call.output.ndim in (1, 2)]
        fitting = [value for position, value in enumerate(fitting) if all(not torch.equal(value, other) for other in fitting[:position])]
        options.append([(fresh, value) for value in fitting])
    for chosen in itertools.product(*options):
        yield rewritten, dict(chosen)


def _entries(letters: list[str], batch: Batch) -> dict[str, str] | None:
    """Return which entry of the batch an index runs over: by first letters, the last two by "positive" before "negative"; None in doubt."""
    keys = [key for key, value in batch.items() if isinstance(value, Tensor)]
    if len(keys) != len(letters) or len(set(letters)) < len(letters):
        return None
    found = {
        letter: next(key for key in keys if key.startswith(letter))
        for letter in letters
        if sum(key.startswith(letter) for key in keys) == 1
    }
    rest = [key for key in keys if key not in found.values()]
    left = [letter for letter in letters if letter not in found]
    if len(rest) > 1:
        rest.sort(key=lambda key: not key.startswith("pos"))
        if len(rest) != 2 or not (rest[0].startswith("pos") and rest[1].startswith("neg")):
            return None
    return found | dict(zip(left, rest, strict=True)) if len(left) == len(rest) else None


EQUATIONS = Check(
    name="stated equations",
    family="equations",
    finds="A function or a loss that does not compute the equation stated for it: a sign, an axis, a factor, a term.",
    uses=("equations", "temperature", "discount", "regularisation", "margin", "norm_eps"),
    misled_by="Symbols that stand for other values than the names suggest; where arguments and symbols cannot be matched it is unsure.",
    cost="forward",
    function=stated_equations,
)
