"""A stranger's function called with an equation's values: in the library, precision and batch it works in, as it was before every call."""

from __future__ import annotations

import copy
import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ._binding import TURNED
from ._symbols import Symbols
from ._typed import Sizes

_MOST_BATCHES = 16  # ways to give some inputs a batch axis in front
_SINGLE_DTYPES = {torch.float32, torch.float16, torch.bfloat16}


@dataclass(frozen=True)
class Form:
    """How the inputs are handed over: as tensors or arrays, in which precision, and which of them with a batch axis in front."""

    library: str = "torch"
    single: bool = False
    batched: tuple[str, ...] = ()
    batch: int = 2


@dataclass
class Called:
    """What a call came to: results by output name, whether they are in single precision, whether inputs were overwritten."""

    results: dict[str, Tensor]
    single: bool
    overwritten: bool = False


class Failed(Exception):
    """The function raised in every form, or what it returned is no result: words that follow "the implementation". Never leaves the package."""


class Unusable(Exception):
    """What a function returned is no result of the equation. Never leaves the package."""


class Caller:
    """A function with its binding. The first form in which it works is kept; `pick` says which of several results is the equation's."""

    def __init__(self, symbols: Symbols, implementation: Callable[..., Any], binding: Mapping[str, str], names: tuple[str, ...]) -> None:
        self.symbols = symbols
        self.implementation = implementation
        self.binding = binding
        self.names = names
        self.form: Form | None = None
        self.pick = 0
        self.results = 1  # the most that a call returned for an equation of one

    def call(self, values: Mapping[str, Any], others: Mapping[str, Any], sizes: Sizes, functions: Mapping[str, Any]) -> Called:
        """Call it in the form that works. `others` are values of another draw, the second element of a batch.

        Raises:
            Failed: it raises, or returns what is no result.
        """
        first = ""
        for form in [self.form] if self.form is not None else self.forms():
            try:
                called = self.called(form, values, others, sizes, functions)
            except Exception as error:  # whatever a stranger's code raises is an answer, not our failure
                first = first or _words(error)
                continue
            self.form = form
            return called
        raise Failed(first)

    def forms(self) -> Iterator[Form]:
        """Forms, the usual first: double precision, single, NumPy's arrays, a batch axis in front of some inputs."""
        yield Form()
        yield Form(single=True)
        yield Form(library="numpy")
        tensors = [name for name in self.symbols.inputs if name in self.binding]
        subsets = (group for size in range(len(tensors), 0, -1) for group in itertools.combinations(tensors, size))
        for group in itertools.islice(subsets, _MOST_BATCHES):
            for single, batch in ((False, 2), (False, 1), (True, 2)):
                yield Form(single=single, batched=group, batch=batch)

    def in_single(self, values: Mapping[str, Any], others: Mapping[str, Any], sizes: Sizes, functions: Mapping[str, Any]) -> Called | None:
        """The same call with inputs in single precision; None where it fails."""
        try:
            return self.called(replace(self.form or Form(), single=True), values, others, sizes, functions)
        except Exception:  # a stranger's code again
            return None

    def random(self, values: Mapping[str, Any], others: Mapping[str, Any], sizes: Sizes, functions: Mapping[str, Any]) -> bool:
        """Whether another random state gives another result on the same inputs."""
        try:
            one, other = (self.called(self.form or Form(), values, others, sizes, functions, seed).results for seed in (0, 1))
            return any(not torch.equal(one[name].nan_to_num(), other[name].nan_to_num()) for name in self.names)
        except Exception:  # a stranger's code again
            return False

    def rounds(self, values: Mapping[str, Any], others: Mapping[str, Any], sizes: Sizes, functions: Mapping[str, Any]) -> bool:
        """Whether it computes in single precision on the way, although inputs and results are double."""
        watcher = _Watcher()
        try:
            with watcher:
                self.called(self.form or Form(), values, others, sizes, functions)
        except Exception:  # a stranger's code again
            return False
        return watcher.single

    def called(
        self, form: Form, values: Mapping[str, Any], others: Mapping[str, Any], sizes: Sizes, functions: Mapping[str, Any], seed: int = 0
    ) -> Called:
        arguments: dict[str, Any] = {}
        for name, wanted in self.binding.items():
            parameter = wanted.removesuffix(TURNED)
            if name in self.symbols.functions:
                arguments[parameter] = functions[name]
            elif name in values:
                value = _handed(name, values[name], others.get(name), form)
                arguments[parameter] = value.mT if parameter != wanted and value.ndim >= 2 else value
            else:
                arguments[parameter] = sizes.of(name)
        versions = {name: value._version for name, value in arguments.items() if isinstance(value, Tensor)}
        with warnings.catch_warnings(), _precision(form.single, seed):
            warnings.simplefilter("ignore")
            result = _run(_fresh(self.implementation), arguments)
        overwritten = any(arguments[name]._version != version for name, version in versions.items())
        results = self.named(result)
        if form.batched:
            results = {name: _unbatched(value, form.batch) for name, value in results.items()}
        single = form.single or any(value.dtype in _SINGLE_DTYPES for value in results.values())
        return Called(results, single, overwritten)

    def named(self, result: Any) -> dict[str, Tensor]:
        """The function's results by the names of the outputs."""
        if isinstance(result, Mapping):
            if set(self.names) <= set(result):
                return {name: _tensor(result[name]) for name in self.names}
            result = tuple(result.values())
        parts = list(result) if isinstance(result, (tuple, list)) else []
        if len(self.names) == 1:
            self.results = max(self.results, len(parts)) if any(_is_array(part) for part in parts) else self.results
            if parts and (len(parts) == 1 or self.results > 1):
                result = parts[min(self.pick, len(parts) - 1)]
            return {self.names[0]: _tensor(result)}
        if len(parts) >= len(self.names):
            return {name: _tensor(value) for name, value in zip(self.names, parts, strict=False)}
        given = f"{len(parts)} values" if len(parts) > 1 else "one value"
        raise Unusable(f"returns {given}, the equation defines {len(self.names)}: {', '.join(self.names)}")


class _Watcher(TorchFunctionMode):
    """Notes whether any operation gives single precision."""

    def __init__(self) -> None:
        super().__init__()
        self.single = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.single |= isinstance(result, Tensor) and result.dtype in _SINGLE_DTYPES
        return result


@contextmanager
def _precision(single: bool, seed: int) -> Iterator[None]:
    """What the function makes itself (zeros, layers) has the precision of its inputs; the random state is the same for every call."""
    before, state = torch.get_default_dtype(), torch.default_generator.get_state()
    torch.set_default_dtype(torch.float32 if single else torch.float64)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.default_generator.set_state(state)
        torch.set_default_dtype(before)


def _handed(name: str, value: Any, other: Any, form: Form) -> Any:
    """A copy of one value in a form, so that the function cannot touch the oracle's inputs."""
    if not isinstance(value, Tensor):
        return value
    if name in form.batched:
        value = torch.stack([value, other.to(value.dtype)]) if form.batch == 2 and other is not None else value[None]
    if form.library == "numpy":
        array = value.detach().numpy().copy()
        return array.astype(numpy.float32) if form.single and array.dtype == numpy.float64 else array
    copied = value.clone()
    return copied.to(torch.float32) if form.single and copied.is_floating_point() else copied


def _unbatched(value: Tensor, batch: int) -> Tensor:
    if value.dim() and value.shape[0] == batch:
        return value[0]
    if batch == 1:
        return value
    raise Unusable("returns a result without a batch axis in front")


def _run(implementation: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call it; names of a module's parameters are set in the module for this call."""
    owner = implementation if isinstance(implementation, torch.nn.Module) else getattr(implementation, "__self__", None)
    if not isinstance(owner, torch.nn.Module):
        return implementation(**arguments)
    own = {**dict(owner.named_parameters()), **dict(owner.named_buffers())}
    inside = {name: value for name, value in arguments.items() if name in own}
    given = {name: value for name, value in arguments.items() if name not in own}
    for name, value in inside.items():
        place, _, last = name.rpartition(".")
        module = owner.get_submodule(place)
        module._parameters.pop(last, None)
        module._buffers.pop(last, None)
        object.__setattr__(module, last, value)
    return implementation(**given)


def _fresh(implementation: Callable[..., Any]) -> Callable[..., Any]:
    """An object that keeps state between calls starts every call from where it was given."""
    owner = getattr(implementation, "__self__", None)
    try:
        if isinstance(implementation, torch.nn.Module):
            return copy.deepcopy(implementation)
        if owner is not None and not isinstance(owner, type) and hasattr(implementation, "__func__"):
            bound = copy.deepcopy(owner)
            return lambda **given: _run_method(bound, implementation.__name__, given)
    except Exception:  # what cannot be copied is called as it is
        pass
    return implementation


def _run_method(owner: Any, name: str, given: dict[str, Any]) -> Any:
    method = getattr(owner, name)
    return _run(method, given) if isinstance(owner, torch.nn.Module) else method(**given)


def _is_array(value: Any) -> bool:
    return isinstance(value, (Tensor, numpy.ndarray)) and value.ndim >= 0


def _tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
        return torch.stack([_tensor(item) for item in value])
    if value is None or isinstance(value, (str, bytes)):
        raise Unusable(f"returns {'nothing' if value is None else 'text'}, not a number or an array")
    array = numpy.asarray(value)
    if array.dtype.kind not in "fiubc":
        raise Unusable(f"returns a {type(value).__name__}, not a number or an array")
    return torch.as_tensor(array, dtype=torch.float32 if array.dtype in (numpy.float32, numpy.float16) else torch.float64)


def _words(error: Exception) -> str:
    text = str(error).strip()
    if isinstance(error, Unusable):
        return text
    return f"raises {type(error).__name__}" + (f": {text.splitlines()[0][:300]}" if text else "")
