"""A twin differs from its original in the one thing that its name says."""

from __future__ import annotations

from typing import Any

import pytest

from aquarius.workspace._twins import DATA_TWINS, SUBJECT_TWINS, code_twins, data_twin, subject_twin
from workspace.small_paper import MODEL

# this model has no time, no activation and no optimiser of its own; the size of a gradient and a seed are not looked at below
NOT_HERE = {"a layer that does nothing", "a look into the future", "activations left out", "an optimiser that misses the first layer", "a learning rate of zero", "gradients twice too large", "one seed for every model"}  # fmt: skip


def loaded(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "twin.py", "exec"), names)
    return names


@pytest.mark.parametrize("name", SUBJECT_TWINS)
def test_every_twin_of_a_subject_runs_and_differs(name: str) -> None:
    import torch

    def seen(subject: dict[str, Any]) -> list[Any]:
        torch.manual_seed(0)
        model = subject["build"]()
        batch = subject["batch"](8, seed=1)
        loss = subject["loss"](model, batch)
        flags = [(parameter.requires_grad, float(parameter.detach().sum())) for parameter in model.parameters()]
        return [flags, float(loss.detach()), loss.grad_fn is None, tuple(subject["forward"](model, batch).shape), dict(vars(model)).keys()]

    whole = seen(loaded(MODEL))
    try:
        assert seen(loaded(subject_twin(MODEL, name))) != whole or name in NOT_HERE
    except (IndexError, RuntimeError):
        assert name in ("an output of another size", "labels out of range")


def test_twins_of_optimiser_gradient_and_seed() -> None:
    import torch

    own = MODEL + "\ndef optimizer(model):\n    return torch.optim.SGD(model.parameters(), lr=0.1)\n"
    for name in ("a learning rate of zero", "an optimiser that misses the first layer"):
        subject = loaded(subject_twin(own, name))
        (group,) = subject["optimizer"](subject["build"]()).param_groups
        assert (group["lr"], len(group["params"])) == ((0.0, 2) if name == "a learning rate of zero" else (0.1, 1))
    gradients = []
    for source in (MODEL, subject_twin(MODEL, "gradients twice too large")):
        torch.manual_seed(0)
        subject = loaded(source)
        model = subject["build"]()
        subject["loss"](model, subject["batch"](8)).backward()
        gradients.append(model.weight.grad)
    assert torch.equal(gradients[0] * 2, gradients[1])
    subject = loaded(subject_twin(MODEL, "one seed for every model"))
    assert torch.equal(subject["build"]().weight, subject["build"]().weight)


def test_code_twins_change_one_place_each_and_begin_with_the_training_step() -> None:
    source = "def train(run):\n    for step in range(3):\n        loss = step * 2 - 1\n        loss.backward()\n        optimizer.step()\n    return -loss\n"
    found = list(code_twins(source))
    assert [words for words, _ in found[:2]] == ["line 4: loss.backward() left out", "line 5: optimizer.step() left out"]
    assert any(words == "line 6: a minus left out" for words, _ in found)
    assert len({text for _, text in found}) == len(found)


def test_code_twins_of_a_function_leave_the_rest_alone() -> None:
    source = "def other(x):\n    return x + 1\n\ndef mine(x):\n    return x - 2\n"
    texts = [text for _, text in code_twins(source, "mine")]
    assert len(texts) == 2 and all("return x + 1" in text for text in texts)
    assert list(code_twins(source, "nothing")) == []


def test_data_twins_break_labels_and_split() -> None:
    from dataclasses import dataclass

    import torch

    @dataclass(frozen=True)
    class Graph:
        labels: torch.Tensor
        train: torch.Tensor
        test: torch.Tensor

    class Run:
        seed = 3

        def data(self, name: str) -> Graph:
            return Graph(torch.arange(50), torch.arange(10), torch.arange(10, 20))

    source = "def train(run):\n    return run.data('graph'), run.seed\n"
    for name in DATA_TWINS:
        graph, seed = loaded(data_twin(source, name))["train"](Run())
        assert seed == 3
        assert torch.equal(graph.labels, torch.arange(50)) == (name != "labels shuffled")
        assert torch.equal(graph.test, graph.train) == (name != "labels shuffled")
