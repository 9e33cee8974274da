"""Maps, scales and averages: equations over pixels, positions of images, stated scales, averages outside the model; each with what must fail and what must not."""

# tests _assign.py _levels.py _tables.py _updates.py _statistics.py _head_bias.py _step.py _pairs.py _data.py _skips.py _initialisation.py
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet.sequences._tables import _grid
from aquarius.gauntlet.stated._assign import LAYOUTS, PAIRS, attempts, matched, paired
from aquarius.gauntlet.stated._levels import stated_scale
from aquarius.gauntlet.structure._initialisation import _rounding
from aquarius.gauntlet.training._data import _standardised_there
from bugs.corpus import findings, load
from gauntlet.subjects import text

DICE = r"1-\frac1K\sum_k\frac{2\sum_i p_{ik}g_{ik}+1}{\sum_i(p_{ik}+g_{ik})+1}"


def told(tmp_path: Path, check: str, source: str, *, facts: bool = True) -> list[tuple[str, str | None]]:
    """Return (status, where) of one check's findings on a source."""
    return [(finding.status, finding.where) for finding in findings(load(source, tmp_path), [check], facts=facts)]


def test_an_equation_over_pixels_is_read_with_its_classes_on_their_own_axis() -> None:
    p = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    g = (torch.rand(2, 3, 4, 5, dtype=torch.float64) > 0.5).double()
    sums = (0, 2, 3)
    right = 1 - ((2 * (p * g).sum(sums) + 1) / ((p + g).sum(sums) + 1)).mean()
    wrong = 1 - (((p * g).sum(sums) + 1) / ((p + g).sum(sums) + 1)).mean()

    def agrees(value: torch.Tensor) -> bool:
        tried = attempts(DICE, {"p": p, "g": g}, {"K": 3.0}, {}, {})
        return any(one.value is not None and matched(value, one.value) is not None for one in tried)

    assert agrees(right) and not agrees(wrong)


def test_vectors_are_not_taken_for_maps() -> None:
    q, c = torch.rand(6, 5, dtype=torch.float64), torch.rand(6, 4, 5, dtype=torch.float64)
    plain = list(attempts(r"\|q-c\|^2", {"q": q, "c": c}, {}, {}, {}))
    assert all(one.value is None or one.value.shape != (6, 4) for one in plain)
    (each,) = paired({"q": q, "c": c}, torch.zeros(6, 4))
    (value,) = (one.value for one in attempts(r"\|q-c\|^2", each, {}, {}, {}, layouts=PAIRS))
    assert value is not None and torch.allclose(value, (q[:, None] - c).pow(2).sum(-1))
    assert paired({"q": q, "c": c}, torch.zeros(6, 5)) == [] and len(LAYOUTS) == 10


@pytest.mark.parametrize(
    ("words", "scale"),
    [
        ("pixels in [0, 1]; the model subtracts 0.4 and divides by 0.25", (4.0, -1.6)),
        ("bytes from 0 to 255, divided by 255 and centred at 0.5 by the model", (1 / 255, -0.5)),
        ("images in [0, 1], brought to [-1, 1] inside the model", (2.0, -1.0)),
        ("standardised by the model with mean 0.5 and deviation 0.25", (4.0, -2.0)),
        ("pixels in [0, 1], divided by 255", None),
        ("the model subtracts 0.4, 0.5, 0.6 from the channels", None),
        ("waveform in [-1, 1]; the model sees what came before", None),
    ],
)
def test_words_on_scales(words: str, scale: tuple[float, float] | None) -> None:
    assert stated_scale(words) == (pytest.approx(scale) if scale else None)


def test_the_first_layer_is_given_the_stated_scale(tmp_path: Path) -> None:
    facts = '{"input": "rows of numbers; the model subtracts 2 and divides by 4"}'
    source = text(facts=facts, forward="return self.outer(F.relu(self.inner((x - 2) / 4)))")
    assert told(tmp_path, "own level", source) == [("pass", None)]
    assert told(tmp_path, "own level", source.replace("(x - 2) / 4", "(x - 4) / 2")) == [("fail", "Net.forward")]
    assert told(tmp_path, "own level", source.replace("(x - 2) / 4", "torch.tanh(x)"))[0][0] == "unsure"


def test_a_table_of_rows_and_columns_is_told_from_one_of_places() -> None:
    line = torch.cat([torch.arange(3.0)[:, None].sin(), torch.arange(3.0)[:, None].cos()], dim=1)
    square = torch.cat([line[:, None].expand(3, 3, -1), line[None].expand(3, 3, -1)], dim=-1).flatten(0, 1)
    rows, columns = _grid(square)
    assert torch.equal(rows, line) and torch.equal(columns, line)
    assert _grid(torch.rand(9, 4)) == [] and _grid(torch.cat([square[:, :2], square[:, :2]], dim=1)) == []


PATCHES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(1, 8), nn.Linear(8, 3)
        self.cls, self.pos = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))

    def forward(self, x):
        x = torch.cat([self.cls.expand(len(x), -1, -1), self.inner(x[..., None])], dim=1) + self.pos
        return self.outer(x.tanh().mean(dim=1))


def build"""


def test_the_first_learned_position_is_used(tmp_path: Path) -> None:
    source = text().replace("def build", PATCHES.strip(), 1)
    late = "torch.cat([self.cls.expand(len(x), -1, -1), self.inner(x[..., None]) + self.pos[:, 1:]], dim=1)"
    bug = source.replace("torch.cat([self.cls.expand(len(x), -1, -1), self.inner(x[..., None])], dim=1) + self.pos", late)
    assert bug != source
    assert told(tmp_path, "learned positions", source, facts=False) == [("pass", None)]
    assert told(tmp_path, "learned positions", bug, facts=False) == [("fail", "Net.forward")]


def test_a_concatenating_classifier_has_no_decoder(tmp_path: Path) -> None:
    image = "torch.randn(n, 1, 8, 8, generator=g); "
    source = text(
        facts='{"skip_connections": "concatenated"}',
        forward="h = self.inner(x)\n        return self.outer(F.avg_pool2d(torch.cat([x, h], 1), 2).mean((2, 3))[:, :12])",
    )
    source = source.replace("nn.Linear(4, 12), nn.Linear(12, 3)", "nn.Conv2d(1, 11, 3, padding=1), nn.Linear(12, 3)")
    source = (
        source.replace("torch.randn(n, 4, generator=g)", image.strip("; "))
        .replace("x[:, 0] >", "x[:, 0, 0, 0] >")
        .replace("x[:, 1] >", "x[:, 0, 0, 1] >")
    )
    assert told(tmp_path, "skip connections", source)[0][0] == "skipped"


def test_printed_numbers_are_rounded() -> None:
    assert _rounding("constant 0.5413") == pytest.approx(5e-5) and _rounding("uniform(-0.204, 0.204)") == pytest.approx(5e-4)
    assert _rounding("constant 0.1") == _rounding("normal(0, 0.02)") == 0.0


@pytest.mark.parametrize(
    ("stated", "there"),
    [
        ("inputs and targets by the training part", True),
        (True, True),
        ("by the model", False),
        ("none", False),
        (False, False),
        ("targets only", False),
        ("scaled to [0, 1]", False),
    ],
)
def test_words_on_standardised_samples(stated: object, there: bool) -> None:
    assert _standardised_there(stated) is there


LOADERS = """


def parts():
    x = 3 + 2 * torch.randn(120, 4, generator=torch.Generator().manual_seed(5))
    train, test = x[:80], x[80:]
    return (train - {of}.mean(0)) / {of}.std(0), (test - {of}.mean(0)) / {of}.std(0)


def train_loader():
    return [{{"x": parts()[0]}}]


def test_loader():
    return [{{"x": parts()[1]}}]
"""


def test_statistics_of_the_test_samples_are_seen_in_both(tmp_path: Path) -> None:
    assert told(tmp_path, "leaked statistics", text() + LOADERS.format(of="train")) == [("pass", None)]
    assert told(tmp_path, "leaked statistics", text() + LOADERS.format(of="test")) == [("fail", "parts")]


AVERAGE = """


class Average:
    def __init__(self, model):
        self.weights = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def follow(self, model, decay=0.9):
        for kept, p in zip(self.weights, model.parameters()):
            kept.mul_({keep}).add_(p, alpha={take})


KEPT = {{}}


def step(model, optimizer, batch):
    model.train()
    average = KEPT.setdefault(id(model), Average(model))
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    average.follow(model)
    return value.detach()
"""


def test_an_average_outside_the_model_keeps_its_share(tmp_path: Path) -> None:
    facts = '{"ema": 0.9}'
    right = text(facts=facts) + AVERAGE.format(keep="decay", take="1 - decay")
    assert told(tmp_path, "forgetting average", right) == [("pass", None)]
    assert told(tmp_path, "forgetting average", right, facts=False) == [("pass", None)]
    wrong = text(facts=facts) + AVERAGE.format(keep="1 - decay", take="decay")
    assert told(tmp_path, "forgetting average", wrong) == [("fail", "Average.follow")]


ACCUMULATED = """


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    for half in range(2):
        value = loss(model, {{k: v[half::2] for k, v in batch.items()}}){divided}
        value.backward()
    optimizer.step()
    return value.detach()
"""


def test_parts_that_are_added_up_are_told_where_samples_belong_together(tmp_path: Path) -> None:
    source = text(facts='{"accumulation": 2, "samples_coupled": True}')
    assert told(tmp_path, "accumulation", source + ACCUMULATED.format(divided=" / 2")) == [("pass", None)]
    assert told(tmp_path, "accumulation", source + ACCUMULATED.format(divided="")) == [("fail", "step")]


@pytest.mark.parametrize("stated", ["-ln((1-p)/p) with p = 0.1", r"-\ln\frac{1-p}{p} with p = 0.1", "-log((1-0.1)/0.1)", "-2.1972"])
def test_a_stated_prior_gives_the_last_bias(stated: str, tmp_path: Path) -> None:
    source = text(facts=repr({"head_bias": stated}))
    start = source.replace("nn.Linear(12, 3)\n", "nn.Linear(12, 3)\n        nn.init.constant_(self.outer.bias, {sign}2.1972246)\n", 1)
    assert told(tmp_path, "head bias", start.replace("{sign}", "-"))[0][0] == "pass"
    assert told(tmp_path, "head bias", start.replace("{sign}", "")) == [("fail", "Net.__init__")]


def test_an_entry_that_says_what_a_class_means_leaves_strays_alone(tmp_path: Path) -> None:
    source = text(loss='return (forward(model, batch)[torch.arange(len(batch["x"])), batch["label"]] * batch["sign"]).mean()')
    source = source.replace('return {"x": x,', 'return {"sign": torch.randn(n, generator=g).sign(), "x": x,')
    assert told(tmp_path, "stray sample", source)[0][0] == "skipped"


def test_a_branch_drawn_by_hand_is_a_mode_too(tmp_path: Path) -> None:
    forward = (
        "h = F.relu(self.inner(x))\n        h = h * (torch.rand(len(x), 1) > 0.5) * 2 if self.training else h\n        return self.outer(h)"
    )
    step = "\n\ndef step(model, optimizer, batch):\n    model.{mode}()\n    optimizer.zero_grad()\n    value = loss(model, batch)\n    value.backward()\n    optimizer.step()\n    return value.detach()\n"
    assert told(tmp_path, "step", text(forward=forward) + step.replace("{mode}", "train")) == [("pass", None)]
    assert told(tmp_path, "step", text(forward=forward) + step.replace("{mode}", "eval")) == [("fail", "step")]
    assert told(tmp_path, "step", text() + step.replace("{mode}", "eval")) == [("pass", None)]
