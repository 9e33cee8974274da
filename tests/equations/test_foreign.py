"""Functions of PyTorch tensors in other libraries, and every text run in the libraries themselves where they are installed."""

# tests _libraries.py

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from aquarius.equations import translate
from aquarius.equations._foreign import foreign, from_library, to_library
from aquarius.equations._libraries import double_precision, installed, library_values
from aquarius.equations._values import draw
from aquarius.equations._verify import compiled, run
from equations.cases import CASES, Case
from equations.cases_layers import LAYERS
from equations.cases_losses import LOSSES
from equations.cases_training import TRAINING

BACKENDS = ("numpy", "jax", "tensorflow")


def require(backend: str) -> None:
    if not installed(backend):
        pytest.skip(f"{backend} is not installed")


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_every_text_equals_the_interpreter_in_the_library_itself(backend: str) -> None:
    require(backend)
    cases = [*CASES, *LAYERS, *LOSSES, *TRAINING]
    assert len(cases) > 150
    assert [f"{case.name}: {why}" for case in cases if (why := difference(case, backend))] == []


def difference(case: Case, backend: str) -> str:
    """How the text of a case differs from the interpreter when it runs in the library itself; empty where it does not."""
    found = translate(case.latex, case.symbols, backend=backend)
    if found.status != "ok" or not found.verified:
        return found.reason or "it was not run"
    values = draw(found.symbols, found.readings[0].sizes, 11)
    want = found.evaluate({**found.readings[0].sizes.values, **values}, case.functions)
    with double_precision(backend):
        got = run(compiled(found.code), list(found.signature), *library_values(values, case.functions, backend), found.readings[0])
    results = [torch.as_tensor(from_library(value), dtype=torch.float64).squeeze() for value in got]
    # TensorFlow keeps a constant of its gelu in single precision: 4e-9
    pairs = [(result, want[name].to(torch.float64).squeeze()) for name, result in zip(found.returns, results, strict=True)]
    return "" if all(torch.allclose(*pair, rtol=1e-7, atol=1e-8, equal_nan=True) for pair in pairs) else found.code


def cube(x: torch.Tensor, factor: Any = 1.0) -> torch.Tensor:
    return factor * (x**3).sum()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_function_takes_and_gives_arrays_of_the_library(backend: str) -> None:
    require(backend)
    with double_precision(backend):
        value = foreign(cube, backend)(to_library(torch.tensor([1.0, 2.0], dtype=torch.float64), backend), 2.0)
        assert type(value) is not torch.Tensor
        assert float(np.asarray(value)) == 18.0


def test_jax_differentiates_a_function_of_tensors() -> None:
    require("jax")
    import jax  # type: ignore[import-not-found,unused-ignore]

    with double_precision("jax"):
        slope = jax.grad(foreign(cube, "jax"))(to_library(torch.tensor([1.0, 2.0], dtype=torch.float64), "jax"), 2.0)
        assert np.asarray(slope).tolist() == [6.0, 24.0]


def test_tensorflow_differentiates_a_function_of_tensors() -> None:
    require("tensorflow")
    import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

    point = to_library(torch.tensor([1.0, 2.0], dtype=torch.float64), "tensorflow")
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = foreign(cube, "tensorflow")(point, 2.0)
    assert np.asarray(tape.gradient(value, point)).tolist() == [6.0, 24.0]


def test_in_pytorch_itself_nothing_is_wrapped() -> None:
    assert foreign(cube, "torch") is cube
    assert to_library(3, "torch") == 3
