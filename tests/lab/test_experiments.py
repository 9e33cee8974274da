"""The experiments that ship as templates: their train.py files, read from the package."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from aquarius.lab._run import ChildRun
from aquarius.lab.data import planetoid

TEMPLATES = Path(__file__).resolve().parents[2] / "src" / "aquarius" / "workspace" / "templates"
GCN_SETTINGS = {
    "dataset": "small",
    "hidden": 4,
    "dropout": 0.5,
    "weight_decay": 0.1,
    "learning_rate": 0.05,
    "epochs": 30,
    "early_stopping_window": 3,
}
SGC_SETTINGS = {"dataset": "small", "hops": 2, "learning_rate": 0.2, "epochs": 50, "weight_decay": 1e-5}
COPY_SETTINGS = {
    "symbols": 4, "shortest": 2, "longest": 4, "layers": 1, "d_model": 16, "d_ff": 16, "heads": 2, "d_k": 8, "d_v": 8, "dropout": 0.1,
    "label_smoothing": 0.1, "warmup_steps": 20, "steps": 12, "batch_size": 8, "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-9,
    "log_every": 2, "checkpoint_every": 5, "averaged_checkpoints": 2, "held_out_size": 40, "held_out_seed": 11,
}  # fmt: skip


def load(name: str) -> ModuleType:
    path = TEMPLATES / name / "train.py"
    spec = importlib.util.spec_from_file_location("experiment_" + path.parent.name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gcn, sgc, copy = load("gcn-cora/src/gcn"), load("sgc-cora/src/sgc"), load("attention/src/transformer")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a run; more are many times slower on a busy machine
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def graph() -> SimpleNamespace:
    """Two groups of 20 nodes, linked within, whose features tell the group with noise."""
    labels = torch.arange(40) % 2
    features = (torch.rand(40, 6) < 0.2 + 0.4 * torch.nn.functional.one_hot(labels, 2).repeat_interleave(3, dim=1)).float()
    features[0] = 0
    pairs = torch.tensor([(a, b) for a in range(40) for b in (a + 2, a + 6) if b < 40]).T
    edges = torch.unique(torch.cat((pairs, pairs.flip(0)), dim=1), dim=1)
    parts = {"train": torch.arange(8), "validation": torch.arange(8, 20), "test": torch.arange(20, 40)}
    return SimpleNamespace(features=features, labels=labels, edges=edges, classes=2, **parts)


class Recorder:
    """A run without files."""

    def __init__(self, settings: dict[str, Any], data: Any = None) -> None:
        self.settings, self.lines = settings, list[tuple[int, dict[str, float]]]()
        self.data = lambda name: data if name == settings["dataset"] else None

    def log(self, step: int, **values: Any) -> None:
        self.lines.append((step, {name: float(torch.as_tensor(value).detach()) for name, value in values.items()}))


def dense(matrix: torch.Tensor) -> torch.Tensor:
    return matrix.to_dense()


def test_the_sparse_product_and_its_gradient_are_those_of_the_dense_one() -> None:
    whole = torch.randn(5, 3) * (torch.rand(5, 3) < 0.5)
    matrix = gcn.Sparse.of(whole.to_sparse_coo())
    x = torch.randn(3, 2, requires_grad=True)
    torch.testing.assert_close(matrix @ x, whole @ x)
    weight = torch.randn(5, 2)
    (fast,) = torch.autograd.grad(((matrix @ x) * weight).sum(), x)
    (plain,) = torch.autograd.grad(((whole @ x) * weight).sum(), x)
    torch.testing.assert_close(fast, plain)


def test_dropout_of_a_sparse_matrix_drops_alike_in_both_directions_and_keeps_the_mean() -> None:
    whole = (torch.rand(300, 200) < 0.3).float()
    matrix = gcn.Sparse.of(whole.to_sparse_coo())
    dropped = matrix.dropped(0.4)
    kept = dense(dropped.matrix)
    assert torch.equal(kept.T, dense(dropped.transposed))
    assert kept.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert bool((kept[whole == 0] == 0).all())
    assert kept.sum().item() == pytest.approx(whole.sum().item(), rel=0.03)
    assert torch.equal(dense(matrix.matrix), whole)
    layer = gcn.Dropout(0.4)
    assert layer.eval()(matrix) is matrix and layer.train()(matrix) is not matrix
    assert not torch.equal(dense(matrix.dropped(0.4).matrix), kept)


def test_the_gcn_sees_the_same_logits_as_with_dense_tensors(graph: SimpleNamespace) -> None:
    model = gcn.GCN(gcn.GCNConfig(6, 4, 2, 0.5)).eval()
    model.dropout = gcn.Dropout(0.5).eval()
    features, adjacency = gcn.row_normalised(graph.features), gcn.normalised_adjacency(graph)
    fast = model(gcn.Sparse.of(features.to_sparse_coo()), gcn.Sparse.of(adjacency))
    torch.testing.assert_close(fast, model(features, adjacency.to_dense()))
    sums = features.sum(dim=1)
    torch.testing.assert_close(sums, (graph.features.sum(dim=1) > 0).float())
    assert 0.0 in sums.tolist() and not bool(torch.isnan(features).any())


def test_the_penalty_is_the_authors_and_on_the_first_layer_alone(graph: SimpleNamespace) -> None:
    """One epoch of the file against one epoch with weight_decay * sum(w^2) / 2 written into the loss."""
    settings = GCN_SETTINGS | {"epochs": 1, "dropout": 0.0}
    trained: list[Any] = []
    original = gcn.GCN

    def keep(config: Any) -> Any:
        trained.append(original(config))
        return trained[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gcn, "GCN", keep)
        torch.manual_seed(0)
        gcn.train(Recorder(settings, graph))
    torch.manual_seed(0)
    model = original(gcn.GCNConfig(6, 4, 2, 0.0))
    optimizer = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    logits = model(gcn.row_normalised(graph.features), gcn.normalised_adjacency(graph))
    loss = cross_entropy(logits[graph.train], graph.labels[graph.train]) + settings["weight_decay"] * model.hidden.weight.square().sum() / 2
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(trained[0].hidden.weight, model.hidden.weight)
    torch.testing.assert_close(trained[0].output.weight, model.output.weight)


def test_early_stopping_compares_with_the_mean_of_the_window() -> None:
    assert not gcn.stops([3.0, 2.0, 1.0, 2.1], 3)  # too early: the authors' code waits one epoch more
    assert gcn.stops([9.0, 3.0, 2.0, 1.0, 2.1], 3)
    assert not gcn.stops([9.0, 3.0, 2.0, 1.0, 1.9], 3)


def test_the_gcn_learns_logs_and_stops(graph: SimpleNamespace) -> None:
    run = Recorder(GCN_SETTINGS | {"weight_decay": 0.0}, graph)
    result = gcn.train(run)
    assert result["test_accuracy"] > 70 and set(result) == {"test_accuracy", "validation_accuracy", "epochs"}
    assert len(run.lines) == result["epochs"] and run.lines[-1][1]["train_loss"] < run.lines[0][1]["train_loss"]
    shuffled = SimpleNamespace(**vars(graph) | {"labels": graph.labels.clone()})
    shuffled.labels[graph.test] = 1 - shuffled.labels[graph.test]
    torch.manual_seed(0)
    assert gcn.train(Recorder(GCN_SETTINGS | {"weight_decay": 0.0}, shuffled))["test_accuracy"] == pytest.approx(
        100 - result["test_accuracy"]
    )


def test_sgc_averages_over_hops_and_learns(graph: SimpleNamespace) -> None:
    run = Recorder(SGC_SETTINGS, graph)
    assert sgc.train(run)["test_accuracy"] > 70
    assert len(run.lines) == 50 and run.lines[-1][1]["train_loss"] < run.lines[0][1]["train_loss"]
    torch.testing.assert_close(dense(sgc.normalised_adjacency(graph)), dense(gcn.normalised_adjacency(graph)))


@pytest.mark.parametrize("experiment", [gcn, sgc])
def test_every_setting_is_read_and_none_has_a_hidden_default(experiment: ModuleType, graph: SimpleNamespace) -> None:
    settings = GCN_SETTINGS if experiment is gcn else SGC_SETTINGS
    for name in settings:
        with pytest.raises(KeyError, match=name):
            experiment.train(Recorder({key: value for key, value in settings.items() if key != name}, graph))


def test_a_batch_is_padded_shifted_and_ends(graph: SimpleNamespace) -> None:
    source, target, labels = copy.batch(COPY_SETTINGS, 50)
    assert source.shape == (50, 4) and target.shape == labels.shape == (50, 5)
    for row, shifted, label in zip(source.tolist(), target.tolist(), labels.tolist(), strict=True):
        symbols = [token for token in row if token]
        assert 2 <= len(symbols) <= 4 and set(symbols) <= {3, 4, 5, 6} and row == symbols + [0] * (4 - len(symbols))
        assert shifted == [1, *row] and label == [*symbols, 2] + [0] * (4 - len(symbols))


class Copier:
    """Decodes its memory, the source, and ends; `wrong` changes the first token of the first sequence."""

    def __init__(self, wrong: bool) -> None:
        self.wrong = wrong

    def eval(self) -> None:
        pass

    def encode(self, source: torch.Tensor) -> torch.Tensor:
        return source

    def decode(self, target: torch.Tensor, memory: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        step = target.shape[1] - 1
        following = memory[:, step] if step < memory.shape[1] else torch.zeros(len(memory), dtype=torch.int64)
        following = torch.where(following == 0, 2, following)
        if self.wrong and step == 0:
            following[0] = 0
        return torch.nn.functional.one_hot(following, 8).float()[:, None]


def test_held_out_accuracy_is_one_for_a_copier_and_less_for_one_error() -> None:
    state = torch.get_rng_state()
    assert copy.held_out(Copier(wrong=False), COPY_SETTINGS) == {"token_accuracy": 1.0, "sequence_accuracy": 1.0}
    result = copy.held_out(Copier(wrong=True), COPY_SETTINGS)
    tokens = sum(1 for row in copy.batch(COPY_SETTINGS, 40, torch.Generator().manual_seed(11))[2].flatten().tolist() if row)
    assert result == {"token_accuracy": 1 - 1 / tokens, "sequence_accuracy": 1 - 1 / 40}
    assert torch.equal(torch.get_rng_state(), state)  # measuring does not move the training


class Ended(Exception):
    pass


def test_the_copy_task_resumes_bit_for_bit(tmp_path: Path) -> None:
    def run(folder: Path, stop: int | None = None) -> Any:
        folder.mkdir(exist_ok=True)
        payload = {"seed": 0, "settings": COPY_SETTINGS, "data": {}, "folder": str(folder), "root": str(folder)}
        torch.manual_seed(0)
        child = ChildRun(payload, lambda message: None, "here")
        log = child.log

        def stopping(step: int, **values: Any) -> None:
            if step == stop:
                raise Ended
            log(step, **values)

        child.log = stopping  # type: ignore[method-assign]
        return copy.train(child)

    whole = run(tmp_path / "whole")
    with pytest.raises(Ended):
        run(tmp_path / "cut", stop=8)
    assert run(tmp_path / "cut") == whole
    lines = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "cut")]
    assert lines[0] == lines[1] and b"learning_rate" in lines[0] and b"gradient norm" in lines[0]


def test_every_setting_of_the_copy_task_is_read(tmp_path: Path) -> None:
    for name in COPY_SETTINGS:
        settings = {key: value for key, value in COPY_SETTINGS.items() if key != name}
        child = ChildRun(
            {"seed": 0, "settings": settings, "data": {}, "folder": str(tmp_path), "root": str(tmp_path)}, lambda message: None, "here"
        )
        with pytest.raises(Exception, match=f"the setting '{name}'"):
            copy.train(child)
        for path in tmp_path.iterdir():
            path.unlink()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("experiment", "settings", "low", "high"),
    [
        (
            gcn,
            {"hidden": 16, "dropout": 0.5, "weight_decay": 5e-4, "learning_rate": 0.01, "epochs": 200, "early_stopping_window": 10},
            79.5,
            83.5,
        ),
        (sgc, {"hops": 2, "learning_rate": 0.2, "epochs": 100, "weight_decay": 1.3e-5}, 80.7, 81.4),
    ],
)
def test_on_cora(
    data_root: Path, monkeypatch: pytest.MonkeyPatch, experiment: ModuleType, settings: dict[str, Any], low: float, high: float
) -> None:
    monkeypatch.setenv("AQUARIUS_DATA", str(data_root))
    run = Recorder(settings | {"dataset": "cora"}, planetoid("planetoid-cora", offline=True))
    assert low < experiment.train(run)["test_accuracy"] < high
