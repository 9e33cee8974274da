"""Rotary positions: queries and keys turn by the stated angles, values do not, and their product depends on the distance alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import card
from .._examination import Examination, distance
from .._functions import called
from .._inputs import Batch, is_integer
from .._trace import Call, Recorder, watching
from ._attention import PRODUCTS
from ._sequences import read_sequences

NAMES = re.compile(r"rope|rotary|rotat|(?<!re)turn", re.IGNORECASE)
LITERAL = re.compile(r"(?<![\w.])(\d[\d_]*(?:\.\d*)?(?:e\d+)?)(?![\w.])")


def rotation(examination: Examination) -> Evidence | list[Evidence]:
    """Feed one token at every position: the product of query and key must then depend on the distance alone, by the stated angles."""
    stated = examination.words("positional")
    named = [place for place in examination.source.holding(r"\bcos\b") if NAMES.search(place)]
    if stated != "rotary" and (stated or not named or "xpos" in examination.source.text.lower()):
        return examination.skipped("no rotary positions are stated, and no function of this name turns anything")
    model = examination.build().eval()
    batch = one_everywhere(examination)
    if batch is None:
        return examination.skipped("no one entry of tokens or places is in the batch")
    recorder = Recorder(examination.source, PRODUCTS | {"scaled_dot_product_attention"})
    with torch.no_grad(), recorder:
        examination.forward(model, batch)
    for number, call in enumerate(recorder.calls):
        pair = _by_letters(call) if call.name == "einsum" else _tensors(call)[:2]
        if len(pair) != 2 or min(item.ndim for item in pair) < 4:
            continue
        query, key = pair
        length = query.shape[-2]
        if call.name == "matmul" and length == query.shape[-1] and _values(call, recorder.calls[number + 1 :], length) is None:
            continue  # as many places as features: it may be the product of keys and values of a linear attention
        if call.name not in ("scaled_dot_product_attention", "einsum") and key.shape[-2] == query.shape[-1] and key.shape[-1] == length:
            key = key.transpose(-1, -2)
        if key.shape[-1] != query.shape[-1] or key.shape[-2] != length or length < 4:
            continue
        values = _values(call, recorder.calls[number + 1 :], length)
        found = _turned(examination, call, _heads(query), _heads(key))
        if values is None or distance(values[:, :1].expand_as(values), values) <= 1e-6:
            return found  # what attention was given is the same everywhere
        alike = _given_alike(examination, model, batch, length)
        if not stated and not alike:
            return examination.skipped("positions enter in another way as well")
        if found.status == "fail" or not alike:
            return found
        return examination.finding(
            "fail",
            "with one token everywhere the values differ between positions: they are rotated as queries and keys are",
            where=call.where,
            hint="Rotate queries and keys only.",
        )
    return _function(examination) or examination.unsure("no product of queries and keys is seen")


def _function(examination: Examination) -> Evidence | None:
    """Call a function that is named after a rotation with one vector at every place; None where none turns its one array along one axis."""
    for name, calls in called(examination).items():
        arrays = [key for key, value in calls[0].arguments.items() if isinstance(value, Tensor)]
        if not NAMES.search(name) or len(arrays) != 1 or calls[0].arguments[arrays[0]].ndim not in (3, 4):
            continue
        given = calls[0].arguments[arrays[0]]
        turned: list[Tensor] = []
        for seed in (0, 1):
            vector = torch.randn(given.shape[-1], generator=torch.Generator().manual_seed(seed)).to(given.dtype).expand(given.shape)
            value = examination.quiet(lambda vector=vector: calls[0].again(calls[0].arguments | {arrays[0]: vector.clone()}))  # type: ignore[misc]  # noqa: B023
            turned += [value] if isinstance(value, Tensor) and value.shape == given.shape else []
        if len(turned) < 2:
            continue
        axes = [axis for axis in range(given.ndim - 1) if distance(turned[0].narrow(axis, 0, 1).expand_as(turned[0]), turned[0]) > 1e-6]
        if len(axes) != 1 or given.shape[axes[0]] < 4:
            continue
        query, key = (_heads(value.detach().movedim(axes[0], -2)) for value in turned)
        return _turned(examination, Call(name, (), {}, None, name), query, key)
    return None


def _by_letters(call: Call) -> list[Tensor]:
    """Return query and key of an einsum with axes in the order others, places, features; [] for a sum over anything but one axis of features."""
    text, pair = call.arguments[0], _tensors(call)
    inputs, arrow, output = text.replace(" ", "").partition("->") if isinstance(text, str) else ("", "", "")
    letters = inputs.split(",")
    if (
        not arrow
        or "." in inputs
        or len(letters) != 2
        or len(pair) != 2
        or any(len(a) != b.ndim for a, b in zip(letters, pair, strict=True))
    ):
        return []
    first, second = letters
    size = {letter: length for one, tensor in zip(letters, pair, strict=True) for letter, length in zip(one, tensor.shape, strict=True)}
    summed = [letter for letter in first if letter in second and letter not in output]
    keys = [letter for letter in second if letter not in first and letter in output]
    if len(summed) != 1 or len(keys) != 1:
        return []
    places = [letter for letter in first if letter not in second and letter in output and size[letter] == size[keys[0]]]
    others = [letter for letter in first if letter not in (*summed, *places)]
    if len(places) != 1 or set(second) - {*others, *summed, *keys} or not set(others) <= set(output):
        return []
    query = pair[0].permute([first.index(letter) for letter in (*others, *places, *summed)])
    own = [letter for letter in others if letter in second]  # several queries may share a key
    key = pair[1].permute([second.index(letter) for letter in (*own, *keys, *summed)])
    for axis, letter in enumerate(others):
        key = key if letter in own else key.unsqueeze(axis)
    return [query, key.expand(*query.shape[:-2], *key.shape[-2:])]


def one_everywhere(examination: Examination) -> Batch | None:
    """Return a batch with one token, or one vector, at every place of the one entry that runs over places; None where there is no such entry."""
    batch = examination.batch()
    keys = [key for key in read_sequences(examination) if is_integer(batch[key])]
    if len(keys) == 1:
        padding = examination.number("padding_index")
        token = int(next((v for v in batch[keys[0]].flatten().tolist() if v != padding), 1))
        batch[keys[0]] = torch.full_like(batch[keys[0]], token)
        return batch
    places = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim >= 3 and examination.reads(key)
    ]
    if keys or len(places) != 1:
        return None
    value = batch[places[0]]
    one = value[:, :1] if value.ndim == 3 else value.flatten(2).mean(dim=2).reshape(*value.shape[:2], *[1] * (value.ndim - 2))
    batch[places[0]] = one.expand_as(value).clone()
    return batch


def _heads(tensor: Tensor) -> Tensor:
    """Return (heads, T, d) of the first sample, and of the first line where there are several."""
    while tensor.ndim > 3:
        tensor = tensor[0]
    return tensor.double()


def _given_alike(examination: Examination, model: nn.Module, batch: Batch, length: int) -> bool:
    """Say whether the first module that is given vectors at every position is given the same everywhere."""
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, batch)
    given = (t for kind, _, ts in events if kind == "in" for t in ts)
    first = next((t for t in given if t.ndim == 3 and t.is_floating_point() and t.shape[1] == length), None)
    return first is not None and distance(first[:, :1].expand_as(first), first) <= 1e-6


def _tensors(call: Call) -> list[Tensor]:
    arguments = call.arguments
    if call.name == "einsum" and len(arguments) == 2 and isinstance(arguments[1], list | tuple):
        arguments = tuple(arguments[1])
    return [item for item in arguments if isinstance(item, Tensor)]


def _values(call: Call, later: Sequence[Call], length: int) -> Tensor | None:
    """Return the values (heads, T, d) of the attention whose scores a call gave."""
    if call.name == "scaled_dot_product_attention":
        return _heads(_tensors(call)[2]) if len(_tensors(call)) > 2 else None
    for other in later:
        pair = _tensors(other)
        if len(pair) == 2 and pair[0].ndim == pair[1].ndim >= 4 and pair[0].shape[-2:] == (length, length) and pair[1].shape[-2] == length:
            sums = pair[0].sum(dim=-1)
            return _heads(pair[1]) if bool(((sums - 1).abs() < 1e-4).all()) else None
    return None


def _turned(examination: Examination, call: Call, query: Tensor, key: Tensor) -> Evidence:
    where = next((place for place in examination.source.holding(r"\bcos\b") if NAMES.search(place)), None) or call.where
    moved = max(distance(query[:, 0], query[:, 1]), distance(key[:, 0], key[:, 1]))
    if moved < 1e-6:
        if examination.words("positional") != "rotary":
            return examination.unsure(
                "a function turns by position, and neither queries nor keys of the first attention differ between positions"
            )
        return examination.finding(
            "fail", "rotary positions are stated, and neither queries nor keys differ between positions", where=where
        )
    length_error = max(
        distance(query.norm(dim=-1)[:, :1].expand(-1, query.shape[1]), query.norm(dim=-1)),
        distance(key.norm(dim=-1)[:, :1].expand(-1, key.shape[1]), key.norm(dim=-1)),
    )
    if length_error > 1e-3:
        return examination.finding("fail", f"a rotation keeps lengths, and here they change by {length_error:.3g}", where=where)
    groups = max(1, query.shape[0] // key.shape[0])
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
    return _angles(examination, query, where, worst)


def _angles(examination: Examination, query: Tensor, where: str | None, worst: float) -> Evidence:
    """Hold the angles between two positions against base^(-2i/d), for the stated base, else for the numbers that the file names."""
    if bool((query[:, 0] == query[:, 1]).all(dim=0).any()):
        return examination.unsure("a part of each query is not rotated, so the angles of the rest cannot be told")
    half = query.shape[-1] // 2
    layouts = [(query[..., :half], query[..., half:]), (query[..., ::2], query[..., 1::2])]
    measured = [_measured(a, b) for a, b in layouts]
    found = [angles for angles in measured if angles is not None]
    base = examination.number("rope_base") or examination.number("position_base")
    exponent = -torch.arange(half, dtype=torch.float64) / half
    if base is not None:
        if any(torch.allclose(angles, base**exponent, atol=1e-4) for angles in found):
            return examination.passed("queries and keys are rotated by the stated angles", error=worst)
        return examination.finding(
            "fail",
            f"positions rotate by other angles than {base:g}^(-2i/d)",
            where=where,
            hint="Angle i of d/2 is position times base^(-2i/d).",
        )
    named = [number for text in LITERAL.findall(examination.source.text) if (number := float(text.replace("_", ""))) >= 100]
    close = lambda base: any(torch.allclose(angles, base**exponent, rtol=1e-3, atol=1e-5) for angles in found)
    if half >= 3 and not any(close(number) for number in named):
        for number in named:
            for power, words in ((2.0, "twice"), (0.5, "half")):
                if close(number**power):
                    return examination.finding(
                        "fail",
                        f"positions rotate by {number:g} to {words} the usual power -2i/d",
                        where=where,
                        hint="Angle i of d/2 is position times base^(-2i/d).",
                    )
    return examination.passed("query times key depends on the distance alone", error=worst)


def _measured(a: Tensor, b: Tensor) -> Tensor | None:
    """Return the angle of each pair of columns between positions 0 and 1, None where the pairs do not turn as pairs."""
    if a.shape != b.shape:
        return None
    lengths = (a[:, 0] ** 2 + b[:, 0] ** 2, a[:, 1] ** 2 + b[:, 1] ** 2)
    if not torch.allclose(*lengths, rtol=1e-3, atol=1e-9):
        return None
    cross = a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]
    dot = a[:, 0] * a[:, 1] + b[:, 0] * b[:, 1]
    return torch.atan2(cross, dot).abs().mean(dim=0)


ROTATION = card(
    "position",
    "rotation",
    "Rotary positions that change lengths, depend on more than distance, turn by other angles, or turn the values too.",
    ("positional", "rope_base", "position_base"),
    "Where nothing is stated, a function named after a rotation that turns something else: it must turn queries or keys by position to count.",
    rotation,
)
