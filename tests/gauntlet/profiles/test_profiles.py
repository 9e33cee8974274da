"""The profiles' checks on small changes of the corpus: what they must find, what they must pass, and where they must say that they cannot tell."""

# tests _bootstrap.py _densities.py _diffusion.py _flows.py _formulas.py _functions.py _game.py _graphs.py _pairs.py _policy.py _quantities.py _returns.py _unused.py _variational.py (with tests/bugs/test_corpus.py)
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bugs.corpus import BASES, findings, load


def answers(folder: Path, base: str, check: str, *changes: tuple[str, str], facts: bool = True) -> list[tuple[str, str | None]]:
    """Return (status, where) of a check on a base with some changes."""
    text = (BASES / f"{base}.py").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return [(finding.status, finding.where) for finding in findings(load(text, folder), [check], facts=facts)]


# base, check, what is planted, where it is found; the base itself is the repaired twin
PLANTED = [
    ("episodes", "entropy bonus", ("0.02 * entropy", "-0.02 * entropy"), "loss"),
    ("episodes", "entropy bonus", ("0.02 * entropy", "0.2 * entropy"), "loss"),
    ("episodes", "baseline", ("(returns - value).detach()", "returns - value"), "loss"),
    ("episodes", "returns", ("GAMMA * total", "total / GAMMA"), "to_go"),
    ("policy", "clipped ratio", ("torch.min(ratio * advantage", "torch.max(ratio * advantage"), "loss"),
    (
        "policy",
        "clipped ratio",
        ("torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)", "(ratio * advantage.clamp(-9, 9))"),
        "loss",
    ),
    ("policy", "advantages", ("(advantage - advantage.mean())", "advantage"), "loss"),
    ("policy", "returns", ("0.9 * 0.8 *", "0.9 *"), "advantages"),
    ("policy", "returns", ("0.9 * (1 - terminal[t]) * following", "0.9 * following"), "advantages"),
    ("values", "bootstrapped target", ('target = batch["reward"] + 0.9', 'target = batch["reward"] + 0.5'), "loss"),
    ("squashed", "squashed density", ("density - torch.log", "density + torch.log"), "Agent.sample"),
    ("squashed", "drawn entropy", ("(0.1 * density - torch.min", "(-0.1 * density - torch.min"), "actor_loss"),
    ("delayed", "climbing actor", ("return -model.critics", "return model.critics"), "actor_loss"),
    ("delayed", "idle target", ('model.actor_target(batch["next_state"])', 'model.actor(batch["next_state"])'), "critic_loss"),
    ("atoms", "projected mass", ("(upper - where + exact)", "(upper - where)"), "project"),
    ("groups", "group advantages", ("dim=1, keepdim=True", "dim=0, keepdim=True"), "group_advantage"),
    ("variational", "divergence", ("- log_variance.exp()).sum", "- (2 * log_variance).exp()).sum"), None),
    ("variational", "divergence", ("mean.pow(2)", "2 * mean.pow(2)"), "loss"),
    ("sampler", "divergence", ("- 1 - 2 * s", "- 1 + 2 * s"), "divergence"),
    ("annealed", "mixture of noise", ("a.sqrt() * x + (1 - a).sqrt()", "a * x + (1 - a)"), "Process.diffuse"),
    ("annealed", "noise schedule", ("torch.cumprod(1 - betas, 0)", "torch.cumprod(1 - betas.sqrt(), 0)"), "Process.__init__"),
    ("annealed", "stated prediction", ("t, noise), t), noise)", 't, noise), t), batch["x"])'), "loss"),
    ("annealed", "time embedding", ("[angle.sin(), angle.cos()]", "[angle.sin(), angle.sin()]"), "timestep_embedding"),
    ("annealed", "conditions", ("self.time(timestep_embedding(t))", "self.time(timestep_embedding(0 * t))"), None),
    ("velocity", "path velocity", ("t * data, data - noise", "t * data, noise - data"), "interpolate"),
    ("couplings", "inverse", ("(b - self.shift(a)) *", "(b + self.shift(a)) *"), "Coupling.inverse"),
    ("couplings", "log-determinant", ("s.sum(-1)", "s.mean(-1)"), "Coupling.forward"),
    ("couplings", "likelihood", ("prior + log_determinant", "prior - log_determinant"), "Flow.log_likelihood"),
    ("codebook", "nearest code", ("distance.argmin(1)", "distance.argmax(1)"), "Quantiser.forward"),
    ("codebook", "nearest code", ("z + (chosen - z).detach()", "chosen"), "Quantiser.forward"),
    ("critic", "opposite aims", ("return -model.critic(model.generator", "return model.critic(model.generator"), "generator_loss"),
    ("critic", "silent terms", ("create_graph=True", "retain_graph=True"), "gradient_penalty"),
    ("followers", "views meet", ("regression(p1, z2) + regression(p2, z1)", "regression(p1, z1) + regression(p2, z2)"), "loss"),
    ("followers", "idle target", ("self.target(first), self.target(second)", "self.online(first), self.online(second)"), "loss"),
    ("spread", "collapse", ("F.relu(1 - deviation)", "F.relu(deviation - 1)"), "variance"),
    ("angular", "margin", ("angle + self.margin", "angle - self.margin"), "Margin.forward"),
    ("preferences", "preference", ("F.logsigmoid(margin)", "F.logsigmoid(-margin)"), "loss"),
    ("links", "neighbours", ("index_add_(0, target, h[source])", "index_add_(0, target, h[target])"), "Aggregate.forward"),
    ("links", "both ways", ("seen.flip(0)", "seen"), "batch"),
    ("links", "shown edges", ("[seen, seen.flip(0)]", "[found, found.flip(0)]"), "batch"),
]


@pytest.mark.parametrize(("base", "check", "change", "where"), PLANTED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_planted_bug_fails_and_its_repaired_twin_does_not(
    base: str, check: str, change: tuple[str, str], where: str | None, tmp_path: Path
) -> None:
    twin = answers(tmp_path, base, check)
    assert twin and all(status == "pass" for status, _ in twin)
    found = answers(tmp_path, base, check, change)
    if check == "divergence" and where is None:  # another prior than the standard normal distribution, or a slip: it cannot tell
        assert found == [("unsure", None)]
    else:
        assert any(status == "fail" and (where is None or place == where) for status, place in found), found


def test_ends_that_belong_to_the_state_that_begins_anew_pass(tmp_path: Path) -> None:
    assert answers(tmp_path, "surrogate", "returns") == [("pass", None)]
    assert answers(tmp_path, "surrogate", "returns", ("0.99 * 0.9 * alive * last", "0.99 * 0.9 * last")) == [("fail", "estimate")]


def test_names_that_say_the_opposite_of_an_end_are_not_taken_for_one(tmp_path: Path) -> None:
    from aquarius.gauntlet.profiles._reinforcement import ending, negated

    assert [negated(name) for name in ("not_done", "nonterminal", "done", "terminal")] == [True, True, False, False]
    assert ending({"not_done": torch.ones(3)}) is None
    assert ending({"done": torch.ones(3)}) == "done"


def test_a_loss_of_rewards_need_not_fall(tmp_path: Path) -> None:
    assert answers(tmp_path, "offpolicy", "overfit", facts=False)[0][0] in ("pass", "unsure")


def test_edges_to_be_predicted_may_be_given_in_training(tmp_path: Path) -> None:
    shown = ("[seen, seen.flip(0)]", "[found, found.flip(0)]")
    silent = answers(tmp_path, "links", "shown edges", shown, ("predicting missing links", "predicting links"))
    assert silent == [("unsure", None)]


CONTRAST = """
import torch
import torch.nn.functional as F
from torch import nn

facts = {}


def build():
    return nn.Linear(5, 4)


def batch(n, seed=0):
    x = torch.randn(n, 5, generator=torch.Generator().manual_seed(seed))
    return {"one": x, "two": x + 0.1 * torch.randn(n, 5, generator=torch.Generator().manual_seed(seed + 50))}


def forward(model, batch):
    return F.normalize(model(batch["one"]), dim=1)


def contrast(a, b, temperature=0.5):
    z = torch.cat([a, b])
    scores = z @ z.T / temperature
    scores = scores.masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
    n = len(a)
    return F.cross_entropy(scores, torch.cat([torch.arange(n) + n, torch.arange(n)]))


def loss(model, batch):
    return contrast(F.normalize(model(batch["one"]), dim=1), F.normalize(model(batch["two"]), dim=1))
"""


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("/ temperature", "/ temperature", "pass"),
        ("/ temperature", "* temperature", "fail"),
        ("    scores = scores.masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)\n", "", "fail"),
        ("/ temperature", "/ temperature + 0.3 * (z @ z.T) ** 2", "unsure"),
    ],
)
def test_a_function_of_a_known_name_is_held_against_its_formula(old: str, new: str, wanted: str, tmp_path: Path) -> None:
    assert old in CONTRAST
    (found,) = findings(load(CONTRAST.replace(old, new), tmp_path), ["known formulas"])
    assert found.status == wanted
    assert found.where == ("contrast" if wanted == "fail" else None)


GRAPH = """
import torch
import torch.nn.functional as F
from torch import nn

facts = {}


def normalise(a):
    a = a + torch.eye(len(a))
    d = a.sum(1).rsqrt()
    return d[:, None] * a * d[None]


def distances(x):
    s = x.pow(2).sum(1)
    return s[:, None] + s[None] - 2 * x @ x.T


def build():
    return nn.Linear(6, 3)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    upper = (torch.rand(n, n, generator=g) < 0.3).float().triu(1)
    return {"x": torch.randn(n, 6, generator=g), "adjacency": upper + upper.T, "y": torch.randint(0, 3, (n,), generator=g)}


def forward(model, batch):
    return normalise(batch["adjacency"]) @ model(batch["x"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["y"]) + 0.01 * distances(model(batch["x"])).mean()
"""


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("- 2 * x @ x.T", "- x @ x.T", "distances"),
        ("- 2 * x @ x.T", "+ 2 * x @ x.T", "distances"),
        ("d[:, None] * a * d[None]", "d[:, None] * a", "normalise"),
        ("d[:, None] * a * d[None]", "d[:, None] ** 2 * a * d[None] ** 2", "normalise"),
        ("d[:, None] * a * d[None]", "d[:, None] ** 2 * a", None),  # by rows: a usual form
    ],
)
def test_normalised_graphs_and_distances(old: str, new: str, where: str | None, tmp_path: Path) -> None:
    found = findings(load(GRAPH.replace(old, new), tmp_path), ["known formulas"])
    assert [finding.where for finding in found if finding.status == "fail"] == ([where] if where else [])


def test_quantities_are_found_by_value_and_sign(tmp_path: Path) -> None:
    from aquarius.gauntlet import Examination
    from aquarius.gauntlet._functions import called, own_functions
    from aquarius.gauntlet.stated._quantities import evaluated

    examination = Examination(load(CONTRAST, tmp_path))
    assert own_functions(examination) == ["contrast"]
    (call,) = called(examination)["contrast"]
    assert called(examination)["contrast"][0] is call  # one run for all checks
    model = examination.perturbed()
    seen = evaluated(examination, model, examination.batch())
    ((_, where, sign),) = seen.equal(-seen.value.detach())[:1]
    assert (where, sign) == ("contrast", -1.0)


TRIPLES = """
import torch
import torch.nn.functional as F
from torch import nn

facts = {}


def build():
    return nn.Linear(5, 4)


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=g)
    return {"anchor": x, "positive": x + 0.3 * torch.randn(n, 5, generator=g), "negative": torch.randn(n, 5, generator=g)}


def forward(model, batch):
    return model(batch["anchor"])


def loss(model, batch):
    a, p, n = (model(batch[key]) for key in ("anchor", "positive", "negative"))
    return F.softplus((a - p).pow(2).sum(1) - (a - n).pow(2).sum(1)).mean()
"""


def test_triplets_that_push_the_positive_away_fail(tmp_path: Path) -> None:
    (good,) = findings(load(TRIPLES, tmp_path), ["triples"])
    turned = TRIPLES.replace("(a - p).pow(2).sum(1) - (a - n).pow(2).sum(1)", "(a - n).pow(2).sum(1) - (a - p).pow(2).sum(1)")
    (bad,) = findings(load(turned, tmp_path), ["triples"])
    assert (good.status, bad.status, bad.where) == ("pass", "fail", "loss")


MINED = """
import torch
import torch.nn.functional as F
from torch import nn

facts = {}


def build():
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 4))


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    label = torch.arange(n) % 3
    return {"x": torch.randn(n, 5, generator=g) + F.one_hot(label, 5), "label": label}


def forward(model, batch):
    return model(batch["x"])


def triplet(x, label, margin=0.3):
    d = torch.cdist(x, x)
    same = label[:, None] == label[None]
    positive = d.masked_fill(~same, 0.0).amax(dim=1)
    negative = d.masked_fill(same, float("inf")).amin(dim=1)
    return F.relu(positive - negative + margin).mean()


def loss(model, batch):
    return triplet(forward(model, batch), batch["label"])
"""


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("+ margin", "+ margin", "pass"),
        ("+ margin", "- margin", "fail"),
        ("d.masked_fill(~same, 0.0).amax(dim=1)", "d.masked_fill(~same, 9.0).amin(dim=1)", "fail"),
        (
            "    return triplet(",
            "    model = nn.Linear(4, 3)\n    return F.cross_entropy(model(forward(model, batch)), batch['label']) + triplet(",
            "skipped",
        ),
    ],
)
def test_a_loss_over_classes_draws_each_together_and_keeps_them_apart(old: str, new: str, wanted: str, tmp_path: Path) -> None:
    assert old in MINED
    (found,) = findings(load(MINED.replace(old, new), tmp_path), ["stray sample"])
    assert found.status == wanted
    assert found.where == ("triplet" if wanted == "fail" else None)


def test_the_value_of_another_action_is_seen(tmp_path: Path) -> None:
    assert answers(tmp_path, "atoms", "trained action") == [("pass", None)]
    other = answers(tmp_path, "atoms", "trained action", ('[rows, batch["action"]]', "[rows, best]"))
    assert other == [("fail", "loss")]


def test_a_product_that_can_be_read_in_two_ways_is_unsure(tmp_path: Path) -> None:
    assert answers(tmp_path, "siamese", "stated equations")[0][0] in ("unsure", "pass")
