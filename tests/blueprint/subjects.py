"""Small Subjects in memory: what a subject's file would define, without a file or a child process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from aquarius.blueprint import Blueprint
from aquarius.blueprint._draw import assemble
from aquarius.blueprint._trace import trace_subject
from aquarius.subject import Subject

Batch = dict[str, Tensor]


def subject(build: Callable[[], Any], batch: Callable[..., Batch], forward: Callable[..., Any] | None = None, **facts: Any) -> ModuleType:
    module = ModuleType("subject")
    module.build, module.batch, module.facts = build, batch, facts  # type: ignore[attr-defined]
    module.forward = forward or (lambda model, batch: model(*batch.values()))  # type: ignore[attr-defined]
    return module


def trace(module: ModuleType, batch_size: int = 2) -> dict[str, Any]:
    return trace_subject(module, lambda _: None, {"batch_size": batch_size})


def drawn(module: ModuleType, folder: Path, *, batch_size: int = 2, available: int = 10**12) -> Blueprint:
    path = folder / "model.py"
    path.write_text("# the model is in the test\n")
    return assemble(trace(module, batch_size), subject=Subject(path), dossier=None, batch_size=batch_size, available=available)


def tokens(length: int = 9, name: str = "tokens") -> Callable[..., Batch]:
    return lambda n, seed=0: {name: torch.randint(1, 20, (n, length), generator=torch.Generator().manual_seed(seed))}


def vectors(*shape: int) -> Callable[..., Batch]:
    return lambda n, seed=0: {"x": torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))}


class Attending(nn.Module):
    """Attention over embedded tokens, in one of three writings."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.embedding = nn.Embedding(20, 16)
        if how == "torch":
            self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        else:
            self.projection = nn.Linear(16, 48)
        self.head = nn.Linear(16, 20)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        if self.how == "torch":
            x = self.attention(x, x, x, need_weights=False)[0]
        else:
            query, key, value = self.projection(x).unflatten(-1, (3, 4, 4)).permute(2, 0, 3, 1, 4)
            if self.how == "fused":
                x = nn.functional.scaled_dot_product_attention(query, key, value)
            else:
                weights = nn.functional.dropout((query @ key.transpose(-2, -1)).softmax(-1), 0.1, self.training)
                x = weights @ value
            x = x.transpose(1, 2).flatten(2)
        out: Tensor = self.head(x)
        return out
