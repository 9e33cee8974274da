"""Points of a learning-rate schedule that are stated in words: milestones and their factor, the last value, a factor for each step, a power."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from typing import Any

WORDS = {"zero": 0.0, "tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001, "half": 0.5}
NUMBER = r"(\d+\.?\d*(?:e-?\d+)?|\.\d+)"
NEAR = 0.02  # of a ratio


def unlike(stated: dict[str, Any], curve: list[float]) -> str:
    """Return what a curve of rates (one for each step, from 0 to the total) does otherwise than stated, "" where nothing is seen."""
    kind = str(stated.get("kind", "")).lower()
    total, warmup = stated.get("total"), int(stated.get("warmup") or 0)
    peak = max(curve)
    for step, share, words in _points(kind, stated, int(total) if total else None, warmup):
        if not 0 <= step < len(curve):
            continue
        found = curve[step] / peak
        slack = 0.003 if share < 0.02 else NEAR * share
        if total and step == int(total):
            slack += 2 / max(8, int(total) - warmup) if "linear" in kind.split("warm")[-1] else 10 / max(8, int(total) - warmup) ** 2
        if abs(found - share) > slack:
            return f"at step {step} the learning rate is {found:.4g} of its peak, and {words} gives {share:.4g}"
    return ""


def _points(kind: str, stated: dict[str, Any], total: int | None, warmup: int) -> Iterator[tuple[int, float, str]]:
    """Yield (step, share of the peak, words) for what the words say plainly."""
    yield from _milestones(kind, stated, total)
    yield from _intervals(kind, warmup)
    if "cosine" in kind or "linear" in kind:
        last = _last(kind)
        if last is not None and total and "cycl" not in kind and "restart" not in kind:
            yield total, last, kind
    factor = _factor(kind)
    if factor is not None and re.search(r"exponential", kind) and not re.search(r"every|epoch|interval", kind) and not warmup:
        for step in (1, 10, 50):
            yield step, factor**step, kind
    power = re.search(rf"(?:power|exponent) (?:of )?{NUMBER}", kind)
    if power and total and "poly" in kind and not warmup:
        for share in (0.25, 0.5, 0.75):
            yield round(share * total), (1 - round(share * total) / total) ** float(power.group(1)), kind


def _milestones(kind: str, stated: dict[str, Any], total: int | None) -> Iterator[tuple[int, float, str]]:
    """Yield points between milestones, and before the first and after the last."""
    factor = stated.get("gamma", stated.get("factor"))
    factor = float(factor) if isinstance(factor, int | float) else _factor(kind)
    steps = [float(m) for m in stated.get("milestones", ()) if isinstance(m, int | float)]
    told = re.search(r"\b(?:at|after)\b (?:steps? |iterations? |updates? )?([\d., %and]+)", kind)
    if not steps and told and not re.search(r"epoch|every", kind):
        numbers = [float(n) for n in re.findall(r"\d+\.?\d*", told.group(1))]
        if "%" in told.group(1):
            steps = [n / 100 * total for n in numbers] if total else []
        else:
            steps = [n * total if n < 1 and total else n for n in numbers]
    if factor is None or not steps or "warm" in kind or stated.get("per") == "epoch":
        return
    steps = sorted(steps)
    ends = [0.0, *steps, float(total) if total and total > steps[-1] else steps[-1] + max(4.0, steps[0])]
    for number, (begin, end) in enumerate(itertools.pairwise(ends)):
        for share in (0.1, 0.9):  # not at the very ends, where conventions differ by a step
            yield math.floor(begin + share * (end - begin)), factor**number, kind


def _intervals(kind: str, warmup: int) -> Iterator[tuple[int, float, str]]:
    """Yield points within the first three intervals of "multiplied by 0.1 every 30 epochs", in the schedule's own unit."""
    every = re.search(r"every (\d+) (?:epochs?|steps?|updates?|iterations?)", kind)
    factor = _factor(kind)
    if every is None or factor is None or warmup or int(every[1]) < 3:
        return
    for number in range(3):
        for share in (0.2, 0.8):
            yield math.floor((number + share) * int(every[1])), factor**number, kind


def _factor(kind: str) -> float | None:
    """Return what a kind multiplies the rate by: "divided by 10", "factor 0.98", "times 0.1", "halved"."""
    if divided := re.search(rf"(?:divided by|divides? (?:it )?by) (?:a factor of )?{NUMBER}", kind):
        return 1 / float(divided.group(1))
    if "halved" in kind:
        return 0.5
    times = re.search(
        rf"(?:times|multiplied by|multiplies by|×|factor(?: of)?|gamma|decay(?:s|ed)? (?:of|by)|rate)\s*(?:=|of|by)?\s*{NUMBER}", kind
    )
    return float(times.group(1)) if times and 0 < float(times.group(1)) < 1 else None


def _last(kind: str) -> float | None:
    """Return the last rate as a share of the peak: "to zero", "to a tenth", "to 1 % of it"."""
    told = re.search(r"\bto (?:a |an |one |the )?(zero|tenth|hundredth|thousandth|half|0(?![\d.]))\b", kind)
    if told:
        return WORDS.get(told.group(1), 0.0)
    share = re.search(rf"\bto {NUMBER} ?(?:%|percent)", kind)
    return float(share.group(1)) / 100 if share else None
