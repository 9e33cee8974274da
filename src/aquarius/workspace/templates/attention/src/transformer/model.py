"""The encoder-decoder of Vaswani et al. 2017 as a Subject: the model of the paper at a small size, on sequences to be copied."""

import torch
from torch import Tensor, nn

from aquarius.models.language.transformer import Transformer, TransformerConfig
from aquarius.models.language.transformer import from_settings as from_settings  # the models of Table 3's rows
from aquarius.parts.schedule import noam_learning_rate

PADDING, BEGIN, END, FIRST_SYMBOL = 0, 1, 2, 3
SYMBOLS, LONGEST, WARMUP = 13, 9, 20
CONFIG = TransformerConfig(vocabulary=FIRST_SYMBOL + SYMBOLS, layers=2, d_model=32, d_ff=64, heads=4, d_k=8, d_v=8, padding_index=PADDING)

# What the paper states, at the size above. Section 5.3 states Adam and the schedule, 5.4 the two regularisers.
facts = {
    "task": "translation",
    "vocabulary": CONFIG.vocabulary,
    "parameters": 43_264,
    "output": "logits",
    "causal": "decoder",
    "padding_index": PADDING,
    "heads": CONFIG.heads,
    "layers": CONFIG.layers,
    "d_model": CONFIG.d_model,
    "width": CONFIG.d_model,
    "norm": "post",
    "normalisation": "layer",
    "positional": "sinusoidal",
    "position_base": 10_000,
    "embedding_scale": CONFIG.d_model**0.5,
    "activation": "relu",
    "dropout": CONFIG.dropout,
    "label_smoothing": CONFIG.label_smoothing,
    "loss": "mean cross-entropy over target tokens that are not padding, with label smoothing",
    "optimizer": {"name": "Adam", "betas": [0.9, 0.98], "eps": 1e-9},
    "schedule": {"warmup": WARMUP, "kind": "inverse square root", "per": "step"},
    "equations": {
        "learning_rate": r"d_{\text{model}}^{-0.5}\cdot\min(step\_num^{-0.5},step\_num\cdot warmup\_steps^{-1.5})",
    },
}


def build() -> nn.Module:
    """Return the small Transformer: one matrix is both embeddings and the last projection."""
    return Transformer(CONFIG)


def batch(n: int, seed: int = 0) -> dict[str, Tensor]:
    """Return source (n, 9), target (n, 10), which begins with BEGIN, and labels (n, 10), which end with END; all padded at the end."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, LONGEST + 1, (n, 1), generator=generator)
    symbols = torch.randint(FIRST_SYMBOL, FIRST_SYMBOL + SYMBOLS, (n, LONGEST), generator=generator)
    source = symbols.masked_fill(torch.arange(LONGEST) >= lengths, PADDING)
    target = torch.cat((torch.full((n, 1), BEGIN), source), dim=1)
    labels = torch.cat((source, torch.full((n, 1), PADDING)), dim=1).scatter(1, lengths, END)
    return {"source": source, "target": target, "labels": labels}


def forward(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return logits (n, 10, vocabulary)."""
    logits: Tensor = model(batch["source"], batch["target"])
    return logits


def loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return the label-smoothed cross-entropy, a mean over the labels that are not padding."""
    value: Tensor = model.loss(forward(model, batch), batch["labels"])
    return value


def learning_rate(step: int) -> float:
    """Return equation (3) at a step that counts from 0."""
    return noam_learning_rate(step + 1, d_model=CONFIG.d_model, warmup_steps=WARMUP)


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Return Adam with the paper's constants; the schedule is its learning rate."""
    return torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)


def scheduler(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of equation (3)."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate)


def step(
    model: nn.Module, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor], scheduler: torch.optim.lr_scheduler.LRScheduler
) -> Tensor:
    """Take one step of training."""
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
