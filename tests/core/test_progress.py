"""Work says where it is; whoever listens hears it, and nobody else."""

from __future__ import annotations

from aquarius.core import progress


def test_a_listener_hears_what_happens_inside_its_block() -> None:
    heard: list[object] = []
    progress.step("before")
    with progress.listening(lambda *event: heard.append(event)):
        progress.step("reading")
        progress.note("3 tables")
        progress.advance("seeds", 0.5)
    progress.note("after")
    assert heard == [("step", "reading", None), ("note", "3 tables", None), ("advance", "seeds", 0.5)]
