"""Functions of numbers that give a number (rates of a warm-up, weights of an annealing), held against their stated equation over a whole run."""

from __future__ import annotations

import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...core import BadInput, Evidence
from ...equations import Translation, translate
from .._calls import FunctionCall, named, recorded
from .._check import card
from .._examination import Examination
from .._training import Training
from ._assign import UNDECLARED

SAME = 1e-4  # of the largest value
APART = 0.02  # of the largest value, at `OFTEN` of the points
OFTEN = 0.1
POINTS, MOST_SYMBOLS, MOST_ASSIGNMENTS = 48, 6, 400
# what is said of the argument after the equation: "t >= 1"
_CONDITION = re.compile(
    r"[,;.]?(?:\\[,;: ]|\\q?quad|\s)*(?:,|\\q?quad)(?:\\[,;: ]|\\q?quad|\s)*(?:\\text\{\s*for\s*\}\s*)?[a-z]\s*(?:\\geq?|\\leq?|\\in|<|>|=\s*[01],)[^,]*(?:,\s*\\l?dots.*)?$"
)
COUNTS = frozenset(["t", "s", "n", "i", "k", "u", "step", "step_num", "\\tau", "e", "j", "p"])
TOTAL = r"total|steps|length|horizon|last|end|max|period|duration|cycle"
WARM = r"warm|ramp"


@dataclass(frozen=True)
class Numbers:
    """A function as a curve: its one argument that runs, the values of the others, and how to call it."""

    variable: str
    others: dict[str, float]
    call: Callable[[float], float | None]
    whole: bool  # does it count


def stated_curves(examination: Examination) -> list[Evidence]:
    """Hold each function of numbers against its stated equation, from the first step to past the last."""
    stated = examination.facts.get("equations")
    found = []
    for qualname, latex in sorted(stated.items()) if isinstance(stated, dict) else ():
        numbers = _numbers(examination, qualname) if isinstance(qualname, str) and isinstance(latex, str) else None
        if numbers is not None:
            found.append(_judged(examination, qualname, latex, numbers))
    return found or [examination.skipped("no equation is stated for a function of numbers")]


def _numbers(examination: Examination, qualname: str) -> Numbers | None:
    """Return a function as a curve: called with numbers, of which one runs; None where it is something else."""
    place = named(examination, qualname)
    if place is None or "." in qualname or qualname in ("loss", "forward", "batch"):
        return None
    function = place[2]
    parameters = inspect.signature(function).parameters
    if not parameters or any(item.kind not in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY) for item in parameters.values()):
        return None
    calls = _calls(examination, place)
    given: dict[str, list[Any]] = {name: [call.arguments.get(name) for call in calls] for name in parameters}
    if any(not _is_number(value) for values in given.values() for value in values):
        return None
    open_names = [name for name, item in parameters.items() if item.default is item.empty]
    running = [name for name, values in given.items() if len(set(values)) > 1] or open_names
    if len(running) != 1:
        return None
    variable = running[0]
    others: dict[str, Any] = {
        name: values[0] if (values := given[name]) else parameters[name].default for name in parameters if name != variable
    }
    if any(not _is_number(value) for value in others.values()):
        return None
    whole = all(float(value).is_integer() for value in given[variable])

    def call(value: float) -> float | None:
        result = examination.quiet(lambda: function(**others, **{variable: int(value) if whole else value}))
        with suppress(TypeError, ValueError, RuntimeError):
            return None if result is None else float(result)
        return None

    first = call(1)
    return None if first is None else Numbers(variable, {name: float(value) for name, value in others.items()}, call, whole)


def _calls(examination: Examination, place: tuple[Any, str, Callable[..., Any]]) -> list[FunctionCall]:
    """Return the first calls while a model is built and takes three steps."""

    def work() -> None:
        training = Training(examination, examination.build())
        for seed in range(3):
            training.step(examination.batch(seed=seed))

    with recorded(*place) as calls:
        examination.quiet(work)
    return calls


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- the equation ---------------------------------------------------------------------------------------------------


def _judged(examination: Examination, qualname: str, latex: str, numbers: Numbers) -> Evidence:
    translation, symbols = _translated(_CONDITION.sub("", latex))
    if translation is None:
        return examination.unsure(f"{qualname} could not be held against its equation: {symbols[0]}")
    if numbers.call(2) is None:
        return examination.unsure(f"{qualname} refuses a second step")
    points = _points(examination, numbers)
    got = [numbers.call(point) for point in points]
    assignments = list(itertools.islice(_assignments(examination, symbols, numbers), MOST_ASSIGNMENTS))
    if not assignments:
        return examination.unsure(
            f"{qualname} could not be held against its equation: its symbols are not its arguments and no stated numbers"
        )
    best = max(score for score, _ in assignments)
    for score, chosen in assignments:
        for offset in (0, 1, -1):
            if score >= best - 2 and _agrees(translation, symbols, chosen, points, got, offset):
                return examination.passed(f"{qualname} follows its stated equation", points=float(len(points)))
    every = set(numbers.others) | {numbers.variable}
    likely = [chosen for score, chosen in assignments if score == best and every <= {name for name, _ in chosen.values()}]
    if best < 3 * len(symbols) or not likely:
        return examination.unsure(f"{qualname} differs from its equation, and its symbols have other names than its arguments")
    told = [_apart(translation, symbols, chosen, points, got) for chosen in likely]
    if any(one is None for one in told):
        return examination.unsure(f"{qualname} differs from its equation by little, at the ends or by a factor only")
    point, value, wanted = told[0]  # type: ignore[misc]
    return examination.finding(
        "fail",
        f"{qualname} does not follow its stated equation: at {numbers.variable} = {point:g} it gives {value:.4g}, and the equation {wanted:.4g}",
        where=qualname,
        hint="Hold it against the equation term by term: min and max, exponents, what is divided by what, where the pieces meet.",
        values={"got": value, "expected": wanted},
    )


def _translated(latex: str) -> tuple[Translation | None, list[str]]:
    """Return the equation of numbers alone and its symbols; None and the reason where it is refused."""
    symbols: list[str] = []
    for _ in range(MOST_SYMBOLS + 1):
        try:
            translation = translate(latex, {"inputs": {symbol: [] for symbol in symbols}, "constants": {"\\pi": math.pi}})
        except BadInput as error:
            return None, [str(error)]
        missing = UNDECLARED.match(translation.reason)
        if translation.status == "ok":
            return (translation, symbols) if symbols else (None, ["it has no symbols"])
        symbol = _symbol(missing[1]) if missing else ""
        if not symbol or symbol in symbols:
            return None, [translation.reason]
        symbols.append(symbol)
    return None, ["it has too many symbols"]


def _symbol(text: str) -> str:
    """Return a symbol as it is declared: without its power, without spaces inside a word, and a word of several letters by itself."""
    symbol = re.sub(r"\^(?:\{.*\}|\S+)\s*$", "", text.strip())
    symbol = re.sub(r"(?<=[A-Za-z]) (?=[A-Za-z])", "", symbol)
    word = re.fullmatch(r"\\(?:mathrm|text)\{([A-Za-z_]+)\}", symbol)
    return word[1] if word else symbol


def _points(examination: Examination, numbers: Numbers) -> list[float]:
    """Return steps from 2 to the end of the run: the stated total or the largest of the other arguments, else four times a warm-up."""
    schedule = examination.facts.get("schedule")
    stated = [value for value in schedule.values() if _is_number(value)] if isinstance(schedule, dict) else []
    ends = [value for name, value in numbers.others.items() if re.search(TOTAL, name)] + stated
    warm = [value for name, value in numbers.others.items() if re.search(WARM, name)]
    if not numbers.whole:
        return [(place + 0.5) / POINTS for place in range(POINTS)]
    last = max([*ends, *(4 * value for value in warm if not ends)], default=100.0)
    last = min(max(last, 8.0), 1e6) - 1
    rising = min([*warm, last])  # a warm-up is short, and is looked at more closely
    found = [2 + (last - 2) * place / (POINTS - 1) for place in range(POINTS)] + [2 + (rising - 2) * place / 8 for place in range(8)]
    return sorted({float(round(point)) for point in found if point >= 2})


def _assignments(
    examination: Examination, symbols: list[str], numbers: Numbers
) -> Iterator[tuple[int, dict[str, tuple[str, float | None]]]]:
    """Yield (how well the names fit, symbol -> (its argument or fact, its value; None for the one that runs))."""
    schedule = examination.facts.get("schedule")
    facts = {name: float(value) for name, value in examination.facts.items() if _is_number(value)}
    facts |= {name: float(value) for name, value in schedule.items() if _is_number(value)} if isinstance(schedule, dict) else {}
    facts |= {name: float(value) for name, value in vars(examination.module).items() if name.isupper() and _is_number(value)}
    offered: list[tuple[str, float | None]] = [(numbers.variable, None), *numbers.others.items()]
    options = []
    for symbol in symbols:
        known = [(name, value) for name, value in facts.items() if name not in numbers.others and likeness(name, symbol) >= 2]
        options.append([*offered, *known])
    for chosen in itertools.product(*options):
        names = [name for name, _ in chosen]
        if numbers.variable in names and len(set(names)) == len(names):
            score = sum(
                (3 if symbol in COUNTS or name in _plain(symbol) else 1)
                if value is None
                else likeness(name, symbol) + (name in numbers.others)
                for symbol, (name, value) in zip(symbols, chosen, strict=True)
            )
            yield score, dict(zip(symbols, chosen, strict=True))


def _plain(symbol: str) -> str:
    return re.sub(r"[\\{}\s]|mathrm|text|operatorname", "", symbol)


def likeness(name: str, symbol: str) -> int:
    """Return 2 and more where an argument's name and a symbol of a curve go together: a warm-up and a w, a total and a capital letter."""
    plain, lower = _plain(symbol), name.lower()
    head, _, below = plain.partition("_")
    if lower in (plain.lower(), below.lower()):
        return 4
    if re.search(WARM, lower):
        return 3 if re.search(r"w(?!idth)", plain.lower()) else 0
    if re.search(TOTAL, lower):
        return 3 if not re.search("w", plain.lower()) and (head.isupper() or re.search("max|tot|end", plain)) else 0
    if lower in ("width", "d_model", "model", "size", "dim", "d") and head == "d":
        return 3
    own = [word for word in lower.split("_") if word]
    if below and any(word.startswith(below.lower()) or below.lower().startswith(word) for word in own):
        return 3
    return 2 if any(word[0] == head.lower()[:1] for word in own) else 0


def _value(translation: Translation, symbols: list[str], chosen: dict[str, tuple[str, float | None]], point: float) -> float | None:
    values: dict[str, Tensor] = {}
    for symbol in symbols:
        value = chosen[symbol][1]
        values[symbol] = torch.tensor(point if value is None else value, dtype=torch.float64)
    try:
        found = float(translation.evaluate(values)[translation.returns[-1]])
    except (BadInput, RuntimeError, ValueError, IndexError, OverflowError, ZeroDivisionError, TypeError):
        return None
    return found if math.isfinite(found) else None


def _agrees(
    translation: Translation,
    symbols: list[str],
    chosen: dict[str, tuple[str, float | None]],
    points: list[float],
    got: list[float | None],
    offset: int,
) -> bool:
    scale = max((abs(value) for value in got if value is not None), default=0.0) or 1.0
    seen = 0
    for point, value in zip(points, got, strict=True):
        wanted = _value(translation, symbols, chosen, point + offset)
        if value is None or wanted is None or abs(value - wanted) > SAME * scale:
            return False
        seen += 1
    return seen > 3


def _apart(
    translation: Translation, symbols: list[str], chosen: dict[str, tuple[str, float | None]], points: list[float], got: list[float | None]
) -> tuple[float, float, float] | None:
    """Return (point, value, the equation's value) where they are furthest apart, None where they differ rarely, little or by one factor."""
    pairs = [
        (point, value, wanted)
        for point, value in zip(points, got, strict=True)
        if value is not None and (wanted := _value(translation, symbols, chosen, point)) is not None
    ]
    if len(pairs) < 0.8 * len(points):
        return None
    scale = max(abs(number) for _, *both in pairs for number in both) or 1.0
    far = [pair for pair in pairs if abs(pair[1] - pair[2]) > APART * scale]
    ratios = [value / wanted for _, value, wanted in pairs if abs(wanted) > 1e-9 * scale]
    factor = len(ratios) > 3 and max(ratios) - min(ratios) < 1e-4 * max(abs(ratio) for ratio in ratios)
    if len(far) < max(3, OFTEN * len(pairs)) or factor:
        return None
    return max(far, key=lambda pair: abs(pair[1] - pair[2]))


CURVES = card(
    "equations",
    "stated curves",
    "A function of numbers (a rate, an annealed weight) that does not follow its stated equation over a run: min for max, a wrong exponent.",
    ("equations", "schedule"),
    "Symbols that have other names than the arguments, a curve that is the stated one times a factor or shifted by a step: unsure or passed.",
    stated_curves,
)
