"""Normalisation: its place in the residual stream, its kind, its epsilon."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination
from .._trace import Recorder

TORCH_LAYERS = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)


def placement(examination: Examination) -> Evidence | list[Evidence]:
    """See which tensor goes on along the residual stream: the normalisation's input (pre-norm) or its output (post-norm)."""
    stated = examination.words("norm")
    if stated not in ("pre", "post"):
        return examination.skipped("the place of the normalisation is not stated")
    model = examination.probe
    layers = [(path, module) for path, module in model.named_modules() if isinstance(module, TORCH_LAYERS)]
    other = next((path for path, module in layers if bool(module.norm_first) != (stated == "pre")), None)
    if other is not None:
        text = f"{stated}-norm is stated, and {other} is a layer of torch with norm_first={stated == 'post'}"
        hint = "torch's layers are post-norm unless norm_first=True."
        return examination.finding("fail", text, where=examination.where(model, other, "__init__"), path=other, hint=hint)
    recorder = Recorder(examination.source, frozenset({"add", "__add__", "add_", "__iadd__", "__radd__"}))
    ends: list[tuple[str, Tensor, Tensor]] = []
    handles = [
        module.register_forward_hook(lambda _, inputs, output, path=path: ends.append((path, inputs[0], output)))
        for path, module in model.named_modules()
        if _is_norm(module)
    ]
    try:
        with torch.no_grad(), recorder:
            examination.forward(model, examination.batch())
    finally:
        for handle in handles:
            handle.remove()
    operands = {id(item) for call in recorder.calls for item in call.arguments[:2] if isinstance(item, Tensor)}
    before = [path for path, into, _ in ends if id(into) in operands and not any(out is into for _, _, out in ends)]
    after = [path for path, _, out in ends if id(out) in operands]
    only_before = [path for path in before if path not in after]
    if len(ends) < 2 or not (only_before or after):
        return examination.unsure("normalisations and residual sums are written in a way this check does not see")
    wrong = after if stated == "pre" else only_before
    right = only_before if stated == "pre" else after
    if len(wrong) > len(right):
        return examination.finding(
            "fail",
            f"{stated}-norm is stated, and at {', '.join(wrong[:3])} the residual stream goes {'through' if stated == 'pre' else 'around'} the normalisation",
            where=_block(examination, model, wrong[0]),
            path=wrong[0],
            hint="x + f(norm(x)) is pre-norm, norm(x + f(x)) is post-norm.",
        )
    if wrong and stated == "post":
        return examination.unsure(f"most normalisations are post-norm, {', '.join(wrong[:3])} may not be")
    return examination.passed(f"the normalisation is {stated}-norm", seen=float(len(right)))


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, NORMS) or ("norm" in type(module).__name__.lower() and not any(module.children()))


def _block(examination: Examination, model: nn.Module, path: str) -> str:
    """Return the forward of the module that calls a normalisation."""
    return examination.where(model, path.rpartition(".")[0])


def normalisation(examination: Examination) -> Evidence | list[Evidence]:
    """Compare the epsilon and the kind of the normalisation layers with what is stated."""
    epsilon, kind = examination.number("norm_eps"), examination.words("normalisation")
    model = examination.build()
    norms = {path: module for path, module in model.named_modules() if _is_norm(module)}
    if (epsilon is None and not kind) or not norms:
        return examination.skipped("neither epsilon nor kind of a normalisation is stated, or none is built")
    found = []
    for path, module in norms.items():
        own = next((getattr(module, name) for name in ("eps", "epsilon") if isinstance(getattr(module, name, None), float)), None)
        if epsilon is not None and own is not None and abs(own - epsilon) > 1e-3 * epsilon:
            where = examination.where(model, path, "__init__")
            found.append(examination.finding("fail", f"epsilon of {path} is {own:g}, and {epsilon:g} is stated", where=where, path=path))
    kinds = {"batch": nn.modules.batchnorm._BatchNorm, "layer": nn.LayerNorm, "group": nn.GroupNorm}
    if kind in kinds:
        library = [path for path, module in norms.items() if type(module).__module__.startswith("torch.nn")]
        other = [path for path in library if not isinstance(norms[path], kinds[kind])]
        one_group = kind == "layer" and all(isinstance(norms[path], nn.GroupNorm) and norms[path].num_groups == 1 for path in other)
        if other and len(other) == len(norms) and not one_group:
            message = f"{kind} normalisation is stated, and {other[0]} is a {type(norms[other[0]]).__name__}"
            found.append(examination.finding("fail", message, where=examination.where(model, other[0], "__init__"), path=other[0]))
    return found[:3] or examination.passed("the normalisation layers are as stated", layers=len(norms))


PLACEMENT = card(
    "architecture",
    "norm placement",
    "Pre-norm where post-norm is stated, or the reverse.",
    ("norm",),
    "Residual sums that are not written as additions of the very tensors: 'unsure'.",
    placement,
)


NORMALISATION = card(
    "architecture",
    "normalisation",
    "Another epsilon or kind of normalisation than stated.",
    ("norm_eps", "normalisation"),
    "A normalisation written by hand without an attribute for its epsilon is passed over.",
    normalisation,
)
