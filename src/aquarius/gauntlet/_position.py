"""Positions: the bias on distance, the rotation, the table, and whether any of them has an effect."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from ..core import Evidence
from ._attention import PRODUCTS, Head, attentions
from ._check import card
from ._examination import Examination, distance
from ._inputs import is_integer
from ._sequences import read_sequences
from ._trace import Call, Recorder


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
        if bool((query[:, 0] == query[:, 1]).all(dim=0).any()):
            return examination.unsure("a part of each query is not rotated, so the angles of the rest cannot be told")
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
        if torch.equal(batch[key], value):
            continue  # such as segments: nothing was exchanged
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


BIAS = card(
    "position",
    "distance bias",
    "An ALiBi bias of the wrong sign or with other slopes than stated.",
    ("positional", "slopes"),
    "Slopes in other words than the usual formula: 'unsure'.",
    distance_bias,
)


ROTATION = card(
    "position",
    "rotation",
    "Rotary positions that change lengths, depend on more than distance, or turn by other angles.",
    ("positional", "rope_base"),
    "Rotation of half of a head only is reported as other angles.",
    rotation,
)


POSITIONS = card(
    "position",
    "position",
    "Positions that are stated and have no effect.",
    ("positional", "causal"),
    "Causal models, where the mask already gives an order: skipped.",
    position_matters,
)


TABLE = card(
    "position",
    "position table",
    "A sinusoidal table with another exponent, base or order than stated.",
    ("positional", "position_base", "d_model", "width"),
    "A table that is not kept as a buffer and not made by a helper: 'unsure'.",
    position_table,
)
