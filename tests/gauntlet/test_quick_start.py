"""Optimisers without the compiler: the same numbers, no import of it; a file that compiles keeps torch as it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

STEPS = """
import sys, torch, warnings
warnings.simplefilter("ignore")
from aquarius.gauntlet._quick_start import without_compiler
done = without_compiler({source!r}) if {call} else None
results = []
for kind in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS", "NAdam"):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 3)
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    def closure():
        optimizer.zero_grad()
        value = model(torch.ones(2, 3)).square().sum()
        value.backward()
        return value
    for _ in range(3):
        optimizer.step(closure)
        scheduler.step()
    optimizer.load_state_dict(optimizer.state_dict())
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in model.parameters())
    results.append(float(model.weight.detach().sum()))
print(done, "torch._dynamo" in sys.modules, results)
"""


def run(source: str, call: bool) -> list[str]:
    code = STEPS.format(source=source, call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip().split(" ", 2)


def test_the_numbers_are_the_same_without_the_compiler() -> None:
    plain, quick = run("", call=False), run("import torch\n", call=True)
    assert plain[:2] == ["None", "True"] and quick[:2] == ["True", "False"]
    assert plain[2] == quick[2]


@pytest.mark.parametrize("source", ["model = torch.compile(Net())", "import torch._dynamo", "torch.export.export(m, x)"])
def test_a_file_that_compiles_keeps_torch_as_it_is(source: str) -> None:
    from aquarius.gauntlet._quick_start import without_compiler

    assert without_compiler(source) is False
