"""A stated equation fails on a function that does not compute it, in value or gradient; correct functions in other words never fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import Evidence
from bugs.corpus import findings, load

SUBJECT = """
import math
import torch
from torch import nn
import torch.nn.functional as F

facts = {{"equations": {{{name!r}: {latex!r}}}, {facts}}}


{code}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 9), nn.Linear(9, 7)

    def forward(self, x):
        return self.second(F.relu(self.first(x)))


def build():
    return Net()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {{"x": torch.randn(n, 6, generator=g), "y": torch.randint(0, 7, (n,), generator=g), "soft": torch.rand(n, 7, generator=g)}}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    out = forward(model, batch)
    return {use}
"""


def look(tmp_path: Path, name: str, latex: str, code: str, use: str, facts: str = "") -> Evidence:
    (found,) = findings(load(SUBJECT.format(name=name, latex=latex, code=code, use=use, facts=facts), tmp_path), ["stated equations"])
    return found


SOFTMAX = r"q_i=\frac{\exp(z_i/\tau)}{\sum_j\exp(z_j/\tau)}"
HUBER = r"\frac{1}{N}\sum_{i=1}^N \max(0, m - d_i)^2"
# name, equation, correct function, its use, facts, what a slip in it looks like: (old, new)
CASES = {
    "softened": ("soften", SOFTMAX, "def soften(logits, temperature):\n    return (logits / temperature).softmax(-1)", "soften(out, 2.0).pow(2).mean()", "", ("/ t", "* t")),
    "softened over the batch": ("soften", SOFTMAX, "def soften(z, tau):\n    return (z / tau).softmax(-1)", "soften(out, 2.0).pow(2).mean()", "", None),
    "unit length": ("normalise", r"\frac{x}{\|x\|_2}", "def normalise(features):\n    return F.normalize(features, dim=-1)", "normalise(out)[:, 0].mean()", "", ("dim=-1", "dim=0")),
    "hinge": ("hinge", HUBER, "def hinge(distance, margin):\n    d = distance\n    return (margin - d).clamp(min=0).pow(2).mean()", "hinge(out.abs().sum(-1), 3.0)", "", None),
    "divergence": (
        "divergence",
        r"\frac12\sum_j\left(\mu_j^2+e^{s_j}-s_j-1\right)",
        "def divergence(mu, s):\n    return 0.5 * (mu.pow(2) + s.exp() - s - 1).sum(-1).mean()",
        "divergence(out[:, :3], out[:, 3:6])",
        "",
        ("- s - 1", "+ s - 1"),
    ),
    "brier": ("brier", r"\frac{1}{N}\sum_n\sum_c(p_{nc}-y_{nc})^2", "def brier(p, y):\n    return (p - y).pow(2).sum(-1).mean()", 'brier(out.softmax(-1), batch["soft"])', "", (".sum(-1).mean()", ".mean()")),
    "root mean square": (
        "Norm.forward",
        r"g_i\frac{x_i}{\sqrt{\frac1d\sum_{j=1}^d x_j^2+\epsilon}}",
        "class Norm(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.gain, self.eps = torch.linspace(0.5, 2, 7), 0.1\n"
        "        self.register_buffer('g', self.gain)\n\n"
        "    def forward(self, x):\n        return self.g * x / (x.pow(2).mean(-1, keepdim=True) + self.eps).sqrt()",
        "Norm()(out).pow(2).mean()",
        "",
        ("pow(2).mean", "pow(2).sum"),
    ),
    "masked inside": (
        "attend",
        r"\mathrm{softmax}(qk^\top/\sqrt{d_k})v",
        "def attend(q, k, v):\n    s = q @ k.T / 7**0.5\n    return s.masked_fill(torch.ones_like(s).triu(1) > 0, -1e9).softmax(-1) @ v",
        'attend(out, batch["soft"], out).mean()',
        "",
        None,
    ),
    "pairs": (
        "contrast",
        r"\ell_{ij}=-\log\frac{\exp(z_i^\top z_j/\tau)}{\sum_{k}\exp(z_i^\top z_k/\tau)}",
        "def contrast(z, tau):\n    return F.cross_entropy(z @ z.T / tau, torch.arange(len(z)).roll(1))",
        "contrast(out, 0.5)",
        "",
        None,
    ),
    "normalised inside": (
        "spread",
        r"\hat A x",
        "def spread(x, adjacency):\n    return adjacency / adjacency.sum(-1, keepdim=True) @ x",
        'spread(out, batch["soft"] @ batch["soft"].T).mean()',
        "",
        None,
    ),
    "start value": (
        "corrupt",
        r"\sqrt{a}x_0+\sqrt{1-a}\epsilon",
        "def corrupt(x, a, noise):\n    return a**0.5 * x + (1 - a) ** 0.5 * noise",
        'corrupt(out, 0.3, batch["soft"]).mean()',
        "",
        None,
    ),
    "power": ("angle", r"\cos(a,b)=\frac{a^\top b}{\|a\|\|b\|}", "def angle(a, b):\n    return F.cosine_similarity(a, b, dim=-1)", 'angle(out, batch["soft"]).mean()', "", None),
    "squares": (
        "squares",
        r"\|a_i-b_j\|^2",
        "def squares(a, b):\n    return torch.cdist(a, b).pow(2)",
        'squares(out, batch["soft"][:5]).mean()',
        "",
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_correct_function_does_not_fail(case: str, tmp_path: Path) -> None:
    name, latex, code, use, facts, _ = CASES[case]
    found = look(tmp_path, name, latex, code, use, facts)
    assert found.status in ("pass", "unsure"), found.message


@pytest.mark.parametrize("case", [case for case, parts in CASES.items() if parts[5] is not None])
def test_a_slip_fails_and_its_twin_passes(case: str, tmp_path: Path) -> None:
    name, latex, code, use, facts, slip = CASES[case]
    assert slip is not None and slip[0] in code
    assert look(tmp_path, name, latex, code, use, facts).status == "pass"
    found = look(tmp_path, name, latex, code.replace(*slip), use, facts)
    assert (found.status, found.where) == ("fail", name), found.message


def test_a_detached_part_changes_the_gradient_and_fails(tmp_path: Path) -> None:
    latex, use = r"\frac{1}{N}\sum_n\sum_c(p_{nc}-y_{nc})^2p_{nc}", 'brier(out.softmax(-1), batch["soft"])'
    code = "def brier(p, y):\n    return ((p - y).pow(2) * p).sum(-1).mean()"
    assert look(tmp_path, "brier", latex, code, use).status == "pass"
    found = look(tmp_path, "brier", latex, code.replace("* p)", "* p.detach())"), use)
    assert found.status == "fail" and "another gradient" in found.message
    assert look(tmp_path, "brier", latex, code.replace("* p)", "* p.detach())"), use, '"stop_gradient": "the weight"').status == "unsure"


RANKING = r"-\frac1N\sum_{(u,i,j)}\left[\ln\sigma(s_{ui}-s_{uj})-\lambda\|p_u\|^2\right]"
PLAIN = """
import torch
from torch import nn
import torch.nn.functional as F
facts = {{"regularisation": 0.01, "equations": {{"loss": {latex!r}}}}}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.users, self.items = nn.Embedding(9, 4), nn.Embedding(12, 4)
    def forward(self, user, item):
        return (self.users(user) * self.items(item)).sum(-1)
def build():
    return Net()
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {{"user": torch.randint(0, 9, (n,), generator=g), {keys}}}
def forward(model, batch):
    return model(batch["user"], batch["{one}"]) - model(batch["user"], batch["{two}"])
def loss(model, batch):
    return -F.logsigmoid(forward(model, batch)).mean() + 0.01 * model.users(batch["user"]).pow(2).sum(-1).mean()
"""
KEYS = '"{0}": torch.randint(0, 12, (n,), generator=g), "{1}": torch.randint(0, 12, (n,), generator=g)'


@pytest.mark.parametrize(
    ("one", "two", "status"),
    [("positive", "negative", "pass"), ("negative", "positive", "fail"), ("left", "right", "unsure"), ("right", "left", "unsure")],
)
def test_a_loss_over_tuples_is_held_by_the_entries_of_the_batch(one: str, two: str, status: str, tmp_path: Path) -> None:
    text = PLAIN.format(latex=RANKING, one=one, two=two, keys=KEYS.format(*sorted((one, two))))
    (found,) = findings(load(text, tmp_path), ["stated equations"])
    assert found.status == status, found.message


@pytest.mark.parametrize(("code", "status"), [("F.elu(x) + 1", "pass"), ("F.elu(x) + 0.01", "fail")])
def test_axes_of_one_size_do_not_matter_element_by_element(code: str, status: str, tmp_path: Path) -> None:
    function = f"def feature(x):\n    return {code}"
    use = "F.cross_entropy(out, batch['y']) + 0 * feature(out[:, None].expand(-1, 7, -1)).sum()"
    assert look(tmp_path, "feature", r"\phi(x)=\mathrm{elu}(x)+1", function, use).status == status
