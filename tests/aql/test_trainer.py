"""The trainer: its keys, its figures, what it really uses, and that a resumed run is the same run, bit for bit."""

# tests _checkpoint.py
# tests _forward.py
# tests _trainer_config.py

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from aql.loops import COUNT, Stream, loader, network, samples
from aquarius.aql import AQLv2Trainer, TrainerConfig
from aquarius.core import BadInput

QUICK = {"learning_rate": 0.01, "total_steps": 60, "selection_ratio": 0.25, "buffer_size": 64, "uncertainty_update_freq": 2}
KEYS = [
    "learning_rate",
    "weight_decay",
    "grad_clip",
    "use_curriculum_selection",
    "use_streaming",
    "uncertainty_ema",
    "uncertainty_update_freq",
    "total_steps",
    "warmup_ratio",
    "pacing_function",
    "buffer_size",
    "selection_ratio",
    "save_path",
    "mixed_precision",
]


def trainer(model: nn.Module | None = None, data: Any = None, **config: Any) -> AQLv2Trainer:
    return AQLv2Trainer(model or network(), loader() if data is None else data, loader(120, seed=1), {**QUICK, **config})


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in model.parameters()])


def test_the_keys_are_those_of_the_description() -> None:
    assert list(TrainerConfig.__dataclass_fields__) == KEYS
    own = TrainerConfig()
    assert (own.learning_rate, own.weight_decay, own.grad_clip, own.total_steps) == (1e-4, 0.01, 1.0, 10_000)
    assert (own.uncertainty_ema, own.uncertainty_update_freq, own.warmup_ratio, own.buffer_size, own.selection_ratio) == (
        0.95,
        10,
        0.2,
        10_000,
        0.1,
    )


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("curriculum", [True, False])
def test_it_trains_and_says_what_was_seen_scored_and_trained_on(streaming: bool, curriculum: bool) -> None:
    own = trainer(use_streaming=streaming, use_curriculum_selection=curriculum)
    own.model[2].eval()
    before = own.evaluate()["validation_loss"]
    modes = [each.training for each in own.model.modules()]
    history = own.train(4)
    assert [each.training for each in own.model.modules()] == modes and not own.model[2].training
    assert [row["epoch"] for row in history] == [1, 2, 3, 4] and history[-1]["validation_loss"] < before
    last = history[-1]
    assert last["trained"] == 8 * last["step"] == 8 * own.step
    if streaming:
        assert last["seen"] == last["scored"] == 4 * COUNT and 0.15 * COUNT * 4 < last["trained"] <= 0.3 * COUNT * 4
        assert last["forwards"] == 3 * last["trained"] + last["scored"]
    else:
        assert last["seen"] > 3 * last["trained"] and last["scored"] == last["trained"] and last["forwards"] == 3 * last["trained"]
    assert ("competence" in last) is curriculum and 0.1 < last["validation_accuracy"] <= 1


@pytest.mark.parametrize("streaming", [True, False])
def test_a_resumed_run_is_the_same_run(streaming: bool, tmp_path: Path) -> None:
    """Dropout, selection, curriculum, optimiser and lots go on exactly: weights and metrics are equal to the bit."""
    whole = trainer(use_streaming=streaming)
    wanted = whole.train(4)
    first = trainer(use_streaming=streaming, save_path=tmp_path / "run")
    first.train(2)
    assert not torch.equal(weights(first.model), weights(whole.model))
    torch.manual_seed(99)
    second = trainer(network(7), use_streaming=streaming, save_path=tmp_path / "run").resume()
    assert second.epoch == 2 and second.train(4) == wanted
    assert torch.equal(weights(second.model), weights(whole.model))
    assert second.aql.report().mass == whole.aql.report().mass


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("data", ["map", "stream"])
def test_within_an_epoch_too(tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aquarius.aql._trainer.SAVE_EVERY", 2)
    make = lambda: loader() if data == "map" else DataLoader(Stream(), batch_size=8)
    whole = trainer(data=make())
    wanted = whole.train(2)
    broken = trainer(data=make(), save_path=tmp_path / "c.pt")
    calls = iter(range(100))

    def hook(*_: Any) -> None:
        if next(calls) == 55:  # scoring forwards count too: in the middle of the first epoch, past a checkpoint
            raise Interrupted

    handle = broken.model.register_forward_hook(hook)
    with pytest.raises(Interrupted):
        broken.train(2)
    handle.remove()
    again = trainer(network(3), data=make(), save_path=tmp_path / "c.pt").resume()
    assert again.epoch == 0 and again.step > 0
    assert again.train(2) == wanted and torch.equal(weights(again.model), weights(whole.model))


def test_streaming_and_curriculum_are_really_used() -> None:
    """A quarter is mislabelled, and the network knows the truth: an early curriculum leaves out what it finds hard."""
    x, truth = samples()
    wrong = torch.arange(COUNT) % 4 == 0
    data = DataLoader(TensorDataset(x, torch.where(wrong, (truth + 1) % 3, truth)), batch_size=8)
    taught = network()
    optimizer = torch.optim.Adam(taught.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(taught(x), truth).backward()
        optimizer.step()

    def share(curriculum: bool) -> float:
        config = {**QUICK, "learning_rate": 1e-6, "total_steps": 100, "use_curriculum_selection": curriculum}
        own = AQLv2Trainer(copy.deepcopy(taught), data, None, config)
        found = [bool(wrong[name]) for batch in own.loader for name in batch.ids.tolist()]
        return sum(found) / len(found)

    assert share(True) < 0.1 and share(False) > 0.2
    own = trainer(selection_ratio=0.1)
    own.train(2)
    assert own.loader.stream.seen > 0.8 * 2 * COUNT and own.history[-1]["trained"] < 0.14 * 2 * COUNT
    assert own.history[-1]["competence"] > own.history[0]["competence"]


def test_warm_up_and_pacing() -> None:
    own = TrainerConfig(warmup_ratio=0.2, pacing_function="linear").pacing()
    assert [own(t) for t in (0.0, 0.2, 0.6, 1.0)] == pytest.approx([0.05, 0.3, 0.65, 1.0])
    root, exponential = TrainerConfig(warmup_ratio=0.0).pacing(), TrainerConfig(warmup_ratio=0.0, pacing_function="exponential").pacing()
    assert root(0.0) == exponential(0.0) == 0.3 and root(0.5) > 0.65 > exponential(0.5)


def test_mixed_precision_runs_the_forward_in_bfloat16() -> None:
    kinds = set()
    for mixed in (True, False):
        own = trainer(mixed_precision=mixed)
        own.model[3].register_forward_hook(lambda module, inputs, output: kinds.add(output.dtype))
        history = own.train(2)
        assert history[-1]["validation_loss"] < 1.2 and own.model[0].weight.dtype is torch.float32
        assert kinds == ({torch.bfloat16} if mixed else {torch.float32})
        kinds.clear()


def test_the_gradient_is_clipped_and_the_run_ends_at_total_steps() -> None:
    own = trainer(grad_clip=1e-9, total_steps=5, weight_decay=0.0, use_streaming=False)
    norms = []
    own.optimizer.register_step_pre_hook(
        lambda *_: norms.append(float(torch.cat([p.grad.flatten() for p in own.model.parameters()]).norm()))
    )
    own.train(9)
    assert own.step == 5 and max(norms) <= 1.001e-9 and len(own.history) == 1


class LabRun:
    """The lab's hooks."""

    def __init__(self) -> None:
        self.saved: tuple[int, dict[str, Any]] | None = None
        self.lines: list[dict[str, Any]] = []

    def log(self, step: int, **values: Any) -> None:
        self.lines.append({"step": step, **values})

    def save(self, step: int, state: dict[str, Any]) -> None:
        self.saved = (step, state)

    def resume(self) -> tuple[int, dict[str, Any]] | None:
        return self.saved


def test_the_hooks_of_the_lab_are_used() -> None:
    wanted = trainer().train(2)
    run, make = LabRun(), lambda: (network(), loader(), loader(120, seed=1), QUICK)
    AQLv2Trainer(*make(), run=run).train(1)
    assert run.saved is not None and {"seen", "scored", "trained", "validation loss"} <= set(run.lines[0])
    assert AQLv2Trainer(*make(), run=run).train(2) == wanted and len(run.lines) == 2


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"lerning_rate": 1}, "no setting 'lerning_rate'; the nearest is 'learning_rate'"),
        ({"ema": 0.9}, "no setting 'ema'; the nearest is"),
        ({"learning_rate": "fast"}, "learning_rate is a number, not 'fast'"),
        ({"learning_rate": 0}, "learning_rate is positive"),
        ({"total_steps": 1.5}, "total_steps is a whole number"),
        ({"use_streaming": 1}, "use_streaming is True or False"),
        ({"selection_ratio": 1.0}, "selection_ratio below 1"),
        ({"warmup_ratio": 1.0}, r"warmup_ratio in \[0, 1\)"),
        ({"pacing_function": "sqrt"}, "'linear' or 'root' or 'exponential', not 'sqrt'"),
        ({"buffer_size": 4}, "A buffer of 4 samples fills no batch of 8"),
        ({"save_path": 3}, "save_path is a file or a folder"),
    ],
)
def test_what_cannot_be_is_refused(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        trainer(**config)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a mapping of settings"):
        AQLv2Trainer(network(), loader(), None, [1])  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="one epoch or more; got 0"):
        trainer().train(0)
    with pytest.raises(BadInput, match="no checkpoint at"):
        trainer(save_path=tmp_path).resume()
    with pytest.raises(BadInput, match="Name the checkpoint"):
        trainer().resume()
    trainer(save_path=tmp_path / "a.pt").train(1)
    with pytest.raises(BadInput, match=r"made with weight_decay = 0\.01, this trainer has 0\.5"):
        trainer(weight_decay=0.5).resume(tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(b"no")
    with pytest.raises(BadInput, match="is no checkpoint"):
        trainer().resume(tmp_path / "b.pt")
    with pytest.raises(BadInput, match="loss is no number"):
        trainer(learning_rate=1e30, grad_clip=0).train(3)


def test_models_that_take_mappings_and_return_records() -> None:
    class Output(dict):  # type: ignore[type-arg]
        pass

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> Output:
            return Output(logits=self.inner(inputs))

    x, y = samples()
    data = DataLoader([{"inputs": a, "labels": b} for a, b in zip(x, y, strict=True)], batch_size=8)  # type: ignore[arg-type]
    own = AQLv2Trainer(Model(), data, data, QUICK)
    assert own.train(1)[0]["trained"] > 0
