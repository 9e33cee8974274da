"""A twin of a subject differs from its original in the one thing that its name says."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.workspace._subject_twins import SUBJECT_TWINS, subject_twin
from workspace.small_paper import MODEL

HEAD = "activations left out"  # replaces functions of torch itself: never run in this process
# this model has no time, no graph, no condition and no optimiser of its own, and is examined on one batch of one seed
NOT_HERE = {"a layer that does nothing", "a look into the future", "an optimiser that misses the first layer", "a learning rate of zero", "an optimiser that cannot be made", "gradients twice too large", "one seed for every model", "the test split is the training split", "edges in one direction", "a path without its gradient", "neighbours heard by the first layer alone", "a division by the size of a batch, which may be zero"}  # fmt: skip
INDEX = {"an output of another size", "labels out of range"}


def loaded(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "twin.py", "exec"), names)
    return names


@pytest.mark.parametrize("name", [name for name in SUBJECT_TWINS if name != HEAD])
def test_every_twin_of_a_subject_runs_and_differs(name: str) -> None:
    import torch

    def seen(subject: dict[str, Any]) -> list[Any]:
        torch.manual_seed(0)
        model = subject["build"]()
        batch = subject["batch"](8, seed=1)
        loss = subject["loss"](model, batch)
        flags = [(parameter.requires_grad, float(parameter.detach().sum())) for parameter in model.parameters()]
        own = [name for name, _ in model.named_modules()]
        output = subject["forward"](model, batch)
        return [flags, own, float(loss.detach()), loss.grad_fn is None, tuple(output.shape), float(output.detach().sum()), [*vars(model)]]

    whole = seen(loaded(MODEL))
    try:
        assert (seen(loaded(subject_twin(MODEL, name))) != whole) or name in NOT_HERE
    except (IndexError, RuntimeError):
        assert name in INDEX


def test_twins_of_optimiser_gradient_and_seed() -> None:
    import torch

    own = MODEL + "\ndef optimizer(model):\n    return torch.optim.SGD(model.parameters(), lr=0.1)\n"
    for name in ("a learning rate of zero", "an optimiser that misses the first layer"):
        subject = loaded(subject_twin(own, name))
        (group,) = subject["optimizer"](subject["build"]()).param_groups
        assert (group["lr"], len(group["params"])) == ((0.0, 2) if name == "a learning rate of zero" else (0.1, 1))
    subject = loaded(subject_twin(own, "an optimiser that cannot be made"))
    with pytest.raises(ValueError, match="no such group"):
        subject["optimizer"](subject["build"]())
    gradients = []
    for source in (MODEL, subject_twin(MODEL, "gradients twice too large"), subject_twin(MODEL, "a path without its gradient")):
        torch.manual_seed(0)
        subject = loaded(source)
        model = subject["build"]()
        subject["loss"](model, subject["batch"](8)).backward()
        gradients.append(model.weight.grad)
    assert torch.equal(gradients[0] * 2, gradients[1]) and torch.allclose(gradients[0] / 2, gradients[2])
    subject = loaded(subject_twin(MODEL, "one seed for every model"))
    assert torch.equal(subject["build"]().weight, subject["build"]().weight)


GRAPH = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Layer(3, 4), Layer(4, 2)
    def forward(self, x, adjacency):
        return self.second(self.first(x, adjacency), adjacency)
class Layer(torch.nn.Linear):
    def forward(self, x, adjacency):
        return adjacency @ super().forward(x)
def build():
    return Net()
def batch(n, seed=0):
    x = torch.arange(3.0 * n).view(n, 3)
    return {"x": x, "adjacency": torch.ones(n, n), "edges": torch.tensor([[0, 1], [1, 0]]), "y": torch.arange(n) % 2}
def forward(model, batch):
    return model(batch["x"], batch["adjacency"])
def loss(model, batch):
    return forward(model, batch).sum()
def train_loader():
    return "train"
def test_loader():
    return "test"
"""


def test_twins_of_graphs_zeros_and_splits() -> None:
    import torch

    def made(name: str) -> dict[str, Any]:
        torch.manual_seed(0)
        return loaded(subject_twin(GRAPH, name))

    one_way = made("edges in one direction")["batch"](4)
    assert torch.equal(one_way["adjacency"], torch.ones(4, 4).triu()) and one_way["edges"].tolist() == [[0], [1]]
    alone = made("neighbours heard by the first layer alone")
    rows = alone["forward"](alone["build"](), alone["batch"](4))
    assert torch.allclose(rows[0], rows[3])  # all heard the same in the first layer, and nothing more after it
    assert made("the test split is the training split")["test_loader"]() == "train"
    zero = made("a division by the size of a batch, which may be zero")
    model = zero["build"]()
    assert (
        zero["forward"](model, zero["batch"](4, seed=0)).isfinite().all() and zero["forward"](model, zero["batch"](4, seed=4)).isnan().any()
    )
    knows = made("an output that knows the answer")
    assert torch.equal(knows["forward"](model, knows["batch"](4)).argmax(1) != 5, torch.ones(4, dtype=torch.bool))


def test_what_a_file_imports_meets_the_twin_that_stands_before_it() -> None:
    source = '"""A model."""\nfrom __future__ import annotations\nfrom torch import relu\n'
    text = subject_twin(source, HEAD)
    compile(text, "twin.py", "exec")  # the import from the future is still the first statement
    assert text.index("__future__") < text.index("setattr(_place, _name") < text.index("from torch import relu")
