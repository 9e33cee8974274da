"""Attention and positions: the scores that go into each softmax, seen from the products that they come from."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core import Evidence
from ..core._evidence import Status
from ._check import Check
from ._examination import Examination, distance
from ._inputs import is_integer
from ._sequences import read_sequences
from ._trace import Call, Recorder

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


def attentions(examination: Examination, model: nn.Module) -> tuple[list[Head], list[Call]]:
    """Return the attentions that the subject writes out, and its calls of torch's fused attention."""
    recorder = Recorder(examination.source, PRODUCTS | SOFTMAX | {"scaled_dot_product_attention"})
    with recorder:
        examination.forward(model, examination.batch())
    products: list[tuple[Tensor, Tensor, Tensor]] = []
    heads: list[Head] = []
    for call in recorder.calls:
        if call.name in PRODUCTS:
            pair = [item for item in call.arguments if isinstance(item, Tensor)]
            if call.name == "einsum" and len(call.arguments) > 1 and isinstance(call.arguments[1], list | tuple):
                pair = [item for item in call.arguments[1] if isinstance(item, Tensor)]
            if len(pair) == 2 and isinstance(call.result, Tensor) and call.result.requires_grad and call.result.ndim >= 3:
                products.append((pair[0], pair[1], call.result))
        elif (
            call.name == "softmax"
            and isinstance(call.arguments[0], Tensor)
            and call.arguments[0].requires_grad
            and call.arguments[0].ndim >= 3
        ):
            scores = call.arguments[0]
            axis = call.named.get("dim", call.arguments[1] if len(call.arguments) > 1 else -1)
            match = next(((q, k, p) for q, k, p in reversed(products) if p.shape == scores.shape), None)
            if match is not None and isinstance(axis, int):
                heads.append(Head(*match, scores, axis % scores.ndim, call.where, call.result))
    return heads, [call for call in recorder.calls if call.name == "scaled_dot_product_attention"]


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
    for call in fused:
        scale, query = call.named.get("scale"), call.arguments[0] if call.arguments else None
        if isinstance(scale, float) and isinstance(query, Tensor) and abs(scale * math.sqrt(query.shape[-1]) - 1) > 1e-3:
            found.append((scale, query.shape[-1], call.where))
    unknown = 0
    for head in heads:
        value, length = factor(head), head.query.shape[-1]
        if value is None:
            unknown += 1
        elif abs(value * math.sqrt(length) - 1) > 1e-3:
            found.append((value, length, head.where))
    if not found:
        if unknown == len(heads) and not fused:
            return examination.unsure("queries and keys are scaled in a way this check does not see")
        return examination.passed("scores are divided by the root of the length of a key", heads=len(heads) + len(fused))
    value, length, where = found[0]
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


def softmax_axis(examination: Examination) -> Evidence | list[Evidence]:
    """Look at the axis of each attention's softmax: it runs over the keys, which are the last axis of query times key."""
    heads, _ = attentions(examination, examination.probe)
    if not heads:
        return examination.skipped("no attention written out is seen")
    wrong = [
        head
        for head in heads
        if head.axis != head.scores.ndim - 1
        and head.product.shape[-1] == head.key.shape[-1 if head.key.shape[-2] == head.query.shape[-1] else -2]
    ]
    if not wrong:
        return examination.passed("each softmax runs over the keys", heads=len(heads))
    head = wrong[0]
    status: Status = "fail" if examination.number("heads") is not None or examination.facts.get("causal") is not None else "unsure"
    return examination.finding(
        status,
        f"a softmax over scores of shape {tuple(head.scores.shape)} runs along axis {head.axis}, and the keys are the last axis",
        where=head.where,
        hint="The weights of one query over all keys sum to one.",
    )


def distance_bias(examination: Examination) -> Evidence | list[Evidence]:
    """Take the scores minus the scaled product: what is left is the bias, -m_h (i - j) for ALiBi, up to a number for each row."""
    if examination.words("positional") != "alibi":
        return examination.skipped("no linear bias on distance is stated")
    heads, _ = attentions(examination, examination.probe)
    for head in heads:
        value = _slope(head)
        if value is None or head.scores.ndim != 4 or head.scores.shape[-1] != head.scores.shape[-2]:
            continue
        count, length = head.scores.shape[1], head.scores.shape[-1]
        bias = (head.scores - value * head.product).detach()[0].double()
        position = torch.arange(length, dtype=torch.float64)
        between = position[:, None] - position[None, :]
        seen = (bias > -1e4) & (between >= 0)
        if not bool(seen[0, -1].sum() >= 3):
            continue
        rows = [bias[h, -1][seen[h, -1]] for h in range(count)]
        measured = torch.stack([row[-1] - row[-2] for row in rows])  # the step of the bias towards the present: m_h
        text = str(examination.facts.get("slopes", "2^{-8h/H}")).replace(" ", "")
        if not re.search(r"2\^\{?-8h/(H|n|heads)", text):
            return examination.unsure("the stated slopes are not in a form this check knows")
        expected = 2.0 ** (-8.0 * torch.arange(1, count + 1, dtype=torch.float64) / count)
        error = float((measured - expected).abs().max())
        values = {"error": error}
        if error < 1e-3:
            return examination.finding("pass", "the bias on distance has the stated slopes", values=values)
        sign = bool(torch.allclose(measured, -expected, atol=1e-3))
        order = bool(torch.allclose(measured.sort().values, expected.sort().values, atol=1e-3))
        what = (
            "the opposite sign: distance is rewarded"
            if sign
            else "the stated slopes in another order of heads"
            if order
            else "other slopes than stated"
        )
        if order and not sign and not torch.allclose(measured, expected.flip(0), atol=1e-3):
            return examination.finding("unsure", f"the bias on distance has {what}", where=head.where, values=values)
        return examination.finding(
            "fail", f"the bias on distance has {what}", where=head.where, hint="Scores get -m_h (i - j) for j <= i.", values=values
        )
    return examination.unsure("no attention is seen whose bias can be measured")


def _slope(head: Head) -> float | None:
    finite = torch.where(head.scores.detach() > -1e4, head.scores, 0.0)
    (slope,) = torch.autograd.grad(finite.sum(), head.product, retain_graph=True, allow_unused=True)
    used = slope[slope != 0] if slope is not None else torch.empty(0)
    if used.numel() == 0 or float(used.max() - used.min()) > 1e-4 * float(used.abs().max()):
        return None
    return float(used.mean())


def rotation(examination: Examination) -> Evidence | list[Evidence]:
    """Feed one token at every position: the product of query and key must then depend on the distance alone, by the stated angles."""
    if examination.words("positional") != "rotary":
        return examination.skipped("no rotary positions are stated")
    model = examination.build().eval()
    keys = [key for key in read_sequences(examination) if is_integer(examination.batch()[key])]
    if len(keys) != 1:
        return examination.skipped("no one entry of tokens is in the batch")
    batch = examination.batch()
    padding = examination.number("padding_index")
    tokens = batch[keys[0]]
    token = int(next((v for v in tokens.flatten().tolist() if v != padding), 1))
    batch[keys[0]] = torch.full_like(tokens, token)
    recorder = Recorder(examination.source, PRODUCTS | {"scaled_dot_product_attention"})
    with torch.no_grad(), recorder:
        examination.forward(model, batch)
    for call in recorder.calls:
        pair = [item for item in call.arguments if isinstance(item, Tensor)][:2]
        if len(pair) != 2 or pair[0].ndim != 4:
            continue
        query, key = pair
        if call.name != "scaled_dot_product_attention" and key.shape[-2] == query.shape[-1]:
            key = key.transpose(-1, -2)
        if key.shape[-1] != query.shape[-1] or query.shape[-2] != tokens.shape[1] or key.shape[-2] != tokens.shape[1]:
            continue
        return _rotation(examination, model, call, query[0].double(), key[0].double())
    return examination.unsure("no product of queries and keys is seen")


def _rotation(examination: Examination, model: nn.Module, call: Call, query: Tensor, key: Tensor) -> Evidence:
    where = next((place for place in examination.source.holding(r"\bcos\b") if "rot" in place.lower()), None) or call.where
    moved = max(distance(query[:, 0], query[:, 1]), distance(key[:, 0], key[:, 1]))
    if moved < 1e-6:
        return examination.finding(
            "fail", "rotary positions are stated, and neither queries nor keys differ between positions", where=where
        )
    length_error = max(
        distance(query.norm(dim=-1)[:, :1].expand(-1, query.shape[1]), query.norm(dim=-1)),
        distance(key.norm(dim=-1)[:, :1].expand(-1, key.shape[1]), key.norm(dim=-1)),
    )
    if length_error > 1e-3:
        return examination.finding("fail", f"a rotation keeps lengths, and here they change by {length_error:.3g}", where=where)
    groups = query.shape[0] // key.shape[0]
    products = torch.einsum("hid,hjd->hij", query, key.repeat_interleave(groups, dim=0))
    worst = 0.0
    for offset in range(1, min(4, products.shape[-1] - 1)):
        for diagonal in (products.diagonal(offset, 1, 2), products.diagonal(-offset, 1, 2)):
            worst = max(worst, float((diagonal - diagonal[:, :1]).abs().max()) / max(1e-12, float(products.abs().max())))
    if worst > 1e-3:
        return examination.finding(
            "fail",
            "with one token everywhere, query times key depends on where the pair stands and not on its distance alone",
            where=call.where,
            hint="Rotate queries and keys by the same angles, and nothing twice.",
            values={"error": worst},
        )
    base = examination.number("rope_base") or examination.number("position_base")
    if base is not None:
        half = query.shape[-1] // 2
        angles = base ** (-torch.arange(half, dtype=torch.float64) / half)
        first, second = query[:, 0], query[:, 1]
        layouts = [
            (first[:, :half], first[:, half:], second[:, :half], second[:, half:]),
            (first[:, ::2], first[:, 1::2], second[:, ::2], second[:, 1::2]),
        ]
        for a, b, c, d in layouts:
            ok = [
                torch.allclose(a * angles.cos() - s * b * angles.sin(), c, atol=1e-4)
                and torch.allclose(b * angles.cos() + s * a * angles.sin(), d, atol=1e-4)
                for s in (1, -1)
            ]
            if any(ok):
                return examination.passed("queries and keys are rotated by the stated angles", error=worst)
        return examination.finding(
            "fail",
            f"positions rotate by other angles than {base:g}^(-2i/d)",
            where=where,
            hint="Angle i of d/2 is position times base^(-2i/d).",
        )
    return examination.passed("query times key depends on the distance alone", error=worst)


def position_matters(examination: Examination) -> Evidence | list[Evidence]:
    """Exchange two tokens: with positions stated, the outputs elsewhere must change; with 'none' stated in both directions they must not."""
    stated = examination.words("positional")
    if stated not in ("learned", "sinusoidal", "rotary", "alibi", "none") or examination.facts.get("causal") not in (
        False,
        None,
        "decoder",
    ):
        return examination.skipped("no kind of positions is stated, or causality already gives an order")
    model = examination.probe
    found = []
    for key in read_sequences(examination):
        value = examination.batch()[key]
        if not is_integer(value) and value.ndim != 3:
            continue
        if examination.facts.get("causal") == "decoder" and key != read_sequences(examination)[0]:
            continue
        batch = examination.batch()
        order = torch.arange(value.shape[1])
        order[:2] = torch.tensor([1, 0])
        batch[key] = value[:, order]
        with torch.no_grad():
            before, after = examination.forward(model, examination.batch(), seed=1), examination.forward(model, batch, seed=1)
        if before.ndim >= 3 and before.shape[:2] == value.shape[:2]:
            before, after = before[:, 2:], after[:, 2:]
        change = distance(before, after)
        if stated != "none" and change < 2e-5:
            message = f"{stated} positions are stated, and exchanging two elements of {key} changes nothing else: the order is not seen"
            found.append(
                examination.finding(
                    "fail", message, where=examination.where(model, ""), hint="Are positions added, to the tensor that is used?"
                )
            )
    return found or examination.passed("the order of the elements is seen")


def position_table(examination: Examination) -> Evidence | list[Evidence]:
    """Find a table that starts as sines and cosines do and compare its columns with sin and cos of t times base^(-2i/d)."""
    if examination.words("positional") != "sinusoidal":
        return examination.skipped("no sinusoidal positions are stated")
    base = examination.number("position_base") or 10_000.0
    model = examination.build()
    tables: list[tuple[str, str, Tensor]] = []
    for path, module in model.named_modules():
        for name, value in [*module.named_buffers(recurse=False), *((n, v) for n, v in vars(module).items() if isinstance(v, Tensor))]:
            flat = value.squeeze()
            if (
                flat.is_floating_point()
                and flat.ndim == 2
                and flat.shape[0] >= 4
                and flat.shape[1] >= 4
                and float(flat.abs().max()) <= 1.0001
            ):
                tables.append((path, name, flat.double()))
    if not tables:
        called = _called_table(examination)
        if called is not None:
            tables.append(("", *called))
    if not tables:
        tables = _added_tables(examination)
    for path, name, table in tables:
        first = table[0]
        if not bool(((first.abs() < 1e-6) | ((first - 1).abs() < 1e-6)).all()):
            continue
        error = table_error(table, base)
        where = name if name in examination.source.functions else examination.where(model, path, "__init__")
        helpers = [place for place in examination.source.holding(r"\bsin\b") if place]
        if len(helpers) == 1:
            where = helpers[0]
        if error > 1e-3:
            return examination.finding(
                "fail",
                f"the table {name} is off the sines and cosines of t times {base:g}^(-2i/d) by up to {error:.3g}",
                where=where,
                hint="Look at the exponent (2i/d), at the base, and at which columns are sines and which cosines.",
                values={"error": error},
            )
        return examination.passed("the table of positions is as stated", error=error)
    return examination.unsure("no table of sines and cosines is found in the model's buffers")


def _called_table(examination: Examination) -> tuple[str, Tensor] | None:
    """Return the table of a helper named positions, called with (length, width)."""
    width = examination.number("d_model") or examination.number("width")
    for name in examination.source.functions:
        if "position" in name.lower() and width:
            value = examination.quiet(lambda name=name: getattr(examination.module, name)(12, int(width)))  # type: ignore[misc]
            if isinstance(value, Tensor) and value.squeeze().ndim == 2 and value.squeeze().shape == (12, int(width)):
                return name, value.squeeze().double()
    return None


def _added_tables(examination: Examination) -> list[tuple[str, str, Tensor]]:
    """Return the constant tables (positions, width) that a forward pass adds to something."""
    recorder = Recorder(examination.source, frozenset({"add", "__add__", "__radd__", "add_", "__iadd__"}))
    model = examination.probe
    with recorder:
        examination.forward(model, examination.batch())
    found = []
    for call in recorder.calls:
        for item in call.arguments[:2]:
            if isinstance(item, Tensor) and not item.requires_grad and item.is_floating_point() and item.squeeze().ndim == 2:
                table = item.detach().squeeze().double()
                if table.shape[0] >= 4 and table.shape[1] >= 4 and float(table.abs().max()) <= 1.0001:
                    found.append(("", "that is added to the embeddings", table))
    return found


def table_error(table: Tensor, base: float) -> float:
    """Return the largest difference of a table (positions, width) from the paper's, in any of the usual orders of columns."""
    length, width = table.shape
    half = (width + 1) // 2
    angles = torch.arange(length, dtype=torch.float64)[:, None] * base ** (-2.0 * torch.arange(half, dtype=torch.float64) / width)
    sines, cosines = angles.sin(), angles.cos()
    mixed = torch.stack([sines, cosines], dim=-1).flatten(1)[:, :width]
    orders = [mixed, torch.cat([sines, cosines], dim=1)[:, :width]] if width % 2 == 0 else [mixed]
    return min(float((table - order).abs().max()) for order in orders)


def _card(name: str, family: str, finds: str, uses: tuple[str, ...], misled_by: str, function: object) -> Check:
    return Check(name=name, family=family, finds=finds, uses=uses, misled_by=misled_by, cost="forward", function=function)  # type: ignore[arg-type]


SCALE = _card(
    "logit scale",
    "attention",
    "Products of query and key that are not divided by the root of the length of a key.",
    ("heads", "equations", "d_model", "width"),
    "Cosine attention and scales that are learned: 'unsure'.",
    logit_scale,
)
AXIS = _card(
    "softmax axis",
    "attention",
    "A softmax of attention along another axis than the keys.",
    ("heads", "causal"),
    "Slots that compete for inputs: 'unsure' without heads stated.",
    softmax_axis,
)
BIAS = _card(
    "distance bias",
    "position",
    "An ALiBi bias of the wrong sign or with other slopes than stated.",
    ("positional", "slopes"),
    "Slopes in other words than the usual formula: 'unsure'.",
    distance_bias,
)
ROTATION = _card(
    "rotation",
    "position",
    "Rotary positions that change lengths, depend on more than distance, or turn by other angles.",
    ("positional", "rope_base"),
    "Rotation of half of a head only is reported as other angles.",
    rotation,
)
POSITIONS = _card(
    "position",
    "position",
    "Positions that are stated and have no effect.",
    ("positional", "causal"),
    "Causal models, where the mask already gives an order: skipped.",
    position_matters,
)
TABLE = _card(
    "position table",
    "position",
    "A sinusoidal table with another exponent, base or order than stated.",
    ("positional", "position_base", "d_model", "width"),
    "A table that is not kept as a buffer and not made by a helper: 'unsure'.",
    position_table,
)
