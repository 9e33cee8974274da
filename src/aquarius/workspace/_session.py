"""The form of a working session: seven headings, filled from the evidence on disk, and a reader that says where a report departs from it."""

from __future__ import annotations

import re

from ..core import AquariusError, hash_data
from ._facts import Facts
from ._layout import Workspace
from .protocol import GATES, Status, status_of

HEADINGS = ("Goal", "Prerequisites", "Code", "Questions and answers", "Verification", "Common bugs", "Next")
_NOTHING = "Nothing yet."
_REPRODUCED = re.compile(r"(?<!not )(?<!never )\breproduced\b", re.IGNORECASE)


def session(workspace: Workspace) -> str:
    """Return the report of a session as Markdown, filled with what the gates, the ledger and the questions show; nothing is written."""
    facts = Facts(workspace)
    state = status_of(facts)
    gate = next((gate for gate in GATES if gate.name == state.gate), None)
    goal = [f"Open the gate {gate.name} of phase {gate.phase}: {gate.shows}."] if gate else ["Every gate is open."]
    needs = [f"{name}: {_state(state, name)}" for name in gate.needs] if gate else []
    verification = [f"{one.name}: {_state(state, one.name)}" for phase in state.phases for one in phase.gates]
    parts = (goal, needs, _code(facts), _answers(facts), verification, _bugs(facts), [state.next])
    lines = [f"# {state.name}: {state.paper}"]
    for heading, items in zip(HEADINGS, parts, strict=True):
        lines += ["", f"## {heading}", "", *(f"- {item}" for item in items or [_NOTHING])]
    return "\n".join(lines) + "\n"


def session_problems(text: str, workspace: Workspace) -> list[str]:
    """Return where the report of a session departs from the form, or says "reproduced" where no verdict does; one sentence each."""
    found = re.findall(r"^##? +(.+?)\s*$", text, flags=re.MULTILINE)
    problems = [f"The heading {heading!r} is missing." for heading in HEADINGS if heading not in found]
    if [heading for heading in found if heading in HEADINGS] != [heading for heading in HEADINGS if heading in found]:
        problems.append(f"The headings are not in their order: {', '.join(HEADINGS)}.")
    for heading in HEADINGS:
        section = re.search(rf"^##? +{heading}\s*\n(.*?)(?=^##? |\Z)", text, flags=re.MULTILINE | re.DOTALL)
        if section is not None and not section[1].strip():
            problems.append(f"The section {heading!r} is empty.")
    if _REPRODUCED.search(text) and not _reproduced(workspace):
        problems.append('It says "reproduced", and no current verdict of the workspace does.')
    return problems


def _reproduced(workspace: Workspace) -> bool:
    facts = Facts(workspace)
    shown = status_of(facts).gate_named("verdict").open
    return shown and facts.verdict is not None and facts.verdict.count("reproduced") > 0


def _state(state: Status, name: str) -> str:
    gate = state.gate_named(name)
    return f"{'open' if gate.open else 'shut'}, {gate.reason}"


def _code(facts: Facts) -> list[str]:
    """Return the workspace's files that evidence was made from, and which of them changed since."""
    try:
        fresh, old = facts.divided
    except AquariusError:
        return []
    every = [*fresh, *(one for one, _ in old)]
    names = {name.partition(":")[2] for one in every if one.receipt for name in one.receipt.inputs if name.startswith("workspace:")}
    changed = {reason.rpartition(" ")[0] for _, reasons in old for reason in reasons}
    return [f"{name}{' (changed since, its evidence is stale)' if name in changed else ''}" for name in sorted(names)]


def _answers(facts: Facts) -> list[str]:
    from ..blueprint import grade, questions

    try:
        given = {str(entry.record.get("question")): str(entry.record.get("text")) for entry in facts.notes("answer")}
        asked = questions(facts.blueprint) if facts.workspace.blueprint.exists() else ()
    except AquariusError:
        return []
    lines = []
    for question in asked:
        text = given.get(hash_data(question))
        mark = "not answered" if text is None else f"{text} ({'right' if grade(question, text) else 'not right'})"
        lines.append(f"{question.text} {mark}")
    return lines


def _bugs(facts: Facts) -> list[str]:
    try:
        findings = [one for one in facts.divided[0] if one.kind == "finding" and one.status in ("fail", "unsure")]
    except AquariusError:
        return []
    return [f"{one.check} ({one.status}): {one.message.rstrip('.')}.{' ' + one.hint if one.hint else ''}" for one in findings]
