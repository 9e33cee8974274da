"""What scoring costs a training step: the report's own recipe, the library's, and MC dropout, in turn, in processor time of one thread."""

import copy
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aquarius.aql import AQL, Root, TopK, mc_dropout

DECAY, EVERY = 0.95, 10  # of the Fisher information's average, as the report states them


class Language(nn.Module):
    """A transformer of two layers with a tied head."""

    def __init__(self, alphabet: int, width: int, length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(alphabet, width)
        nn.init.normal_(self.embedding.weight, std=0.02)  # tied: with a deviation of 1 the first steps are spent on subnormal probabilities
        self.body = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.1, batch_first=True), 2, enable_nested_tensor=False
        )
        self.head = nn.Linear(width, alphabet, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits [batch, length, alphabet]."""
        return self.head(self.body(self.embedding(tokens), mask=self.mask, is_causal=True))


def vision() -> nn.Module:
    """Return three convolutions and a head of ten classes, for images of 32 × 32."""
    sizes = ((3, 32), (32, 64), (64, 128))
    blocks = [layer for wide, out in sizes for layer in (nn.Conv2d(wide, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.2), nn.Linear(128 * 16, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))


def train(run) -> dict[str, float]:
    """Time everything on both models; percentages are of a plain training step."""
    settings = run.settings
    tokens = torch.randint(settings["alphabet"], (settings["sequences"], settings["length"] + 1))
    language = costs(Language(settings["alphabet"], settings["width"], settings["length"]), tokens[:, :-1], tokens[:, 1:], settings)
    images = costs(vision(), torch.randn(64, 3, 32, 32), torch.randint(10, (64,)), settings)
    found = {f"language_{name}": value for name, value in language.items()} | {f"vision_{name}": value for name, value in images.items()}
    for name in ("described_own_backward", "described_reused_gradient", "dropout_passes", "dropout_over_laplace", "whole_system"):
        found[name] = (language[name] + images[name]) / 2
    return found


def costs(model: nn.Module, x: Tensor, y: Tensor, settings: dict) -> dict[str, float]:
    """Return medians over interleaved steps: scoring, the whole system, the report's Fisher updates, and passes of MC dropout."""
    scored, whole = copy.deepcopy(model), copy.deepcopy(model)
    score = AQL(scored, budget=None)
    system = AQL(whole, policy=TopK(0.5), curriculum=Root(), total_steps=1000)  # its governor keeps to 2 %
    system.wrap(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=len(x) // 2))
    ids, optimizer = torch.arange(len(y)), torch.optim.Adam(model.parameters(), lr=1e-4)
    fisher = [torch.zeros_like(parameter) for parameter in model.parameters()]

    def plain_loss(logits: Tensor) -> Tensor:
        return cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").mean()  # as the library's, unscored

    def step() -> None:
        optimizer.zero_grad()
        plain_loss(model(x)).backward()
        optimizer.step()

    def all_of_it(logits: Tensor) -> None:
        system.loss(logits, y, ids=ids)
        system.choose(ids.tolist())

    @torch.no_grad()
    def average() -> None:
        for mean, parameter in zip(fisher, model.parameters(), strict=True):
            mean.mul_(DECAY).addcmul_(parameter.grad, parameter.grad, value=1 - DECAY)

    def own_backward() -> None:
        model.zero_grad()
        plain_loss(model(x)).backward()
        average()

    times: dict[str, list[float]] = {name: [] for name in ("step", "plain", "score", "whole", "own", "average", "dropout")}
    for turn in range(settings["steps"] + 2):
        # the losses alone are timed, on the same kind of logits: two whole steps differ by more than a scoring from chance alone
        losses = [
            ("plain", partial(plain_loss, model(x))),
            ("score", partial(score.loss, scored(x), y, ids=ids)),
            ("whole", partial(all_of_it, whole(x))),
        ]
        parts = [("step", step), ("average", average), ("own", own_backward)]
        parts += [("dropout", lambda: mc_dropout(model, x, passes=settings["passes"]))] if turn % 4 == 2 else []
        for name, part in [*parts, *(losses if turn % 2 else reversed(losses))]:
            seconds = timed(part)
            if turn > 1:
                times[name].append(seconds)
    usual = statistics.median(times["step"])
    percent = {name: 100 * statistics.median(values) / usual for name, values in times.items()}
    scoring, everything = (
        statistics.median(100 * (one - other) / usual for one, other in zip(times[name], times["plain"], strict=True))
        for name in ("score", "whole")
    )
    return {
        "scoring": scoring,
        "whole_system": everything,
        "described_own_backward": percent["own"] / EVERY,
        "described_reused_gradient": percent["average"] / EVERY,
        "dropout_passes": percent["dropout"],
        "dropout_over_laplace": percent["dropout"] / max(scoring, 0.1),  # what cannot be told from nothing counts as a thousandth of a step
        "memory": 100 * score.report().uncertainty["bytes"] / (16 * sum(parameter.numel() for parameter in model.parameters())),
    }


def timed(part: Callable[[], object], least: float = 0.05) -> float:
    """Return the processor's time of one call, which other programs lengthen little; a short call is repeated until the clock can tell."""
    begin, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - begin < least:
        part()
        calls += 1
    return (time.process_time() - begin) / calls
