"""A stated stop-gradient that is missing is found by the variable that is named as it; one that is detached where it is used passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import Evidence
from bugs.corpus import findings, load
from gauntlet.stated.test_equations import SUBJECT

STOP = '"stop_gradient": "the advantage, the target codes"'


def look(tmp_path: Path, code: str, facts: str = STOP) -> Evidence:
    text = SUBJECT.format(name="none", latex="x", code=code, use="objective(out)", facts=facts)
    (found,) = findings(load(text, tmp_path), ["stated stop-gradient"])
    return found


def function(line: str, use: str) -> str:
    return f"def objective(out):\n    advantage = {line}\n    return (out[:, 0] * {use}).mean()"


def test_a_gradient_through_what_is_stopped_fails(tmp_path: Path) -> None:
    found = look(tmp_path, function("out[:, 1] - out[:, 2]", "advantage"))
    assert (found.status, found.where) == ("fail", "objective")


@pytest.mark.parametrize(
    ("line", "use"), [("(out[:, 1] - out[:, 2]).detach()", "advantage"), ("out[:, 1] - out[:, 2]", "advantage.detach()")]
)
def test_detached_where_it_is_made_or_used_does_not_fail(line: str, use: str, tmp_path: Path) -> None:
    assert look(tmp_path, function(line, use)).status in ("pass", "skipped")


def test_words_that_say_where_are_not_judged(tmp_path: Path) -> None:
    code = function("out[:, 1] - out[:, 2]", "advantage")
    assert look(tmp_path, code, '"stop_gradient": "the advantage in the actor loss"').status == "skipped"
    assert look(tmp_path, code, '"hidden": 9').status == "skipped"


def test_the_other_networks_variable_of_the_same_name_is_not_judged(tmp_path: Path) -> None:
    code = function("out[:, 1] - out[:, 2]", "advantage")
    assert look(tmp_path, code, '"stop_gradient": "the teacher\'s advantage"').status == "skipped"
    named = code.replace("advantage", "teacher_advantage")
    assert look(tmp_path, named, '"stop_gradient": "the teacher\'s advantage"').status == "fail"
