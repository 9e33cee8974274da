"""A function with one slip against its stated equation fails and says which; correct functions in other words never do."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import Evidence
from bugs.corpus import findings, load
from gauntlet.stated.test_equations import SUBJECT

# equation, correct function, its use, what a slip in it looks like (old, new), words of the finding
CASES = {
    "bellman": (
        r"y = r + \gamma (1-d)\min(Q_1(s',a'), Q_2(s',a')),\; \gamma = 0.97",
        "def f(reward, done, q1, q2):\n    return reward + 0.97 * (1 - done) * torch.minimum(q1, q2)",
        "f(out[:, 0], (out[:, 1] > 0).float(), out[:, 2], out[:, 3]).pow(2).mean()",
        ("torch.minimum", "torch.maximum"),
        "max for min",
    ),
    "ratio": (
        r"c_t = \lambda\min\left(1, \frac{\pi(a_t\mid s_t)}{\mu(a_t\mid s_t)}\right),\;\lambda=0.9",
        "def f(policy, behaviour):\n    return 0.9 * (policy / behaviour).clamp(max=1)",
        "f(out[:, 0].sigmoid(), out[:, 1].sigmoid()).mean()",
        ("policy / behaviour", "behaviour / policy"),
        "upside down",
    ),
    "discounted sum": (
        r"G_t = r_t + \gamma(1-d_t)G_{t+1},\;\gamma=0.9",
        "def f(reward, done):\n    total, found = 0.0, []\n    for t in reversed(range(reward.shape[1])):\n"
        "        total = reward[:, t] + 0.9 * (1 - done[:, t]) * total\n        found.append(total)\n    return torch.stack(found[::-1], 1)",
        "f(out, (out > 1).float()).pow(2).mean()",
        (" * (1 - done[:, t])", ""),
        "without the",
    ),
    "hinge game": (
        r"\frac1N\sum_i\max(0,1-D(x_i)) + \frac1N\sum_i\max(0,1+D(\hat x_i))",
        "def f(real, fake):\n    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()",
        "f(out[:, 0], out[:, 1])",
        ("1 + fake", "1 - fake"),
        "sign of",
    ),
    "expected hinge game": (
        r"\mathbb E_x\left[\max(0,1-D(x))\right]+\mathbb E_z[\max(0,1+D(\hat x))]",
        "def f(real, fake):\n    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()",
        "f(out[:, 0], out[:, 1])",
        ("1 + fake).mean", "1 + fake).sum"),
        "sum",
    ),
    "cosine of rows": (
        r"2-2\,\frac{\langle p,z\rangle}{\|p\|_2\|z\|_2}",
        "def f(p, z):\n    return 2 - 2 * F.cosine_similarity(p, z, dim=-1)",
        "f(out, out.flip(0).detach()).mean()",
        ("dim=-1", "dim=0"),
        "norms over the samples",
    ),
    "expectile": (
        r"\frac1N\sum_i|\tau-\mathbb 1(u_i<0)|u_i^2,\;u=q-v,\;\tau=0.7",
        "def f(value, target):\n    u = target - value\n    return (torch.where(u < 0, 0.3, 0.7) * u.pow(2)).mean()",
        "f(out[:, 0], out[:, 1])",
        ("u < 0", "u > 0"),
        "with",
    ),
    "preferred": (
        r"-\frac1N\sum_i\log\sigma(s_i - s_i')",
        "def f(positive, negative):\n    return F.softplus(negative - positive).mean()",
        "f(out[:, 0], out[:, 1])",
        ("negative - positive", "positive - negative"),
        "sign of",
    ),
    "importance-weighted bound": (
        r"-\frac1N\sum_i\log\frac1K\sum_k\exp(w_{ik})",
        "def f(w):\n    return -(w.logsumexp(1) - math.log(7)).mean()",
        "f(out)",
        ("(w.logsumexp(1) - math.log(7))", "w.mean(1)"),
        "logarithm inside",
    ),
}


def look(tmp_path: Path, latex: str, code: str, use: str) -> Evidence:
    text = SUBJECT.format(name="f", latex=latex, code=code, use=use, facts="")
    (found,) = findings(load(text, tmp_path), ["equation slips"])
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_slip_is_named_and_its_repair_passes(case: str, tmp_path: Path) -> None:
    latex, code, use, (old, new), words = CASES[case]
    assert old in code
    assert look(tmp_path, latex, code, use).status == "pass"
    found = look(tmp_path, latex, code.replace(old, new, 1), use)
    assert (found.status, found.where) == ("fail", "f"), found.message
    assert words in found.message


# correct, in words from which a slip could be suspected: none may fail
CORRECT = {
    "the end is folded in": (
        r"y = r + \gamma(1-d)V'",
        "def f(reward, discount, value):\n    return reward + discount * value",
        "f(out[:, 0], out[:, 1], out[:, 2]).mean()",
    ),
    "alive for done": (
        r"y = r + \gamma(1-d)V',\;\gamma=0.9",
        "def f(reward, alive, value):\n    return reward + 0.9 * alive * value",
        "f(out[:, 0], (out[:, 1] > 0).float(), out[:, 2]).mean()",
    ),
    "given the difference": (
        r"-\frac1N\sum_i\log\sigma(s_i^+-s_i^-)",
        "def f(difference):\n    return F.softplus(-difference).mean()",
        "f(out[:, 0] - out[:, 1])",
    ),
    "given the roots": (
        r"x_t = \sqrt{\bar\alpha_t}x_0 + \sqrt{1-\bar\alpha_t}\epsilon",
        "def f(x, a, s, noise):\n    return a * x + s * noise",
        "f(out, out[:, :1].sigmoid().sqrt(), (1 - out[:, :1].sigmoid()).sqrt(), out.cos()).mean()",
    ),
    "the negative of what is maximised": (
        r"\frac1N\sum_i \min(\rho_i A_i, \mathrm{clip}(\rho_i, 0.8, 1.2) A_i)",
        "def f(ratio, advantage):\n    return -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()",
        "f(out[:, 0].exp(), out[:, 1])",
    ),
    "the other order": (r"A = Q - V", "def f(v, q):\n    return q - v", "f(out[:, 0], out[:, 1]).pow(2).mean()"),
    "an inverse temperature": (
        r"p = \mathrm{softmax}(z/\tau)",
        "def f(z, inverse):\n    return (z * inverse).softmax(-1)",
        "f(out, 0.5).pow(2).mean()",
    ),
}


@pytest.mark.parametrize("case", CORRECT)
def test_correct_functions_in_odd_words_do_not_fail(case: str, tmp_path: Path) -> None:
    assert look(tmp_path, *CORRECT[case]).status in ("pass", "unsure")


def test_a_function_called_by_step_alone_is_seen(tmp_path: Path) -> None:
    text = SUBJECT.format(
        name="follow", latex=r"\bar\theta \leftarrow 0.99\bar\theta + 0.01\theta", code=FOLLOW, use="out.pow(2).mean()", facts=""
    )
    text += STEP
    (found,) = findings(load(text, tmp_path), ["equation slips"])
    assert found.status == "pass", found.message
    (found,) = findings(load(text.replace("0.99 * average + 0.01 * new", "0.01 * average + 0.99 * new"), tmp_path), ["equation slips"])
    assert found.status == "fail" and found.where == "follow"


FOLLOW = "def follow(average, new):\n    return 0.99 * average + 0.01 * new"
STEP = """

def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


def step(model, optimizer, batch):
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    follow(torch.ones(5, 3).cumsum(0), model.first.weight[:5, :3].detach())
    return value
"""


def test_an_expected_contrast_against_a_queue_is_read(tmp_path: Path) -> None:
    latex = (
        r"-\mathbb E_q\left[\ln\frac{\exp(q\cdot k_+/\tau)}{\exp(q\cdot k_+/\tau)+\sum_{i=1}^{K}\exp(q\cdot k_i/\tau)}\right],\;\tau=0.2"
    )
    code = (
        "def f(q, k, queue):\n    scores = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], 1)\n"
        "    return F.cross_entropy(scores / 0.2, torch.zeros(len(q), dtype=torch.long))"
    )
    use = "f(F.normalize(out, dim=1), F.normalize(out.flip(0), dim=1), F.normalize(out[:5], dim=1).T.clone())"
    assert look(tmp_path, latex, code, use).status == "pass"
    assert look(tmp_path, latex, code.replace("scores / 0.2", "scores / 0.5"), use).status == "unsure"
