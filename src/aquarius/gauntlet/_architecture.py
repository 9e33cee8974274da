"""Architecture: symmetries, placement of the normalisation, constants, activation, what the head reads."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from ..core import Evidence
from ._check import Check
from ._examination import Examination, distance
from ._inputs import Batch, is_integer, is_mask
from ._trace import Recorder, first_difference, watching

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)
ACTIVATIONS = {
    "relu": {"relu", "relu_", "clamp", "clamp_min", "maximum"},
    "gelu": {"gelu"},
    "silu": {"silu", "sigmoid"},
    "swish": {"silu", "sigmoid"},
    "elu": {"elu", "elu_"},
    "tanh": {"tanh"},
    "sigmoid": {"sigmoid"},
    "leaky relu": {"leaky_relu", "leaky_relu_"},
    "selu": {"selu"},
    "softplus": {"softplus"},
    "mish": {"mish"},
}
SMOOTH = frozenset(
    [
        "relu",
        "relu_",
        "gelu",
        "silu",
        "elu",
        "elu_",
        "tanh",
        "sigmoid",
        "leaky_relu",
        "leaky_relu_",
        "selu",
        "softplus",
        "mish",
        "celu",
        "prelu",
        "rrelu",
        "hardtanh",
        "hardswish",
        "erf",
        "glu",
    ]
)
SURE, ROUNDING = 1e-3, 2e-5


def permutations(examination: Examination) -> Evidence | list[Evidence]:
    """Reorder the elements of a set, or the nodes of a graph, in every entry alike: the output must stay, or be reordered alike."""
    invariant, equivariant = examination.facts.get("permutation_invariant"), examination.facts.get("permutation_equivariant")
    if not invariant and not equivariant:
        return examination.skipped("no order is stated not to matter")
    if examination.random_evaluation:
        return examination.skipped("evaluation is random")
    model, batch = examination.probe, examination.batch()
    tensors = {key: value for key, value in batch.items() if isinstance(value, Tensor)}
    if examination.layout.graph:
        size, nodes = examination.layout.size, True
        if any(is_integer(value) and value.ndim == 2 and value.shape[0] == 2 for value in tensors.values()):
            return examination.skipped("the graph is given as a list of edges, whose ends this check does not rename")
    else:
        lengths = [value.shape[1] for value in tensors.values() if value.ndim >= 2 and value.shape[0] == examination.layout.size]
        if not lengths or not examination.layout.rows:
            return examination.skipped("no axis of elements is in the batch")
        size, nodes = max(set(lengths), key=lengths.count), False
    order = torch.randperm(size, generator=torch.Generator().manual_seed(4))
    changed: Batch = {}
    for key, value in batch.items():
        if isinstance(value, Tensor):
            for axis in range(value.ndim):
                if value.shape[axis] == size and (
                    nodes or axis == 1 or (axis > 1 and value.ndim == 3 and value.shape[1] == value.shape[2])
                ):
                    value = value.index_select(axis, order)
        changed[key] = value
    with torch.no_grad(), watching(model) as one:
        before = examination.forward(model, batch, seed=1)
    with torch.no_grad(), watching(model) as two:
        after = examination.forward(model, changed, seed=1)
    if equivariant:
        axis = 0 if nodes else 1
        if before.ndim <= axis or before.shape[axis] != size:
            return examination.skipped("the output has no axis of elements")
        before = before.index_select(axis, order)
    change = distance(before, after)
    if change <= ROUNDING:
        return examination.passed("the order of the elements does not matter, as stated", change=change)
    if change <= SURE:
        return examination.unsure("another order of the elements changes the output by little more than rounding", change=change)

    def view(tensor: Tensor) -> Tensor | None:
        axis = 0 if nodes else 1
        if tensor.ndim > axis and tensor.shape[axis] == size:
            return tensor.double().sum(dim=axis)
        return tensor if tensor.ndim == 2 else None

    path = first_difference(one, two, view, SURE)
    return examination.finding(
        "fail",
        f"the order of the {invariant or equivariant} is stated not to matter, and another order changes the output by {change:.3g} of its scale",
        where=examination.where(model, path or ""),
        path=path,
        hint="Look for weights, positions or a scan along the axis of elements.",
        values={"change": change},
    )


def symmetry(examination: Examination) -> Evidence:
    """Exchange the two entries of the batch that are stated to be exchangeable."""
    pair = examination.facts.get("symmetric")
    batch = examination.batch()
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(key in batch for key in pair):
        return examination.skipped("no two entries are stated to be exchangeable")
    if examination.random_evaluation:
        return examination.skipped("evaluation is random")
    model = examination.probe
    swapped = dict(batch) | {pair[0]: batch[pair[1]], pair[1]: batch[pair[0]]}
    with torch.no_grad():
        change = distance(examination.forward(model, batch, seed=1), examination.forward(model, swapped, seed=1))
    if change > SURE:
        return examination.finding(
            "fail",
            f"exchanging {pair[0]} and {pair[1]} changes the output by {change:.3g} of its scale",
            where=examination.where(model, ""),
            hint="Do both go through the same layers, in the same mode and normalisation?",
        )
    return examination.passed(f"{pair[0]} and {pair[1]} can be exchanged", change=change)


def placement(examination: Examination) -> Evidence | list[Evidence]:
    """See which tensor goes on along the residual stream: the normalisation's input (pre-norm) or its output (post-norm)."""
    stated = examination.words("norm")
    if stated not in ("pre", "post"):
        return examination.skipped("the place of the normalisation is not stated")
    model = examination.probe
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
        library = [path for path, module in norms.items() if isinstance(module, NORMS)]
        other = [path for path in library if not isinstance(norms[path], kinds[kind])]
        one_group = kind == "layer" and all(isinstance(norms[path], nn.GroupNorm) and norms[path].num_groups == 1 for path in other)
        if other and len(other) == len(norms) and not one_group:
            message = f"{kind} normalisation is stated, and {other[0]} is a {type(norms[other[0]]).__name__}"
            found.append(examination.finding("fail", message, where=examination.where(model, other[0], "__init__"), path=other[0]))
    return found[:3] or examination.passed("the normalisation layers are as stated", layers=len(norms))


def activation(examination: Examination) -> Evidence:
    """Record the nonlinearities that are called; the stated one must be among them."""
    stated = examination.words("activation")
    names = ACTIVATIONS.get(stated)
    if names is None:
        return examination.skipped("no activation is stated in a word this check knows")
    recorder = Recorder(examination.source, SMOOTH | names)
    model = examination.probe
    with torch.no_grad(), recorder:
        examination.forward(model, examination.batch())
        examination.loss(model, examination.batch())
    called = {call.name for call in recorder.calls}
    if called & names:
        return examination.passed(f"{stated} is called", calls=sum(call.name in names for call in recorder.calls))
    others = called & SMOOTH
    hidden = [
        path
        for path, module in model.named_modules()
        if type(module).__module__.startswith("torch.nn.modules")
        and any(word in type(module).__name__ for word in ("RNN", "LSTM", "GRU", "Transformer"))
    ]
    if hidden or (not others and stated not in ("relu", "gelu", "tanh", "elu")):
        return examination.unsure(f"{stated} is not seen, and may be inside a library's layer or written by hand")
    where = next((call.where for call in recorder.calls if call.where and call.name in others), None) or examination.where(model, "")
    instead = f", and {', '.join(sorted(others))} is called" if others else ", and no nonlinearity is called at all"
    return examination.finding("fail", f"{stated} is stated{instead}", where=where, hint="Look for the activation between the layers.")


def embedding_scale(examination: Examination) -> Evidence:
    """Take the slope from the token embedding to the input of the first layer after it: it is the stated factor."""
    stated = examination.number("embedding_scale")
    words = examination.words("embedding_scale")
    width = examination.number("d_model") or examination.number("width")
    if stated is None and re.search(r"sqrt|√", words) and width:
        stated = width**0.5
    if stated is None:
        return examination.skipped("no factor on the embeddings is stated")
    model = examination.build().eval()
    tables = [path for path, module in model.named_modules() if isinstance(module, nn.Embedding)]
    seen: list[tuple[str, str, list[Tensor]]]
    with watching(model) as seen:
        examination.forward(model, examination.batch())
    for number, (kind, path, outputs) in enumerate(seen):
        if kind != "out" or path not in tables or not outputs or outputs[0].ndim != 3:
            continue
        embedded = outputs[0]
        for way, other, inputs in seen[number + 1 :]:
            if way == "in" and other not in tables and inputs and inputs[0].shape == embedded.shape and inputs[0].requires_grad:
                slope = torch.autograd.grad(inputs[0].sum(), embedded, retain_graph=True, allow_unused=True)[0]
                if slope is None or float(slope.std()) > 1e-4 * float(slope.abs().mean()) + 1e-9:
                    break
                found = float(slope.mean())
                if (other.split(".")[0] and not other.lower().startswith(("pos", "drop"))) or abs(found - 1) > 1e-3 or stated == 1:
                    return _scale(examination, model, stated, found)
                break
    return examination.unsure("the way from the embedding to the first layer is not a plain factor")


def _scale(examination: Examination, model: nn.Module, stated: float, found: float) -> Evidence:
    if abs(found / stated - 1) < 1e-3:
        return examination.passed("embeddings are multiplied by the stated factor", factor=found)
    return examination.finding(
        "fail",
        f"token embeddings are multiplied by {found:.4g} before the first layer, and {stated:.4g} is stated",
        where=examination.where(model, ""),
        hint="Multiply before positions are added.",
        values={"factor": found, "stated": stated},
    )


def pooling(examination: Examination) -> Evidence:
    """Compare what the head reads with the first token and with the mean over tokens of the last sequence before it."""
    stated = examination.words("pooling")
    if "class token" not in stated and "mean" not in stated:
        return examination.skipped("what the head reads is not stated as class token or mean")
    model = examination.probe
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, examination.batch())
    heads = [(n, inputs[0]) for n, (kind, _, inputs) in enumerate(events) if kind == "in" and inputs and inputs[0].ndim == 2]
    sequences = [(n, outputs[0]) for n, (kind, _, outputs) in enumerate(events) if kind == "out" and outputs and outputs[0].ndim == 3]
    for place, read in heads:
        for earlier, sequence in reversed(sequences):
            if earlier > place or sequence.shape[0] != read.shape[0] or sequence.shape[2] != read.shape[1]:
                continue
            ways = {
                "class token": sequence[:, 0],
                "mean": sequence.mean(dim=1),
                "last token": sequence[:, -1],
                "mean without the first": sequence[:, 1:].mean(dim=1),
                "maximum": sequence.amax(dim=1),
            }
            matched = [way for way, value in ways.items() if distance(value, read) < 1e-5]
            if not matched:
                continue
            expected = "class token" if "class token" in stated else "mean"
            if expected in matched or (expected == "mean" and "mean without the first" in matched):
                return examination.passed(f"the head reads the {expected}")
            where = examination.where(model, "")
            return examination.finding(
                "fail", f"the head reads the {matched[0]}, and {examination.facts['pooling']} is stated", where=where
            )
    return examination.unsure("what the head reads is not seen to be one token or a mean")


OUTPUTS = ("logits", "probabilities", "unit-norm embeddings", "distance")


def output_kind(examination: Examination) -> Evidence:
    """Hold the output of a perturbed model against the stated kind."""
    stated = examination.words("output")
    kind = next((kind for kind in OUTPUTS if stated.startswith(kind)), None)
    if kind is None:
        return examination.skipped("the kind of output is not stated in words this check knows")
    model = examination.probe
    with torch.no_grad():
        output = examination.forward(model, examination.batch(32) if not examination.layout.graph else examination.batch())
    if not output.is_floating_point() or output.numel() < 8:
        return examination.skipped("the output is too small to tell")
    values = output[output.isfinite()]
    axis = _class_axis(examination, output)
    inside = bool(((values >= 0) & (values <= 1)).all())
    sums = axis is not None and bool(((output.sum(dim=axis) - 1).abs() < 1e-4).all())
    wrong = ""
    if kind == "logits" and inside and (sums or len(values.unique()) > 4):
        wrong = "every value lies between 0 and 1" + (" and the classes sum to 1" if sums else "")
    elif kind == "logits" and bool((values >= 0).all()) and float((values == 0).float().mean()) > 0.1:
        wrong = "no value is below 0 and many are 0, as after a ReLU"
    elif kind == "probabilities" and (
        not inside
        or (axis is not None and output.shape[axis] > 1 and "sigmoid" not in stated and not sums and examination.facts.get("classes"))
    ):
        wrong = "its values are not between 0 and 1" if not inside else "the classes do not sum to 1"
    elif kind == "unit-norm embeddings" and not bool(((output.norm(dim=-1) - 1).abs() < 1e-3).all()):
        wrong = f"the norms are {float(output.norm(dim=-1).mean()):.3g} on average"
    elif kind == "distance" and bool((values < -1e-6).any()):
        wrong = "some values are negative"
    if wrong:
        return examination.finding(
            "fail",
            f"the output is stated to be {kind}, and {wrong}",
            where=examination.where(model, ""),
            hint="Look at the last operation of forward.",
        )
    return examination.passed(f"the output can be {kind}")


def _class_axis(examination: Examination, output: Tensor) -> int | None:
    for key in ("classes", "vocabulary", "actions"):
        size = examination.number(key)
        if size is not None:
            found = [axis for axis, length in enumerate(output.shape) if length == size and axis > 0]
            return found[-1] if found else None
    return output.ndim - 1 if output.ndim > 1 and output.shape[-1] > 1 else None


def unread_entries(examination: Examination) -> Evidence | list[Evidence]:
    """Exchange each entry that is a model's input by its name and see that something changes."""
    batch = examination.batch()
    silent = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and not is_mask(value) and not examination.reads(key) and not examination.loss_reads(key)
    ]
    everything = [key for key, value in batch.items() if isinstance(value, Tensor)]
    if everything and not any(examination.reads(key) for key in everything):
        return examination.finding(
            "fail",
            "the output does not depend on the batch at all",
            where=examination.where(examination.probe, ""),
            hint="Is the input used?",
        )
    if silent:
        return examination.unsure(f"neither forward nor loss looks at {', '.join(silent)} in evaluation mode")
    return examination.passed("every entry of the batch is looked at")


def _card(name: str, finds: str, uses: tuple[str, ...], misled_by: str, function: Any) -> Check:
    return Check(name=name, family="architecture", finds=finds, uses=uses, misled_by=misled_by, cost="forward", function=function)


PERMUTATION = _card(
    "permutation",
    "An output that follows the order of elements whose order is stated not to matter.",
    ("permutation_invariant", "permutation_equivariant"),
    "Edges given as lists of indices: skipped.",
    permutations,
)
SYMMETRY = _card(
    "symmetry",
    "An output that changes when two exchangeable entries are exchanged.",
    ("symmetric",),
    "Random evaluation: both calls have one seed.",
    symmetry,
)
PLACEMENT = _card(
    "norm placement",
    "Pre-norm where post-norm is stated, or the reverse.",
    ("norm",),
    "Residual sums that are not written as additions of the very tensors: 'unsure'.",
    placement,
)
NORMALISATION = _card(
    "normalisation",
    "Another epsilon or kind of normalisation than stated.",
    ("norm_eps", "normalisation"),
    "A normalisation written by hand without an attribute for its epsilon is passed over.",
    normalisation,
)
ACTIVATION = _card(
    "activation",
    "Another nonlinearity than stated, or none.",
    ("activation",),
    "Nonlinearities inside recurrent library layers: 'unsure'.",
    activation,
)
EMBEDDING_SCALE = _card(
    "embedding scale",
    "Token embeddings that reach the first layer with another factor than stated.",
    ("embedding_scale", "d_model", "width"),
    "A normalisation between embedding and first layer: 'unsure'.",
    embedding_scale,
)
POOLING = _card(
    "pooling", "A head that reads another token, or another average, than stated.", ("pooling",), "Learned pooling: 'unsure'.", pooling
)
OUTPUT = _card(
    "output",
    "An output of another kind than stated.",
    ("output", "classes"),
    "Logits that lie between 0 and 1 by chance, on 32 samples.",
    output_kind,
)
ENTRIES = _card(
    "entries", "An output that does not depend on the batch.", (), "Entries that only training looks at: 'unsure'.", unread_entries
)
