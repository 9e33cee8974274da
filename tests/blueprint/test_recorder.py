from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from aquarius.blueprint._recorder import Recorder, tensors


def test_nothing_of_the_recorder_stays_behind() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    fast = torch.backends.mha.get_fastpath_enabled()
    recorder = Recorder(model)
    recorder.run(lambda: model(torch.zeros(2, 4)))
    assert list(recorder.seen) == ["", "0", "1"] and recorder.flops == 2 * 2 * 16
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())
    assert torch.backends.mha.get_fastpath_enabled() == fast and torch.backends.mkldnn.flags is not None
    model(torch.zeros(2, 4))
    assert recorder.seen["0"].calls == 1


def test_a_module_that_raises_and_is_caught_does_not_take_the_operations_of_others() -> None:
    class Failing(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError

    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.failing, self.last = Failing(), nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                x = self.failing(x)
            except ValueError:
                x = x @ torch.ones(4, 4)
            out: torch.Tensor = self.last(x)
            return out

    model = Careful()
    recorder = Recorder(model)
    recorder.run(lambda: model(torch.zeros(2, 4)))
    assert recorder.seen["last"].flops == 2 * 2 * 16
    assert recorder.flops == 2 * 2 * 2 * 16


def test_the_tensors_of_nested_values() -> None:
    @dataclass
    class Output:
        logits: torch.Tensor
        other: str = ""

    one, two, three = torch.zeros(1), torch.zeros(2), torch.zeros(3)
    assert [each.numel() for each in tensors({"a": (one, [3, two]), "b": None, "c": "x", "d": Output(three)})] == [1, 2, 3]
