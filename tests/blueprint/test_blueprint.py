from __future__ import annotations

import pytest
from pydantic import ValidationError

from aquarius.blueprint import Blueprint, Count, Feasibility, Layer
from aquarius.core import Broken

LAYER = Layer(path="", kind="Linear", input_shapes=(("B", "4"),), output_shapes=(("B", "3"),), parameters=15, flops=48)
BLUEPRINT = Blueprint(
    subject="model.py",
    subject_hash="0" * 64,
    symbols={"B": 2},
    layers=(LAYER,),
    parameters=15,
    trainable=15,
    buffers=0,
    counts=(Count(claim="c", settings={"N": "6"}, counted=15, printed="15", last_place=1.0, agrees=True, assumptions=()),),
    feasibility=Feasibility(parameter_bytes=60, training_bytes=240, forward_flops=48, verdict="fits", reason="small"),
)


def test_a_round_trip() -> None:
    assert Blueprint.from_json(BLUEPRINT.to_json()) == BLUEPRINT


def test_a_change_by_hand_is_seen() -> None:
    with pytest.raises(Broken, match="changed by hand"):
        Blueprint.from_json(BLUEPRINT.to_json().replace('"parameters": 15', '"parameters": 16', 1))


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError):
        BLUEPRINT.parameters = 3
