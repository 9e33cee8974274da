"""Tables of positions: sines and cosines against the paper's, and learned rows that are never looked at."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._calls import named, recorded
from .._check import card
from .._examination import Examination
from .._inputs import Batch, is_integer
from .._trace import Event, Recorder, watching
from ._rotary import LITERAL, one_everywhere
from ._sequences import over_positions, read_sequences

POSITIONAL = re.compile(r"(?:^|[._])(?:w?pe|pos|posi\w*|pos_\w*|where|places?|locations?)(?:[._]|$)", re.IGNORECASE)
INTERLEAVED = re.compile(r"2\s*i\s*\+\s*1")


def position_table(examination: Examination) -> Evidence | list[Evidence]:
    """Find a table that starts as sines and cosines do and compare its columns with sin and cos of t times base^(-2i/d)."""
    stated = examination.words("positional")
    if stated not in ("sinusoidal", ""):
        return examination.skipped("other positions than sines and cosines are stated")
    for path, name, table in _tables(examination, stated == "sinusoidal"):
        first = table[0]
        if not bool(((first.abs() < 1e-6) | ((first - 1).abs() < 1e-6)).all()):
            continue
        alone = len(first.unique()) < 2  # sines without cosines, or the reverse
        if alone and (not stated or float(table.abs().max()) > 1 + 1e-6 or len(table[1:].unique()) < 0.3 * table[1:].numel()):
            continue
        helpers = examination.source.holding(r"\bsin\b")
        where = name if name in examination.source.functions else examination.where(examination.build(), path, "__init__")
        return _compared(examination, table, name, helpers[0] if len(helpers) == 1 else where)
    if stated:
        return examination.unsure("no table of sines and cosines is found in the model's buffers")
    return examination.skipped("no sinusoidal positions are stated, and no table of them is seen")


def _compared(examination: Examination, table: Tensor, name: str, where: str) -> Evidence:
    base = examination.number("position_base") or 10_000.0
    equations = examination.facts.get("equations")
    texts = [text for text in (equations.values() if isinstance(equations, dict) else ()) if re.search(r"\\sin", str(text))]
    mixed_only = any(INTERLEAVED.search(str(text)) and re.search(r"\\cos", str(text)) for text in texts)
    halves = _grid(table)
    error = max(table_error(half, base, mixed_only) for half in halves or [table])
    if error <= 1e-3:
        return examination.passed("the table of positions is as stated", error=error)
    if halves:
        return examination.unsure(
            f"the table {name} is that of rows and columns of a square, in another form than the usual ones", error=error
        )
    if not examination.words("positional"):
        return _unstated(examination, table, name, where)
    what = "in the stated order of columns " if mixed_only and table_error(table, base) <= 1e-3 else ""
    return examination.finding(
        "fail",
        f"the table {name} is off the sines and cosines {what}of t times {base:g}^(-2i/d) by up to {error:.3g}",
        where=where,
        hint="Look at the exponent (2i/d), at the base, and at which columns are sines and which cosines.",
        values={"error": error},
    )


def _grid(table: Tensor) -> list[Tensor]:
    """Return the tables of rows and of columns where one half of the columns numbers the rows of a square and the other its columns."""
    side = round(len(table) ** 0.5)
    if side < 2 or side * side != len(table) or table.shape[1] % 2:
        return []
    found = []
    for half in table.reshape(side, side, -1).chunk(2, dim=-1):
        still = [axis for axis in (0, 1) if float((half - half.narrow(axis, 0, 1)).abs().max()) < 1e-6]
        found += [(still[0], half.select(still[0], 0))] if len(still) == 1 else []
    return [half for _, half in found] if {axis for axis, _ in found} == {0, 1} else []


def _unstated(examination: Examination, table: Tensor, name: str, where: str) -> Evidence:
    """Without a statement, hold the table against the numbers that the file names, to the usual power and to twice and half of it."""
    for text in LITERAL.findall(examination.source.text):
        number = float(text.replace("_", ""))
        if number < 100:
            continue
        if table_error(table, number) <= 1e-3:
            return examination.passed(f"the table of positions has the base {number:g} that the file names")
        for power, words in ((2.0, "twice"), (0.5, "half")):
            if table_error(table, number**power) <= 1e-3:
                return examination.finding(
                    "fail",
                    f"the table {name} turns by {number:g} to {words} the usual power -2i/d",
                    where=where,
                    hint="Column pair i of d/2 is the sine and cosine of position times base^(-2i/d).",
                )
    return examination.unsure("a table of sines and cosines has other columns than the usual ones")


def _tables(examination: Examination, added: bool) -> list[tuple[str, str, Tensor]]:
    """Return (path, name, table) of the tables that are kept, that a helper with sines makes, and that are added where they are stated."""
    found: list[tuple[str, str, Tensor]] = []
    functions = [place for place in examination.source.holding(r"\bsin\b") if place in examination.source.functions]
    with ExitStack() as stack:
        calls = [(name, stack.enter_context(recorded(*place))) for name in functions if (place := named(examination, name)) is not None]
        model = examination.build()
        examination.quiet(lambda: examination.forward(model.eval(), examination.batch()))
    for name, made in calls:
        found += [("", name, call.result.squeeze().double().detach()) for call in made if _is_table(call.result)]
    for path, module in model.named_modules():
        for name, value in [*module.named_buffers(recurse=False), *((n, v) for n, v in vars(module).items() if isinstance(v, Tensor))]:
            if _is_table(value):
                found.append((path, name, value.squeeze().double()))
    if not found and added:
        called = _called_table(examination)
        found = [("", *called)] if called is not None else _added_tables(examination)
    return found


def _is_table(value: Any) -> bool:
    """Say whether a value is a table (positions, width) of numbers between -1 and 1."""
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.requires_grad:
        return False
    flat = value.squeeze()
    return flat.ndim == 2 and flat.shape[0] >= 4 and flat.shape[1] >= 4 and float(flat.abs().max()) <= 1.0001 and float(flat.min()) < -0.5


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
    arguments = [item for call in recorder.calls for item in call.arguments[:2]]
    return [("", "that is added to the embeddings", item.detach().squeeze().double()) for item in arguments if _is_table(item)]


def table_error(table: Tensor, base: float, mixed_only: bool = False) -> float:
    """Return the largest difference of a table (positions, width) from the paper's, in any of the usual orders of columns or the mixed one."""
    length, width = table.shape
    half = (width + 1) // 2
    errors = []
    for denominator in {width / 2, half - 1} if half > 1 and not mixed_only else {width / 2}:  # i/(d/2 - 1) in some libraries
        turns = base ** (-torch.arange(half, dtype=torch.float64) / denominator)
        angles = torch.arange(length, dtype=torch.float64)[:, None] * turns
        sines, cosines = angles.sin(), angles.cos()
        orders = [torch.stack([sines, cosines], dim=-1).flatten(1)[:, :width]]
        if width % 2 == 0 and not mixed_only:
            orders += [torch.cat([sines, cosines], dim=1), torch.cat([cosines, sines], dim=1)]
        used = orders if denominator == width / 2 else orders[1:]
        errors += [float((table - order).abs().max()) for order in used]
    return min(errors)


def learned_rows(examination: Examination) -> Evidence:
    """Look at the gradient of each learned table of positions: not one of its rows alone may get one, and none before the others be left out."""
    lengths = [examination.batch()[key].shape[1] for key in read_sequences(examination)]
    model = examination.perturbed(training=True)
    context = examination.number("context") if examination.words("positional") == "learned" else None
    tables = [
        (name, parameter)
        for name, parameter in model.named_parameters()
        if (POSITIONAL.search(name) or (context is not None and parameter.ndim == 2 and parameter.shape[0] == context))
        and parameter.ndim >= 2
        and parameter.squeeze().ndim == 2
        and parameter.squeeze().shape[0] >= 3
    ]
    if not tables or not examination.layout.rows or (lengths and max(lengths) < 3):
        return examination.skipped("no learned table of positions is seen")
    for seed in range(1, 13):  # where what is looked at is drawn, a row's turn may come late
        examination.loss(model, examination.batch(seed=seed), seed=seed).backward()
        if seed > 1 and all(p.grad is None or bool((p.grad.squeeze().abs().amax(dim=1) > 0).all()) for _, p in tables):
            break
    for name, parameter in tables:
        if parameter.grad is None:
            continue
        used = parameter.grad.squeeze().abs().amax(dim=1) > 0
        rows = int(used.sum())
        if rows == 1:
            return examination.finding(
                "fail",
                f"of {parameter.squeeze().shape[0]} learned positions in {name} one is used: every position gets the same",
                where=_user(examination, model, name),
                path=name,
                hint="Look at the index or slice by which the table is read.",
            )
        idle = [int(row) for row in (~used).nonzero()[:, 0]]
        whole = examination.number("tokens") == len(used)  # else rows at the end are for longer sequences
        embedded = isinstance(model.get_submodule(name.rpartition(".")[0]), nn.Embedding)  # its first rows may be kept for padding
        if idle and not embedded and (whole or (idle[0] == 0 and bool(used[-1]) and len(idle) == 1)):
            text = f"row {idle[0]} of the learned positions in {name} is never used, and others are"
            hint = "Is the position added before the tokens are complete, or is the slice off by one?"
            return examination.finding("fail", text, where=_user(examination, model, name), path=name, hint=hint)
    return examination.passed("several rows of the learned positions are used")


def added(examination: Examination) -> Evidence:
    """Feed one token everywhere: what the first layer is given then differs between any two positions, or between none."""
    stated = examination.words("positional")
    if stated not in ("sinusoidal", "learned", ""):
        return examination.skipped("positions that are not added are stated")
    batch = one_everywhere(examination)
    keys = [key for key in read_sequences(examination) if is_integer(examination.batch()[key])]
    if batch is None or len(keys) != 1:
        return examination.skipped("no one entry of tokens is in the batch")
    key = keys[0]
    length = batch[key].shape[1]
    model = examination.build().eval()
    with torch.no_grad(), watching(model) as events:
        examination.forward(model, batch)
    given = _first_given(model, events, length)
    if given is None or not given.is_floating_point():
        return examination.skipped("no layer is given vectors over the positions")
    one = given[0].double()
    apart = torch.cdist(one, one) > 1e-5 * float(one.abs().mean() + 1e-9)
    same = int((~apart).sum()) - length
    if same == length * (length - 1) and stated and _nowhere_else(examination, model, batch, key):
        return examination.finding(
            "fail",
            f"{stated} positions are stated, and with one token everywhere every position is the same to the model",
            where=examination.where(model, ""),
            hint="Look at the index or slice by which positions are read, and whether they are added at all.",
        )
    if same == 0 or same == length * (length - 1):
        return examination.passed("positions differ from each other, or are not added to the embeddings")
    first, second = next((a, b) for a in range(length) for b in range(a + 1, length) if not apart[a, b])
    message = f"with one token everywhere, positions {first} and {second} are the same to the first layer and others are not"
    if stated != "sinusoidal" and not (stated == "learned" and "context" in examination.facts):
        return examination.unsure(f"{message}: positions that begin anew may be meant")
    return examination.finding(
        "fail",
        f"{message}, where {stated} positions are stated",
        where=examination.where(model, ""),
        hint="Look at what is counted where the sequence is cut into parts.",
    )


def _first_given(model: nn.Module, events: list[Event], length: int) -> Tensor | None:
    """Return what the first module after the embeddings is given over all positions, its calls side by side where it is called in parts."""
    tables = {path for path, module in model.named_modules() if isinstance(module, nn.Embedding)}
    for number, (kind, path, tensors) in enumerate(events):
        if kind != "in" or path in tables or not tensors or tensors[0].ndim != 3 or not tensors[0].is_floating_point():
            continue
        parts = [others[0] for k, p, others in events[number:] if (k, p) == ("in", path) and others and others[0].ndim == 3]
        if sum(part.shape[1] for part in parts) == length and len({part.shape[2] for part in parts}) == 1:
            return torch.cat(parts, dim=1)
        if parts[0].shape[1] == length:
            return parts[0]
    return None


def _nowhere_else(examination: Examination, model: nn.Module, batch: Batch, key: str) -> bool:
    """Say whether the output itself is the same at every position for one token everywhere."""
    with torch.no_grad():
        output = over_positions(examination.forward(model, batch), *batch[key].shape)
    return output is not None and float((output - output[:, :1]).abs().max()) <= 1e-5 * float(output.abs().mean() + 1e-9)


def _user(examination: Examination, model: nn.Module, name: str) -> str:
    parts = name.removesuffix(".weight").split(".")
    return examination.where(model, ".".join(parts[:-1]))


TABLE = card(
    "position",
    "position table",
    "A sinusoidal table with another exponent, base or order than stated, or, where nothing is stated, than the file's own base gives.",
    ("positional", "position_base", "equations", "d_model", "width"),
    "A table that is not kept as a buffer and not made by a helper: 'unsure'; the two usual divisors and orders of columns pass where the equation names none.",
    position_table,
)
ADDED = card(
    "position",
    "added positions",
    "Stated positions that are the same everywhere, or begin anew within a sequence.",
    ("positional", "context"),
    "A model that cuts its input into windows on purpose: 'unsure' unless the positions are stated with a context.",
    added,
)
ROWS = card(
    "position",
    "learned positions",
    "A learned table of positions of which one row is used.",
    ("positional", "context"),
    "A table that is named after positions and is none.",
    learned_rows,
)
