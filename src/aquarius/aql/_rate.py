"""A threshold for a target rate over a stream that drifts: a decayed histogram of scores and a controller that keeps the budget."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..core import BadInput

BINS = 2048
EDGE = BINS // 16  # a threshold this near an end of the grid, or a mass this narrow, calls for a new grid
GAIN = 8.0  # a debt of an eighth of a window's budget multiplies the rate by e


class RateThreshold:
    """Keeps about `rate` of a stream: the threshold is the 1 - rate quantile of a decayed histogram, corrected by what was kept too much or too little.

    The rate of a single chunk follows how good the chunk is; the rate over the stream follows the budget. Equal scores at the threshold are split by a
    hash of their ids, so that a stream of ties keeps its rate too.

    window: scores over which a surplus is paid back; a quarter of it is the half-life of the histogram.
    """

    def __init__(self, rate: float, *, window: int = 65536) -> None:
        if not 0 < rate < 1 or window < 1:
            raise BadInput(f"The rate lies between 0 and 1 and the window is at least 1; got {rate} and {window}.")
        self.rate, self.window = rate, window
        self.seen = self.kept = 0
        self.counts = torch.zeros(BINS, dtype=torch.float64)
        self.low, self.high = 0.0, 0.0
        self.threshold = -float("inf")

    @property
    def target(self) -> float:
        """The rate asked of the next chunk: `rate`, multiplied up or down by what the budget is owed; between a hundredth of it and 1."""
        owed = (self.rate * self.seen - self.kept) / (self.rate * self.window)
        return min(max(self.rate * math.exp(min(GAIN * owed, 50.0)), self.rate / 100), 1.0)

    def admit(self, scores: Tensor, ids: Tensor) -> Tensor:
        """Return the mask [n] of the scores [n] that are kept.

        Raises:
            BadInput: a score is not finite, or shapes do not agree.
        """
        scores = scores.detach().double().cpu()
        if scores.shape != ids.shape or scores.dim() != 1 or not bool(torch.isfinite(scores).all()):
            raise BadInput(f"A rate is kept over finite scores [n] with ids [n]; got shapes {list(scores.shape)} and {list(ids.shape)}.")
        if not len(scores):
            return torch.zeros(0, dtype=torch.bool)
        target = self.target
        self._add(scores)
        bin_of, share = self._cut(target)
        places = self._bins(scores)
        kept = (places > bin_of) | ((places == bin_of) & (_unit(ids.cpu()) < share))
        self.seen += len(scores)
        self.kept += int(kept.sum())
        return kept

    def _add(self, scores: Tensor) -> None:
        if self.high <= self.low:
            self._place(float(scores.min()), float(scores.max()))
        self.counts *= 0.5 ** (4 * len(scores) / self.window)
        self.counts += torch.bincount(self._bins(scores), minlength=BINS)
        bin_of, _ = self._cut(self.rate)
        bulk = (self.counts.cumsum(0) / self.counts.sum()).clamp(max=1)
        narrow = int(((bulk > 0.01) & (bulk < 0.99)).sum()) < EDGE
        if not EDGE <= bin_of < BINS - EDGE or narrow:
            self._regrid(scores)

    def _regrid(self, scores: Tensor) -> None:
        """Lay the grid around the chunk and the bulk of the mass; old counts move to the bin of their middle."""
        width = (self.high - self.low) / BINS
        middles = self.low + width * (torch.arange(BINS, dtype=torch.float64) + 0.5)
        share = self.counts.cumsum(0) / self.counts.sum()
        bulk = middles[(share > 0.005) & (share < 1 - min(0.005, self.rate / 8))]
        chunk = scores[:: max(1, len(scores) // 100_000)]
        ends = [*chunk.quantile(torch.tensor([0.01, 1 - self.rate / 8]).double()).tolist(), *(bulk[[0, -1]].tolist() if len(bulk) else ())]
        counts = self.counts
        self._place(min(ends), max(ends))
        self.counts = torch.zeros_like(counts).scatter_add_(0, self._bins(middles), counts)

    def _place(self, low: float, high: float) -> None:
        spread = max(high - low, 1e-9 * max(abs(low), abs(high)), 1e-12)
        self.low, self.high = low - spread / 4, high + spread / 4

    def _bins(self, scores: Tensor) -> Tensor:
        return ((scores - self.low) / (self.high - self.low) * BINS).floor().clamp(0, BINS - 1).long()

    def _cut(self, rate: float) -> tuple[int, float]:
        """Return the bin in which the quantile lies and the share of that bin to keep."""
        above = self.counts.flip(0).cumsum(0).flip(0)
        wanted = rate * float(above[0])
        bin_of = int((above >= wanted).nonzero()[-1])
        own = float(self.counts[bin_of])
        over = float(above[bin_of]) - own
        self.threshold = self.low + (self.high - self.low) * bin_of / BINS
        return bin_of, (wanted - over) / own if own > 0 else 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later decisions depend on."""
        names = ("rate", "window", "seen", "kept", "low", "high", "threshold")
        return {"counts": self.counts.clone(), **{name: getattr(self, name) for name in names}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""
        self.counts = state["counts"].clone()
        for name in ("rate", "window", "seen", "kept", "low", "high", "threshold"):
            setattr(self, name, state[name])


def _unit(ids: Tensor) -> Tensor:
    """Return a number in [0, 1) for each id [n], spread evenly and always the same (a Weyl step and two rounds of mixing on 31 bits)."""
    mixed = (ids.long() * 0x9E3779B1) & 0x7FFFFFFF
    for _ in range(2):
        mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & 0x7FFFFFFF
    return (mixed ^ (mixed >> 15)).double() / 2**31
