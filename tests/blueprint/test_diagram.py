from __future__ import annotations

from pathlib import Path

from torch import nn

from aquarius.blueprint._diagram import diagram, shape_text

from .subjects import Attending, drawn, subject, tokens, vectors


def test_the_flow_of_a_small_model(tmp_path: Path) -> None:
    blueprint = drawn(subject(lambda: Attending("torch"), tokens(), vocabulary=20, heads=4, width=16), tmp_path)
    assert blueprint.diagram.splitlines() == [
        "Attending                                       (B, S) -> (B, S, vocabulary)                                1,748",
        "+- embedding Embedding                          (B, S) -> (B, S, width)                                       320",
        "+- attention MultiheadAttention                 (B, S, width) (B, S, width) (B, S, width) -> (B, S, width)  1,088"
        "  weights (B, heads, S, S); reads embedding",
        "|  +- out_proj NonDynamicallyQuantizableLinear  not called                                                    272",
        "+- head Linear                                  (B, S, width) -> (B, S, vocabulary)                           340  reads attention",
    ]


def test_modules_that_are_alike_stand_on_one_line(tmp_path: Path) -> None:
    model = lambda: nn.Sequential(*(nn.Linear(4, 4) for _ in range(5)), nn.Linear(4, 2))
    lines = drawn(subject(model, vectors(4)), tmp_path).diagram.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["Sequential", "+- 0 .. 4 (5 alike) Linear", "+- 5 Linear"]


def test_the_text_is_stable(tmp_path: Path) -> None:
    module = subject(lambda: Attending("fused"), tokens())
    assert drawn(module, tmp_path).to_json() == drawn(module, tmp_path).to_json()


def test_nothing_to_draw() -> None:
    assert diagram(()) == ""
    assert shape_text(("B", "S")) == "(B, S)"
