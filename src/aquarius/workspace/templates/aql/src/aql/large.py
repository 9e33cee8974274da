"""The report's own targets, on a copy of WikiText-103 that the user has and a model of the size of GPT-2: uniform training beside AQL."""

from pathlib import Path

import torch
from arms import Task, compared, train_arm
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from aquarius.aql import Root, TopK


class Block(nn.Module):
    """Attention and a network of two layers, each after a norm and around a sum."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.rise, self.fall = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, length, width]."""
        batch, length, width = x.shape
        query, key, value = self.attend(self.first(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, is_causal=True).transpose(1, 2).reshape(batch, length, width)
        x = x + self.project(mixed)
        return x + self.fall(nn.functional.gelu(self.rise(self.second(x)), approximate="tanh"))


class GPT(nn.Module):
    """GPT-2's layout (Radford et al. 2019): learned positions, norms before the blocks and at the end, a head that is the embedding's transpose."""

    def __init__(self, alphabet: int, length: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(alphabet, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, alphabet, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits [batch, length, alphabet]."""
        x = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def train(run) -> dict[str, float]:
    """Train uniform, then AQL by the report's recipe; the ratios are those of N5, N6, N7 and N13."""
    settings = run.settings
    training, validation = windows(settings["training"], settings), windows(settings["validation"], settings)
    validation = validation[:: max(1, len(validation) // settings["validation_windows"])]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    training, validation = training.to(device), validation.to(device)

    def quality(model: nn.Module) -> float:
        losses = [
            cross_entropy(model(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten()) for part in validation.split(settings["batch_size"])
        ]
        return -torch.stack(losses).mean().item()

    task = Task(
        x=training[:, :-1],
        y=training[:, 1:],
        build=lambda: GPT(*(settings[name] for name in ("alphabet", "length", "width", "layers", "heads"))).to(device),
        quality=quality,
        learning_rate=settings["learning_rate"],
        batch_size=settings["batch_size"],
        every=settings["evaluate_every"],
        seed=run.seed,
        clip=settings["clip"],
    )
    samples, keep = settings["steps"] * settings["batch_size"], TopK(settings["keep"], settings["floor"])
    uniform = train_arm(task, samples)
    aql = train_arm(task, samples, scorer="epistemic", policy=keep, mode="streaming", curriculum=Root(settings["warm_up"], 1.0))
    for name, curve in {"uniform": uniform, "aql": aql}.items():
        for place in range(len(curve.samples)):
            run.log(curve.samples[place], **{f"validation loss {name}": -curve.quality[place]})
    end, early = uniform.at_samples(uniform.samples[-1]), uniform.at_samples(settings["early"] * samples)
    ratios, at_first = compared(uniform, aql, end), compared(uniform, aql, early)
    return {
        "sample_ratio": ratios["ratio"],
        "compute_ratio": 1 / ratios["compute"],
        "early_sample_ratio": at_first["ratio"],
        "gain_at_equal_samples": aql.at_samples(samples) - end,
        "reached": ratios["reached"],
        "uniform_loss": -end,
        **{f"aql_{what}": value for what, value in aql.counts.items()},
    }


def windows(path: str, settings: dict) -> Tensor:
    """Return [n, length + 1] tokens of a file: numbers of two bytes where its name ends in .bin, else a text whose bytes are the tokens."""
    content = bytearray(Path(path).expanduser().read_bytes())
    tokens = torch.frombuffer(content, dtype=torch.uint16 if path.endswith(".bin") else torch.uint8).long()
    size = settings["length"] + 1
    return tokens[: len(tokens) // size * size].view(-1, size)
