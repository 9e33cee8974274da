"""The adapters: against the hook order of each library by a small stand-in, and against the library itself where it is installed.

The stand-ins repeat the order of transformers 5.24 (Trainer), Lightning 2.6 (Trainer) and Accelerate 1.15, against which the same loops were run.
"""

# tests _huggingface.py
# tests _lightning.py
# tests _accelerate.py

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from aql.loops import COUNT, loader, network, samples
from aquarius.aql import AQL, AccelerateLoader, HuggingFaceCallback, LightningCallback, Root, SoftPruning, TopK
from aquarius.core import BadInput


def needs(library: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(library) is None, reason=f"{library} is not installed")


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in model.parameters()])


class Classifier(nn.Module):
    """A model as transformers has them: mappings in, a record with loss and logits out; it knows no aql_id."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        logits = self.inner(inputs)
        return {"logits": logits} | ({} if labels is None else {"loss": functional.cross_entropy(logits, labels)})


class TinyForCausalLM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.head = nn.Embedding(12, 8), nn.Linear(8, 12, bias=False)

    def forward(self, tokens: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.head(torch.tanh(self.embedding(tokens)))
        return {"logits": logits, "loss": functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())}


def rows() -> list[dict[str, torch.Tensor]]:
    return [{"inputs": a, "labels": b} for a, b in zip(*samples(), strict=True)]


def hugging_face(callback: HuggingFaceCallback, data: Any, *, epochs: int, folder: Path, start: int = 0, **options: Any) -> Any:
    """The order of events of a Trainer: train begin, then for each epoch begin, steps, end, evaluate, save; train end."""
    model = callback.aql.model
    args = SimpleNamespace(**{"output_dir": str(folder), "remove_unused_columns": False, **options})
    per_epoch = len(data) // 8
    state = SimpleNamespace(epoch=float(start), global_step=start * per_epoch, log_history=[], is_world_process_zero=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)

    def event(name: str, **named: Any) -> None:
        assert getattr(callback, name)(args, state, object(), model=model, optimizer=optimizer, train_dataloader=None, **named) is None

    event("on_init_end")
    event("on_train_begin")
    for epoch in range(start, epochs):
        event("on_epoch_begin")
        torch.manual_seed(epoch)  # as its own random state is restored
        for batch in DataLoader(data, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(epoch)):
            event("on_step_begin")
            model.train()
            model(**batch)["loss"].backward()
            event("on_pre_optimizer_step")
            optimizer.step()
            optimizer.zero_grad()
            state.global_step += 1
            event("on_step_end")
        state.epoch = float(epoch + 1)
        event("on_epoch_end")
        model.eval()
        model(inputs=samples()[0], labels=samples()[1]) if isinstance(model, Classifier) else None
        event("on_evaluate", metrics={"eval_loss": 1.0 / (epoch + 1)})
        event("on_save")
    event("on_train_end")
    return state


def callback_of(model: nn.Module, **options: Any) -> HuggingFaceCallback:
    return HuggingFaceCallback(AQL(model, **{"policy": TopK(0.25, floor=0.1), "budget": None, **options}))


def test_hugging_face_in_its_order(tmp_path: Path) -> None:
    callback = callback_of(Classifier(), curriculum=Root(), total_steps=60)
    state = hugging_face(callback, callback.dataset(rows()), epochs=3, folder=tmp_path)
    report = callback.aql.report()
    assert (report.trained, report.scored, report.steps) == (360, 360, 45) and report.seen >= 3 * COUNT
    assert [row["aql_trained"] for row in state.log_history] == [120, 240, 360] and {"aql_seen", "aql_scored"} <= set(state.log_history[0])
    labels = callback.aql.store.get("label")
    known = ~labels.isnan()
    assert torch.equal(labels[known], samples()[1][: len(labels)][known].float())  # ids are those of their samples
    assert not callback.aql.model._forward_hooks and not callback.aql.model._forward_pre_hooks
    assert callback.shift is False


def test_hugging_face_resumes_from_a_checkpoint_folder(tmp_path: Path) -> None:
    whole = callback_of(Classifier(), scorer="loss")
    hugging_face(whole, whole.dataset(rows()), epochs=3, folder=tmp_path)
    again = callback_of(Classifier(), scorer="loss", seed=5)
    data = again.dataset(rows())
    hugging_face(again, data, epochs=2, folder=tmp_path, start=1)
    assert again.aql.steps == 30 and data.epoch == 1
    lost = callback_of(Classifier(), scorer="loss")
    with pytest.raises(BadInput, match="There is no checkpoint at"):
        hugging_face(lost, lost.dataset(rows()), epochs=3, folder=tmp_path / "elsewhere", start=1)


def test_hugging_face_shifts_the_labels_of_a_causal_language_model(tmp_path: Path) -> None:
    tokens = torch.randint(0, 12, (64, 9), generator=torch.Generator().manual_seed(0))
    callback = callback_of(TinyForCausalLM())
    learnt, losses = callback.aql.learn, []

    def learn(logits: torch.Tensor, labels: torch.Tensor, ids: torch.Tensor, **named: Any) -> None:
        assert torch.equal(labels, tokens[ids][:, 1:]) and logits.shape == (8, 8, 12) and named["features"].shape == (8, 8, 8)
        losses.append(float(functional.cross_entropy(logits.flatten(0, 1), labels.flatten())))
        learnt(logits, labels, ids, **named)

    callback.aql.learn = learn  # type: ignore[method-assign]
    hugging_face(callback, callback.dataset([{"tokens": each, "labels": each} for each in tokens]), epochs=1, folder=tmp_path)
    assert callback.shift is True and callback.aql.report().trained == 16 and len(losses) == 2


@pytest.mark.parametrize(
    ("options", "arguments", "sentence"),
    [
        ({}, {"remove_unused_columns": True}, "Set remove_unused_columns=False"),
        ({"policy": SoftPruning(), "scorer": "loss"}, {}, "weighs no samples"),
    ],
)
def test_hugging_face_refuses(options: Any, arguments: Any, sentence: str, tmp_path: Path) -> None:
    callback = callback_of(Classifier(), **options)
    with pytest.raises(BadInput, match=sentence):
        hugging_face(callback, callback.dataset(rows()), epochs=4, folder=tmp_path, **arguments)


def test_hugging_face_refuses_what_it_was_not_given(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"train_dataset=callback\.dataset"):
        hugging_face(callback_of(Classifier()), rows(), epochs=1, folder=tmp_path)
    callback = callback_of(Classifier())
    data = callback.dataset([{"inputs": a} for a in samples()[0]])
    with pytest.raises(BadInput, match="have no labels"):
        hugging_face(callback, data, epochs=1, folder=tmp_path)
    with pytest.raises(AttributeError):
        _ = callback.of_no_event


def lightning(callback: LightningCallback, data: Any, *, epochs: int, start: int = 0) -> dict[str, Any]:
    """The order of hooks of Lightning's Trainer; returns what was logged and the state at the end of the epoch before the last."""
    logged: dict[str, Any] = {}
    module = SimpleNamespace(log=lambda name, value: logged.update({name: value}))
    trainer = SimpleNamespace(callback_metrics={"val_loss": torch.tensor(9.0)}, sanity_checking=True, current_epoch=start)
    optimizer = torch.optim.AdamW(callback.aql.model.parameters(), lr=0.01)
    for name in ("setup", "on_fit_start", "on_sanity_check_start", "on_validation_end", "on_sanity_check_end", "on_train_start"):
        getattr(callback, name)(trainer, module)
    trainer.sanity_checking = False
    for epoch in range(start, epochs):
        trainer.current_epoch = epoch
        callback.on_train_epoch_start(trainer, module)
        torch.manual_seed(epoch)
        for x, y, ids in DataLoader(data, batch_size=8):
            optimizer.zero_grad()
            callback.aql.loss(callback.aql.model(x), y, ids=ids).backward()
            optimizer.step()
            callback.on_train_batch_end(trainer, module, None, None, 0)
        trainer.callback_metrics["val_loss"] = torch.tensor(1.0 / (epoch + 1))
        callback.on_validation_end(trainer, module)
        if epoch == epochs - 2:
            logged["state"] = callback.state_dict()
        callback.on_train_epoch_end(trainer, module)
    callback.teardown(trainer, module, "fit")
    return logged


def test_lightning_in_its_order_and_resumed() -> None:
    whole = LightningCallback(AQL(network(), scorer="loss", policy=TopK(0.25, floor=0.1), budget=None))
    data = whole.dataset(TensorDataset(*samples()))
    logged = lightning(whole, data, epochs=3)
    assert (logged["aql_seen"], logged["aql_scored"], logged["aql_trained"]) == (3 * COUNT, 360, 360) and data.epoch == 2
    again = LightningCallback(AQL(network(), scorer="loss", policy=TopK(0.25, floor=0.1), budget=None, seed=4))
    rest = again.dataset(TensorDataset(*samples()))
    again.load_state_dict(logged["state"])
    lightning(again, rest, epochs=3, start=2)
    assert torch.equal(rest.ids, data.ids) and again.aql.report().seen == 3 * COUNT
    assert whole.state_key == "aquarius.aql" and not hasattr(whole, "of_no_hook")


def test_lightning_tells_the_validation_loss_but_not_that_of_the_sanity_check() -> None:
    heard: list[float] = []
    callback = LightningCallback(AQL(network(), scorer="loss", budget=None))
    callback.aql.observe = heard.append  # type: ignore[method-assign]
    lightning(callback, callback.dataset(TensorDataset(*samples())), epochs=2)
    assert heard == [1.0, 0.5]


class Accelerator:
    """What of an accelerator the loader needs, on one process."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.registered: list[Any] = []

    def prepare(self, loader: Any) -> Any:
        return loader

    def register_for_checkpointing(self, thing: Any) -> None:
        assert hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict")
        self.registered.append(thing)

    def reduce(self, tensor: torch.Tensor, reduction: str) -> torch.Tensor:
        assert reduction == "mean"
        return tensor

    def backward(self, loss: torch.Tensor) -> None:
        loss.backward()


def accelerated(accelerator: Any, epochs: int, state: Any = None, start: int = 0, seed: int = 0) -> tuple[AccelerateLoader, Any]:
    model = network()
    own = AccelerateLoader(accelerator, AQL(model, policy=TopK(0.25, floor=0.1), budget=None, seed=seed), loader())
    if state is not None:
        own.load_state_dict(state["aql"])
        model.load_state_dict(state["model"])
    for epoch in range(start, epochs):
        torch.manual_seed(epoch)
        for batch in own:
            accelerator.backward(own.loss(model(batch.x), batch))
            with torch.no_grad():
                for each in model.parameters():
                    each -= 0.05 * each.grad
                    each.grad = None
        own.observe(1.0)
        if epoch == 1:
            state = {"aql": own.state_dict(), "model": {name: each.clone() for name, each in model.state_dict().items()}}
    return own, state


def test_accelerate_with_a_stand_in_and_resumed() -> None:
    accelerator = Accelerator()
    whole, state = accelerated(accelerator, 3)
    report = whole.aql.report()
    assert accelerator.registered == [whole] and len(whole) == 15
    assert (report.seen, report.trained, report.scored) == (3 * COUNT, 360, 360)
    again, _ = accelerated(Accelerator(), 3, state, start=2, seed=3)
    assert torch.equal(weights(again.aql.model), weights(whole.aql.model)) and again.aql.report().trained == 360


def test_accelerate_carries_mappings() -> None:
    model = Classifier()
    own = AccelerateLoader(
        Accelerator(), AQL(model, scorer="loss"), DataLoader(rows(), batch_size=8), unpack=lambda data: (data["inputs"], data["labels"])
    )  # type: ignore[arg-type]
    batch = next(iter(own))
    assert torch.equal(batch.x, samples()[0][batch.ids]) and "aql_id" not in batch.data
    with pytest.raises(BadInput, match="a torch DataLoader"):
        AccelerateLoader(Accelerator(), AQL(model, scorer="loss"), [1])  # type: ignore[arg-type]


@needs("transformers")
def test_the_trainer_of_transformers(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

    tokens = torch.randint(0, 64, (80, 16), generator=torch.Generator().manual_seed(0))
    data = [{"input_ids": each, "labels": each} for each in tokens]

    def run(resume: str | None = None) -> HuggingFaceCallback:
        torch.manual_seed(0)
        model = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0))
        callback = callback_of(model, policy=TopK(0.5, floor=0.1))
        common = {"remove_unused_columns": False, "per_device_train_batch_size": 8, "num_train_epochs": 2, "save_strategy": "epoch"}
        quiet = {"report_to": [], "logging_strategy": "no", "use_cpu": True, "disable_tqdm": True, "seed": 1}
        arguments = TrainingArguments(output_dir=str(tmp_path), **common, **quiet)
        Trainer(model, arguments, train_dataset=callback.dataset(data), callbacks=[callback]).train(resume_from_checkpoint=resume)
        return callback

    whole = run()
    again = run(str(tmp_path / "checkpoint-5"))
    assert whole.shift is True and whole.aql.report().trained == again.aql.report().trained == 80
    assert torch.equal(weights(whole.aql.model), weights(again.aql.model))


@needs("lightning")
def test_the_trainer_of_lightning(tmp_path: Path) -> None:
    import lightning.pytorch as pl

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self, aql: AQL) -> None:
            super().__init__()
            self.net, self.aql = aql.model, aql

        def training_step(self, batch: Any, index: int) -> Any:
            x, y, ids = batch
            return self.aql.loss(self.net(x), y, ids=ids)

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", functional.cross_entropy(self.net(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=0.01)

    callback = LightningCallback(AQL(network(), policy=TopK(0.25, floor=0.1), budget=None))
    trainer = pl.Trainer(
        max_epochs=3, callbacks=[callback], logger=False, enable_progress_bar=False, accelerator="cpu", default_root_dir=str(tmp_path)
    )
    trainer.fit(Module(callback.aql), DataLoader(callback.dataset(TensorDataset(*samples())), batch_size=8), loader(64))
    assert callback.aql.report().trained == 360 and float(trainer.callback_metrics["aql_seen"]) == 3 * COUNT


@needs("accelerate")
def test_the_accelerator_of_accelerate() -> None:
    from accelerate import Accelerator as Real

    accelerator = Real(cpu=True)
    own, _ = accelerated(accelerator, 2)
    assert own.aql.report().trained == 240 and accelerator._custom_objects == [own]
