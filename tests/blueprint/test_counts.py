"""The parameter column of Table 3, and the cases in which a count must be refused, fail, or stay open."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aquarius.blueprint import _counts, count_claims
from aquarius.blueprint._build import count_rows
from aquarius.core import BadInput, Evidence, progress
from aquarius.subject import ChildResult, Limits, Subject

from .table3 import ROWS, dossier

TRANSFORMER = "aquarius.models.language.transformer:from_settings"

BUILDERS = """
import torch
from torch import nn

def linear(settings, *, width=1, bias=False):
    return nn.Linear(int(settings["inputs"]), width, bias=bias)

def tied(settings, width=10):
    model = nn.ModuleList([nn.Linear(4, width, bias=False), nn.Linear(4, width, bias=False)])
    model[1].weight = model[0].weight
    return model

def padded(settings, width=1):
    return nn.Linear(100, -(-width // 64) * 64, bias=False)

def fixed(settings, width=1):
    return nn.Linear(100, 50, bias=False)

def needs_weights(settings, width=1):
    model = nn.Linear(100, 50, bias=False)
    assert model.weight.abs().max().item() < 1
    return model

def no_module(settings, **assumed):
    return 3

def broken(settings, **assumed):
    raise KeyError("what a row does not say")
"""
FIVE_THOUSAND = {"row": ({"inputs": "100"}, "5000")}


@pytest.fixture
def builders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of builders, run in this process: a child's start takes seconds."""
    (tmp_path / "builders.py").write_text(BUILDERS)

    def here(task: str, payload: dict[str, Any], *, subject: Subject, limits: Limits, on_message: Callable[[Any], None]) -> ChildResult:
        module = ModuleType("builders")
        exec(subject.source, module.__dict__)
        return ChildResult("ok", value=count_rows(module, on_message, payload))

    monkeypatch.setattr(_counts, "run_in_child", here)
    return str(tmp_path / "builders.py")


def processor_seconds() -> float:
    """Return what the children of this process have used: the clock of a busy machine says nothing."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def count(builder: str, printed: str = "5000", **options: object) -> list[Evidence]:
    claims = dossier({"row": ({"inputs": "100"}, "1")})
    claim = claims.claims[0].model_copy(
        update={"measure": claims.claims[0].measure.model_copy(update={"value": float(printed), "printed": printed, "last_place": 1.0})}
    )  # type: ignore[union-attr]
    return count_claims(claims.model_copy(update={"claims": (claim,)}), builder, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def table() -> tuple[list[Evidence], float]:
    begin = processor_seconds()
    assumed = [{"settings": {"vocabulary": 37_000}, "source": "section 5.1"}, {"settings": {"vocabulary": 41_000}, "source": "solved"}]
    return count_claims(dossier(ROWS), TRANSFORMER, assumed=assumed, solve="vocabulary"), processor_seconds() - begin


def test_all_rows_are_counted_in_time(table: tuple[list[Evidence], float]) -> None:
    evidence, seconds = table
    assert len(evidence) == 11 * 2 + 11 + 1 and seconds < 10
    assert all(each.kind == "count" and each.check == "parameters" for each in evidence)


def test_no_row_agrees_for_37000_and_ten_for_41000(table: tuple[list[Evidence], float]) -> None:
    stated, solved = (
        [each for each in table[0] if each.assumptions == (text,)]
        for text in ("vocabulary = 37000 (section 5.1)", "vocabulary = 41000 (solved)")
    )
    assert {each.status for each in stated} == {"fail"}
    assert [each.claim for each in solved if each.status != "pass"] == ["table3/big/parameters"]
    assert (stated[0].claim, stated[0].values["counted"], stated[0].values["difference"]) == (
        "table3/base/parameters",
        63_082_496,
        -1_917_504,
    )
    assert stated[-1].values["counted"] == 214_245_376
    assert "63,082,496 parameters under vocabulary = 37000 (section 5.1) does not agree with the printed 65×10^6" in stated[0].message


def test_the_solved_sizes(table: tuple[list[Evidence], float]) -> None:
    rows, whole = table[0][-12:-1], table[0][-1]
    spans = {str(each.claim).split("/", 1)[1].rpartition("/")[0]: (each.values["low"], each.values["high"]) for each in rows}
    assert spans["base"] == (39_769, 41_721) and spans["big"] == (35_296, 36_272)
    assert {each.status for each in rows} == {"unsure"}
    assert whole.claim is None and whole.status == "unsure"
    assert whole.values == {"low": 40_932, "high": 41_160, "served": 10, "rows": 11}
    assert [claim for claim, row in whole.details["table"].items() if not row["served"]] == ["table3/big/parameters"]


def test_the_receipt_names_the_code_and_the_claims(table: tuple[list[Evidence], float]) -> None:
    receipt = table[0][0].receipt
    assert receipt is not None
    assert "package:models/language/transformer.py" in receipt.inputs and "value:table3/base/parameters" in receipt.inputs


def test_a_wrong_count_fails_and_the_right_one_passes(builders: str) -> None:
    fifty = [{"settings": {"width": 50}, "source": "here"}]
    assert [each.status for each in count(f"{builders}:linear", assumed=fifty)] == ["pass"]
    assert [each.status for each in count(f"{builders}:linear", "5001", assumed=fifty)] == ["fail"]
    biased = [{"settings": {"width": 50, "bias": True}, "source": "here"}]
    wrong = count(f"{builders}:linear", assumed=biased)
    assert wrong[0].status == "fail" and wrong[0].values["difference"] == 50


def test_progress_is_told_row_by_row(builders: str) -> None:
    heard: list[tuple[str, float | None]] = []
    with progress.listening(lambda event, text, fraction: heard.append((text, fraction))):
        count(f"{builders}:fixed")
    assert heard == [("1 of 1 rows counted", 1.0)]


def test_tied_weights_count_once(builders: str) -> None:
    assert count(f"{builders}:tied", "40")[0].status == "pass"


def test_a_model_that_reads_its_weights_is_built_with_weights(builders: str) -> None:
    assert count(f"{builders}:needs_weights")[0].status == "pass"


def test_a_count_that_is_not_affine_cannot_tell(builders: str) -> None:
    solved = count(f"{builders}:padded", "6400", solve="width")[1]
    assert solved.status == "unsure" and "is not an affine function of width" in solved.message and "low" not in solved.values


def test_a_count_that_no_size_gives_fails(builders: str) -> None:
    solved = count(f"{builders}:linear", "5050", solve="width")[1]
    assert solved.status == "fail" and "no width gives a count that agrees" in solved.message


def test_a_count_that_does_not_depend_on_the_size(builders: str) -> None:
    assert [count(f"{builders}:fixed", printed, solve="width")[1].status for printed in ("5000", "5001")] == ["pass", "fail"]


def test_a_row_that_cannot_be_built_is_unsure(builders: str) -> None:
    broken = count(f"{builders}:broken", solve="width")
    assert [each.status for each in broken] == ["unsure", "unsure"]
    assert "no model could be built from this row: 'what a row does not say'" in broken[0].message
    assert "the builder gave a int, and a torch.nn.Module is needed" in count(f"{builders}:no_module")[0].message


def test_a_builder_in_a_file_is_run_in_a_child(tmp_path: Path) -> None:
    (tmp_path / "builders.py").write_text(BUILDERS)
    evidence = count(f"{tmp_path}/builders.py:linear", assumed=[{"settings": {"width": 50}}])
    assert evidence[0].status == "pass" and evidence[0].assumptions == ("width = 50",)
    assert evidence[0].receipt is not None and "workspace:builders.py" in evidence[0].receipt.inputs


def test_a_builder_that_cannot_be_used_is_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"the builder no\.such\.module:build cannot be used: ModuleNotFoundError: No module named 'no'\.$"):
        count_claims(dossier(ROWS), "no.such.module:build")


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no claim of the quantity 'parameters' with a printed number has an id like 'table9/\*'"):
        count_claims(dossier(ROWS), TRANSFORMER, claims="table9/*")
    with pytest.raises(BadInput, match=r'"module:function" or "file.py:function", got \'nowhere\''):
        count_claims(dossier(ROWS), "nowhere")
    with pytest.raises(BadInput, match="does not exist"):
        count_claims(dossier(ROWS), f"{tmp_path}/absent.py:build")
    with pytest.raises(BadInput, match="an assumption is"):
        count_claims(dossier(ROWS), TRANSFORMER, assumed=[{"vocabulary": 3}])


def test_a_baselines_number_is_not_ours_to_count() -> None:
    claims = tuple(claim.model_copy(update={"own": False}) for claim in dossier(ROWS).claims)
    with pytest.raises(BadInput, match="no claim of the quantity"):
        count_claims(dossier(ROWS).model_copy(update={"claims": claims}), TRANSFORMER)
