"""One verified text in the words of four libraries: NumPy's is run alone, the others against what their documentation says."""

# tests _dialects.py
# tests _spellings.py
# tests _libraries.py

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aquarius.equations import _dialects, _spellings, translate
from aquarius.equations._dialects import Ranks, respelled
from aquarius.equations._foreign import foreign, from_library, to_library
from aquarius.equations._libraries import double_precision, installed, other_text, ranks
from aquarius.equations._tokens import Refusal
from aquarius.equations._values import draw
from aquarius.equations._verify import compiled, run, verified
from equations.cases import CASES, Case
from equations.cases_layers import LAYERS
from equations.cases_losses import LOSSES
from equations.cases_notation import NOTATION
from equations.cases_training import TRAINING
from equations.other_libraries import jax_modules, tensorflow_modules

OTHERS = ("numpy", "jax", "tensorflow")


def names(code: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


def imports(code: str) -> set[str]:
    return {line for line in code.splitlines() if line.startswith(("import ", "from "))}


@pytest.mark.parametrize("case", [*CASES, *LAYERS, *LOSSES, *TRAINING, *NOTATION], ids=lambda case: case.name)
def test_every_text_equals_the_interpreter(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    first = translate(case.latex, case.symbols)
    reading, symbols = first.readings[0], first.symbols
    values = draw(symbols, reading.sizes, 11)
    want = first.evaluate({**reading.sizes.values, **values}, case.functions)
    for name, module in {**jax_modules(), **tensorflow_modules()}.items():
        monkeypatch.setitem(sys.modules, name, module)
    slope = "torch.func.grad" in first.code
    for backend in OTHERS:
        if backend == "numpy" and slope:
            with pytest.raises(Refusal, match="automatic differentiation"):
                other_text(symbols, reading, first.code, list(first.signature), backend)
            continue
        code, signature = _text(first, backend)
        assert backend != "numpy" or imports(code) <= {"import math", "import numpy as np"}
        assert not {"torch", "F"} & names(code)
        assert backend == "numpy" or "np" not in names(code)
        if slope:
            continue  # the stand-ins for the libraries do not differentiate
        tensors = backend == "tensorflow"
        given = values if tensors else {name: to_library(value, "numpy") for name, value in values.items()}
        functions = case.functions if tensors else {name: foreign(item, "numpy") for name, item in case.functions.items()}
        got = run(compiled(code), signature, given, functions, reading)
        name = first.returns[-1]
        found = torch.as_tensor(from_library(got[-1]), dtype=torch.float64).squeeze()
        torch.testing.assert_close(
            found, want[name].to(torch.float64).squeeze(), rtol=1e-9, atol=1e-12, equal_nan=True, msg=f"{backend}:\n{code}"
        )


def _text(translation: Any, backend: str) -> tuple[str, list[tuple[str, str]]]:
    reading, signature = translation.readings[0], list(translation.signature)
    found = ranks(translation.symbols, reading, translation.code, signature)
    return respelled(translation.code, signature, backend, found)


ATTENTION = r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left(\frac{QK^T}{\sqrt{d_k}}\right) V"
SHAPES = {"inputs": {"Q": ["n", "d_k"], "K": ["m", "d_k"], "V": ["m", "d_v"]}}
WANTED = {
    "numpy": """import math

import numpy as np


def softmax(x, axis):
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def Attention(Q, K, V):
    d_k = Q.shape[1]
    return softmax(Q @ K.T / math.sqrt(d_k), axis=-1) @ V
""",
    "jax": """import math

import jax


def Attention(Q, K, V):
    d_k = Q.shape[1]
    return jax.nn.softmax(Q @ K.T / math.sqrt(d_k), axis=-1) @ V
""",
    "tensorflow": """import math

import tensorflow as tf


def Attention(Q, K, V):
    d_k = Q.shape[1]
    return tf.nn.softmax(Q @ tf.transpose(K) / math.sqrt(d_k), axis=-1) @ V
""",
}


@pytest.mark.parametrize("backend", OTHERS)
def test_the_text_is_what_a_person_would_write(backend: str) -> None:
    found = translate(ATTENTION, SHAPES, backend=backend)
    assert found.status == "ok"
    assert found.code == WANTED[backend]
    assert found.backend == backend
    assert found.verified == installed(backend)


def test_pytorch_and_numpy_texts_are_run_before_they_are_shown() -> None:
    assert installed("numpy")
    assert translate(ATTENTION, SHAPES).verified
    assert translate(ATTENTION, SHAPES, backend="numpy").verified
    assert not translate("y = W x", SHAPES, backend="numpy").verified


def test_evaluation_does_not_depend_on_the_library() -> None:
    values = draw(translate(ATTENTION, SHAPES).symbols, translate(ATTENTION, SHAPES).readings[0].sizes, 3)
    results = [translate(ATTENTION, SHAPES, backend=backend).evaluate(values)[r"\mathrm{Attention}"] for backend in ("torch", *OTHERS)]
    assert all(torch.equal(results[0], other) for other in results)


def test_numpy_has_no_derivative() -> None:
    symbols = {"inputs": {"x": ["n"]}, "functions": ["f"]}
    found = translate(r"g = \nabla_x f(x)", symbols, backend="numpy")
    assert found.status == "refused"
    assert found.reason == "a gradient needs automatic differentiation, which does not exist in numpy"
    assert found.code == "" and not found.verified
    assert "jax.grad(" in translate(r"g = \nabla_x f(x)", symbols, backend="jax").code
    assert "tf.GradientTape()" in translate(r"g = \nabla_x f(x)", symbols, backend="tensorflow").code


def test_a_function_that_no_table_knows_is_refused_by_name() -> None:
    for backend, spelled in (("numpy", "numpy"), ("jax", "jax"), ("tensorflow", "tensorflow")):
        with pytest.raises(Refusal, match=f"special.zeta has no counterpart in {spelled}"):
            respelled("import torch\n\n\ndef y(x):\n    return torch.special.zeta(x)\n", [("x", "x")], backend, Ranks({}))
        with pytest.raises(Refusal, match=f"frobnicate has no counterpart in {spelled}"):
            respelled("import torch\n\n\ndef y(x):\n    return (x + 1).frobnicate()\n", [("x", "x")], backend, Ranks({}))


def test_a_text_that_differs_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_spellings.NUMPY.calls, "exp", "np.sin({first})")
    found = translate("y = e^{x}", {"inputs": {"x": ["n"]}}, backend="numpy")
    assert found.status == "refused"
    assert "differs from the interpreter in y" in found.reason
    monkeypatch.setitem(_spellings.NUMPY.calls, "exp", "np.nothing({first})")
    assert "fails where the interpreter does not" in translate("y = e^{x}", {"inputs": {"x": ["n"]}}, backend="numpy").reason


def test_names_that_a_library_or_helper_has_taken_get_a_tail() -> None:
    found = translate(r"y = \mathrm{tf} + 1", {"inputs": {r"\mathrm{tf}": []}}, backend="tensorflow")
    assert found.signature == ((r"\mathrm{tf}", "tf_"),)
    assert "def y(tf_):\n    return tf_ + 1" in found.code
    own = translate(
        r"\mathrm{softmax}(z)_i = \frac{e^{z_i}}{\sum_{j=1}^{K} e^{z_j}}", {"inputs": {"z": ["K"]}, "index": {"i": "1..K"}}, backend="numpy"
    )
    assert own.status == "ok", own.reason
    assert "def softmax_(z):\n    return softmax(z, axis=" in own.code


@pytest.mark.parametrize("backend", OTHERS)
def test_every_function_that_the_emitter_writes_has_its_place_in_the_table(backend: str) -> None:
    """What the emitter learns, the tables must learn; else the library refuses what PyTorch translates."""
    folder = Path(_dialects.__file__).parent
    text = "".join((folder / name).read_text() for name in ("_emit.py", "_write_values.py", "_write_reductions.py", "_vectorize.py"))
    written = set(re.findall(r"\b(?:torch|F)\.((?:linalg\.|func\.)?[a-z_]\w*)\(", text)) - {"tensor", "clamp", "broadcast_tensors"}
    assert len(written) > 15
    dialect = _spellings.DIALECTS[backend]
    assert written - set(dialect.calls) - set(dialect.missing) == set()


def test_a_text_is_run_in_an_installed_library(monkeypatch: pytest.MonkeyPatch) -> None:
    found = translate(ATTENTION, SHAPES, backend="jax")
    for name, module in jax_modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    verified(found.symbols, found.readings[0], found.code, list(found.signature), "jax")
    with pytest.raises(Refusal, match="differs"):
        verified(found.symbols, found.readings[0], found.code.replace(" / math.sqrt(d_k)", ""), list(found.signature), "jax")
    settings = sys.modules["jax"].config
    with double_precision("jax"):
        assert settings.jax_enable_x64
    assert not settings.jax_enable_x64


def test_arrays_come_and_go_unchanged() -> None:
    tensor = torch.tensor([1.5, 2.0], dtype=torch.float64)
    array = to_library(tensor, "numpy")
    assert isinstance(array, np.ndarray) and array.dtype == np.float64
    assert torch.equal(from_library(array), tensor)
    assert to_library(3, "numpy") == 3 and from_library(2.5) == 2.5
    assert foreign(torch.sum, "numpy")(array) == 3.5
    assert foreign(torch.sum, "torch") is torch.sum
