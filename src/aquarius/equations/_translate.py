"""From LaTeX to code that was run against the interpreter before it is shown, or to a refusal that says why and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core import BadInput, MissingExtra
from ._arithmetic import Choices
from ._emit import Emitter
from ._functions import call_label
from ._resolve import Resolver
from ._statements import Statement, statements
from ._symbols import Symbols, declarations
from ._tokens import Refusal
from ._typed import DESCENDING_POOL, EVEN_POOL, POOL, Output, Sizes

if TYPE_CHECKING:
    from torch import Tensor

    from ._interpret import Unfit

MOST_READINGS = 192
# Reasons that another choice of sizes may remove: halves of odd sizes, more columns than rows under an inverse, windows longer than their axis.
_SIZES_TO_BLAME = ("whole number", "singular", "has no element", "over nothing", "runs out of")
BACKENDS = ("torch", "numpy", "jax", "tensorflow")


@dataclass(frozen=True)
class Reading:
    """One way to read a display that the shapes allow."""

    outputs: list[Output]
    labels: dict[str, str]
    sizes: Sizes

    @property
    def supposed(self) -> tuple[tuple[str, str], ...]:
        """What this reading supposes about functions that the paper defines elsewhere."""
        return tuple(sorted((name, label) for name, label in self.labels.items() if name.startswith("result of")))


@dataclass(frozen=True)
class Translation:
    """What a display computes, as code, or why it was refused. `offset` counts bytes of the LaTeX."""

    status: str
    latex: str
    reason: str = ""
    offset: int = 0
    code: str = ""
    shapes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    signature: tuple[tuple[str, str], ...] = ()
    returns: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = field(default=(), repr=False, compare=False)
    symbols: Symbols = field(default_factory=Symbols, repr=False, compare=False)
    backend: str = "torch"
    verified: bool = False  # the text itself was run; False where its library is not installed

    def evaluate(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> dict[str, Tensor]:
        """Evaluate the display by the reference interpreter in float64; names are LaTeX names.

        Raises:
            BadInput: the display was refused, or the values do not have the declared shapes.
        """
        if self.status != "ok":
            raise BadInput(f"The equation was refused, so it cannot be evaluated: {self.reason}.")
        return evaluate(self, values, functions or {})[1]


def translate(latex: str, symbols: Mapping[str, Any] | Symbols | None = None, *, backend: str = "torch") -> Translation:
    """Translate a display to readable code, verified against the reference interpreter on random inputs.

    The text for every library is derived from the PyTorch text that passed; it is run itself where its library is installed.

    Raises:
        BadInput: the declarations are malformed or the backend is not known.
        MissingExtra: torch, which the verification needs, is not installed.
    """
    if not isinstance(latex, str):
        raise BadInput(f"The equation is LaTeX text, not a {type(latex).__name__}.")
    if backend not in BACKENDS:
        raise BadInput(f"There is no backend {backend!r} for equations. Known: {', '.join(BACKENDS)}.")
    table = declarations(symbols)
    try:
        found = statements(latex, table.words, table.bracketed)
        _need_torch()
        from ._libraries import other_text
        from ._verify import agreed, verified

        for pool in (POOL, EVEN_POOL, DESCENDING_POOL):
            try:
                chosen = agreed(table, readings(table, found, Sizes(table, pool)))
                code, parameters = _written(table, chosen[0], verified)
                ran = True
                if backend != "torch":
                    code, parameters, ran = other_text(table, chosen[0], code, parameters, backend)
                break
            except Refusal as refusal:
                if pool is DESCENDING_POOL or not any(words in refusal.reason for words in _SIZES_TO_BLAME):
                    raise
    except Refusal as refusal:
        return Translation("refused", latex, refusal.reason, refusal.at, symbols=table, backend=backend)
    except RecursionError:
        return Translation("refused", latex, "the display is nested too deep", 0, symbols=table, backend=backend)
    first = chosen[0]
    shapes = {output.name: output.shape for output in first.outputs}
    returns = wanted_names(table, first)
    return Translation("ok", latex, "", 0, code, shapes, tuple(parameters), returns, tuple(chosen), table, backend, ran)


def wanted_names(symbols: Symbols, reading: Reading) -> tuple[str, ...]:
    """The outputs that the code returns: those declared, else the last."""
    names = [output.name for output in reading.outputs]
    return tuple(name for name in symbols.outputs if name in names) or (names[-1],)


def _written(
    symbols: Symbols, reading: Reading, verified: Callable[[Symbols, Reading, str, list[tuple[str, str]]], None]
) -> tuple[str, list[tuple[str, str]]]:
    """The text that passes: in array form where that equals the interpreter, else in loops."""
    plain = write(symbols, reading, arrays=False)
    arrays = write(symbols, reading, arrays=True)
    if arrays[0] != plain[0]:
        try:
            verified(symbols, reading, *arrays)
            return arrays
        except Refusal:
            pass
    verified(symbols, reading, *plain)
    return plain


def write(symbols: Symbols, reading: Reading, *, arrays: bool) -> tuple[str, list[tuple[str, str]]]:
    """The text of one reading, with array operations or with loops for its running indices."""
    emitter = Emitter(symbols, reading.sizes, reading.outputs, list(wanted_names(symbols, reading)), arrays)
    title = wanted_names(symbols, reading)[-1]
    return emitter.function(title if title != "out" else "value")


def readings(
    symbols: Symbols,
    found: list[Statement],
    sizes: Sizes,
    results: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Reading]:
    """Enumerate the readings that names, indices and shapes allow; `results` are known shapes of results of foreign functions.

    Raises:
        Refusal: there is none, or there are too many.
    """
    try:
        return _readings(symbols, found, sizes, results, False)
    except Refusal:
        if not symbols.functions or results is not None:
            raise
        try:  # results of every declared shape are supposed only where the usual shapes fit nowhere
            return _readings(symbols, found, sizes, results, True)
        except Refusal:
            pass
        raise


def _readings(
    symbols: Symbols, found: list[Statement], sizes: Sizes, results: Mapping[str, tuple[str, ...]] | None, wide: bool
) -> list[Reading]:
    survivors: list[Reading] = []
    refusals: list[Refusal] = []
    stack: list[tuple[int, ...]] = [()]
    tried = 0
    while stack:
        script = stack.pop()
        tried += 1
        if tried > MOST_READINGS:
            raise Refusal("the display can be read in too many ways", 0)
        choices = Choices(script, results=results, wide=wide)
        try:
            outputs = Resolver(symbols, found, sizes, choices).outputs()
        except Refusal as refusal:
            refusals.append(refusal)
        else:
            reading = Reading(outputs, dict(choices.labels or {}), sizes)
            if _fits_declared(symbols, reading):
                survivors.append(reading)
            else:
                refusals.append(Refusal("the result does not have the declared shape", 0))
        made = list((choices.made or {}).values())
        for place in range(len(choices.counts or []) - 1, len(script) - 1, -1):
            for option in range((choices.counts or [])[place] - 1, 0, -1):
                stack.append((*made[:place], option))
    if not survivors:
        raise max(refusals, key=lambda refusal: refusal.at)  # of the reading that came furthest
    return survivors


def _fits_declared(symbols: Symbols, reading: Reading) -> bool:
    """Whether the results have as many axes as declared; axes of one element do not count."""
    last = wanted_names(symbols, reading)
    for output in reading.outputs:
        declared = symbols.output_shapes.get(output.name)
        if declared is None and output.name == last[-1] and len(last) == 1:
            declared = symbols.output_shapes.get("out")
        if declared is None:
            continue
        want = [dim for dim in declared if dim != "1"]
        have = [dim for dim in output.shape if reading.sizes.of(dim) != 1]
        if len(want) != len(have):
            return False
        if any(not a.isdigit() and reading.sizes.of(a) >= 0 and not reading.sizes.same(a, b) for a, b in zip(want, have, strict=True)):
            return False
    return True


def evaluate(
    translation: Translation, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> tuple[Reading, dict[str, Tensor]]:
    """Evaluate by the first reading that the given values and functions fit."""
    from ._interpret import Interpreter, Unfit
    from ._verify import as_values

    ready = as_values(translation.symbols, values)
    reason = "no reading fits"
    wrong: Unfit | None = None
    for reading in translation.readings:
        try:
            return reading, Interpreter(translation.symbols, ready, functions).run(reading.outputs)
        except Unfit as unfit:
            reason = str(unfit)
            wrong = unfit if unfit.call is not None else wrong
    if wrong is not None:
        found = _read_anew(translation, ready, functions, wrong)
        if found is not None:
            return found
    raise BadInput(f"The equation cannot be evaluated with these values: {reason}.")


MOST_CALLS = 8


def _read_anew(
    translation: Translation, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], unfit: Unfit
) -> tuple[Reading, dict[str, Tensor]] | None:
    """Read the display again with the shapes that the foreign functions really return; None where it has no one meaning then."""
    from ._interpret import Interpreter, Unfit, bound_sizes
    from ._verify import agreed

    table = translation.symbols
    atoms = dict(bound_sizes(table, values).values)
    found = statements(translation.latex, table.words, table.bracketed)
    results: dict[str, tuple[str, ...]] = {}
    for _ in range(MOST_CALLS):
        assert unfit.call is not None
        label = call_label(unfit.call.data[0], unfit.call.args)
        if label in results:
            return None
        results[label] = tuple(next((name for name, size in atoms.items() if size == number), str(number)) for number in unfit.shape)
        try:
            candidates = agreed(table, readings(table, found, Sizes(table), results))
        except Refusal:
            return None
        wrong: Unfit | None = None
        for reading in candidates:
            try:
                return reading, Interpreter(table, values, functions).run(reading.outputs)
            except Unfit as other:
                wrong = other if other.call is not None else wrong
        if wrong is None:
            return None
        unfit = wrong
    return None


def _need_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtra("torch", "torch", "Verifying an equation's code") from None
