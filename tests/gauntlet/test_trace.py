"""Watching: the first module whose own computation parts two runs; calls of torch functions with their place."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from aquarius.gauntlet._locate import Source
from aquarius.gauntlet._trace import RANDOM, Recorder, first_difference, tensors, watching
from bugs.corpus import load
from gauntlet.subjects import text


class Mixing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - x.mean(dim=0)


def _events(model: nn.Module, x: torch.Tensor) -> list:
    with torch.no_grad(), watching(model) as events:
        model(x)
    return events


def test_the_module_that_mixes_samples_is_named() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), Mixing(), nn.Linear(3, 3))
    x = torch.randn(4, 3)
    other = torch.cat([x[:1], torch.randn(3, 3)])
    view = lambda tensor: tensor[0]
    assert first_difference(_events(model, x), _events(model, other), view) == "2"
    assert first_difference(_events(model[:2], x), _events(model[:2], other), view) is None


def test_hooks_are_gone_afterwards() -> None:
    model = nn.Linear(2, 2)
    _events(model, torch.zeros(1, 2))
    assert not model._forward_hooks and not model._forward_pre_hooks


def test_random_functions_are_recorded_with_their_place(tmp_path: Path) -> None:
    module = load(text(forward="return self.outer(F.relu(self.inner(x)) * torch.rand_like(x[:, :1]))"), tmp_path)
    recorder = Recorder(Source(module), RANDOM)
    with torch.no_grad(), recorder:
        module.build()(torch.zeros(2, 4))
    assert [(call.name, call.where) for call in recorder.calls if call.name == "rand_like"] == [("rand_like", "Net.forward")]


def test_tensors_are_found_in_nested_values() -> None:
    a, b = torch.zeros(1), torch.ones(2)
    assert [t.numel() for t in tensors({"x": (a, [b, None]), "y": 3})] == [1, 2]
