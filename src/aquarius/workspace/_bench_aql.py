"""The bench of AQL: what scoring costs a training step, beside MC dropout, and how fast a stream is selected from. Everything in turn, in one run."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core import BadInput

K, CHUNK = 100_000, 1_000_000
PASSES = 10  # of MC dropout
BUDGETS = {"language model, 4,096 tokens": 1.0, "convolutional network": 1.0, "language model, 50,257 tokens": 3.0}  # per cent of a step
MOST_MEMORY = 2.0  # per cent of weights, gradients, Adam's two moments and what the forward keeps for the backward
LEAST_RATE = 200.0  # million scores a second
LONGEST = 1_000_000_000  # scores of the simulated stream
MOST_GROWTH = 16.0  # MiB by which the process may grow between the first million scores and the last: what the allocator keeps


def aql_figures(steps: int, chunks: int, longest: int = LONGEST) -> dict[str, Any]:
    """Time plain steps, steps with the epistemic score and MC dropout in turn, on one thread; then push `chunks` of a million scores, and a long stream.

    Raises:
        BadInput: fewer than 5 steps, or no chunk.
    """
    import torch

    if steps < 5 or chunks < 1 or longest < CHUNK:
        raise BadInput(f"at least 5 steps, 1 chunk and {CHUNK:,} scores are needed, got {steps}, {chunks} and {longest:,}.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = [row for name, make in MODELS.items() for row in _costs(name, make, steps)]
        rows += _stream(chunks) + _memory(longest)
    finally:
        torch.set_num_threads(threads)
    return {"steps": steps, "chunks": chunks, "rows": rows, "within": all(row["within"] != "no" for row in rows)}


def _costs(name: str, make: Callable[[], tuple[Any, Any, Any]], steps: int) -> list[dict[str, Any]]:
    import torch
    from torch.nn import functional

    from ..aql import AQL, mc_dropout

    torch.manual_seed(0)
    model, x, y = make()
    scored = copy.deepcopy(model)
    aql = AQL(scored, budget=None)
    ids = torch.arange(len(y))
    optimizers = {id(each): torch.optim.Adam(each.parameters(), lr=1e-4) for each in (model, scored)}

    def step(own: Any, loss: Any) -> None:
        optimizers[id(own)].zero_grad()
        loss.backward()
        optimizers[id(own)].step()

    def plain() -> None:
        step(model, functional.cross_entropy(model(x).flatten(0, -2), y.flatten()))

    def with_score() -> None:
        step(scored, aql.loss(scored(x), y, ids=ids))

    def dropout() -> None:
        mc_dropout(model, x, passes=PASSES)

    times: dict[Callable[[], None], list[float]] = {plain: [], with_score: [], dropout: []}
    for turn in range(steps + 2):
        for arm in (plain, with_score) if turn % 2 else (with_score, plain):
            times[arm].append(_seconds(arm))
        if turn % 5 == 0:
            times[dropout].append(_seconds(dropout))
    base, own = times[plain][2:], times[with_score][2:]
    usual = statistics.median(base)
    over = [100 * (after - before) / usual for before, after in zip(base, own, strict=True)]
    slow = [100 * seconds / usual for seconds in times[dropout][1:] or times[dropout]]
    memory = 100 * (aql.report().uncertainty or {})["bytes"] / _training_bytes(model, x, y)
    cost, budget = _spread(over), BUDGETS[name]
    within = "yes" if cost["high"] <= budget else "no" if cost["low"] > budget else "cannot tell"
    return [
        {"figure": f"{name}: a step, ms", **_spread([1e3 * seconds for seconds in base]), "budget": "", "within": ""},
        {"figure": f"{name}: scoring, % of a step", **cost, "budget": f"{budget:g}", "within": within},
        {"figure": f"{name}: {PASSES} passes of MC dropout, % of a step", **_spread(slow), "budget": "", "within": ""},
        {
            "figure": f"{name}: extra memory, % of training",
            **_spread([memory]),
            "budget": f"{MOST_MEMORY:g}",
            "within": "yes" if memory <= MOST_MEMORY else "no",
        },
    ]


def _spread(values: list[float]) -> dict[str, float]:
    """Median, and its 95 % interval by order statistics (normal approximation of the binomial)."""
    ordered, n = sorted(values), len(values)
    half = 0.98 * n**0.5
    low, high = max(0, int(n / 2 - half)), min(n - 1, int(n / 2 + half))
    return {"median": statistics.median(ordered), "low": ordered[low], "high": ordered[high]}


def _training_bytes(model: Any, x: Any, y: Any) -> int:
    import torch
    from torch.nn import functional

    kept: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    weights = {each.untyped_storage().data_ptr(): each.numel() for each in model.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        functional.cross_entropy(model(x).flatten(0, -2), y.flatten())
    return 16 * sum(weights.values()) + sum(size for place, size in kept.items() if place not in weights)


def _seconds(arm: Callable[[], None]) -> float:
    """Return the processor's time, which other programs on the machine do not lengthen."""
    begin = time.process_time()
    arm()
    return time.process_time() - begin


def _stream(chunks: int) -> list[dict[str, Any]]:
    import torch

    from ..aql import TopKBuffer

    buffer, generator, rates = TopKBuffer(K), torch.Generator().manual_seed(0), []
    best = torch.empty(0)
    spent = 0.0
    for _ in range(chunks):
        scores = torch.randn(CHUNK, generator=generator)
        begin = time.process_time()
        buffer.push(scores)
        seconds = time.process_time() - begin
        spent += seconds
        rates.append(CHUNK / seconds / 1e6)
        best = torch.cat([best, scores]).topk(min(K, len(best) + CHUNK)).values  # the oracle, outside the clock
    exact = torch.equal(buffer.result()[0], best.sort(descending=True).values)
    total = chunks * CHUNK / spent / 1e6
    held = (buffer.scores.numel() * buffer.scores.element_size() + buffer.ids.numel() * 8) / 2**20
    within = "yes" if total >= LEAST_RATE else "no"
    return [
        {
            "figure": f"stream, k = {K:,}: million scores/s, all {chunks} chunks",
            **_spread([total]),
            "budget": f"at least {LEAST_RATE:g}",
            "within": within,
        },
        {"figure": "stream: million scores/s, chunk by chunk", **_spread(rates), "budget": "", "within": ""},
        {"figure": "stream: share equal to a sort", **_spread([float(exact)]), "budget": "1", "within": "yes" if exact else "no"},
        {"figure": "stream: memory of the buffer, MiB", **_spread([held]), "budget": "", "within": ""},
    ]


def _memory(longest: int) -> list[dict[str, Any]]:
    """The buffer and the process after each tenfold of a simulated stream: the same million draws over and over, each time moved a little."""
    import torch

    from ..aql import TopKBuffer

    buffer, generator = TopKBuffer(K), torch.Generator().manual_seed(0)
    draws, scores = torch.randn(CHUNK, generator=generator), torch.empty(CHUNK)
    rows: list[dict[str, Any]] = []
    first, mark = 0.0, CHUNK
    while buffer.seen < longest:
        torch.add(draws, 0.001 * float(torch.randn((), generator=generator)), out=scores)
        buffer.push(scores)
        if buffer.seen >= mark:
            mark *= 10
            held, process = (buffer.scores.numel() * buffer.scores.element_size() + buffer.ids.numel() * 8) / 2**20, _resident()
            first = first or process
            rows.append({"figure": f"after {buffer.seen:,} scores: buffer, MiB", **_spread([held]), "budget": "", "within": ""})
            rows.append(
                {"figure": f"after {buffer.seen:,} scores: process, MiB more", **_spread([process - first]), "budget": "", "within": ""}
            )
    rows[-1] |= {"budget": f"{MOST_GROWTH:g}", "within": "yes" if rows[-1]["median"] <= MOST_GROWTH else "no"}
    return rows


def _resident() -> float:
    """The memory that the process holds now, MiB; where the system does not tell, the most that it has held."""
    import os
    import resource
    import sys

    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _language(vocabulary: int = 4096, width: int = 128, batch: int = 8) -> tuple[Any, Any, Any]:
    """A transformer of two layers, width 128, 4,096 tokens, tied head; 8 sequences of 64."""
    import torch
    from torch import nn

    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, width)
            nn.init.normal_(
                self.embedding.weight, std=0.02
            )  # tied: with torch's std of 1 the first steps are spent on subnormal probabilities
            layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.1, batch_first=True)
            self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(width, vocabulary, bias=False)
            self.head.weight = self.embedding.weight
            self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(64))

        def forward(self, tokens: Any) -> Any:
            return self.head(self.body(self.embedding(tokens), mask=self.mask, is_causal=True))

    tokens = torch.randint(0, vocabulary, (batch, 65))
    return Language(), tokens[:, :-1], tokens[:, 1:]


def _vision() -> tuple[Any, Any, Any]:
    """Three convolutions and a head of ten classes; 64 images of 32 × 32."""
    import torch
    from torch import nn

    sizes = ((3, 32), (32, 64), (64, 128))
    blocks = [layer for i, o in sizes for layer in (nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))]
    model = nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.2), nn.Linear(128 * 16, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    return model, torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,))


def _large() -> tuple[Any, Any, Any]:
    """The same with the vocabulary of GPT-2, width 64; 2 sequences of 64."""
    return _language(50_257, 64, 2)


MODELS = {"language model, 4,096 tokens": _language, "convolutional network": _vision, "language model, 50,257 tokens": _large}
