"""Translations and conformance scored on equations whose right answer is known. A reference is somebody's code: run this in a child."""

from __future__ import annotations

import contextlib
import inspect
import keyword
import math
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import torch

from ..core import AquariusError
from ._conform import conform
from ._emit import python_name
from ._statements import statements
from ._symbols import KEYS, Symbols, declarations
from ._tokens import Refusal
from ._translate import Translation, translate
from ._values import close, draw


def score_task(emit: Callable[[Any], None], payload: dict[str, Any]) -> None:
    """Say of every case, display to be refused and mutant what came of it, one message each."""
    torch.set_num_threads(1)
    cases = {case["id"]: case for case in payload["cases"]}
    for case in cases.values():
        emit({"kind": "case", "id": case["id"]} | score_case(case, payload["seeds"]))
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
    for mutant in payload["mutants"]:
        verdicts = {which: _verdict(cases[mutant["id"]], mutant[which]) for which in ("correct", "mutant")}
        emit({"kind": "mutant", "id": mutant["id"], "mutation": str(mutant.get("mutation", ""))} | verdicts)


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
    return {"outcome": outcome, "why": why} | times | {"sympy": _sympy(case["latex"])}


def table_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """The declarations of a case; of its functions, whose texts are for the evaluation only, the names."""
    table = {name: case[name] for name in KEYS if name in case}
    return table | {"functions": sorted(case.get("functions", {}))}


def reference_name(latex: str) -> str:
    r"""The parameter of a reference that takes a symbol: \hat{m}_t is m_hat_t, \theta_{t-1} is theta_tm1, \lambda is lambda_."""
    name = python_name(latex.replace("\\ell", "l")).replace("_minus_", "m").replace("_plus_", "p")
    return f"{name.rstrip('_')}_" if keyword.iskeyword(name.rstrip("_")) else name


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
    return _close(got[names[-1]], want)


def _close(left: Any, right: Any) -> bool:
    first, second = (torch.as_tensor(value, dtype=torch.float64).squeeze() for value in (left, right))
    return close(first, second, relative=1e-6)


def _verdict(case: Mapping[str, Any], source: str) -> str:
    """The verdict of `conform` on an implementation given as text, or what it raised."""
    try:
        implementation = _function(source, "f")
        parameters = inspect.signature(implementation).parameters
        binding = {}
        for name in (*case["inputs"], *case.get("constants", {}), *case.get("functions", {})):
            parameter = "f_" if reference_name(name) == "f" and name in case.get("functions", {}) else reference_name(name)
            if parameter in parameters:
                binding[name] = parameter
        functions = {name: _function(text) for name, text in case.get("functions", {}).items()}
        return conform(case["latex"], table_of(case), implementation, binding=binding, functions=functions).verdict
    except AquariusError as error:
        return f"refused: {error}"
    except Exception as error:  # an implementation's own error
        return f"raised {type(error).__name__}: {error}"


def _sympy(latex: str) -> dict[str, Any] | None:
    """Whether sympy's LaTeX parser makes an expression of it, and its milliseconds; None where it is not installed."""
    if find_spec("sympy") is None or find_spec("antlr4") is None:
        return None
    from sympy.parsing.latex import parse_latex  # type: ignore[import-not-found,import-untyped,unused-ignore]

    begin = time.perf_counter()
    try:
        parse_latex(latex)
        parsed = True
    except Exception:  # whatever it raises, it did not parse
        parsed = False
    return {"parsed": parsed, "ms": (time.perf_counter() - begin) * 1e3}
