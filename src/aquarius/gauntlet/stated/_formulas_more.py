"""More formulas by the names of their functions: robust errors, pairwise products of factors, signal against noise, union of boxes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

Form = tuple[bool, str, Tensor]  # is it right, what it is in words, its value


def huber(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    """Yield a robust error that is a square near 0 and a line far from it."""
    floats = [tensor.double() for tensor in tensors if tensor.is_floating_point()]
    if len(floats) not in (1, 2) or floats[0].shape != floats[-1].shape:
        return
    error = floats[0] if len(floats) == 1 else floats[0] - floats[1]
    size = error.abs()
    for delta in dict.fromkeys([*(number for number in numbers if number < 100), 1.0]):
        near, square = size <= delta, 0.5 * error**2
        if bool(near.all()):
            continue  # then the line, where mistakes are made, is not seen
        for scale in (1.0, 1 / delta):
            yield True, "", scale * torch.where(near, square, delta * (size - 0.5 * delta))
            yield True, "", 2 * scale * torch.where(near, square, delta * (size - 0.5 * delta))
            line = delta * (size - 0.5 * delta)
            for words, wrong in (
                ("with a line that does not meet its square", torch.where(near, square, delta * (size - delta))),
                ("with a line that does not meet its square", torch.where(near, square, delta * size)),
                ("with a line that does not meet its square", torch.where(near, square, size - 0.5 * delta)),
                ("with a square that does not meet its line", torch.where(near, 2 * square, line)),
                ("with its two parts exchanged", torch.where(near, line, square)),
            ):
                yield False, words, scale * wrong


def pairwise(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    """Yield the sum of the products of all pairs of rows, by the square of their sum."""
    if len(tensors) != 1 or tensors[0].ndim != 3:
        return
    v = tensors[0].double()
    total, squares = v.sum(dim=1) ** 2, (v**2).sum(dim=1)
    forms = [
        (True, "", 0.5 * (total - squares)),
        (False, "without its squares taken away", 0.5 * total),
        (False, "without its squares taken away", total),
        (False, "with its squares added", 0.5 * (total + squares)),
        (False, "without the half", total - squares),
        (False, "with its sign turned", 0.5 * (squares - total)),
    ]
    for good, words, value in forms:
        yield good, words, value
        yield good, words, value.sum(dim=-1)
        yield good, words, value.sum(dim=-1, keepdim=True)


def signal_to_noise(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    """Yield the ratio of a signal to the rest of its estimate in decibel, plain and free of scale, whichever argument comes first."""
    if len(tensors) != 2 or tensors[0].shape != tensors[1].shape or tensors[0].ndim < 1:
        return
    for first, second in (tensors, tensors[::-1]):
        for centred in (True, False):
            a, s = (value.double() - centred * value.double().mean(dim=-1, keepdim=True) for value in (first, second))
            inner, power, own = (a * s).sum(-1, keepdim=True), s.pow(2).sum(-1, keepdim=True), a.pow(2).sum(-1, keepdim=True)
            part = inner / power * s
            plain, free = _decibel(s, a - s), _decibel(part, a - part)
            wrong = inner / own * s
            for sign in (1.0, -1.0):
                yield True, "", sign * plain
                yield True, "", sign * free
                yield False, "with the signal projected by the power of its estimate", sign * _decibel(wrong, a - wrong)
                yield False, "with 20 times a logarithm of powers", sign * 2 * free
                yield False, "with the natural logarithm", sign * free * math.log(10)
                yield False, "with the noise measured against the scaled estimate's signal", sign * _decibel(s, a - part)


def margin_pairs(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    """Yield the contrastive loss of distances d and labels: near ones by d^2, far ones by the square of what is missing to the margin."""
    if len(tensors) != 2 or tensors[0].shape != tensors[1].shape or tensors[0].ndim != 1:
        return
    first, second = (tensor.double() for tensor in tensors)
    d, y = (first, second) if bool(((second == 0) | (second == 1)).all()) else (second, first)
    if not bool(((y == 0) | (y == 1)).all()) or bool((d < 0).any()):
        return
    for half in (1.0, 0.5):
        for same in (y, 1 - y):
            for margin in numbers:
                gap = (margin - d).clamp(min=0)
                yield True, "", half * (same * d**2 + (1 - same) * gap**2)
                yield True, "", half * (same * d + (1 - same) * gap)
                yield True, "", half * (same * d + (1 - same) * (margin - d.sqrt()).clamp(min=0) ** 2)  # of squared distances
                for words, wrong in (
                    ("with the margin's part not squared", same * d**2 + (1 - same) * gap),
                    ("with the distance squared before the margin", same * d**2 + (1 - same) * (margin - d**2).clamp(min=0)),
                    ("with the distance squared before the margin", same * d**2 + (1 - same) * (margin - d**2).clamp(min=0) ** 2),
                    ("without the limit at the margin", same * d**2 + (1 - same) * (margin - d) ** 2),
                    ("with the sign of what is missing to the margin turned", same * d**2 + (1 - same) * (d - margin).clamp(min=0) ** 2),
                    ("without its part for unlike pairs", same * d**2),
                ):
                    yield False, words, half * wrong


def _decibel(signal: Tensor, noise: Tensor) -> Tensor:
    return 10 * torch.log10(signal.pow(2).sum(-1) / noise.pow(2).sum(-1))


def union(tensors: list[Tensor], numbers: list[float], name: str) -> Iterator[Form]:
    """Yield the overlap of boxes by their corners, against their union and the box around both."""
    boxes = [tensor.double() for tensor in tensors if tensor.is_floating_point()]
    if len(boxes) != 2 or any(box.ndim < 1 or box.shape[-1] != 4 for box in boxes) or boxes[0].shape != boxes[1].shape:
        return
    a, b = boxes
    if any(bool((box[..., 2:] < box[..., :2]).any()) for box in boxes):
        return
    size = lambda box: (box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1)
    inner = size(torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], -1))
    outer = size(torch.cat([torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])], -1))
    both = size(a) + size(b)
    right = both - inner
    for joined, bad in ((right, ""), (both, "with a union that counts the overlap twice")):
        plain = inner / joined
        for value, words in (
            (plain, bad),
            (plain - (outer - joined) / outer, bad),
            (plain + (outer - joined) / outer, "with the sign of its last term turned"),
            (plain - (outer - joined) / joined, "with its last term divided by the union"),
        ):
            yield not words, words, value
            yield not words, words, 1 - value


MORE = {
    r"huber|smooth": huber,
    r"^pairs$|pairwise_inter|interactions?$|^fm_|bi_interaction|factori[sz]ation": pairwise,
    r"snr|sdr|^ratio$": signal_to_noise,
    r"^[gdc]?iou(_loss)?$": union,
}
