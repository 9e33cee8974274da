"""A function of PyTorch tensors for the arrays of another library, with its derivative: a text may take its gradient."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from torch import Tensor


def to_library(value: Any, backend: str) -> Any:
    """A tensor as an array of the library; other values as they are."""
    if not isinstance(value, Tensor) or backend == "torch":
        return value
    array = value.detach().numpy()
    if backend == "numpy":
        return array
    return import_module("jax.numpy").asarray(array) if backend == "jax" else import_module("tensorflow").constant(array)


def from_library(value: Any) -> Any:
    """An array of any library as a tensor; plain numbers as they are."""
    if isinstance(value, Tensor) or type(value) in {bool, int, float}:
        return value
    return torch.as_tensor(import_module("numpy").array(value))


def foreign(function: Callable[..., Any], backend: str) -> Callable[..., Any]:
    """A function of tensors for the arrays of a library."""
    if backend == "torch":
        return function

    def plain(*arguments: Any) -> Any:
        return to_library(_tensor(function(*(from_library(item) for item in arguments))), backend)

    if backend == "jax":
        return _for_jax(function, plain)
    return _for_tensorflow(function, plain) if backend == "tensorflow" else plain


def _tensor(value: Any) -> Tensor:
    return torch.as_tensor(value)


def _slopes(function: Callable[..., Any], arguments: list[Any], places: list[int], cotangent: Any) -> list[Tensor]:
    """What the chain rule gives for the arguments at `places`, by PyTorch."""
    given = [from_library(item) for item in arguments]
    wanted = [given[place].detach().to(torch.float64).requires_grad_() for place in places]
    for place, leaf in zip(places, wanted, strict=True):
        given[place] = leaf
    result = _tensor(function(*given))
    found = torch.autograd.grad(result, wanted, from_library(cotangent).to(result.dtype), allow_unused=True)
    return [torch.zeros_like(leaf) if slope is None else slope for leaf, slope in zip(wanted, found, strict=True)]


def _for_jax(function: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Under a transformation JAX hands in placeholders: the function is called back with arrays, forwards and backwards."""
    jax = import_module("jax")
    placeholder = getattr(getattr(jax, "core", None), "Tracer", None)

    def called(*arguments: Any) -> Any:
        places = [place for place, item in enumerate(arguments) if placeholder is not None and isinstance(item, placeholder)]
        if not places:
            return plain(*arguments)

        def filled(arrays: tuple[Any, ...]) -> list[Any]:
            given = list(arguments)
            for place, array in zip(places, arrays, strict=True):
                given[place] = array
            return given

        def value(*arrays: Any) -> Any:
            return _tensor(function(*(from_library(item) for item in filled(arrays)))).detach().numpy()

        def slopes(cotangent: Any, *arrays: Any) -> tuple[Any, ...]:
            return tuple(slope.numpy() for slope in _slopes(function, filled(arrays), places, cotangent))

        traced = [arguments[place] for place in places]
        like = value(*(torch.ones(item.shape, dtype=torch.float64).numpy() for item in traced))
        shapes = tuple(jax.ShapeDtypeStruct(item.shape, item.dtype) for item in traced)

        @jax.custom_vjp  # type: ignore[untyped-decorator, unused-ignore]
        def of(*arrays: Any) -> Any:
            return jax.pure_callback(value, jax.ShapeDtypeStruct(like.shape, like.dtype), *arrays)

        of.defvjp(lambda *arrays: (of(*arrays), arrays), lambda arrays, cotangent: jax.pure_callback(slopes, shapes, cotangent, *arrays))
        return of(*traced)

    return called


def _for_tensorflow(function: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """TensorFlow's tape records an operation with its own gradient."""
    tf = import_module("tensorflow")

    def called(*arguments: Any) -> Any:
        places = [place for place, item in enumerate(arguments) if hasattr(item, "dtype") and getattr(item.dtype, "is_floating", False)]
        if not places or not hasattr(tf, "custom_gradient"):
            return plain(*arguments)

        @tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
        def of(*arrays: Any) -> Any:
            given = list(arguments)
            for place, array in zip(places, arrays, strict=True):
                given[place] = array

            def slope(cotangent: Any) -> list[Any]:
                return [to_library(item, "tensorflow") for item in _slopes(function, given, places, cotangent)]

            return plain(*given), slope

        return of(*(arguments[place] for place in places))

    return called
