from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from aquarius.blueprint import Question, grade, questions

from .subjects import Attending, drawn, subject, tokens, vectors

SHAPE = Question(text="?", answer="(B, heads, S, S) = (2, 4, 9, 9)", kind="shape", where="attention")
COUNT = Question(text="?", answer="63,082,496", kind="count", where="")
PERCENT = Question(text="?", answer="41.4", kind="percent", where="")


def test_the_trace_answers(tmp_path: Path) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = Attending("by hand"), nn.Linear(20, 20)

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.outer(self.inner(x))

    asked = questions(drawn(subject(Block, tokens(), heads=4), tmp_path))
    assert [(each.kind, each.answer, each.where) for each in asked] == [
        ("shape", "(B, heads, S, S) = (2, 4, 9, 9)", "inner"),
        ("count", "2", "inner"),
        ("count", "1,476", "inner"),
        ("count", "1,896", ""),
        ("percent", "77.5", "inner"),
    ]
    assert all(grade(each, each.answer) for each in asked if each.kind != "shape")
    assert "with which power of S do the operations of inner (Attending) grow" in asked[1].text
    assert "attention weights in inner (Attending)" in asked[0].text and "B = 2, S = 9" in asked[0].text


def test_a_model_without_attention_is_not_asked_about_it(tmp_path: Path) -> None:
    asked = questions(drawn(subject(lambda: nn.Linear(4, 3), vectors(4)), tmp_path))
    assert [(each.kind, each.answer) for each in asked] == [("count", "15")]


@pytest.mark.parametrize(
    "answer",
    [
        "(B, heads, S, S)",
        "B,heads,S,S",
        "[b, Heads, s, s]",
        "2, 4, 9, 9",
        "(2,4,9,9)",
        "torch.Size([2, 4, 9, 9])",
        "B x heads x S x S",
        "B heads S S",
    ],
)
def test_a_right_shape_in_any_writing(answer: str) -> None:
    assert grade(SHAPE, answer)


@pytest.mark.parametrize("answer", ["", "(B, S, S, heads)", "(B, S, S)", "2, 9, 9, 4", "(B, heads, S, T)", "(B, 4, S)", "four axes"])
def test_a_wrong_shape(answer: str) -> None:
    assert not grade(SHAPE, answer)


@pytest.mark.parametrize("answer", ["63082496", "63,082,496", " 63 082 496 parameters", "63_082_496"])
def test_a_right_count(answer: str) -> None:
    assert grade(COUNT, answer)


@pytest.mark.parametrize("answer", ["", "63 million", "63,082,495", "63082496.0", "63,082,496 or 63,045,632", "-63082496"])
def test_a_wrong_count(answer: str) -> None:
    assert not grade(COUNT, answer)


@pytest.mark.parametrize(
    ("answer", "right"), [("41.4", True), ("42 %", True), ("about 41", True), ("0.414", False), ("43", False), ("", False)]
)
def test_a_percentage_may_be_off_by_one(answer: str, right: bool) -> None:
    assert grade(PERCENT, answer) is right
