"""What the emitted text calls in JAX and TensorFlow, as those libraries document it, over NumPy and PyTorch: the texts run where the libraries are absent."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch


class Fixed(np.ndarray):  # type: ignore[type-arg]
    """An array that cannot be assigned to, as in JAX: `array.at[place].set(value)` gives a new one."""

    def __setitem__(self, place: Any, value: Any) -> None:
        raise TypeError("JAX arrays are immutable")

    @property
    def at(self) -> Any:
        return _At(self)


class _At:
    def __init__(self, array: Fixed) -> None:
        self.array = array

    def __getitem__(self, place: Any) -> Any:
        def put(value: Any) -> Fixed:
            changed = np.array(self.array)
            changed[place] = value
            return changed.view(Fixed)

        return SimpleNamespace(set=put)


def jax_modules() -> dict[str, ModuleType]:
    """`jax` and `jax.numpy`, by the names that sys.modules has for them."""

    def softmax(x: Any, axis: int = -1) -> Any:
        weights = np.exp(x - x.max(axis=axis, keepdims=True))
        return weights / weights.sum(axis=axis, keepdims=True)

    def erf(x: Any) -> Any:
        return torch.erf(torch.as_tensor(np.asarray(x))).numpy()

    def gelu(x: Any, approximate: bool = True) -> Any:
        assert not approximate
        return x * 0.5 * (1 + erf(x / np.sqrt(2)))

    jnp = ModuleType("jax.numpy")
    jnp.__dict__.update({name: getattr(np, name) for name in dir(np) if not name.startswith("_") and name != "zeros"})
    jnp.zeros = lambda shape: np.zeros(shape).view(Fixed)  # type: ignore[attr-defined]
    jax = ModuleType("jax")
    jax.numpy = jnp  # type: ignore[attr-defined]
    jax.lax = SimpleNamespace(erf=erf, lgamma=lambda x: torch.lgamma(torch.as_tensor(np.asarray(x))).numpy())  # type: ignore[attr-defined]
    jax.config = _Settings()  # type: ignore[attr-defined]
    jax.nn = SimpleNamespace(  # type: ignore[attr-defined]
        softmax=softmax,
        log_softmax=lambda x, axis=-1: np.log(softmax(x, axis)),
        logsumexp=lambda x, axis=None: np.logaddexp.reduce(x, axis=axis),
        sigmoid=lambda x: 1 / (1 + np.exp(-x)),
        log_sigmoid=lambda x: -np.logaddexp(0, -x),
        relu=lambda x: np.maximum(x, 0),
        softplus=lambda x: np.logaddexp(0, x),
        silu=lambda x: x / (1 + np.exp(-x)),
        gelu=gelu,
    )
    return {"jax": jax, "jax.numpy": jnp}


class _Settings:
    """JAX's settings: double precision is off until it is asked for."""

    jax_enable_x64 = False

    def update(self, name: str, value: bool) -> None:
        setattr(self, name, value)


def _matvec(matrix: Any, vector: Any, transpose_a: bool = False) -> Any:
    assert vector.dim() >= 1 and matrix.dim() >= 2
    matrix = matrix.mT if transpose_a else matrix
    return (matrix @ vector[..., None])[..., 0]


def _over(operation: str) -> Any:
    def reduced(x: Any, axis: Any = None) -> Any:
        assert x.dtype != torch.bool
        if axis is None:
            return getattr(x, operation)()
        return getattr(x, operation)(dim=axis)

    return reduced


def _gathered(array: Any, places: Any, axis: int, batch_dims: int) -> Any:
    assert axis == batch_dims == 1
    return array.gather(1, places[:, None])[:, 0]


def _scattered(array: Any, places: Any, values: Any) -> Any:
    changed = array.clone()
    for place, value in zip(places, values, strict=True):
        changed[tuple(place)] = value
    return changed


_ALIKE = (
    "exp",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sinh",
    "cosh",
    "sqrt",
    "floor",
    "sign",
    "abs",
    "square",
    "atan",
    "asin",
    "acos",
    "sigmoid",
    "where",
    "einsum",
)


def tensorflow_modules() -> dict[str, ModuleType]:
    """`tensorflow`, over PyTorch's tensors in double precision."""
    tf = ModuleType("tensorflow")
    for name in _ALIKE:
        setattr(tf, name, getattr(torch, name))
    functional = torch.nn.functional

    def double(x: Any) -> Any:
        return torch.as_tensor(x, dtype=torch.float64)

    own: dict[str, Any] = {
        "float64": torch.float64,
        "maximum": lambda x, y: torch.maximum(*torch.broadcast_tensors(double(x), double(y))),
        "minimum": lambda x, y: torch.minimum(*torch.broadcast_tensors(double(x), double(y))),
        "clip_by_value": lambda x, low, high: torch.clamp(x, min=low, max=high),
        "stack": lambda items, axis=0: torch.stack(list(items), dim=axis),
        "concat": lambda items, axis: torch.cat(list(items), dim=axis),
        "split": lambda x, parts, axis=0: (
            torch.chunk(x, parts, dim=axis) if isinstance(parts, int) else torch.split(x, list(parts), dim=axis)
        ),
        "round": torch.round,
        "transpose": lambda x: x.permute(*reversed(range(x.dim()))),
        "tensordot": lambda x, y, axes: torch.tensordot(x, y, dims=axes),
        "norm": lambda x, axis=None: torch.linalg.vector_norm(x, dim=axis),
        "eye": lambda n, dtype: torch.eye(n, dtype=dtype),
        "zeros": lambda shape, dtype: torch.zeros(shape, dtype=dtype),
        "ones": lambda shape, dtype: torch.ones(shape, dtype=dtype),
        "constant": lambda value, dtype: torch.tensor(value, dtype=dtype),
        "cast": lambda x, dtype: x.to(dtype),
        "reshape": lambda x, shape: x.reshape(shape),
        "gather": _gathered,
        "argmax": lambda x: x.argmax(dim=0),
        "argmin": lambda x: x.argmin(dim=0),
        "tensor_scatter_nd_update": _scattered,
        "reduce_sum": _over("sum"),
        "reduce_mean": _over("mean"),
        "reduce_prod": _over("prod"),
        "reduce_max": _over("amax"),
        "reduce_min": _over("amin"),
        "reduce_logsumexp": lambda x, axis: torch.logsumexp(x, dim=axis),
        "nn": SimpleNamespace(
            softmax=lambda x, axis: torch.softmax(x, dim=axis),
            log_softmax=lambda x, axis: torch.log_softmax(x, dim=axis),
            relu=torch.relu,
            gelu=functional.gelu,
            silu=functional.silu,
            softplus=functional.softplus,
        ),
        "linalg": SimpleNamespace(
            matvec=_matvec,
            matrix_transpose=lambda x: x.mT,
            diag=torch.diag_embed,
            diag_part=torch.diagonal,
            trace=torch.trace,
            det=torch.det,
            inv=torch.linalg.inv,
            eigh=torch.linalg.eigh,
            pinv=torch.linalg.pinv,
        ),
        "math": SimpleNamespace(
            log=torch.log,
            log1p=torch.log1p,
            expm1=torch.expm1,
            ceil=torch.ceil,
            erf=torch.erf,
            lgamma=torch.lgamma,
            log_sigmoid=functional.logsigmoid,
            reduce_variance=lambda x, axis=None: x.var(correction=0) if axis is None else x.var(dim=axis, correction=0),
            count_nonzero=lambda x, dtype: x.sum().to(dtype),
        ),
    }
    tf.__dict__.update(own)
    return {"tensorflow": tf}
