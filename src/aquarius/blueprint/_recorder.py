"""What the child records while a model runs: per module shapes, operations and attention weights. Imported in the child only."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

# Operations that the counter does not know and that do much work: a module with one of them has no count.
UNCOUNTED = (
    "rnn_layer",
    "_cudnn_rnn",
    "_native_multi_head_attention",
    "_transformer_encoder_layer",
    "fft",
    "sparse",
    "cdist",
    "linalg",
    "lstm",
)


@dataclass
class Seen:
    """One module of one run, in the order of first calls."""

    kind: str
    inputs: list[list[int]] = field(default_factory=list)
    outputs: list[list[int]] = field(default_factory=list)
    flops: int = 0  # its own, without those of modules that it calls
    counted: bool = True
    final: bool = False  # its output is an output of the model
    calls: int = 0
    attention: list[list[int]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)


class Recorder:
    """Hooks on every module of a model; `run` is one forward pass."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.seen: dict[str, Seen] = {}
        self.stack: list[str] = []
        self.told = 0  # operations that have been given to a module
        self.counter = FlopCounterMode(display=False)
        self.uncounted = False
        self.used: set[int] = set()  # ids of the parameters that an operation took, by whatever way
        self.made_by: dict[int, tuple[weakref.ref[Tensor], str]] = {}

    def run(self, forward: Callable[[], Any]) -> Any:
        """Run `forward` with the hooks in place and return what it returns."""
        with ExitStack() as stack:
            for path, module in self.model.named_modules():
                stack.enter_context(_removing(module.register_forward_pre_hook(self._enter(path, module), with_kwargs=True)))
                stack.enter_context(_removing(module.register_forward_hook(self._leave(path), with_kwargs=True)))
            stack.enter_context(_plain_kernels())
            stack.enter_context(self.counter)
            stack.enter_context(_Uncounted(self))
            stack.enter_context(_Functions(self))
            return forward()

    @property
    def flops(self) -> int:
        """Operations so far: a multiplication and an addition are two."""
        return int(self.counter.get_total_flops())

    def _enter(self, path: str, module: nn.Module) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            seen = self.seen.setdefault(path, Seen(type(module).__name__))
            if not seen.calls:
                given = list(tensors((args, kwargs)))
                seen.inputs = [list(tensor.shape) for tensor in given]
                seen.reads = list(dict.fromkeys(maker for tensor in given if (maker := self._maker(tensor)) is not None))
            seen.calls += 1
            self._account()
            self.stack.append(path)

        return hook

    def _leave(self, path: str) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            while self.stack and self.stack[-1] != path:  # a module that raised, and was caught, has left its entry behind
                self.stack.pop()
            if not self.stack:
                return
            self._account()
            self.stack.pop()
            seen = self.seen[path]
            made = list(tensors(output))
            if not path:
                outputs = {id(tensor) for tensor in made}
                for inner, (reference, maker) in self.made_by.items():
                    self.seen[maker].final |= inner in outputs and reference() is not None
                seen.final = True
            if seen.calls == 1:
                seen.outputs = [list(tensor.shape) for tensor in made]
            for tensor in made:
                self.made_by[id(tensor)] = (weakref.ref(tensor), path)

        return hook

    def _account(self) -> None:
        """Give the operations since the last change of module to the innermost module."""
        now = self.flops
        if self.stack:
            self.seen[self.stack[-1]].flops += now - self.told
        self.told = now

    def _maker(self, tensor: Tensor) -> str | None:
        reference, path = self.made_by.get(id(tensor), (None, None))
        return path if reference is not None and reference() is tensor else None


class _Uncounted(torch.utils._python_dispatch.TorchDispatchMode):
    """Marks the module in which an operation runs that the counter does not know."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = str(func)
        sparse = any(tensor.layout != torch.strided for tensor in tensors((args, kwargs)))  # the counter takes it for a dense one
        if (sparse and "mm" in name) or any(word in name for word in UNCOUNTED):
            self.recorder.uncounted = True
            for path in self.recorder.stack[-1:]:
                self.recorder.seen[path].counted = False
        return func(*args, **(kwargs or {}))


class _Functions(TorchFunctionMode):
    """Notes which parameters are used, and finds attention weights: of torch's own attention by the shapes of query and key; else a softmax that is multiplied with something."""

    # What may stand between the softmax and the product.
    PASSES = frozenset({"dropout", "masked_fill", "masked_fill_", "where", "to", "type_as", "nan_to_num", "reshape", "view", "clone", "float", "bfloat16", "half", "contiguous"})  # fmt: skip
    PRODUCTS = frozenset({"matmul", "__matmul__", "bmm", "baddbmm", "einsum"})

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.weights: dict[int, tuple[weakref.ref[Tensor], list[int], str]] = {}

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        out = func(*args, **kwargs)
        self.recorder.used.update(id(tensor) for tensor in tensors((args, kwargs)) if isinstance(tensor, nn.Parameter))
        path = self.recorder.stack[-1] if self.recorder.stack else ""
        if name == "scaled_dot_product_attention":
            query, key = _arguments(args, kwargs, ("query", "key"))
            self._found([*query.shape[:-1], key.shape[-2]], path)
        elif name == "multi_head_attention_forward":
            query, key = _arguments(args, kwargs, ("query", "key"))  # (length, batch, width), or without the batch
            heads = args[4] if len(args) > 4 else kwargs["num_heads"]
            self._found([*query.shape[1:-1], heads, query.shape[0], key.shape[0]], path)
        elif name == "softmax" and isinstance(out, Tensor) and out.ndim >= 3 and _over_last(out, args, kwargs):
            self.weights[id(out)] = (weakref.ref(out), list(out.shape), path)
        elif (name in self.PASSES or name in self.PRODUCTS) and self.weights:
            known = next((entry for tensor in tensors((args, kwargs)) if (entry := self._known(tensor)) is not None), None)
            if known is not None and name in self.PRODUCTS:
                self._found(known[1], known[2])
            elif known is not None and isinstance(out, Tensor):
                self.weights[id(out)] = (weakref.ref(out), known[1], known[2])
        return out

    def _known(self, tensor: Tensor) -> tuple[weakref.ref[Tensor], list[int], str] | None:
        entry = self.weights.get(id(tensor))
        return entry if entry is not None and entry[0]() is tensor else None

    def _found(self, shape: list[int], path: str) -> None:
        seen = self.recorder.seen.get(path)
        if seen is not None and seen.calls <= 1:
            seen.attention.append(shape)


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors of nested tuples, lists, dicts and dataclasses, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)
    elif is_dataclass(value):
        for each in fields(value):
            yield from tensors(getattr(value, each.name, None))


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...]) -> list[Tensor]:
    return [args[index] if index < len(args) else kwargs[name] for index, name in enumerate(names)]


def _over_last(out: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    return dim in (-1, out.ndim - 1)


@contextmanager
def _removing(handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Turn off fused kernels that hide their products from the counter: the encoder's fast path, oneDNN's recurrent layers."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    flags = torch.backends.mkldnn.set_flags(False, None, None, None)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(flags[0], None, None, None)
        torch.backends.mha.set_fastpath_enabled(before)
