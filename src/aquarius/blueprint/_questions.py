"""Checkpoint questions whose answers the trace knows: what a person who understands the model can say before it runs."""

from __future__ import annotations

import re
from typing import Literal

from ..core import Record
from ._blueprint import Blueprint, Layer
from ._cost import degree
from ._diagram import shape_text

Kind = Literal["shape", "count", "percent"]
PERCENT_TOLERANCE = 1.0  # percentage points


class Question(Record):
    """A question, its answer from the trace, and the module it is about."""

    text: str
    answer: str  # "(B, heads, S, S) = (2, 8, 9, 9)": symbols, then the sizes of the trace; either is right
    kind: Kind
    where: str  # the module's path; "" is the model


def questions(blueprint: Blueprint) -> tuple[Question, ...]:
    """Return the questions that a Blueprint can answer, always the same ones: the first module of each kind is asked about."""
    found: list[Question] = []
    legend = ", ".join(f"{name} = {size}" for name, size in blueprint.symbols.items())
    for layer in _first_of_kind([layer for layer in blueprint.layers if layer.attention]):
        text = f"What is the shape of the attention weights in {_name(layer)}? (sizes of the trace: {legend})"
        found.append(Question(text=text, answer=_both(layer.attention[0], blueprint.symbols), kind="shape", where=layer.path))
        length = layer.attention[0][-1]
        power = degree(layer.cost, length) if length in blueprint.symbols else None
        if power:
            text = (
                f"As {length} grows and all else stays, with which power of {length} do the operations of {_name(layer)} grow in the end?"
            )
            found.append(Question(text=text, answer=str(power), kind="count", where=layer.path))
    for layer in _composite(blueprint):
        count = parameters_of(blueprint, layer.path)
        text = f"How many parameters does {_name(layer)} have, with everything inside it?"
        found.append(Question(text=text, answer=f"{count:,}", kind="count", where=layer.path))
    found.append(
        Question(
            text="How many parameters does the model have, tied ones counted once?",
            answer=f"{blueprint.parameters:,}",
            kind="count",
            where="",
        )
    )
    total = blueprint.feasibility.forward_flops if blueprint.feasibility else None
    for layer in _composite(blueprint):
        alike = [other for other in blueprint.layers if other.kind == layer.kind and other.calls]
        shares = [other.flops for other in alike]
        if total and all(share is not None for share in shares) and not _nested(alike):
            percent = 100 * sum(share or 0 for share in shares) / total
            if not 0.5 <= percent <= 99.5:
                continue
            text = (
                f"What share of the forward pass's floating-point operations is spent in the {len(alike)} {layer.kind} modules, in percent?"
            )
            found.append(Question(text=text, answer=f"{percent:.1f}", kind="percent", where=layer.path))
    return tuple(found)


def grade(question: Question, answer_text: str) -> bool:
    """Say whether an answer is right; spaces, thousands separators and kinds of brackets do not matter, a percentage may be off by one."""
    if question.kind == "shape":
        given = _axes(answer_text)
        return bool(given) and any(given == _axes(form) for form in question.answer.split(" = "))
    numbers = re.findall(r"-?\d+(?:\.\d+)?", re.sub(r"(?<=\d)[,_\s'](?=\d{3}(?!\d))", "", answer_text))
    if len(numbers) != 1:
        return False
    if question.kind == "count":
        return "." not in numbers[0] and int(numbers[0]) == int(question.answer.replace(",", ""))
    return abs(float(numbers[0]) - float(question.answer)) <= PERCENT_TOLERANCE


def parameters_of(blueprint: Blueprint, path: str) -> int:
    """Return the parameters of a module with everything inside it, each tied one at its first owner."""
    return sum(layer.parameters for layer in blueprint.layers if not path or layer.path == path or layer.path.startswith(path + "."))


def _first_of_kind(layers: list[Layer]) -> list[Layer]:
    first: dict[tuple[str, tuple[tuple[str, ...], ...]], Layer] = {}
    for layer in layers:
        first.setdefault((layer.kind, layer.attention), layer)
    return list(first.values())


def _composite(blueprint: Blueprint) -> list[Layer]:
    """Return the first module of every kind that is made of others, is not the model itself, and holds a hundredth of the parameters."""
    parents = {layer.path.rpartition(".")[0] for layer in blueprint.layers} | {
        layer.path.rpartition(".")[0].rpartition(".")[0] for layer in blueprint.layers
    }
    first: dict[str, Layer] = {}
    for layer in blueprint.layers:
        if (
            layer.path in parents
            and layer.path
            and layer.calls
            and layer.kind not in first
            and 100 * parameters_of(blueprint, layer.path) >= max(1, blueprint.parameters)
        ):
            first[layer.kind] = layer
    return list(first.values())


def _nested(layers: list[Layer]) -> bool:
    paths = {layer.path for layer in layers}
    return any(path[:index] in paths for path in paths for index, letter in enumerate(path) if letter == ".")


def _name(layer: Layer) -> str:
    return f"{layer.path} ({layer.kind})" if layer.path else f"the model ({layer.kind})"


def _both(shape: tuple[str, ...], symbols: dict[str, int]) -> str:
    """Return the symbols, and the sizes where every axis is a symbol or a number."""
    sizes = [axis if axis.isdigit() else str(symbols.get(axis, "")) for axis in shape]
    return f"{shape_text(shape)} = {shape_text(sizes)}" if all(sizes) and sizes != list(shape) else shape_text(shape)


def _axes(text: str) -> list[str]:
    inside = re.sub(r"[()\[\]{}]|torch\.Size", " ", text).casefold()
    return [axis.replace(" ", "") for axis in re.split(r"[,×]|(?<=\w)\s+x\s+(?=\w)|(?<=\w)\s+(?=\w)", inside.strip()) if axis.strip()]
