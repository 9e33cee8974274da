"""Checks whose bug is planted here and not in the corpus, each with its repaired twin; and answers of 'unsure' and 'skipped'."""

# tests _architecture.py _attention.py _causality.py _check.py _data.py _examination.py _examine.py _gradient.py _initialisation.py _inputs.py _interface.py _locate.py _loss.py _mode.py _normalisation.py _objective.py _overfit.py _padding.py _position.py _profiles.py _recipe.py _registration.py _reinforcement.py _runner.py _sequences.py _stated_loss.py _step.py _symmetry.py _trace.py _training.py (with tests/bugs/test_corpus.py)
from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.gauntlet import examine
from bugs.corpus import BASES, findings, load
from gauntlet.subjects import statuses

CLASSES = '{"classes": 3, "activation": "relu", "output": "logits", "loss": "mean cross-entropy"}'


def test_activation_that_is_missing_fails_and_the_stated_one_passes(tmp_path: Path) -> None:
    assert statuses(tmp_path, "activation", facts=CLASSES) == [("pass", None)]
    assert statuses(tmp_path, "activation", facts=CLASSES, forward="return self.outer(self.inner(x))") == [("fail", "Net.forward")]
    assert statuses(tmp_path, "activation", facts=CLASSES, forward="return self.outer(F.gelu(self.inner(x)))") == [("fail", "Net.forward")]
    assert statuses(tmp_path, "activation") == [("skipped", None)]


def test_output_that_does_not_see_the_batch_fails(tmp_path: Path) -> None:
    assert statuses(tmp_path, "entries") == [("pass", None)]
    assert statuses(tmp_path, "entries", forward="return self.outer(F.relu(self.inner(torch.ones_like(x))))") == [("fail", "Net.forward")]


def test_labels_that_only_the_batch_names_are_unsure_unless_classes_are_stated(tmp_path: Path) -> None:
    whole = 'return forward(model, batch).square().mean() + (batch["x"].mean() - 1).square()'
    assert statuses(tmp_path, "entries", loss=whole) == [("unsure", None)]
    assert statuses(tmp_path, "entries", loss=whole, facts=CLASSES) == [("fail", "loss")]
    named = 'return forward(model, batch).square().mean() + 0 * batch["label"].sum()'
    assert statuses(tmp_path, "entries", loss=named) == [("fail", "loss")]


def test_the_bias_of_a_critic_whose_hinge_loss_cancels_it_is_no_failure(tmp_path: Path) -> None:
    hinge = "out = forward(model, batch)\n    return F.relu(10 - out[::2]).mean() + F.relu(10 + out[1::2]).mean()"
    assert [status for status, _ in statuses(tmp_path, "gradient", loss=hinge)] == ["unsure"]


def test_a_fresh_model_that_sees_the_answer_fails(tmp_path: Path) -> None:
    assert statuses(tmp_path, "initial loss") == [("pass", None)]
    seen = "return self.outer(F.relu(self.inner(x))) + 20 * F.one_hot((x[:, 0] > 0).long() + (x[:, 1] > 0).long(), 3)"
    assert statuses(tmp_path, "initial loss", forward=seen) == [("fail", "forward")]
    assert statuses(tmp_path, "initial loss", forward="return 40 * self.outer(F.relu(self.inner(x)))")[0][0] in ("unsure", "pass")


def test_training_that_does_not_lower_the_loss_fails(tmp_path: Path) -> None:
    assert statuses(tmp_path, "overfit") == [("pass", None)]
    assert statuses(tmp_path, "overfit", optimizer="Adam(model.parameters(), lr=1e-12)") == [("fail", "optimizer")]
    assert statuses(tmp_path, "overfit", optimizer="SGD(model.parameters(), lr=1e38)") == [("fail", "optimizer")]


def test_a_path_without_gradient_fails_where_facts_are_stated_and_is_unsure_without(tmp_path: Path) -> None:
    cut = 'out = forward(model, batch)\n    return F.cross_entropy(out, batch["label"]) + (out.detach() * out).mean()'
    assert statuses(tmp_path, "derivative", facts=CLASSES) == [("pass", None)]
    assert statuses(tmp_path, "derivative", facts=CLASSES, loss=cut) == [("fail", "loss")]
    assert statuses(tmp_path, "derivative", loss=cut) == [("unsure", None)]
    assert statuses(tmp_path, "derivative", facts='{"stop_gradient": "the second factor"}', loss=cut) == [("unsure", None)]


def test_a_layer_that_is_never_called_fails(tmp_path: Path) -> None:
    assert statuses(tmp_path, "gradient") == [("pass", None)]
    assert ("fail", "Net.forward") in statuses(tmp_path, "gradient", forward="return self.inner(x)[:, :3]")


def test_a_constant_that_cancels_out_is_unsure(tmp_path: Path) -> None:
    differences = "y = self.outer(F.relu(self.inner(x))); return torch.cat([y[:, :2] - y[:, 1:], y[:, :1] - y[:, 2:]], dim=1) + 0 * self.outer.bias.sum()"
    assert statuses(tmp_path, "gradient", forward=differences)[0][0] in ("pass", "unsure")


def test_interface_names_what_is_wrong(tmp_path: Path) -> None:
    assert statuses(tmp_path, "interface", loss='return F.cross_entropy(forward(model, batch), batch["label"], reduction="none")') == [
        ("fail", "loss")
    ]
    assert statuses(tmp_path, "interface", loss='return F.cross_entropy(forward(model, batch), batch["label"]) * float("nan")') == [
        ("fail", "loss")
    ]
    assert statuses(tmp_path, "interface", loss='return F.cross_entropy(forward(model, batch), batch["label"]).detach()') == [
        ("fail", "loss")
    ]
    assert statuses(tmp_path, "interface", forward="x.mul_(2); return self.outer(F.relu(self.inner(x)))") == [("fail", "forward")]


def test_an_optimizer_that_raises_fails_and_one_that_answers_passes(tmp_path: Path) -> None:
    twice = 'SGD([{"params": model.parameters()}, {"params": model.outer.parameters()}], lr=0.1)'
    assert statuses(tmp_path, "training runs", optimizer=twice) == [("fail", "optimizer")]
    assert statuses(tmp_path, "training runs") == [("pass", None)]


def test_a_sum_for_a_mean_fails_in_value(tmp_path: Path) -> None:
    wrong = 'return F.cross_entropy(forward(model, batch), batch["label"], reduction="sum")'
    assert statuses(tmp_path, "stated loss", facts=CLASSES) == [("pass", None)]
    assert statuses(tmp_path, "stated loss", facts=CLASSES, loss=wrong) == [("fail", "loss")]
    words = '{"loss": "mean cross-entropy with temperature-scaled soft targets"}'
    assert statuses(tmp_path, "stated loss", facts=words, loss=wrong) == [("skipped", None)]


ALIBI = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {"positional": "alibi", "slopes": "2^{-8h/H}", "heads": 2, "causal": True}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.query, self.key, self.out = nn.Embedding(9, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 9)

    def forward(self, tokens):
        x = self.embedding(tokens)
        q, k, v = (z.unflatten(-1, (2, 4)).transpose(1, 2) for z in (self.query(x), self.key(x), x))
        i = torch.arange(tokens.shape[1])
        between = (i[:, None] - i[None]).float()
        slopes = torch.tensor(SLOPES)
        scores = q @ k.mT / 2.0 SIGN slopes[:, None, None] * between
        y = scores.masked_fill(between < 0, float("-inf")).softmax(-1) @ v
        return self.out(y.transpose(1, 2).flatten(2))


def build():
    return Net()


def batch(n, seed=0):
    return {"tokens": torch.randint(0, 9, (n, 7), generator=torch.Generator().manual_seed(seed))}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch)[:, :-1].flatten(0, 1), batch["tokens"][:, 1:].flatten())
"""


@pytest.mark.parametrize(
    ("slopes", "sign", "status"),
    [("[2.0**-4, 2.0**-8]", "-", "pass"), ("[2.0**-4, 2.0**-8]", "+", "fail"), ("[0.5, 0.25]", "-", "fail")],
)
def test_a_bias_on_distance_of_other_slopes_or_sign_fails(slopes: str, sign: str, status: str, tmp_path: Path) -> None:
    found = findings(load(ALIBI.replace("SLOPES", slopes).replace("SIGN", sign), tmp_path), ["distance bias"])
    assert [(finding.status, finding.where) for finding in found] == [(status, None if status == "pass" else "Net.forward")]


TABLE = """
import math
import torch
from torch import nn
import torch.nn.functional as F

facts = {"positional": "sinusoidal", "position_base": 10000, "embedding_scale": SCALE, "d_model": 8, "causal": False}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.mix, self.out = nn.Embedding(9, 8), nn.Linear(8, 8), nn.Linear(8, 9)
        t, i = torch.arange(6)[:, None], torch.arange(4)[None]
        angle = t / 10000 ** (EXPONENT)
        self.register_buffer("table", torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1))

    def forward(self, tokens):
        x = self.mix(self.embedding(tokens) * math.sqrt(8) + self.table)
        return self.out(x + x.mean(dim=1, keepdim=True).tanh())


def build():
    return Net()


def batch(n, seed=0):
    return {"tokens": torch.randint(0, 9, (n, 6), generator=torch.Generator().manual_seed(seed))}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).flatten(0, 1), batch["tokens"].flatten())
"""


def test_a_table_with_another_exponent_and_another_factor_fail(tmp_path: Path) -> None:
    right = TABLE.replace("EXPONENT", "2 * i / 8").replace("SCALE", "8**0.5")
    wrong = TABLE.replace("EXPONENT", "i / 8").replace("SCALE", "8.0")
    names = ["position table", "embedding scale"]
    assert {finding.check: finding.status for finding in findings(load(right, tmp_path), names)} == dict.fromkeys(names, "pass")
    failed = {finding.check: (finding.status, finding.where) for finding in findings(load(wrong, tmp_path), names)}
    assert failed == {"position table": ("fail", "Net.__init__"), "embedding scale": ("fail", "Net.forward")}


RANKING = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {"negatives": "items the user has not seen"}


def build():
    return nn.ModuleDict({"user": nn.Embedding(6, 4), "item": nn.Embedding(20, 4)})


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    user = torch.randint(0, 6, (n,), generator=g)
    positive = (3 * user + torch.randint(0, 3, (n,), generator=g)) % 20
    negative = (3 * user + LOW + torch.randint(0, 10, (n,), generator=g)) % 20
    return {"user": user, "positive": positive, "negative": negative}


def forward(model, batch):
    user = model["user"](batch["user"])
    return (user * (model["item"](batch["positive"]) - model["item"](batch["negative"]))).sum(-1)


def loss(model, batch):
    return -F.logsigmoid(forward(model, batch)).mean()
"""


def test_negatives_that_are_positives_fail(tmp_path: Path) -> None:
    right, wrong = (findings(load(RANKING.replace("LOW", low), tmp_path), ["negatives"]) for low in ("3", "2"))
    assert [finding.status for finding in right] == ["pass"]
    assert [(finding.status, finding.where, finding.path) for finding in wrong] == [("fail", "batch", "negative")]


SETS = """
import torch
from torch import nn

facts = {}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 8), nn.Linear(8, 1)

    def forward(self, x, present):
        return self.outer((self.inner(x).tanh() * WEIGHT).sum(dim=1)).squeeze(-1)


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    present = torch.arange(6)[None] < torch.randint(2, 7, (n, 1), generator=g)
    return {"x": torch.randn(n, 6, 3, generator=g), "present": present, "y": torch.randn(n, generator=g)}


def forward(model, batch):
    return model(batch["x"], batch["present"])


def loss(model, batch):
    return (forward(model, batch) - batch["y"]).square().mean()
"""


@pytest.mark.parametrize(("weight", "status"), [("present[..., None]", "pass"), ("~present[..., None]", "fail"), ("1", "fail")])
def test_absent_elements_that_count_fail(weight: str, status: str, tmp_path: Path) -> None:
    found = findings(load(SETS.replace("WEIGHT", weight), tmp_path), ["absent elements"])
    assert [finding.status for finding in found] == [status]


def test_an_edge_list_is_skipped_and_not_guessed_at(tmp_path: Path) -> None:
    source = (BASES / "graph.py").read_text()
    listed = source.replace(
        '"adjacency": adjacency, "label": label}', '"adjacency": adjacency, "edges": adjacency.nonzero().T, "label": label}'
    )
    found = findings(load(listed, tmp_path), ["permutation"])
    assert [finding.status for finding in found] == ["skipped"] and "list of edges" in found[0].message


NODES = """
import torch
from torch import nn
import torch.nn.functional as F

facts = {"self_loops": True, "graph": "undirected", "samples_coupled": True}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Linear(4, 3)

    def forward(self, x, adjacency):
        adjacency = adjacency LOOPS
        return self.weight(adjacency @ x / adjacency.sum(1, keepdim=True).clamp(min=1))


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    edges = (torch.rand(n, n, generator=g) < 0.3).float().triu(1)
    return {"x": torch.randn(n, 4, generator=g), "adjacency": edges + edges.T, "label": torch.randint(0, 3, (n,), generator=g)}


def forward(model, batch):
    return model(batch["x"], batch["adjacency"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["label"])
"""


@pytest.mark.parametrize(("loops", "status", "where"), [("+ torch.eye(len(x))", "pass", None), ("+ 0", "fail", "Net.forward")])
def test_a_node_that_does_not_attend_to_itself_fails(loops: str, status: str, where: str | None, tmp_path: Path) -> None:
    found = findings(load(NODES.replace("LOOPS", loops), tmp_path), ["self-loops"])
    assert [(finding.status, finding.where) for finding in found] == [(status, where)]


# the README's example, repaired
LIBRARY_ATTENTION = (Path(__file__).resolve().parents[2] / "examples" / "leaky_decoder.py").read_text().replace("triu(2)", "triu(1)")


def test_a_library_layer_whose_fast_path_rounds_otherwise_is_no_false_alarm(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(LIBRARY_ATTENTION)
    assert [item.check for item in examine(path) if item.status == "fail"] == []
    path.write_text(LIBRARY_ATTENTION.replace("triu(1)", "triu(2)"))
    assert {item.check for item in examine(path) if item.status == "fail"} == {"causality", "foreseen answer"}


def test_a_stated_cross_entropy_of_ones_own_is_held_against_the_entropy_of_the_labels(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    own = LIBRARY_ATTENTION.replace('"output": "logits"', '"output": "logits", "loss": "mean cross-entropy over positions"').replace(
        'nn.functional.cross_entropy(forward(model, batch).flatten(0, 1), batch["labels"].flatten())',
        '-forward(model, batch).log_softmax(-1).gather(-1, batch["labels"][..., None]).mean()',
    )
    path.write_text(own)
    (found,) = (item for item in examine(path, only=("initial loss",)) if item.check == "initial loss")
    assert found.status == "pass" and "near ln 12" in found.message
    sees = own.replace('return model(batch["tokens"])', 'return model(batch["tokens"]) + 9 * nn.functional.one_hot(batch["hint"], 12)')
    path.write_text(sees.replace('"labels": tokens[:, 1:]}', '"labels": tokens[:, 1:], "hint": tokens[:, 1:]}'))
    (found,) = (item for item in examine(path, only=("initial loss",)) if item.check == "initial loss")
    assert found.status == "fail" and "it sees the answer" in found.message
