"""Attention: the scores that go into each softmax, seen from the products that they come from, and the axis it runs along."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination
from .._trace import Call, Recorder

PRODUCTS = frozenset({"matmul", "__matmul__", "bmm", "baddbmm", "einsum", "__rmatmul__"})


SOFTMAX = frozenset({"softmax"})


SHAPES = (
    "View",
    "Reshape",
    "Transpose",
    "Permute",
    "Expand",
    "Clone",
    "Unsqueeze",
    "Squeeze",
    "Slice",
    "Split",
    "Select",
    "Alias",
    "Contiguous",
    "Repeat",
    "TBackward",
    "Chunk",
    "Unbind",
    "Cat",
)


@dataclass
class Head:
    """One attention: query and key as they are multiplied, their product, the scores given to the softmax, its axis."""

    query: Tensor
    key: Tensor
    product: Tensor
    scores: Tensor
    axis: int
    where: str | None
    weights: Tensor
    summed: int | None = None  # the axis of the weights that their product with the values sums over, where it is seen
    values: Tensor | None = None  # what the weights are multiplied with: samples, heads, keys, features where an einsum does it
    letters: str = ""  # the einsum that multiplied query and key


def attentions(examination: Examination, model: nn.Module) -> tuple[list[Head], list[Call]]:
    """Return the attentions that the subject writes out, and its calls of torch's fused attention."""
    recorder = Recorder(examination.source, PRODUCTS | SOFTMAX | {"scaled_dot_product_attention"})
    with recorder:
        examination.forward(model, examination.batch())
    products: list[tuple[Tensor, Tensor, Tensor, str]] = []
    heads: list[Head] = []
    for call in recorder.calls:
        if call.name in PRODUCTS:
            pair = [item for item in call.arguments if isinstance(item, Tensor)]
            if call.name == "einsum" and len(call.arguments) > 1 and isinstance(call.arguments[1], list | tuple):
                pair = [item for item in call.arguments[1] if isinstance(item, Tensor)]
            if len(pair) == 2 and isinstance(call.result, Tensor) and call.result.requires_grad and call.result.ndim >= 3:
                products.append((pair[0], pair[1], call.result, call.arguments[0] if call.name == "einsum" else ""))
        elif (
            call.name == "softmax"
            and isinstance(call.arguments[0], Tensor)
            and call.arguments[0].requires_grad
            and call.arguments[0].ndim >= 3
        ):
            scores = call.arguments[0]
            axis = call.named.get("dim", call.arguments[1] if len(call.arguments) > 1 else -1)
            match = next((product for product in reversed(products) if product[2].shape == scores.shape), None)
            if match is not None and isinstance(axis, int):
                heads.append(Head(*match[:3], scores, axis % scores.ndim, call.where, call.result, letters=match[3]))
    for head in heads:
        for call in recorder.calls:
            if call.name == "einsum":
                head.summed = _summed_by_letters(call, head) if head.summed is None else head.summed
                head.values = _values_by_letters(call, head) if head.values is None else head.values
                continue
            pair = [item for item in call.arguments[:2] if isinstance(item, Tensor)] if call.name in PRODUCTS else []
            if len(pair) == 2 and any(_is_same(item, head.weights) for item in pair):
                head.summed = head.weights.ndim - (1 if _is_same(pair[0], head.weights) else 2)
                head.values = pair[1] if _is_same(pair[0], head.weights) else pair[0]
    return heads, [call for call in recorder.calls if call.name == "scaled_dot_product_attention"]


def _summed_by_letters(call: Call, head: Head) -> int | None:
    """Return the one axis of the weights that an einsum sums over; None where the weights are not in it or it sums over none or several."""
    text = call.arguments[0] if call.arguments and isinstance(call.arguments[0], str) else ""
    inputs, arrow, output = text.replace(" ", "").partition("->")
    operands = call.arguments[1] if len(call.arguments) == 2 and isinstance(call.arguments[1], list | tuple) else call.arguments[1:]
    if not arrow or "." in text:
        return None
    for letters, operand in zip(inputs.split(","), operands, strict=False):
        if isinstance(operand, Tensor) and _is_same(operand, head.weights) and len(letters) == operand.ndim:
            summed = [axis for axis, letter in enumerate(letters) if letter not in output]
            return summed[0] if len(summed) == 1 else None
    return None


def _values_by_letters(call: Call, head: Head) -> Tensor | None:
    """Return what an einsum of two multiplies the weights with, its axes in the order samples, heads, keys, features; None for other sums."""
    text = call.arguments[0] if call.arguments and isinstance(call.arguments[0], str) else ""
    parts = text.replace(" ", "").partition("->")[0].split(",")
    operands = call.arguments[1] if len(call.arguments) == 2 and isinstance(call.arguments[1], list | tuple) else call.arguments[1:]
    if len(parts) != 2 or len(operands) != 2 or "." in text or not all(isinstance(item, Tensor) for item in operands):
        return None
    place = next((place for place in (0, 1) if _is_same(operands[place], head.weights)), None)
    if place is None or len(parts[place]) != 4:
        return None
    letters, own = parts[1 - place], parts[place]
    features = [letter for letter in letters if letter not in own]
    order = [own[0], own[1], own[3], *features]
    return operands[1 - place].permute([letters.index(letter) for letter in order]) if sorted(order) == sorted(letters) else None


def by_head(head: Head) -> tuple[Tensor, Tensor] | None:
    """Return keys and values with axes in the order samples, heads, keys, features; None where they are not both of four axes."""
    key, values = head.key, head.values
    if head.letters:
        inputs, arrow, scores = head.letters.replace(" ", "").partition("->")
        second = inputs.partition(",")[2]
        if not arrow or "." in inputs or len(scores) != 4 or len(second) != 4 or not {scores[0], scores[1], scores[3]} <= set(second):
            return None
        features = [letter for letter in second if letter not in scores]
        if len(features) != 1:
            return None
        key = key.permute([second.index(letter) for letter in (scores[0], scores[1], scores[3], *features)])
    if values is None or key.ndim != 4 or values.ndim != 4 or key.shape[1] < 2:
        return None
    return (key, values) if key.shape[1] == values.shape[1] else None


def _is_same(a: Tensor, b: Tensor) -> bool:
    """Say whether two tensors are one piece of memory seen in one way."""
    return a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride()


def factor(head: Head) -> float | None:
    """Return the factor between the plain product of query and key and the scores, with plain factors on either before; None where it is none."""
    finite = torch.where(head.scores.detach() > -1e4, head.scores, 0.0)
    finite = torch.where(finite.isfinite(), finite, 0.0)
    (slope,) = torch.autograd.grad(finite.sum(), head.product, retain_graph=True, allow_unused=True)
    if slope is None:
        return None
    used = slope[slope != 0]
    if used.numel() == 0 or float(used.max() - used.min()) > 1e-4 * float(used.abs().max()):
        return None
    before = [_plain_factor(tensor) for tensor in (head.query, head.key)]
    if any(value is None for value in before):
        return None
    return float(used.mean()) * math.prod(value for value in before if value is not None)


def _plain_factor(tensor: Tensor) -> float | None:
    """Follow the graph back from query or key to its projection and multiply plain numbers on the way; None where it is normalised."""
    node, value = tensor.grad_fn, 1.0
    for _ in range(12):
        if node is None:
            return value
        name = node.name()
        if name.startswith(("MulBackward", "DivBackward")):
            other = getattr(node, "_saved_other", None)
            if (isinstance(other, Tensor) and other.numel() == 1) or (other is not None and not isinstance(other, Tensor)):
                if isinstance(other, Tensor) and other.requires_grad:
                    return None  # a scale that is learned
                value = value * float(other) if name.startswith("Mul") else value / float(other)
            elif name.startswith("Div") or other is None:
                return None
            else:
                return value  # a product with a tensor, such as a rotation: plain numbers stand before or after it
        elif any(word in name for word in ("Norm", "Pow", "Sqrt", "ExpBackward", "Clamp")):
            return None
        elif not any(word in name for word in SHAPES):
            return value
        node = node.next_functions[0][0] if node.next_functions else None
    return value


def logit_scale(examination: Examination) -> Evidence | list[Evidence]:
    """Measure the factor on every product of query and key; it is one over the root of the length of a key."""
    model = examination.probe
    heads, fused = attentions(examination, model)
    heads = [head for head in heads if head.query.shape[-1] >= 2]
    if not heads and not fused:
        return examination.skipped("no product of queries and keys is seen")
    equations = (
        " ".join(str(text) for text in (examination.facts.get("equations") or {}).values())
        if isinstance(examination.facts.get("equations"), dict)
        else ""
    )
    stated = bool(re.search(r"\\sqrt\{?\s*d|sqrt\(d|\\sqrt\{?d_k", equations))
    expected_by_all = stated or examination.number("heads") is not None
    found = []
    unknown = 0
    for call in fused:
        scale, query = call.named.get("scale"), call.arguments[0] if call.arguments else None
        if isinstance(scale, float) and isinstance(query, Tensor) and abs(scale * math.sqrt(query.shape[-1]) - 1) > 1e-3:
            before = [_plain_factor(item) for item in call.arguments[:2] if isinstance(item, Tensor)]
            if None in before:  # normalised, or with a scale of its own
                unknown += 1
            elif abs(scale * math.prod(value for value in before if value) * math.sqrt(query.shape[-1]) - 1) > 1e-3:
                found.append((scale, query.shape[-1], call.where))
    for head in heads:
        value, length = factor(head), head.query.shape[-1]
        if value is None:
            unknown += 1
        elif abs(value * math.sqrt(length) - 1) > 1e-3:
            found.append((value, length, head.where))
    if not found:
        if unknown == len(heads) + len(fused):
            return examination.unsure("queries and keys are scaled in a way this check does not see")
        return examination.passed("scores are divided by the root of the length of a key", heads=len(heads) + len(fused))
    value, length, where = found[0]
    if not stated and abs(value - 1) < 1e-3 and _folded(examination):
        return examination.unsure(
            "scores are not divided, and queries start smaller than keys: the root may be folded into them", factor=value
        )
    width = examination.number("d_model") or examination.number("width") or 0
    guess = "nothing" if abs(value - 1) < 1e-3 else f"{1 / value:.4g}"
    if width and abs(value * math.sqrt(width) - 1) < 1e-3:
        guess += ", the root of the whole width"
    message = f"scores are divided by {guess}, where the root of the length of a key is {math.sqrt(length):.4g}"
    return examination.finding(
        "fail" if expected_by_all and len(found) == len(heads) + len(fused) - unknown else "unsure",
        message,
        where=where,
        hint="softmax(QK^T / sqrt(d_k)) V, with d_k the length of one head's key.",
        values={"factor": value, "expected": 1 / math.sqrt(length)},
    )


def _folded(examination: Examination) -> bool:
    """Say whether the queries of a fresh model are clearly smaller than its keys."""
    heads, _ = attentions(examination, examination.build().eval())
    return bool(heads) and all(float(head.query.std()) < 0.6 * float(head.key.std()) for head in heads)


def softmax_axis(examination: Examination) -> Evidence | list[Evidence]:
    """Look at the axis of each attention's softmax: it runs over the keys, along which the values are then summed."""
    heads, _ = attentions(examination, examination.probe)
    if not heads:
        return examination.skipped("no attention written out is seen")
    wrong = [head for head in heads if head.summed is not None and head.axis != head.summed]
    if not wrong:
        return examination.passed("each softmax runs over the keys", heads=len(heads))
    head = wrong[0]
    return examination.finding(
        "fail",
        f"a softmax over scores of shape {tuple(head.scores.shape)} runs along axis {head.axis}, and the values are summed along axis {head.summed}",
        where=head.where,
        hint="The weights of one query over all keys sum to one.",
    )


SCALE = Check(
    name="logit scale",
    family="attention",
    finds="Products of query and key that are not divided by the root of the length of a key.",
    uses=("heads", "equations", "d_model", "width"),
    misled_by="Cosine attention and scales that are learned: 'unsure'.",
    cost="forward",
    function=logit_scale,
)
AXIS = Check(
    name="softmax axis",
    family="attention",
    finds="A softmax of attention along another axis than the one its weights are summed along.",
    uses=(),
    misled_by="Weights that are changed between softmax and sum are not followed.",
    cost="forward",
    function=softmax_axis,
)
