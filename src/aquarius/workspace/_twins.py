"""Broken twins: a working file with one thing wrong, for checks and comparisons that must notice it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

# Appended to a Subject; each breaks it in one way that a careful reader would call a bug. What a twin cannot break, it leaves alone.
SUBJECT_TWINS: dict[str, str] = {
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
def _change(model):
    import torch
    class Spare(torch.nn.Module):
        def forward(self, x):
            return x
    model.add_module("spare_layer", Spare())
    model.register_buffer("spare_buffer", torch.zeros(3))
""",
    "activations left out": """
def _change(model):
    import torch
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child).__module__.endswith("activation") and not list(child.parameters()):
                setattr(module, name, torch.nn.Identity())
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
    "labels out of range": """
def _batch(batch):
    import torch
    return {name: value + 1000 if torch.is_tensor(value) and value.dtype == torch.long and value.dim() == 1 else value for name, value in batch.items()}
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
    return model
def loss(model, batch):
    value = _whole_loss(model, _labels(batch) if "_labels" in globals() else batch)
    return _loss(value) if "_loss" in globals() else value
def batch(n, seed=0):
    return _batch(_whole_batch(n, seed)) if "_batch" in globals() else _whole_batch(n, seed)
if "_groups" in globals() and "optimizer" in globals():
    _whole_optimizer = optimizer
    def optimizer(model):
        made = _whole_optimizer(model)
        _groups(made.param_groups)
        return made
"""
# Appended to an experiment that asks for a graph.
DATA_TWINS: dict[str, str] = {
    "labels shuffled": "replace(graph, labels=graph.labels[torch.randperm(len(graph.labels), generator=torch.Generator().manual_seed(0))])",
    "measured on the training split": "replace(graph, test=graph.train)",
}
_DATA_TAIL = """
_whole_train = train
class _Twin:
    def __init__(self, run):
        self._run = run
    def __getattr__(self, name):
        return getattr(self._run, name)
    def data(self, name):
        from dataclasses import replace
        import torch
        graph = self._run.data(name)
        return {change}
def train(run):
    return _whole_train(_Twin(run))
"""
_SWAPS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Mult(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.Div: ast.Mult(), ast.Pow: ast.Mult(), ast.MatMult: ast.Add(),
}  # fmt: skip
_SIGNS = {ast.Mult: "*", ast.Add: "+", ast.Sub: "-", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}
_TRAINING = ("step", "backward")


def subject_twin(source: str, name: str) -> str:
    """Return a subject's source with one of SUBJECT_TWINS in it."""
    return f"{source}\n{SUBJECT_TWINS[name]}{_TAIL}"


def data_twin(source: str, name: str) -> str:
    """Return an experiment's source that is given broken data."""
    return f"{source}\n{_DATA_TAIL.replace('{change}', DATA_TWINS[name])}"


def code_twins(source: str, function: str | None = None) -> Iterator[tuple[str, str]]:
    """Give (what is changed, source) for changes of one place each in a file, or in one of its functions: first steps of training that are
    left out, then operators, then numbers."""
    tree = ast.parse(source)
    inside = [node for node in ast.walk(tree) if function is None or (isinstance(node, ast.FunctionDef) and node.name == function)]
    nodes = list(ast.walk(tree)) if function is None else [node for root in inside for statement in getattr(root, "body", []) for node in ast.walk(statement)]  # fmt: skip
    order = {id(node): number for number, node in enumerate(ast.walk(tree))}
    for change in (_left_out, _operator, _number):
        for node in nodes:
            other = copy.deepcopy(tree)
            target = list(ast.walk(other))[order[id(node)]]
            if words := change(target):
                yield f"line {getattr(node, 'lineno', 0)}: {words}", ast.unparse(ast.fix_missing_locations(other))


def _left_out(node: ast.AST) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute) and node.value.func.attr in _TRAINING:  # fmt: skip
        words = f"{ast.unparse(node)} left out"
        node.value = ast.Constant(None)
        return words
    return None


def _operator(node: ast.AST) -> str | None:
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPS:
        old = type(node.op)
        node.op = _SWAPS[old]
        return f"{_SIGNS[old]} became {_SIGNS[type(node.op)]}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
        return "a minus left out"
    return None


def _number(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        old = node.value
        node.value = old + 1
        return f"{old} became {node.value}"
    return None
