"""The child's task of `draw`: build the Subject's model, run it at a few sizes, say what was seen. Imported in the child only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ._runs import Batches, make_runs, on_device, run_forward


def trace_subject(module: ModuleType, emit: Callable[[Any], None], payload: dict[str, Any]) -> dict[str, Any]:
    """Trace a Subject's model and return plain JSON: parameters and buffers per module, and one entry per run with the sizes it had."""
    facts = getattr(module, "facts", {})
    if not isinstance(facts, dict):
        raise TypeError(f"facts is a {type(facts).__name__}, and a dict is needed")
    batches = Batches(module, payload["batch_size"])
    device, model, problem = _build(module, batches)
    emit({"stage": "built", "device": device})
    runs: list[dict[str, Any]] = []
    used: set[int] = set()
    if problem is None:
        runs = make_runs(module, model, device, batches, used)
        emit({"stage": "traced", "runs": len(runs)})
    parameters, elements = _parameters(model)
    return {
        "device": device,
        "problem": problem,
        "symbol": batches.symbol,
        "batch_size": batches.size,
        "modules": {
            path: {
                "kind": type(child).__name__,
                "parameters": parameters[path],
                "used": any(id(parameter) in used for parameter in child.parameters(recurse=False)),
            }
            for path, child in model.named_modules()
        },
        "elements": elements,
        "config": _config(model),
        "facts": {str(name): value for name, value in facts.items() if type(value) is int},
        "activation_bytes": _activation_bytes(module, model, device, batches) if problem is None else None,
        "runs": runs,
    }


def _build(module: ModuleType, batches: Batches) -> tuple[str, nn.Module, str | None]:
    """Return the device, the model and why it does not run (None: it does). The meta device first: it holds no weights."""
    for device in ("meta", "cpu"):
        torch.manual_seed(0)
        try:
            with on_device(device):
                model = module.build()
        except Exception:
            if device == "cpu":
                raise
            continue
        if not isinstance(model, nn.Module):
            raise TypeError(f"build() gave a {type(model).__name__}, and a torch.nn.Module is needed")
        model.eval()
        try:
            run_forward(module, model, device, batches.base)
        except Exception as error:
            if device == "cpu":
                text = str(error).strip().split("\n")[0][:300]
                return device, model, f"forward() raised {type(error).__name__}: {text}"
            continue
        return device, model, None
    raise AssertionError("one of the two devices has returned or raised")


def _parameters(model: nn.Module) -> tuple[dict[str, int], dict[str, int]]:
    """Return own parameters by module, and totals. A storage counts once, at its first owner, however many names it has."""
    left: dict[int, int] = {}  # storage -> elements not yet counted
    own: dict[str, int] = {}
    total = {"parameters": 0, "trainable": 0, "buffers": 0, "parameter_bytes": 0, "buffer_bytes": 0, "trainable_bytes": 0}

    def fresh(tensor: Tensor) -> int:
        storage = tensor.untyped_storage()
        remaining = left.setdefault(storage._cdata, storage.nbytes() // tensor.element_size())
        counted = min(tensor.numel(), remaining)
        left[storage._cdata] = remaining - counted
        return counted

    for path, module in model.named_modules():
        own[path] = 0
        for parameter in module._parameters.values():
            if parameter is None or isinstance(parameter, nn.parameter.UninitializedParameter):
                continue
            count = fresh(parameter)
            own[path] += count
            total["parameters"] += count
            total["parameter_bytes"] += count * parameter.element_size()
            if parameter.requires_grad:
                total["trainable"] += count
                total["trainable_bytes"] += count * parameter.element_size()
    for module in model.modules():
        for buffer in module._buffers.values():
            if buffer is not None and buffer.layout == torch.strided:
                count = fresh(buffer)
                total["buffers"] += count
                total["buffer_bytes"] += count * buffer.element_size()
    return own, total


def count_parameters(model: nn.Module) -> int:
    """Return the number of parameters, tied ones once: a storage counts once, however many names it has."""
    return _parameters(model)[1]["parameters"]


def _activation_bytes(module: ModuleType, model: nn.Module, device: str, batches: Batches) -> int | None:
    """Return the bytes that the forward pass of the base batch keeps for the backward pass, parameters left out; None if it cannot run."""
    parameters = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, int] = {}
    alive: list[Tensor] = []  # a freed storage's address may come again

    def pack(tensor: Tensor) -> Tensor:
        if tensor.layout == torch.strided and tensor.untyped_storage()._cdata not in parameters:
            kept[tensor.untyped_storage()._cdata] = tensor.untyped_storage().nbytes()
            alive.append(tensor)
        return tensor

    moved = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in batches.base.items()}
    model.train()  # dropout keeps its masks in training only; this is the last thing that is asked of the model
    try:
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), on_device(device):
            module.forward(model, moved)
    except Exception:
        return None
    return sum(kept.values())


def _config(model: nn.Module) -> dict[str, int]:
    """Return the whole numbers of the model's own configuration, where it has one."""
    config = getattr(model, "config", None)
    if is_dataclass(config):
        values = {each.name: getattr(config, each.name) for each in fields(config)}
    elif isinstance(config, dict):
        values = {str(name): value for name, value in config.items()}
    else:
        return {}
    return {name: value for name, value in values.items() if type(value) is int}
