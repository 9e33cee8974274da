"""The checks of training recipes and outputs: each with a planted bug, its repaired twin, and the case that it leaves alone."""

# tests _dropping.py, _averaging.py, _pinned.py, _mean_spread.py
# tests _weight_penalty.py, _per_sample.py, _head_bias.py, _linear_chain.py, _patches.py

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aquarius.gauntlet import Examination
from aquarius.gauntlet.losses._pinned import pinned
from bugs.corpus import findings, load
from gauntlet.subjects import statuses, text


def told(tmp_path: Path, check: str, source: str, *, facts: bool = True) -> list[tuple[str, str | None]]:
    """Return (status, where) of one check's findings on a source."""
    return [(finding.status, finding.where) for finding in findings(load(source, tmp_path), [check], facts=facts)]


DROP = """

def drop(x, training):
    if not training:
        return x
    return x * {mask}


def build"""


def dropping(mask: str, stated: str = "{}") -> str:
    source = text(facts=stated, forward="return self.outer(drop(F.relu(self.inner(x)), self.training))")
    return source.replace("\n\ndef build", DROP.format(mask=mask), 1)


def test_kept_samples_are_enlarged(tmp_path: Path) -> None:
    right = "(torch.rand(len(x), 1) >= 0.3) / 0.7"
    assert told(tmp_path, "dropped samples", dropping(right)) == [("pass", None)]
    for wrong in ("(torch.rand(len(x), 1) >= 0.3)", "(torch.rand(len(x), 1) >= 0.7) / 0.7"):
        assert told(tmp_path, "dropped samples", dropping(wrong)) == [("fail", "drop")], wrong
    assert told(tmp_path, "dropped samples", dropping("(torch.rand(1, 1) >= 0.3) / 0.7")) == [("unsure", None)]  # a batch as one
    assert told(tmp_path, "dropped samples", dropping("(torch.rand_like(x) >= 0.3) / 0.7")) == [("skipped", None)]  # dropout
    kept = dropping("(torch.rand(len(x), 1) >= 0.7) / 0.3", '{"stochastic_depth": 0.3}')
    assert told(tmp_path, "dropped samples", kept) == [("fail", "drop")]  # it drops with the probability to keep


AVERAGE = """

@torch.no_grad()
def update_average(average, model, decay=0.99):
    for slow, fast in zip({slow}, model.parameters()):
        {rule}


def build"""


@pytest.mark.parametrize(
    ("rule", "stated", "status"),
    [
        ("slow.mul_(decay).add_(fast, alpha=1 - decay)", "{}", "pass"),
        ("slow.lerp_(fast, 1 - decay)", '{"ema": 0.99}', "pass"),
        ("slow.lerp_(fast, decay)", "{}", "fail"),
        ("slow = decay * slow + (1 - decay) * fast", "{}", "fail"),
        ("fast.lerp_(slow, 1 - decay)", "{}", "fail"),
        ("slow.lerp_(fast, 1 - decay)", '{"ema": 0.9}', "fail"),
        ("slow.lerp_(fast, 0.5)", "{}", "pass"),  # nothing is stated: half is no mistake that is known
        ("slow.copy_(fast)", "{}", "pass"),
        ("slow.copy_(fast.abs())", "{}", "unsure"),
    ],
)
def test_an_average_keeps_its_share(rule: str, stated: str, status: str, tmp_path: Path) -> None:
    for slow in ("average.parameters()", "average.values()"):
        source = text(facts=stated).replace("\n\ndef build", AVERAGE.format(slow=slow, rule=rule), 1)
        (found,) = findings(load(source, tmp_path), ["averaging function"])
        assert found.status == status and found.where == ("update_average" if status == "fail" else None), found.message


def test_no_function_of_an_average_is_skipped_and_what_is_asked_for_in_vain_is_unsure(tmp_path: Path) -> None:
    assert statuses(tmp_path, "averaging function") == [("skipped", None)]
    asks = AVERAGE.format(slow="average.parameters()", rule="slow.lerp_(fast, rate)").replace("decay=0.99", "rate, power")
    assert told(tmp_path, "averaging function", text().replace("\n\ndef build", asks, 1)) == [("unsure", None)]


GAUSS = '{"output": "mean and log-variance"}'
SPREAD = "mean, logvar = model(batch['x'])[:, :2].unbind(-1); y = batch['x'][:, 1]; "


def gaussian(loss: str, forward: str = "return self.outer(F.relu(self.inner(x)))", stated: str = GAUSS) -> str:
    source = text(facts=stated, loss=f"mean, logvar = forward(model, batch).unbind(-1); return ({loss}).mean()", forward=forward)
    source = source.replace('"label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()', '"y": x[:, 0] + torch.randn(n, generator=g)')
    return source.replace("nn.Linear(12, 3)", "nn.Linear(12, 2)")


RIGHT = "0.5 * (logvar + (batch['y'] - mean) ** 2 * torch.exp(-logvar))"


@pytest.mark.parametrize("stated", [GAUSS, "{}"])
def test_a_gaussian_loss_is_least_at_the_target_and_its_distance(stated: str, tmp_path: Path) -> None:
    assert told(tmp_path, "mean and spread", gaussian(RIGHT, stated=stated)) == [("pass", None)]
    for wrong in (
        RIGHT.replace("logvar +", "2 * logvar +"),
        RIGHT.replace("-logvar", "logvar"),
        RIGHT.replace("- mean", "- mean.detach()"),
        RIGHT.replace("-logvar", "-0.5 * logvar"),
    ):
        assert told(tmp_path, "mean and spread", gaussian(wrong, stated=stated)) == [("fail", "loss")], wrong


def test_exchanged_columns_need_a_statement(tmp_path: Path) -> None:
    turned = gaussian(RIGHT).replace("mean, logvar = forward", "logvar, mean = forward")
    assert told(tmp_path, "mean and spread", turned) == [("fail", "loss")]
    assert told(tmp_path, "mean and spread", turned, facts=False) == [("pass", None)]
    cut = gaussian(RIGHT, "y = self.outer(F.relu(self.inner(x))); return torch.stack([y[:, 0], F.relu(y[:, 1])], -1)")
    assert ("fail", "Net.forward") in told(tmp_path, "mean and spread", cut)
    assert statuses(tmp_path, "mean and spread") == [("skipped", None)]  # a classifier


PENALISED = 'return F.cross_entropy(forward(model, batch), batch["label"]) {penalty}'
EQUATION = r'{"regularisation": 1e-3, "equations": {"loss": r"\ell+\lambda\sum_l\|W_l\|^2"}}'


@pytest.mark.parametrize(
    ("penalty", "stated", "status"),
    [
        ("+ 1e-3 * (model.inner.weight.square().sum() + model.outer.weight.square().sum())", EQUATION, "pass"),
        ("- 1e-3 * (model.inner.weight.square().sum() + model.outer.weight.square().sum())", "{}", "fail"),
        ("+ 1e-3 * model.inner.weight.square().sum()", EQUATION, "fail"),
        ("+ 1e-3 * model.inner.weight.square().sum()", "{}", "pass"),
        ("+ 5e-4 * (model.inner.weight.square().sum() + model.outer.weight.square().sum())", EQUATION, "fail"),
        ("+ 5e-4 * (model.inner.weight.square().sum() + model.outer.weight.square().sum())", '{"regularisation": 1e-3}', "pass"),
        ("", EQUATION, "fail"),
        ("", "{}", "skipped"),
        ("+ 1e-3 * model.inner.weight.abs().sum()", "{}", "skipped"),  # no square
    ],
)
def test_a_penalty_shrinks_all_that_is_stated(penalty: str, stated: str, status: str, tmp_path: Path) -> None:
    (found,) = findings(load(text(facts=stated, loss=PENALISED.format(penalty=penalty)), tmp_path), ["weight penalty"])
    assert found.status == status and found.where == ("loss" if status == "fail" else None), found.message


OVERLAP = """

def overlap(p, y):
    {body}


def build"""
STATED = r'{"equations": {"overlap": r"1-\frac1N\sum_i\frac{2\sum_p p_{ip}y_{ip}+1}{\sum_p p_{ip}+\sum_p y_{ip}+1}"}}'


def overlapping(body: str, stated: str = STATED) -> str:
    loss = 'return overlap(forward(model, batch).softmax(-1), F.one_hot(batch["label"], 3).float())'
    return text(facts=stated, loss=loss).replace("\n\ndef build", OVERLAP.format(body=body), 1)


def test_a_stated_mean_over_samples_does_not_pool_them(tmp_path: Path) -> None:
    right = "return 1 - ((2 * (p * y).sum(1) + 1) / (p.sum(1) + y.sum(1) + 1)).mean()"
    assert told(tmp_path, "mean over samples", overlapping(right)) == [("pass", None)]
    pooled = "return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)"
    assert told(tmp_path, "mean over samples", overlapping(pooled)) == [("fail", "overlap")]
    assert told(tmp_path, "mean over samples", overlapping(pooled, "{}")) == [("skipped", None)]
    pairs = r'{"equations": {"overlap": r"\frac1N\sum_i\sum_j p_j y_i"}}'
    assert told(tmp_path, "mean over samples", overlapping(pooled, pairs)) == [("skipped", None)]


def test_the_last_bias_starts_where_it_is_stated(tmp_path: Path) -> None:
    filled = "nn.Linear(12, 3)\n        nn.init.constant_(self.outer.bias, {value})"
    for value, status in (("-2.0", "pass"), ("2.0", "fail"), ("0.0", "fail")):
        source = text(facts='{"head_bias": -2.0}').replace("nn.Linear(12, 3)", filled.format(value=value))
        (found,) = findings(load(source, tmp_path), ["head bias"])
        assert (found.status, found.where) == (status, "Net.__init__" if status == "fail" else None), found.message
        assert ("sign is turned" in found.message) == (value == "2.0")
    formula = text(facts='{"head_bias": "-log((1-0.1)/0.1)"}').replace("nn.Linear(12, 3)", filled.format(value="-2.1972"))
    assert told(tmp_path, "head bias", formula) == [("pass", None)]
    assert statuses(tmp_path, "head bias") == [("skipped", None)]


def test_a_forgotten_nonlinearity_is_seen_beside_one_that_is_there(tmp_path: Path) -> None:
    deeper = text(facts='{"activation": "relu"}', forward="return self.outer({middle}(F.relu(self.inner(x))))")
    deeper = deeper.replace("nn.Linear(12, 3)", "nn.Linear(12, 3)\n        self.middle = nn.Linear(12, {size})").replace(
        "nn.Linear(12, 3)", "nn.Linear({size}, 3)", 1
    )
    bent = deeper.replace("{middle}(F.relu(self.inner(x)))", "F.relu(self.middle(F.relu(self.inner(x))))")
    straight = deeper.replace("{middle}", "self.middle")
    assert told(tmp_path, "linear chain", bent.replace("{size}", "12")) == [("pass", None)]
    assert told(tmp_path, "linear chain", straight.replace("{size}", "12")) == [("fail", "Net.forward")]
    assert told(tmp_path, "linear chain", straight.replace("{size}", "2")) == [("pass", None)]  # a code
    assert told(tmp_path, "linear chain", straight.replace("{size}", "12"), facts=False) == [("skipped", None)]


def test_patches_are_squares(tmp_path: Path) -> None:
    source = text(facts='{"patch": 2}', forward="{cut}; return self.outer(F.relu(self.inner(x))).mean(1)")
    source = source.replace("torch.randn(n, 4, generator=g)", "torch.randn(n, 4, 4, generator=g)").replace(
        "(x[:, 0] > 0).long() + (x[:, 1] > 0).long()", "(x[:, 0, 0] > 0).long()"
    )
    squares = source.replace("{cut}", "x = x.unfold(1, 2, 2).unfold(2, 2, 2).reshape(len(x), 4, 4)")
    stripes = source.replace("{cut}", "x = x.reshape(len(x), 4, 4)")
    scaled = source.replace("{cut}", "x = 2 * x.reshape(len(x), 4, 4)")
    assert told(tmp_path, "patches", squares) == [("pass", None)]
    assert told(tmp_path, "patches", stripes) == [("fail", "Net.forward")]
    assert told(tmp_path, "patches", scaled) == [("skipped", None)]
    assert told(tmp_path, "patches", stripes, facts=False) == [("skipped", None)]


def test_a_pinned_loss_is_a_function_of_the_output(tmp_path: Path) -> None:
    examination = Examination(load(text(), tmp_path))
    seen = pinned(examination, examination.perturbed(), examination.batch())
    assert seen is not None and len(seen.outputs) == 1 and seen.holds()
    right = torch.nn.functional.one_hot(examination.batch()["label"], 3) * 50.0
    best = seen.loss([right])
    assert best is not None and float(best) < 1e-6 < float(seen.value)
    inside = text(loss="return model.inner(batch['x']).square().mean()")  # the model itself is not called
    assert pinned(Examination(load(inside, tmp_path)), examination.perturbed(), examination.batch()) is None


def test_a_rule_without_its_fan_may_mean_either(tmp_path: Path) -> None:
    source = text(facts='{"init": {"inner.weight": "kaiming normal, relu"}}').replace(
        "nn.Linear(12, 3)", "nn.Linear(12, 3)\n        nn.init.kaiming_normal_(self.inner.weight, mode='fan_out')"
    )
    assert told(tmp_path, "initialisation", source)[0][0] == "pass"
    wide = source.replace("kaiming_normal_(self.inner.weight, mode='fan_out')", "normal_(self.inner.weight)")
    assert told(tmp_path, "initialisation", wide)[0][0] == "fail"


def test_a_real_label_in_a_column_is_known(tmp_path: Path) -> None:
    source = text(loss='return (forward(model, batch)[:, 0] - batch["y"]).square().mean()')
    leaked = source.replace('"label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()', '"y": x[:, 2].clone()')
    honest = source.replace('"label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()', '"y": x[:, 2] + x[:, 1]')
    assert told(tmp_path, "known label", leaked) == [("fail", "batch")]
    assert told(tmp_path, "known label", honest) == [("pass", None)]


def test_a_stated_error_beside_a_penalty_is_compared_without_it(tmp_path: Path) -> None:
    facts = '{"loss": "mean squared error plus weight penalty", "regularisation": 1e-2}'
    loss = 'return (forward(model, batch)[:, 0] - batch["y"]){error}.mean() + 1e-2 * model.inner.weight.square().sum()'
    for error, status in ((".square()", "pass"), (".abs()", "fail")):
        source = text(facts=facts, loss=loss.format(error=error), forward="return self.outer(F.relu(self.inner(x)))[:, :1]")
        source = source.replace('"label": (x[:, 0] > 0).long() + (x[:, 1] > 0).long()', '"y": x[:, 2] + x[:, 1]')
        assert told(tmp_path, "stated loss", source) == [(status, "loss" if status == "fail" else None)]


def test_a_term_of_rounded_outputs_trains_nothing(tmp_path: Path) -> None:
    hard = "return 1 - ((p > 0.5).float() * y).sum(1).mean()"
    source = (
        overlapping(hard, "{}")
        .replace("overlap", "dice")
        .replace("return dice(", 'return F.cross_entropy(forward(model, batch), batch["label"]) + dice(')
    )
    assert told(tmp_path, "silent terms", source) == [("fail", "dice")]
    before = source.replace("(p > 0.5).float()", "p").replace(".softmax(-1),", ".softmax(-1).gt(0.5).float(),")
    assert told(tmp_path, "silent terms", before) == [("fail", "loss")]
    assert told(tmp_path, "silent terms", source.replace("(p > 0.5).float()", "p")) == [("pass", None)]


NORMED = "self.norm = nn.BatchNorm1d(12)"


def test_training_with_the_running_statistics_of_a_layer_that_is_not_called_fails(tmp_path: Path) -> None:
    by_hand = "F.batch_norm(self.inner(x), self.norm.running_mean, self.norm.running_var, self.norm.weight, self.norm.bias{training})"
    for training, status in (("", "fail"), (", training=self.training", "pass")):
        source = text(forward=f"return self.outer({by_hand.format(training=training)})")
        source = source.replace("nn.Linear(12, 3)", "nn.Linear(12, 3)\n        " + NORMED)
        assert told(tmp_path, "running statistics", source)[0][0] == status


def test_intervals_of_a_schedule_in_words_and_what_comes_after_its_end(tmp_path: Path) -> None:
    for gamma, status in ((0.1, "pass"), (0.5, "fail")):
        source = text(facts='{"schedule": {"kind": "multiplied by 0.1 every 30 epochs", "per": "epoch"}}')
        source += f"\n\ndef scheduler(optimizer):\n    return torch.optim.lr_scheduler.StepLR(optimizer, 30, gamma={gamma})\n"
        assert told(tmp_path, "schedule", source)[0][0] == status
    past = text(facts='{"schedule": {"kind": "cosine", "warmup": 0, "total": 40, "per": "step"}}')
    past += "\n\ndef scheduler(optimizer):\n    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5 + 0.5 * torch.tensor(3.14159265 * (t + 1) / 40).cos().item())\n"
    assert told(tmp_path, "schedule", past) == [("pass", None)]


def test_an_equation_of_training_is_not_held_against_evaluation(tmp_path: Path) -> None:
    stated = r'{"equations": {"drop": r"\\frac{b}{1-p}\\,x,\\;b\\sim\\mathrm{Bernoulli}(1-p)"}}'
    right = dropping("(torch.rand(len(x), 1) >= 0.3) / 0.7", stated.replace("\\\\", "\\"))
    assert not any(
        status == "fail"
        for status, _ in told(
            tmp_path,
            "equation slips",
            right.replace("training", "self.training")
            .replace("drop(F.relu(self.inner(x)), self.self.training)", "drop(F.relu(self.inner(x)), self)")
            .replace("def drop(x, self.training)", "def drop(x, self)"),
        )
    )
