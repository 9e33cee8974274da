"""Translations and conformance scored on equations whose right answer is known. A reference is somebody's code: run this in a child."""

from __future__ import annotations

import contextlib
import inspect
import keyword
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..core import AquariusError, hash_data
from ._code import python_name
from ._conform import hold
from ._interpret import Interpreter
from ._lost import lost
from ._others import answers, installed
from ._statements import read_display, statements
from ._symbols import KEYS, Symbols, declarations
from ._tokens import Refusal
from ._translate import Translation, translate
from ._typed import Sizes
from ._values import close, draw, stand_ins
from ._verify import compiled, run


def score_task(emit: Callable[[Any], None], payload: dict[str, Any]) -> None:
    """Say of every case, display to be refused and mutant what came of it, one message each."""
    torch.set_num_threads(1)
    cases = {case["id"]: case for case in payload["cases"]}
    for case in cases.values():
        emit({"kind": "case", "id": case["id"]} | score_case(case, payload["seeds"]))
    for display in payload.get("displays", ()):
        begin = time.perf_counter()
        try:
            left_out = sorted(lost(display["latex"], read_display(display["latex"])))
            outcome, why = ("lost", "lost: " + " ".join(left_out)) if left_out else ("tree", "")
        except (Refusal, RecursionError) as refusal:
            outcome, why = "refused", str(refusal)
        emit({"kind": "display", "outcome": outcome, "why": why, "parse_ms": (time.perf_counter() - begin) * 1e3} | display)
    for display in payload["refuse"]:
        found = translate(display["latex"], display["declarations"])
        emit(
            {
                "kind": "refuse",
                "id": display["id"],
                "outcome": "refused" if found.status == "refused" else "translated",
                "why": found.reason,
            }
        )
    translations: dict[str, Translation] = {}
    seen: dict[tuple[str, str], str] = {}  # one right code stands beside several mutants
    for mutant in payload["mutants"]:
        name = mutant["id"]
        if name not in translations:
            translations[name] = translate(cases[name]["latex"], table_of(cases[name]))
        for which in ("correct", "mutant"):
            if (name, mutant[which]) not in seen:
                seen[name, mutant[which]] = verdict_of(cases[name], translations[name], mutant[which])
        verdicts = {which: seen[name, mutant[which]] for which in ("correct", "mutant")}
        code = hash_data(mutant["correct"])[:12]
        emit({"kind": "mutant", "id": mutant["id"], "code": code, "mutation": str(mutant.get("mutation", ""))} | verdicts)


def score_case(case: Mapping[str, Any], seeds: int) -> dict[str, Any]:
    """Translate a case and compare it with its reference: right, refused, or silently wrong, with the reason and the milliseconds."""
    symbols = declarations(table_of(case))
    begin = time.perf_counter()
    with contextlib.suppress(Refusal, RecursionError):
        statements(case["latex"], symbols.words, symbols.bracketed)
    parsed = time.perf_counter()
    try:
        translation = translate(case["latex"], symbols)
    except Exception as error:  # whatever it raises is our fault, and counts as wrong
        translation = None
        outcome, why = "silently wrong", f"translate raised {type(error).__name__}: {error}"
    times = {"parse_ms": (parsed - begin) * 1e3, "translate_ms": (time.perf_counter() - parsed) * 1e3}
    if translation is not None:
        outcome, why = _compared(case, symbols, translation, seeds)
    readers = installed()
    others = {reader: answers(reader, case["latex"], _draws(case, symbols, translation, seeds)) for reader in readers}
    text = None if translation is None or translation.status != "ok" else text_equals(translation, seeds)
    return {"outcome": outcome, "why": why, "text": text, "others": others} | times


def text_equals(translation: Translation, seeds: int) -> bool:
    """Whether the emitted text, executed alone, equals the interpreter on draws that the translation itself was not verified on."""
    reading = translation.readings[0]
    function = compiled(translation.code)
    for seed in range(100, 100 + seeds):
        values, functions = draw(translation.symbols, reading.sizes, seed), stand_ins(reading.outputs)
        want = Interpreter(translation.symbols, values, functions, reading.sizes).run(reading.outputs)
        got = run(function, list(translation.signature), values, functions, reading)
        if not all(close(torch.as_tensor(value), want[name]) for name, value in zip(translation.returns, got, strict=True)):
            return False
    return True


def _draws(case: Mapping[str, Any], symbols: Symbols, translation: Translation | None, seeds: int) -> list[tuple[dict[str, Any], Any]]:
    """Inputs with the reference's value, for readers that know no functions and no declarations."""
    sizes = translation.readings[0].sizes if translation is not None and translation.readings else Sizes(symbols)
    functions = {name: _function(source) for name, source in case.get("functions", {}).items()}
    found: list[tuple[dict[str, Any], Any]] = []
    with contextlib.suppress(Exception):  # without a value there is nothing to be right about
        for seed in range(seeds):
            values = draw(symbols, sizes, seed)
            found.append((values, _reference(case, values, functions)))
    return found


def table_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """The declarations of a case; of its functions, whose texts are for the evaluation only, the names."""
    table = {name: case[name] for name in KEYS if name in case}
    return table | {"functions": sorted(case.get("functions", {}))}


def reference_name(latex: str) -> str:
    r"""The parameter of a reference that takes a symbol: \hat{m}_t is m_hat_t, \theta_{t-1} is theta_tm1, k_{+} is k_p, \lambda is lambda_."""
    text = latex.replace("\\ell", "l").replace("\\overline", "\\bar").replace(",", "").replace("+", "p").replace("-", "m")
    name = python_name(text).rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name


def _compared(case: Mapping[str, Any], symbols: Symbols, translation: Translation, seeds: int) -> tuple[str, str]:
    if translation.status != "ok":
        return "refused", f"{translation.reason} (byte {translation.offset})"
    functions = {name: _function(source) for name, source in case.get("functions", {}).items()}
    for seed in range(seeds):
        values = draw(symbols, translation.readings[0].sizes, seed)
        try:
            want = _reference(case, values, functions)
            got = translation.evaluate(values, functions)
        except Exception as error:  # the reference is somebody's code, and the translation may not fit it
            return "silently wrong", f"evaluation raised {type(error).__name__}: {error}"
        if not _same(got, want, case):
            return "silently wrong", "value or shape differs from the reference"
    return "right", ""


def _reference(case: Mapping[str, Any], values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    reference = _function(case["reference"], "f")
    given = {reference_name(name): value for name, value in values.items()}
    for name, function in functions.items():
        given["f_" if reference_name(name) == "f" else reference_name(name)] = function
    wanted = inspect.signature(reference).parameters
    missing = [name for name, parameter in wanted.items() if name not in given and parameter.default is parameter.empty]
    if missing:
        raise TypeError(f"the reference takes {missing[0]}, which stands for no declared symbol")
    return reference(**{name: value for name, value in given.items() if name in wanted})


def _function(source: str, name: str = "") -> Callable[..., Any]:
    """The function of a text: the one named, else the last it defines."""
    space: dict[str, Any] = {"torch": torch, "F": torch.nn.functional, "math": math}
    before = set(space)
    exec(compile(source, "<reference>", "exec"), space)
    found = [item for item, value in space.items() if callable(value) and item not in before and not item.startswith("__")]
    return space[name if name in space else found[-1]]  # type: ignore[no-any-return]


def _same(got: Mapping[str, Any], want: Any, case: Mapping[str, Any]) -> bool:
    if isinstance(want, Mapping):
        named = {reference_name(name): value for name, value in got.items()}
        return all(name in named and _close(named[name], value) for name, value in want.items())
    names = [name for name in case.get("outputs") or () if name in got] or [list(got)[-1]]
    if isinstance(want, tuple) and len(want) == len(names):
        return all(_close(got[name], value) for name, value in zip(names, want, strict=True))
    return _close(got[names[-1]], want)


def _close(left: Any, right: Any) -> bool:
    first, second = (torch.as_tensor(value, dtype=torch.float64).squeeze() for value in (left, right))
    return close(first, second, relative=1e-6)


def verdict_of(case: Mapping[str, Any], translation: Translation, source: str) -> str:
    """The verdict on an implementation given as text, or what it raised."""
    try:
        implementation = _function(source, "f")
        parameters = inspect.signature(implementation).parameters
        binding = {}
        for name in (*case["inputs"], *case.get("constants", {}), *case.get("functions", {})):
            parameter = "f_" if reference_name(name) == "f" and name in case.get("functions", {}) else reference_name(name)
            if parameter in parameters:
                binding[name] = parameter
        functions = {name: _function(text) for name, text in case.get("functions", {}).items()}
        return hold(translation, implementation, binding, functions, explain=False).verdict
    except AquariusError as error:
        return f"refused: {error}"
    except Exception as error:  # an implementation's own error
        return f"raised {type(error).__name__}: {error}"
