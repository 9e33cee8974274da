"""Half precision and guards: each with a planted bug, its repaired twin, and what is odd and right."""

from __future__ import annotations

from pathlib import Path

import pytest

from bugs.corpus import findings, load
from gauntlet.subjects import module, statuses, text

RARE = (  # a detector of rare events whose scores start near "no": sigmoid of 8 is 1 in bfloat16, and log(1 - 1) is infinite
    'seen = forward(model, batch)[:, 0] + 8\n    target = (batch["label"] > 0).float()\n    {loss}'
)


def test_a_loss_that_bfloat16_makes_infinite_fails_and_the_fused_form_passes(tmp_path: Path) -> None:
    naive = RARE.format(loss="p = torch.sigmoid(seen); return -(target * p.log() + (1 - target) * (1 - p).log()).mean()")
    fused = RARE.format(loss="return -(target * F.logsigmoid(seen) + (1 - target) * F.logsigmoid(-seen)).mean()")
    assert statuses(tmp_path, "half precision", loss=naive) == [("fail", "loss")]
    assert statuses(tmp_path, "half precision", loss=fused) == [("pass", None)]


def test_a_module_that_bfloat16_spoils_is_named(tmp_path: Path) -> None:
    spoilt = "y = self.outer(F.relu(self.inner(x))); one = torch.sigmoid(y * 0 + 8); return y + (1 - one).log() / 100"
    (found,) = findings(module(tmp_path, forward=spoilt), ["half precision"])
    assert (found.status, found.where) == ("fail", "Net.forward") and "bfloat16 makes the output lose numbers" in found.message
    assert statuses(tmp_path, "half precision", forward=spoilt.replace("(1 - one).log()", "F.logsigmoid(-(y * 0 + 8))"))[0][0] == "pass"


@pytest.mark.parametrize(
    ("forward", "says"),
    [
        ("return self.outer(F.relu(self.inner(x.float() @ torch.eye(4, dtype=torch.float32))))", "cannot be tried here"),
        ("return self.outer(F.relu(self.inner(x))) * 3e4", "float16 makes the output lose numbers"),
        ("return torch.cos(1e4 * self.outer(F.relu(self.inner(x))))", "more than its rounding earns"),
    ],
)
def test_what_half_precision_cannot_tell_is_unsure(tmp_path: Path, forward: str, says: str) -> None:
    (found,) = findings(module(tmp_path, forward=forward), ["half precision"])
    assert found.status == "unsure" and says in found.message


@pytest.mark.parametrize(
    ("forward", "operation", "formats"),
    [
        ("y = self.outer(F.relu(self.inner(x))); return y + torch.exp(y * 0 + 12).log() / 100", "exp", ("float16",)),
        ("y = self.outer(F.relu(self.inner(x))); return y + ((y * 0 + 400).square() + 1).sqrt() / 1000", "square", ("float16",)),
        ("y = self.outer(F.relu(self.inner(x))); return y + (1 - torch.sigmoid(y * 0 + 8)).log() / 100", "log", ("bfloat16", "float16")),
        (
            "y = self.outer(F.relu(self.inner(x))); return y + (y * 0 + 1) / (1.0001 - (y * 0 + 1)) / 1e5",
            "div",
            ("bfloat16", "float16"),
        ),
    ],
)
def test_the_operation_that_first_goes_bad_is_named_in_each_format(
    forward: str, operation: str, formats: tuple[str, ...], tmp_path: Path
) -> None:
    (found,) = findings(module(tmp_path, forward=forward), ["half precision"])
    assert found.status in ("fail", "unsure")
    for format in formats:
        if found.status == "unsure" or format == "bfloat16":
            assert f"{format} makes the output lose numbers" in found.message, found.message
    assert f"the first operation to lose them is {operation} in Net.forward" in found.message, found.message


def test_infinities_that_are_written_on_purpose_are_no_loss_of_numbers(tmp_path: Path) -> None:
    masked = "y = self.outer(F.relu(self.inner(x))); return y.masked_fill(y * 0 > 1, -float('inf')).softmax(-1)"
    (found,) = findings(module(tmp_path, forward=masked), ["half precision"])
    assert found.status == "pass", found.message


def test_a_model_that_is_random_in_evaluation_is_skipped(tmp_path: Path) -> None:
    assert statuses(tmp_path, "half precision", forward="return self.outer(self.inner(x)) + torch.rand(3)") == [("skipped", None)]


def test_a_logarithm_of_zero_on_ordinary_batches_fails_and_with_an_epsilon_passes(tmp_path: Path) -> None:
    bare = 'p = F.relu(forward(model, batch)); return -(p / 3).log()[torch.arange(len(p)), batch["label"]].mean()'
    (found,) = findings(load(text(loss=bare), tmp_path), ["guards"])
    assert (found.status, found.where) == (
        "fail",
        "loss",
    ) and "log of 0 makes the loss NaN or infinite on an ordinary batch" in found.message
    assert statuses(tmp_path, "guards", loss=bare.replace("(p / 3)", "(p / 3 + 1e-6)")) == [("pass", None)]


def test_a_sample_of_zeros_that_is_divided_by_its_length_is_unsure_and_with_an_epsilon_passes(tmp_path: Path) -> None:
    bare = "x = x / x.norm(dim=1, keepdim=True); return self.outer(F.relu(self.inner(x)))"
    (found,) = findings(module(tmp_path, forward=bare), ["guards"])
    assert found.status == "unsure" and "division by 0" in found.message and "'x' is all zeros" in found.message
    level = bare.replace("x.norm(dim=1, keepdim=True)", "x.abs().amax(dim=1, keepdim=True)")
    assert statuses(tmp_path, "guards", forward=level) == [("unsure", "Net.forward")]
    assert statuses(tmp_path, "guards", forward=bare.replace("x / x.norm(dim=1, keepdim=True)", "F.normalize(x, dim=1)")) == [
        ("pass", None)
    ]


def test_samples_that_are_never_zero_or_never_equal_are_no_bug(tmp_path: Path) -> None:
    bare = "x = x / x.norm(dim=1, keepdim=True); return self.outer(F.relu(self.inner(x)))"
    unit = text(forward=bare).replace('return {"x": x,', 'return {"x": F.normalize(x, dim=1),')
    assert [finding.status for finding in findings(load(unit, tmp_path), ["guards"])] == ["pass"]
    spread = "return self.outer(F.relu(self.inner((x - x.mean(0)) / x.std(0))))"
    (found,) = findings(module(tmp_path, forward=spread), ["guards"])
    assert found.status == "unsure" and "when all samples of a batch are equal" in found.message


def test_infinity_that_masks_is_no_bug(tmp_path: Path) -> None:
    masked = "y = self.outer(F.relu(self.inner(x))); return y + torch.log((torch.arange(3) >= 0).float())"
    assert statuses(tmp_path, "guards", forward=masked) == [("pass", None)]
    hidden = "y = F.pad(self.outer(F.relu(self.inner(x))), (0, 1)); return y + torch.log((torch.arange(4) < 3).float())"
    assert statuses(tmp_path, "guards", forward=hidden) == [("pass", None)]
