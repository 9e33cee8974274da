"""Names of parameters and atoms: the field's words count for more than a letter, and opposite sides of a pair repel."""

from __future__ import annotations

from aquarius.gauntlet.stated._expressions import Node
from aquarius.gauntlet.stated._likeness import likeness, pole


def test_usual_names_are_known() -> None:
    assert likeness("done", Node("atom", "d")) >= 2
    assert likeness("gamma", Node("atom", "\\gamma")) >= 2
    assert likeness("q1", Node("atom", "Q", index="_2(s,a)")) < likeness("q1", Node("atom", "Q", index="_1(s,a)"))
    assert likeness("banana", Node("atom", "V")) <= 0


def test_opposite_sides_repel() -> None:
    assert pole("chosen") == 1 and pole("rejected_scores") == -1 and pole("scores") == 0
    assert likeness("negative", Node("atom", "s", index="_i^+")) < likeness("negative", Node("atom", "s", index="_i^-"))


def test_the_reference_goes_with_its_mark() -> None:
    assert likeness("old_logp", Node("atom", "\\pi", index="_{old}")) > likeness("old_logp", Node("atom", "\\pi"))
