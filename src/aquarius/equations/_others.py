"""Other readers of LaTeX on the same cases, where they are installed: sympy's two parsers and latex2code. Every doubt is settled for them.

Each is given the display as printed and its right side alone, and the better answer counts. Its names are matched to the declared ones without
backslashes, braces and case of the script; a bare e is Euler's number; arrays are worked through elementwise. An answer is right where
it equals the reference, wrong where it came without complaint and does not (a symbol it made up or dropped included), and refused where it raised.
"""

from __future__ import annotations

import contextlib
import math
import re
import time
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy
import torch

Answer = Callable[[Mapping[str, Any]], Any]  # values by plain name -> result
READERS = {"sympy, antlr": ("sympy", "antlr4"), "sympy, lark": ("sympy", "lark"), "latex2code": ("latex2code",)}


def installed() -> list[str]:
    """The readers whose packages are there."""
    return [name for name, packages in READERS.items() if all(find_spec(package) is not None for package in packages)]


def answers(reader: str, latex: str, draws: list[tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    """The outcome of one reader on one display: right, refused or silently wrong on the draws (values, reference), and milliseconds to read it."""
    outcomes, milliseconds = [], 0.0
    for text in dict.fromkeys((latex, right_side(latex))):
        begin = time.perf_counter()
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(None):
                warnings.simplefilter("ignore")
                answer = _latex2code(text) if reader == "latex2code" else _sympy(text, "lark" if reader.endswith("lark") else "antlr")
        except Exception:  # whatever it raises is a refusal
            answer = None
        milliseconds = milliseconds or (time.perf_counter() - begin) * 1e3
        outcomes.append("refused" if answer is None else "right" if _right(answer, draws) else "silently wrong")
    best = next(name for name in ("right", "silently wrong", "refused") if name in outcomes)
    return {"outcome": best, "ms": milliseconds}


def right_side(latex: str) -> str:
    """What stands behind the first equality sign, without marks of alignment and labels."""
    text = re.sub(r"\\label\{[^{}]*\}|(?<!\\)&|\\(?:begin|end)\{[a-z]+\*?\}|\\(?:left|right|quad|,)(?![a-zA-Z])", " ", latex)
    return text.partition("=")[2].strip(" .,") or text


def plain(name: str) -> str:
    """A name as a reader may have spelled it: letters and digits alone."""
    return "".join(letter for letter in re.sub(r"\\(?:math|text|bold)\w*|\\bm\b", "", name) if letter.isalnum())


def _sympy(latex: str, backend: str) -> Answer:
    import sympy  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from sympy.parsing.latex import parse_latex  # type: ignore[import-not-found,import-untyped,unused-ignore]

    tree = parse_latex(latex, backend=backend)
    if not isinstance(tree, sympy.Basic):
        raise ValueError("several trees")
    tree = (tree.rhs if isinstance(tree, sympy.Equality) else tree).doit()
    names = sorted(tree.free_symbols, key=str)
    function = sympy.lambdify(names, tree, modules=["numpy", "scipy"])
    return lambda values: function(*(values[plain(str(name))] for name in names))


def _latex2code(latex: str) -> Answer:
    from latex2code import compile_latex  # type: ignore[import-not-found,import-untyped,unused-ignore]

    made = compile_latex(latex, backend="numpy")
    return lambda values: made.function(*(values[plain(name)] for name in made.info.variables))


def _right(answer: Answer, draws: list[tuple[dict[str, Any], Any]]) -> bool:
    try:
        for given, want in draws:
            values = {"e": math.e} | {plain(name): _array(value) for name, value in given.items()}
            with warnings.catch_warnings(), numpy.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                got = numpy.squeeze(numpy.asarray(answer(values), dtype=float))
            expected = numpy.squeeze(numpy.asarray(_array(want), dtype=float))
            if got.shape != expected.shape or not numpy.allclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True):
                return False
    except Exception:  # it names what is not there, or cannot be worked out
        return False
    return bool(draws)


def _array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value
