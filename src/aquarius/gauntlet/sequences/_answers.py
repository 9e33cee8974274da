"""Answers that a position sees: what the loss asks of position t stands in the input, and the output there follows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...core import Evidence
from .._check import Check
from .._examination import Examination, distance
from .._inputs import Batch, is_integer, is_mask
from .._objective import asked_earlier, objective
from .._trace import first_difference, watching
from ._sequences import over_positions, padded_entries, read_sequences

SURE, ROUNDING = 1e-4, 1e-6
MOST = -1e6  # a score this low is a mask, not a number that a model computes


@dataclass(frozen=True)
class Match:
    """The answer at position t is what stands in an entry at t + offset; `exact`, or by a rule that never falls with it."""

    answer: str
    key: str
    offset: int
    valid: Tensor  # (n, T): the positions that are asked
    exact: bool


def foreseen(examination: Examination) -> Evidence | list[Evidence]:
    """Find the answer of each position in an input, change it there, and look whether the output of that position follows."""
    hidden = _masked_out(examination)
    if hidden is not None:
        return hidden
    if not examination.layout.rows or examination.random_evaluation:
        return examination.skipped("samples are not rows of a batch, or evaluation is random")
    model, batch = examination.probe, examination.batch()
    with torch.no_grad():
        output = examination.forward(model, batch)
    seen = False
    for match in _matches(examination, batch):
        value = batch[match.key]
        if over_positions(output, value.shape[0], value.shape[1]) is None:
            continue
        found = _judge(examination, model, match)
        if found is not None and found.status == "fail":
            return found
        seen = seen or found is not None
    if seen:
        return examination.passed("no position sees the answer that it is asked for")
    return examination.skipped("the answers stand in no input that the output shares its positions with")


def _matches(examination: Examination, batch: Batch) -> Iterator[Match]:
    """Yield the pairs of an answer that only the loss reads and an input, where one gives the other."""
    answers = [
        key
        for key, value in batch.items()
        if isinstance(value, Tensor)
        and value.ndim in (2, 3)
        and not is_mask(value)
        and not examination.reads(key)
        and examination.loss_reads(key)
    ]
    yield from _fed_back(examination, batch)
    for answer in answers:
        wanted = batch[answer]
        if is_integer(wanted) and (earlier := asked_earlier(examination, examination.probe, answer)):
            wanted = torch.cat([wanted[:, earlier:], torch.full_like(wanted[:, :earlier], -1)], dim=1)
        for key in read_sequences(examination):
            value = batch[key]
            if is_mask(value) or value.ndim != wanted.ndim or value.shape != wanted.shape:
                continue
            length = value.shape[1]
            for offset in range(length // 2 + 1):
                early, later = wanted[:, : length - offset], value[:, offset:]
                whole = is_integer(wanted) and is_integer(value)
                valid = early >= 0 if whole else torch.ones_like(early, dtype=torch.bool)
                valid = valid if valid.ndim == 2 else valid.all(dim=2)
                options = [valid, valid & (early != 0)] if whole else [valid]  # 0 may stand for what is not asked
                equal = [asked for asked in options if _equal(early, later, asked)]
                if equal:
                    yield Match(answer, key, offset, equal[0], True)
                    break
                if (
                    is_integer(wanted)
                    and value.is_floating_point()
                    and value.ndim == 2
                    and bool(valid.any())
                    and _rises(later[valid], early[valid])
                ):
                    yield Match(answer, key, offset, valid, False)
                    break


def _fed_back(examination: Examination, batch: Batch) -> Iterator[Match]:
    """Yield the entries that are read, and asked back at the very positions at which they are read."""
    seen = objective(examination, examination.probe, dict(batch))
    targets = [call.arguments[1] for call in seen.calls if call.name == "cross_entropy" and len(call.arguments) > 1]
    for key in read_sequences(examination):
        value = batch[key]
        if not is_integer(value) or value.ndim != 2 or is_mask(value) or len(value.unique()) < 3:
            continue
        if any(isinstance(target, Tensor) and torch.equal(target.flatten(), value.flatten()) for target in targets):
            yield Match(key, key, 0, torch.ones_like(value, dtype=torch.bool), True)


def _equal(early: Tensor, later: Tensor, asked: Tensor) -> bool:
    """Say whether two tensors are equal wherever something is asked, which must be often and of several values."""
    if int(asked.sum()) < 3 * len(early) or len(early[asked].unique()) < 4:
        return False
    return bool((early[asked].double() == later[asked].double()).all())


def _rises(x: Tensor, y: Tensor) -> bool:
    """Say whether y never falls where x rises, over many samples: it is a quantisation of x."""
    order = x.argsort()
    return len(y.unique()) >= 8 and bool((y[order].diff() >= 0).all())


def _judge(examination: Examination, model: nn.Module, match: Match) -> Evidence | None:
    """Change the entry where the answer stands; None where too little is asked to tell."""
    length = match.valid.shape[1]
    asked = [t for t in range(length) if int(match.valid[:, t].sum()) >= 2]
    if not asked:
        return None
    chosen = sorted({asked[len(asked) // 2], asked[-1], asked[len(asked) // 4]})
    worst, where = 0.0, ""
    for t in chosen:
        change, place = _follows(examination, model, match, t, t + match.offset)
        if change > worst:
            worst, where = change, place
    if worst <= ROUNDING:
        return examination.passed("the answer is not seen", change=worst)
    if worst <= SURE:
        return examination.unsure("the answer changes the output that is asked for it by little more than rounding", change=worst)
    if match.offset == 0:
        if examination.facts.get("causal") is False or not _looks_back(examination, model, match, chosen):
            return examination.passed("what was read is asked back by a model that sees both sides")
        if not match.exact or match.answer == match.key:
            where = examination.where(model, "")
        else:
            where = "batch"
    stands = f"{match.offset} further on" if match.offset else "there"
    return examination.finding(
        "fail",
        f"what {match.answer} asks of a position stands in {match.key} {stands}, and changing it there changes the output that is asked, by "
        f"{worst:.3g} of its scale: the answer is seen",
        where=where or examination.where(model, ""),
        hint="Look at the shift between inputs and targets, and at what lets a position see what comes after it.",
        values={"change": worst},
    )


def _other(examination: Examination, key: str) -> Tensor:
    """Return other legal values of an entry, which leave padding where it is."""
    value = examination.batch()[key]
    other = examination.batch(seed=11)[key]
    for entry in padded_entries(examination):
        if entry.key == key:
            other = torch.where((value == entry.index) | (other == entry.index), value, other)
    return other


def _follows(examination: Examination, model: nn.Module, match: Match, t: int, place: int) -> tuple[float, str]:
    """Return by how much the output at t changes with the entry at a place, over the samples where t is asked, and where that begins."""
    batch, changed = examination.batch(), examination.batch()
    samples, length = batch[match.key].shape[:2]
    changed[match.key][:, place] = _other(examination, match.key)[:, place]
    with torch.no_grad(), watching(model) as one:
        before = over_positions(examination.forward(model, batch), samples, length)
    with torch.no_grad(), watching(model) as two:
        after = over_positions(examination.forward(model, changed), samples, length)
    if before is None or after is None or t >= before.shape[1]:
        return 0.0, ""
    rows = match.valid[:, t]
    view = lambda tensor: tensor[rows, t] if tensor.ndim == 3 and tensor.shape[:2] == (samples, length) else None
    path = first_difference(one, two, view)
    return distance(before[rows, t], after[rows, t]), examination.where(model, path) if path is not None else ""


def _looks_back(examination: Examination, model: nn.Module, match: Match, asked: list[int]) -> bool:
    """Say whether the outputs that are asked follow nothing that comes after them."""
    length = match.valid.shape[1]
    later = [t for t in asked if t + 1 < length]
    return bool(later) and all(_follows(examination, model, match, t, place)[0] <= ROUNDING for t in later for place in {t + 1, length - 1})


def _masked_out(examination: Examination) -> Evidence | None:
    """Find a cross-entropy whose right answer has a score that only a mask gives."""
    model, batch = examination.build().eval(), examination.batch()
    with torch.no_grad():
        seen = examination.quiet(lambda: objective(examination, model, batch))
    for call in seen.calls if seen is not None else ():
        if call.name != "cross_entropy" or len(call.arguments) < 2 or not is_integer(call.arguments[1]) or call.arguments[0].ndim < 2:
            continue
        scores, target = call.arguments[0], call.arguments[1]
        classes = scores.shape[1]
        ignored = call.named.get("ignore_index", -100)
        valid = (target >= 0) & (target < classes) & (target != ignored)
        if not bool(valid.any()) or target.shape != scores.shape[:1] + scores.shape[2:]:
            continue
        own = scores.gather(1, target.clamp(0, classes - 1).unsqueeze(1)).squeeze(1)[valid]
        share = float((own < MOST).float().mean())
        if share > 0.05:
            return examination.finding(
                "fail",
                f"the right answer has a score of {float(own.min()):.3g} at {share:.0%} of the positions: it is masked out where it is asked for",
                where=examination.where(model, ""),
                hint="Look at the sense of the mask on the scores and at the moment at which it is updated.",
                values={"share": share},
            )
    return None


FORESEEN = Check(
    name="foreseen answer",
    family="causality",
    finds="An output that follows the very input that holds its answer (the next token, a later value), a right answer that is masked out.",
    uses=("causal", "padding_index"),
    misled_by="A model that is to give back what it reads: only one that sees nothing after a position is asked in vain for what stands there.",
    cost="forward",
    function=foreseen,
)
