"""Recurrent cells written by hand, seen from outside: what they keep of their state, what they add to it, and what they show of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._calls import FunctionCall
from .._check import card
from .._examination import Examination
from .._functions import called
from .._trace import Recorder

NEAR = 1e-3
LEAST = 60  # elements, for a sign that is never seen to prove something
STATE = r"h|\\tilde\s*h"


@dataclass(frozen=True)
class Kept:
    """A cell state in one call: what is kept of each element, what is added, and the cell and shown states at several old states."""

    forget: Tensor
    added: Tensor
    cells: list[Tensor]
    shown: list[Tensor]


def cells(examination: Examination) -> list[Evidence]:
    """Move the state that a cell is given and see how its result follows."""
    stated = examination.facts.get("equations")
    equations = {str(name): str(latex) for name, latex in stated.items()} if isinstance(stated, dict) else {}
    found = []
    for name, calls in called(examination).items():
        latex = equations.get(name, "")
        long_memory = re.search("lstm|cell", name.lower()) is not None and "sigmoid" in examination.source.code(name)
        gated = "\\tanh" in latex and ("\\sigma" in latex or "sigmoid" in latex)
        for call in calls[-1:]:
            results, arguments = _flat(call.result), _flat(list(call.arguments.values()))
            if len(results) == 2 and (gated or long_memory):
                found += _long_memory(examination, name, call, arguments, results)
            elif len(results) == 1 and gated:
                found += _gated(examination, name, call, latex)
    return found or [examination.skipped("no recurrent cell written by hand is seen, or nothing is stated of it")]


def _flat(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() and value.ndim == 2 else []
    return [item for part in value for item in _flat(part)] if isinstance(value, tuple | list) else []


def _put(value: Any, old: Tensor, new: Tensor) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_put(part, old, new) for part in value)
    return new if value is old else value


# --- long short-term memory -----------------------------------------------------------------------------------------


def kept(examination: Examination, call: FunctionCall) -> Kept | None:
    """Return how a cell treats the one state that it keeps element by element, None where it has none."""
    for old in _flat(list(call.arguments.values())):
        for place in (0, 1):

            def at(level: float, old: Tensor = old) -> list[Tensor]:
                given = {name: _put(value, old, torch.full_like(old, level)) for name, value in call.arguments.items()}
                with torch.no_grad():
                    return _flat(examination.quiet(lambda: call.again(given)))

            levels = [at(level) for level in (0.0, 1.0, -0.7, 2.0)]
            if any(len(level) != 2 or level[0].shape != old.shape or level[1].shape != old.shape for level in levels):
                continue
            zero, one, less, more = (level[place] for level in levels)
            slope = one - zero
            straight = all(float((zero + step * slope - value).abs().max()) < NEAR for step, value in ((-0.7, less), (2.0, more)))
            if straight and float(slope.abs().max()) > NEAR:
                return Kept(slope, zero, [zero, one, less, more], [level[1 - place] for level in levels])
    return None


def _long_memory(examination: Examination, name: str, call: FunctionCall, arguments: list[Tensor], results: list[Tensor]) -> list[Evidence]:
    if len(arguments) < 2 or results[0].shape != results[1].shape or results[0].numel() < LEAST:
        return []
    cell = kept(examination, call)
    if cell is None:
        return []
    text = _memory_slip(cell)
    if text:
        return [
            examination.finding("fail", text, where=name, hint="c' = f c + i g and h' = o tanh(c'), with f, i, o sigmoids and g a tanh.")
        ]
    if _show(cell, torch.tanh) is None:
        return [examination.unsure(f"{name} shows its state in a way that this check does not know")]
    return [examination.passed(f"{name} keeps, adds and shows its state as a long short-term memory does")]


def _memory_slip(cell: Kept) -> str:
    if float(cell.forget.min()) < -NEAR or float(cell.forget.max()) > 1 + NEAR:
        return f"what the cell keeps of its state lies between {float(cell.forget.min()):.2g} and {float(cell.forget.max()):.2g}, and is to be a share"
    if float(cell.forget.min()) > 1 - NEAR:
        return "the cell keeps all of its state: nothing is forgotten"
    if float(cell.added.abs().max()) > 1 + NEAR:
        return f"the cell adds up to {float(cell.added.abs().max()):.2g} to its state at once, and a share of a tanh is below 1"
    if float(cell.added.min()) >= 0:
        return "what the cell adds to its state is never negative: the candidate is no tanh"
    if float((cell.shown[0] - cell.shown[1]).abs().max()) < 1e-6:
        return "what the cell shows does not depend on its state"
    if _show(cell, torch.tanh) is None and _show(cell, lambda state: state) is not None:
        return "the cell shows its state without the tanh"
    return ""


def _show(cell: Kept, function: Callable[[Tensor], Tensor]) -> Tensor | None:
    """Return the share with which a function of the state is shown, None where it is not the same at every state."""
    shares = [shown / function(state) for shown, state in zip(cell.shown, cell.cells, strict=True)]
    clear = torch.stack([state.abs() > 0.05 for state in cell.cells]).all(dim=0)
    if int(clear.sum()) < LEAST // 4:
        return None
    apart = max(float((share - shares[0])[clear].abs().max()) for share in shares)
    return shares[0] if apart < 0.01 else None


def forget_block(examination: Examination, model: nn.Module, name: str) -> int | None:
    """Return which quarter of a bias forgets: lowered far, nothing of the state is kept. None where no cell is seen."""
    own = called(examination)
    for calls in own.values():
        call = calls[-1]
        owner = call.owner if isinstance(call.owner, nn.Module) else None
        bias = dict(owner.named_parameters()).get(name.rpartition(".")[2]) if owner is not None else None
        if bias is None or len(_flat(call.result)) != 2 or kept(examination, call) is None:
            continue
        found = []
        for block in range(4):
            part = bias.data.chunk(4)[block]
            before = part.clone()
            part.fill_(-50.0)
            lowered = kept(examination, call)
            part.copy_(before)
            if lowered is None:
                found.append(block)
        return found[0] if len(found) == 1 else None
    return None


# --- gated units ----------------------------------------------------------------------------------------------------


def _gated(examination: Examination, name: str, call: FunctionCall, latex: str) -> list[Evidence]:
    """Hold the mixture of old state and candidate against the equation: which of the two has z and which 1 - z."""
    wanted = _orientation(latex)
    recorder = Recorder(examination.source, frozenset({"sigmoid", "tanh"}))
    with recorder, torch.no_grad():
        result = examination.quiet(lambda: call.again(dict(call.arguments)))
    if wanted is None or not isinstance(result, Tensor) or result.numel() < LEAST:
        return []
    width = result.shape[-1]
    parts = {kind: [p for c in recorder.calls if c.name == kind for p in c.result.split(width, dim=-1)] for kind in ("sigmoid", "tanh")}
    states = [value for value in _flat(list(call.arguments.values())) if value.shape == result.shape]
    holds = set()
    for gate in parts["sigmoid"]:
        for candidate in parts["tanh"]:
            for state in states:
                if gate.shape == candidate.shape == state.shape:
                    holds |= {"state"} if float((gate * state + (1 - gate) * candidate - result).abs().max()) < 1e-4 else set()
                    holds |= {"candidate"} if float((gate * candidate + (1 - gate) * state - result).abs().max()) < 1e-4 else set()
    if not holds:
        return [examination.unsure(f"{name} is no mixture of its state and a candidate that this check sees")]
    if wanted in holds:
        return [examination.passed(f"{name} mixes its state and the candidate as stated")]
    text = f"in {name} the gate z stands before the {'state' if wanted == 'candidate' else 'candidate'}, and in its equation before the {wanted}"
    return [examination.finding("fail", text, where=name, hint="Exchange z and 1 - z.")]


def _orientation(latex: str) -> str | None:
    """Return whether an equation's 1 - z stands before the state ("candidate" has the z) or before the candidate ("state" has it)."""
    text = re.sub(r"\\(?:left|right|odot|cdot|circ|ast|times|,|;|!)(?![a-zA-Z])|\s|\*", "", latex)
    after = re.search(r"\(1-z(?:_\{?[a-z]+\}?)?\)\{?(\\tilde\{?h|\\hat\{?h|n|g|c|h)(?:\}|_|'|$|\+|,|;)", text)
    if after is None:
        return None
    return "candidate" if after[1] == "h" else "state"


CELLS = card(
    "equations",
    "recurrent cell",
    "A cell written by hand that misses a tanh or a sigmoid, forgets nothing, or has its gate the other way round than stated.",
    ("equations",),
    "Cells with peepholes, projections or several steps in one call: 'unsure' or skipped.",
    cells,
)
