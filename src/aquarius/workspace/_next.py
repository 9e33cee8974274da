"""What to do now, and the checkpoint questions whose answers the trace of the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core import AquariusError, BadInput, Record, hash_data
from ._facts import Facts, add_to_journal
from ._layout import Workspace


class Asked(Record):
    """A checkpoint question as it is put: its number and text, never its answer."""

    number: int  # among all questions of the blueprint; stays the same while others are answered
    text: str
    where: str  # the module it is about


class NextStep(Record):
    """The next thing to do: the gate it opens, a sentence with the command, and the questions that are open."""

    phase: int
    gate: str
    do: str
    questions: tuple[Asked, ...] = ()


class Graded(Record):
    """An answer that was given: right or not. A wrong one is told as wrong, without the right one."""

    number: int
    text: str
    right: bool


def next_step(workspace: Workspace) -> NextStep:
    """Return what to do now; nothing is written."""
    from .protocol import GATES, status_of

    facts = Facts(workspace)
    state = status_of(facts)
    gate = next((gate for gate in GATES if gate.name == state.gate), None)
    try:
        left = unanswered(facts)[1]
    except AquariusError:
        left = []
    if gate is None:
        return NextStep(phase=0, gate="", do="Every gate is open: aquarius verify . checks it all again.", questions=tuple(left))
    reason = state.gate_named(gate.name).reason
    return NextStep(phase=gate.phase, gate=gate.name, do=f"{reason[:1].upper()}{reason[1:]}. To open it: {gate.do}.", questions=tuple(left))


def answer_questions(workspace: Workspace, answers: Sequence[str]) -> tuple[Graded, ...]:
    """Grade answers written NUMBER=TEXT; each goes into the journal and, as a note, into the ledger.

    Raises:
        BadInput: no blueprint, no such question, or an answer without number or text.
    """
    from ..blueprint import grade

    facts = Facts(workspace)
    if not workspace.blueprint.exists():
        raise BadInput("there is no blueprint yet, so there are no questions: run aquarius next without --answer.")
    asked = _questions(facts)
    given = [_split(answer, len(asked)) for answer in answers]
    graded = tuple(Graded(number=number, text=text, right=grade(asked[number - 1], text)) for number, text in given)
    for one in graded:
        question = asked[one.number - 1]
        note = {"about": "answer", "question": hash_data(question), "text": one.text, "right": one.right}
        facts.ledger.append("note", note)
        add_to_journal(
            workspace, f"- question: {question.text}\n  answer ({'right' if one.right else 'not right'}): {' '.join(one.text.split())}"
        )
    return graded


def unanswered(facts: Facts) -> tuple[list[Asked], list[Asked]]:
    """Return all questions of the blueprint, and those without a right answer; the last answer counts, and is graded here, not believed."""
    from ..blueprint import grade

    if not facts.workspace.blueprint.exists():
        return [], []
    answers: dict[str, str] = {}
    for entry in facts.notes("answer"):
        answers[str(entry.record.get("question"))] = str(entry.record.get("text"))
    asked, left = [], []
    for number, question in enumerate(_questions(facts), 1):
        one = Asked(number=number, text=question.text, where=question.where)
        asked.append(one)
        text = answers.get(hash_data(question))
        if text is None or not grade(question, text):
            left.append(one)
    return asked, left


def _questions(facts: Facts) -> tuple[Any, ...]:
    from ..blueprint import questions

    return questions(facts.blueprint)


def _split(answer: str, count: int) -> tuple[int, str]:
    number, equals, text = answer.partition("=")
    if not equals or not number.strip().isdecimal() or not text.strip():
        raise BadInput(f"{answer!r} is no answer: write NUMBER=TEXT.")
    if not 1 <= int(number) <= count:
        raise BadInput(f"there is no question {int(number)}: there are {count}." if count else "the trace asks no question.")
    if len(text) > 1000:
        raise BadInput(f"the answer to question {int(number)} has {len(text):,} characters, and at most 1,000 are read.")
    return int(number), text.strip()
