from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from aquarius.blueprint import Layer
from aquarius.blueprint._trace import count_parameters

from .subjects import Attending, drawn, subject, tokens, trace, vectors


def layer(blueprint: Any, path: str) -> Layer:
    found: Layer = next(each for each in blueprint.layers if each.path == path)
    return found


def test_shapes_are_named_and_nothing_is_allocated(tmp_path: Path) -> None:
    module = subject(lambda: Attending("by hand"), tokens(), heads=4, vocabulary=20)
    assert trace(module)["device"] == "meta"
    blueprint = drawn(module, tmp_path)
    assert blueprint.symbols == {"B": 2, "S": 9, "vocabulary": 20, "heads": 4}
    assert layer(blueprint, "").input_shapes == (("B", "S"),)
    assert layer(blueprint, "").output_shapes == (("B", "S", "vocabulary"),)
    assert layer(blueprint, "projection").output_shapes == (("B", "S", "48"),)
    assert layer(blueprint, "projection").reads == ("embedding",)
    assert blueprint.problems == ()


@pytest.mark.parametrize(("how", "owner"), [("by hand", ""), ("fused", ""), ("torch", "attention")])
def test_attention_weights_are_found_in_every_writing(how: str, owner: str, tmp_path: Path) -> None:
    blueprint = drawn(subject(lambda: Attending(how), tokens(), heads=4), tmp_path)
    assert {each.path: each.attention for each in blueprint.layers if each.attention} == {owner: (("B", "heads", "S", "S"),)}


def test_a_softmax_over_classes_is_no_attention(tmp_path: Path) -> None:
    def forward(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        return model(batch["x"]).softmax(-1) + 1

    blueprint = drawn(subject(lambda: nn.Linear(4, 3), vectors(5, 4), forward), tmp_path)
    assert all(each.attention == () for each in blueprint.layers)


def test_operations_are_exact(tmp_path: Path) -> None:
    model = lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    blueprint = drawn(subject(model, vectors(8)), tmp_path)
    assert layer(blueprint, "0").flops == 2 * 2 * 8 * 16
    assert layer(blueprint, "1").flops == 0
    assert layer(blueprint, "").flops == 2 * 2 * (8 * 16 + 16 * 3)
    assert blueprint.feasibility is not None and blueprint.feasibility.forward_flops == layer(blueprint, "").flops


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_operations_of_recurrent_layers_are_counted(kind: str, tmp_path: Path) -> None:
    gates = {"GRU": 3, "LSTM": 4}[kind]
    build = lambda: getattr(nn, kind)(6, 16, batch_first=True)
    blueprint = drawn(subject(build, vectors(5, 6), lambda model, batch: model(batch["x"])[0]), tmp_path)
    assert layer(blueprint, "").flops == 2 * 2 * 5 * gates * 16 * (6 + 16)


def test_operations_that_cannot_be_counted_have_no_number(tmp_path: Path) -> None:
    class Fourier(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.fft(x).real

    blueprint = drawn(subject(lambda: nn.Sequential(nn.Linear(8, 8), Fourier()), vectors(8)), tmp_path)
    assert [layer(blueprint, path).flops for path in ("0", "1", "")] == [2 * 2 * 8 * 8, None, None]
    assert "Some operations cannot be counted" in blueprint.problems[0]


def test_a_sparse_product_has_no_number(tmp_path: Path) -> None:
    batch = lambda n, seed=0: {"x": torch.ones(n, 4), "adjacency": torch.eye(n).to_sparse()}
    blueprint = drawn(subject(lambda: nn.Linear(4, 3), batch, lambda model, batch: batch["adjacency"] @ model(batch["x"])), tmp_path)
    assert layer(blueprint, "").flops == 2 * 2 * 4 * 3 and layer(blueprint, "").output_shapes == (("N", "3"),)
    assert blueprint.feasibility is not None and blueprint.feasibility.forward_flops is None


def test_tied_weights_count_once_at_their_first_owner(tmp_path: Path) -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 20, bias=False))
        model[1].weight = model[0].weight
        return model

    blueprint = drawn(subject(build, tokens()), tmp_path)
    assert (layer(blueprint, "0").parameters, layer(blueprint, "1").parameters, blueprint.parameters) == (160, 0, 160)


def test_a_transposed_view_is_tied_and_an_equal_copy_is_not() -> None:
    tied, copied = (
        nn.ModuleList([nn.Linear(3, 5, bias=False) for _ in range(2)]),
        nn.ModuleList([nn.Linear(3, 5, bias=False) for _ in range(2)]),
    )
    tied[1].weight = nn.Parameter(tied[0].weight.detach().T)
    copied.load_state_dict({name: torch.ones(5, 3) for name in copied.state_dict()})
    assert (count_parameters(tied), count_parameters(copied)) == (15, 30)


def test_frozen_parameters_and_buffers(tmp_path: Path) -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        model[0].weight.requires_grad_(False)
        return model

    blueprint = drawn(subject(build, vectors(4)), tmp_path)
    assert (blueprint.parameters, blueprint.trainable, blueprint.buffers) == (28, 12, 9)


def test_a_module_that_is_never_called_is_named(tmp_path: Path) -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.used(x)
            return out

    blueprint = drawn(subject(Idle, vectors(4)), tmp_path)
    assert layer(blueprint, "idle").calls == 0 and layer(blueprint, "idle").parameters == 15
    assert blueprint.problems == ("idle (Linear) holds 15 parameters that take no part in the forward pass.",)


def test_a_module_whose_weight_is_used_without_calling_it_is_no_problem(tmp_path: Path) -> None:
    blueprint = drawn(subject(lambda: Attending("torch"), tokens()), tmp_path)
    assert layer(blueprint, "attention.out_proj").calls == 0 and blueprint.problems == ()


def test_a_shared_module_is_counted_once_and_called_twice(tmp_path: Path) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.inner(self.inner(x))
            return out

    inner = layer(drawn(subject(Twice, vectors(4)), tmp_path), "inner")
    assert (inner.calls, inner.parameters, inner.flops) == (2, 20, 2 * 2 * 2 * 16)


def test_two_lengths_have_two_names_and_a_fixed_one_has_none(tmp_path: Path) -> None:
    class Crossing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, memory: Tensor, x: Tensor) -> Tensor:
            out: Tensor = self.attention(x, memory, memory)[0]
            return out

    batch = lambda n, seed=0: {"memory": torch.zeros(n, 7, 8), "x": torch.zeros(n, 7, 8)}
    blueprint = drawn(subject(Crossing, batch, heads=2), tmp_path)
    assert layer(blueprint, "attention").attention == (("B", "heads", "T", "S"),)
    fixed = drawn(subject(lambda: nn.Sequential(nn.Flatten(), nn.Linear(28, 2)), vectors(7, 4)), tmp_path)
    assert layer(fixed, "").input_shapes == (("B", "7", "4"),)


def test_tokens_and_their_mask_are_one_length(tmp_path: Path) -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 3)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            out: Tensor = (self.inner(x) * mask[..., None]).sum(1)
            return out

    batch = lambda n, seed=0: {"x": torch.zeros(n, 6, 3), "mask": torch.ones(n, 6)}
    assert layer(drawn(subject(Masked, batch), tmp_path), "").input_shapes == (("B", "S", "3"), ("B", "S"))


def test_a_graph_has_nodes(tmp_path: Path) -> None:
    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Linear(4, 3)

        def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
            return adjacency @ self.weight(x)

    def batch(n: int, seed: int = 0) -> dict[str, Tensor]:
        if n < 24:
            raise ValueError("a graph has at least 24 nodes")
        return {"x": torch.zeros(n, 4), "adjacency": torch.eye(n)}

    blueprint = drawn(subject(Graph, batch), tmp_path)
    assert layer(blueprint, "").input_shapes == (("N", "4"), ("N", "N"))
    assert blueprint.problems == ("The subject makes no batch of 2; it was traced with 24.",)


def test_a_model_that_reads_its_values_is_traced_with_weights(tmp_path: Path) -> None:
    class Reading(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.inner(x) if x.abs().max().item() > 0 else x
            return out

    assert trace(subject(Reading, vectors(4)))["device"] == "cpu"
    assert layer(drawn(subject(Reading, vectors(4)), tmp_path), "inner").output_shapes == (("B", "4"),)


def test_an_axis_that_depends_on_the_data_is_a_question_mark(tmp_path: Path) -> None:
    def forward(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        out: Tensor = model(batch["x"][batch["x"][:, 0] > 0])
        return out

    batch = lambda n, seed=0: {"x": torch.tensor([[1.0], [-1.0], [-1.0], [1.0], [1.0], [1.0]])[:n]}
    blueprint = drawn(subject(lambda: nn.Linear(1, 2), batch, forward), tmp_path)
    assert layer(blueprint, "").output_shapes == (("?", "2"),)
    assert "moves with no size that was changed on purpose" in blueprint.problems[0]


def test_a_forward_pass_that_raises_leaves_the_counts(tmp_path: Path) -> None:
    blueprint = drawn(subject(lambda: nn.Linear(4, 3), vectors(5)), tmp_path)
    assert blueprint.parameters == 15 and blueprint.layers[0].output_shapes == ()
    assert blueprint.problems[0].startswith("forward() raised RuntimeError: ") and "parameters are counted" in blueprint.problems[0]
    assert blueprint.feasibility is not None and blueprint.feasibility.verdict == "cannot tell"


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(TypeError, match=r"build\(\) gave a int, and a torch.nn.Module is needed"):
        trace(subject(lambda: 3, vectors(4)))


def test_facts_and_batches_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match=r"batch\(\) gave a list, and a dict of tensors is needed"):
        trace(subject(lambda: nn.Linear(4, 3), lambda n, seed=0: [torch.zeros(n, 4)]))  # type: ignore[arg-type, return-value]
    module = subject(lambda: nn.Linear(4, 3), vectors(4))
    module.facts = [3]  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="facts is a list, and a dict is needed"):
        trace(module)


def test_the_activations_are_what_the_backward_pass_needs() -> None:
    assert trace(subject(lambda: nn.Sequential(nn.Linear(8, 16), nn.Tanh()), vectors(8)))["activation_bytes"] == 4 * 2 * (8 + 16)
    dropped = trace(subject(lambda: nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.Tanh()), vectors(8)))["activation_bytes"]
    assert dropped > 4 * 2 * (8 + 16)  # the mask
