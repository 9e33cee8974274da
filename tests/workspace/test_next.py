"""The next step and the checkpoint questions: what to do now, and an answer is graded, never given away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aquarius.blueprint import Blueprint, Layer
from aquarius.core import BadInput
from aquarius.workspace import Workspace, answer_questions, next_step, status
from aquarius.workspace.protocol import GATES
from workspace.samples import complete, put, workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return complete(tmp_path_factory.mktemp("next") / "gcn").root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "gcn")
    return Workspace(tmp_path / "gcn")


@pytest.fixture
def asked(work: Workspace) -> Workspace:
    """A workspace with a larger model, so that nothing is answered yet: 2 linear layers in a block, 30 parameters."""
    leaf = lambda path, count: Layer(
        path=path, kind="Linear", input_shapes=(("B", "D"),), output_shapes=(("B", "D"),), parameters=count, flops=10
    )
    block = Layer(path="block", kind="Block", input_shapes=(("B", "D"),), output_shapes=(("B", "D"),), parameters=0, flops=20)
    root = block.model_copy(update={"path": "", "kind": "Model", "flops": 40})
    blueprint = Blueprint.load(work.blueprint)
    layers = (root, block, leaf("block.first", 10), leaf("block.second", 20))
    blueprint.model_copy(update={"layers": layers, "parameters": 30, "trainable": 30}).save(work.blueprint)
    return work


def test_the_first_step_of_an_empty_workspace(tmp_path: Path) -> None:
    step = next_step(workspace(tmp_path))
    assert (step.phase, step.gate, step.questions) == (1, "paper", ())
    assert step.do.startswith("The paper has not been read: paper/document.json is missing. To open it: run aquarius start SOURCE DIR")


def test_nothing_is_left_to_do_in_a_complete_workspace(work: Workspace) -> None:
    step = next_step(work)
    assert (step.phase, step.gate, step.questions) == (0, "", ()) and "aquarius verify" in step.do


def test_every_gate_says_what_to_do_with_a_command_or_a_file() -> None:
    for gate in GATES:
        assert "aquarius " in gate.do, gate.name


def test_a_required_gate_comes_before_the_questions(asked: Workspace) -> None:
    assert next_step(asked).gate == "questions"
    put(asked, "journal.md", "")
    step = next_step(asked)
    assert step.gate == "gaps" and step.questions  # the questions are asked all the same


def test_right_and_wrong_answers(asked: Workspace) -> None:
    asking = next_step(asked).questions
    numbers = [one.number for one in asking]
    assert len(numbers) >= 2 and "30" not in "".join(one.text for one in asking)
    total = next(one.number for one in asking if "the model have" in one.text)
    graded = answer_questions(asked, [f"{total}= 31 "])
    assert [(one.number, one.text, one.right) for one in graded] == [(total, "31", False)]
    assert [one.number for one in next_step(asked).questions] == numbers  # still open, under the same number
    assert "30" not in str(graded) and "30" not in asked.journal.read_text()  # a wrong answer does not give the right one away
    assert answer_questions(asked, [f"{total}=30"])[0].right
    assert [one.number for one in next_step(asked).questions] == [number for number in numbers if number != total]
    text = asked.journal.read_text()
    assert "answer (not right): 31" in text and "answer (right): 30" in text
    assert asked.open_ledger().verify() == []
    answer_questions(asked, [f"{total}=29"])  # the last answer counts
    assert total in [one.number for one in next_step(asked).questions]


def test_a_new_blueprint_asks_anew(work: Workspace) -> None:
    assert status(work).gate_named("questions").open
    Blueprint.load(work.blueprint).model_copy(update={"parameters": 24}).save(work.blueprint)
    assert not status(work).gate_named("questions").open


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [("30", "is no answer: write NUMBER=TEXT"), ("1=", "is no answer"), ("one=30", "is no answer"), ("9=30", "there is no question 9"), ("1=" + "x" * 1001, "at most 1,000")],
)  # fmt: skip
def test_what_is_no_answer_is_refused_and_not_written(asked: Workspace, answer: str, sentence: str) -> None:
    before = (asked.journal.read_text(), asked.ledger.read_bytes())
    with pytest.raises(BadInput, match=sentence):
        answer_questions(asked, ["1=30", answer])
    assert (asked.journal.read_text(), asked.ledger.read_bytes()) == before


def test_no_blueprint_no_questions(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no blueprint yet"):
        answer_questions(workspace(tmp_path), ["1=30"])
