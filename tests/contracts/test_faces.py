"""One table of actions: each is in the command line, described, and has its page in the documentation, which names every option."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from aquarius.cli._main import _Commands
from aquarius.workspace._signature import parameters, summary
from aquarius.workspace.actions import ACTIONS, Action

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page_of(action: Action) -> str:
    return (DOCS / f"{action.name.partition('.')[0]}.md").read_text()


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_is_in_every_face_and_in_the_docs(action: Action) -> None:
    shown = CliRunner().invoke(_Commands("", name="aquarius"), [*action.name.split("."), "--help"])
    assert shown.exit_code == 0
    assert " ".join(summary(action.function).split()) in " ".join(shown.output.split())
    assert "--json" in shown.output
    page = page_of(action)
    assert f"aquarius {action.name.replace('.', ' ')}" in page
    for parameter in parameters(action.function):
        assert parameter.description
        if not parameter.positional:
            assert f"--{parameter.name.replace('_', '-')}" in page, f"docs/{action.name}.md does not name --{parameter.name}"


def test_summaries_are_one_sentence_each() -> None:
    for action in ACTIONS:
        assert summary(action.function).endswith((".", "them.")), action.name
        assert len(summary(action.function)) < 170, action.name
