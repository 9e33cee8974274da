"""Broken twins of a subject: a working file with one thing wrong, for the checks that must notice it."""

from __future__ import annotations

import ast

# Appended to a Subject; each breaks it in one way that a careful reader would call a bug. What a twin cannot break, it leaves alone.
_TAILS: dict[str, str] = {
    "a leak between samples": """
def _hook(module, given, out):
    return out + out.mean(0, keepdim=True) if hasattr(out, "mean") and out.is_floating_point() else out
""",
    "a look into the future": """
def _hook(module, given, out):
    return out + out.roll(-1, 1) if hasattr(out, "roll") and out.dim() > 2 else out
""",
    "noise in evaluation": """
def _hook(module, given, out):
    import torch
    return out + torch.randn_like(out) if hasattr(out, "dim") and out.is_floating_point() else out
""",
    "an output that is constant": """
def _hook(module, given, out):
    return out * 0 + 1 if hasattr(out, "dim") else out
""",
    "an output that is not finite": """
def _hook(module, given, out):
    return (out - out.abs().max() - 1).log() if hasattr(out, "log") and out.is_floating_point() else out
""",
    "an output of another size": """
def _hook(module, given, out):
    return out[..., :-1] if hasattr(out, "dim") and out.dim() else out
""",
    "half of the gradients cut": """
def _change(model):
    for number, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(number % 2 == 1)
""",
    "a parameter too many": """
def _change(model):
    import torch
    model.register_parameter("spare", torch.nn.Parameter(torch.zeros(3)))
""",
    "a layer outside the model's register": """
def _change(model):
    for name, child in list(model.named_children())[:1]:
        del model._modules[name]
        model.__dict__[name] = child
    import torch
    model.__dict__["spare"] = torch.zeros(3, requires_grad=True)
""",
    "weights thirty times too large": """
def _change(model):
    import torch
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(30)
""",
    "all weights equal": """
def _change(model):
    import torch
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.01)
""",
    "a softmax too many": """
def _hook(module, given, out):
    return out.softmax(-1) if hasattr(out, "softmax") and out.dim() > 1 else out
""",
    "an output a million times too large": """
def _hook(module, given, out):
    return out * 1e6 if hasattr(out, "dim") and out.is_floating_point() else out
""",
    "gradients twice too large": """
def _change(model):
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.register_hook(lambda gradient: gradient * 2)
""",
    "a layer that does nothing": """
import torch
class _Spare(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("kept_for_nothing", torch.zeros(3))
    def forward(self, x):
        return x
def _change(model):
    model.add_module("spare_layer", _Spare())
""",
    "digits that half precision loses": """
def _hook(module, given, out):
    return out + (out.detach() * 0 + 1.001 - 1).log() if hasattr(out, "log") and out.is_floating_point() else out
""",
    "a path without its gradient": """
def _hook(module, given, out):
    return (out + out.detach()) / 2 if hasattr(out, "detach") and out.is_floating_point() else out
""",
    "an output that knows the answer": """
def _forward(out, batch):
    import torch
    for value in batch.values():
        if torch.is_tensor(out) and torch.is_tensor(value) and value.dtype == torch.long and out.shape[:-1] == value.shape and 0 <= int(value.min()) and int(value.max()) < out.shape[-1]:
            return out + 20 * torch.nn.functional.one_hot(value, out.shape[-1])
    return out
""",
    "inputs weighted by their place": """
def _before(module, given):
    import torch
    def weighted(x):
        place = 1 if x.dim() > 2 else 0
        weights = 1 + torch.arange(x.shape[place], dtype=x.dtype)
        return x * weights.view([-1 if axis == place else 1 for axis in range(x.dim())])
    return tuple(weighted(x) if torch.is_tensor(x) and x.is_floating_point() and x.dim() > 1 else x for x in given)
""",
    "a division by the size of a batch, which may be zero": """
def _before(module, given):
    import torch
    return tuple(x / x.norm() if torch.is_tensor(x) and x.is_floating_point() and x.dim() > 1 else x for x in given)
def _batch(batch, seed):
    import torch
    return {name: value * 0 if seed > 3 and torch.is_tensor(value) and value.is_floating_point() else value for name, value in batch.items()}
""",
    "neighbours heard by the first layer alone": """
def _change(model):
    import torch
    def alone(module, given):
        return given[:1] + tuple(torch.eye(len(x)).to(x) if torch.is_tensor(x) and not x.is_sparse and x.dim() == 2 and x.shape[0] == x.shape[1] else x for x in given[1:])
    for layer in [child for child in model.children() if list(child.parameters())][1:]:
        layer.register_forward_pre_hook(alone)
""",
    "edges in one direction": """
def _batch(batch, seed):
    import torch
    def one_way(x):
        if torch.is_tensor(x) and x.dtype != torch.long and x.dim() == 2 and x.shape[0] == x.shape[1] and torch.equal(x, x.T):
            return x.triu()
        return x[:, x[0] <= x[1]] if torch.is_tensor(x) and x.dtype == torch.long and x.dim() == 2 and len(x) == 2 else x
    return {name: one_way(value) for name, value in batch.items()}
""",
    "one seed for every model": "\nimport torch\n\n\ndef _begin():\n    torch.manual_seed(0)\n",
    "an optimiser that misses the first layer": """
def _groups(groups):
    for group in groups[:1]:
        group["params"] = group["params"][1:]
""",
    "a learning rate of zero": """
def _groups(groups):
    for group in groups:
        group["lr"] = 0.0
""",
    "an optimiser that cannot be made": "\ndef _groups(groups):\n    raise ValueError('no such group of parameters')\n",
    "labels out of range": """
def _batch(batch, seed):
    import torch
    return {name: value + 1000 if torch.is_tensor(value) and value.dtype == torch.long and value.dim() == 1 else value for name, value in batch.items()}
""",
    "one class alone": """
def _batch(batch, seed):
    import torch
    return {name: value * 0 if torch.is_tensor(value) and value.dtype == torch.long and value.dim() == 1 else value for name, value in batch.items()}
""",
    "labels that have nothing to do with the input": """
def _batch(batch, seed):
    import torch
    order = torch.Generator().manual_seed(seed)
    return {name: value[torch.randperm(len(value), generator=order)] if torch.is_tensor(value) and value.dtype == torch.long and value.dim() == 1 else value for name, value in batch.items()}
""",
    "the test split is the training split": "\nif 'train_loader' in globals() and 'test_loader' in globals():\n    test_loader = train_loader\n",
    "a condition that the loss gives as one constant": """
def _labels(batch):
    import torch
    return {name: torch.full_like(value, value.flatten()[0].item()) if torch.is_tensor(value) and value.numel() == len(value) > 1 and value.dtype != torch.bool else value for name, value in batch.items()}
""",
    "labels shuffled at every step": """
def _labels(batch):
    import torch
    changed = dict(batch)
    for name, value in batch.items():
        if torch.is_tensor(value) and not value.is_floating_point() and value.dim():
            changed[name] = value[torch.randperm(len(value))]
    return changed
""",
    "a loss of the wrong sign": "\ndef _loss(value):\n    return -value\n",
    "a loss that is not averaged": "\ndef _loss(value):\n    return value * 16 + 5\n",
    "a loss without a gradient": "\ndef _loss(value):\n    return value.detach().requires_grad_()\n",
}
# Put before a subject: what it imports meets it.
_HEADS: dict[str, str] = {
    "activations left out": """
import torch as _torch
for _place in (_torch, _torch.Tensor, _torch.nn.functional):
    for _name in ("relu", "relu_", "gelu", "silu", "elu", "leaky_relu", "tanh", "softplus", "mish", "selu"):
        if hasattr(_place, _name):
            setattr(_place, _name, lambda x, *rest, **named: x)
""",
}
_TAIL = """
_whole_build, _whole_loss, _whole_batch = build, loss, batch
def build():
    if "_begin" in globals():
        _begin()
    model = _whole_build()
    if "_change" in globals():
        _change(model)
    if "_hook" in globals():
        model.register_forward_hook(_hook)
    if "_before" in globals():
        model.register_forward_pre_hook(_before)
    return model
def loss(model, batch):
    value = _whole_loss(model, _labels(batch) if "_labels" in globals() else batch)
    return _loss(value) if "_loss" in globals() else value
def batch(n, seed=0):
    return _batch(_whole_batch(n, seed), seed) if "_batch" in globals() else _whole_batch(n, seed)
if "_forward" in globals() and "forward" in globals():
    _whole_forward = forward
    def forward(model, batch):
        return _forward(_whole_forward(model, batch), batch)
if "_groups" in globals() and "optimizer" in globals():
    _whole_optimizer = optimizer
    def optimizer(model):
        made = _whole_optimizer(model)
        _groups(made.param_groups)
        return made
"""
SUBJECT_TWINS: tuple[str, ...] = (*_TAILS, *_HEADS)


def subject_twin(source: str, name: str) -> str:
    """Return a subject's source with one of SUBJECT_TWINS in it."""
    if name in _HEADS:
        lines = source.splitlines(keepends=True)
        first = [
            node.end_lineno or 0 for node in ast.parse(source).body if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        ]
        place = max(first, default=0)
        return "".join([*lines[:place], _HEADS[name], "\n", *lines[place:]])
    return f"{source}\n{_TAILS[name]}{_TAIL}"
