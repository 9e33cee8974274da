from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aquarius.blueprint._cost import degree, polynomial

ONE = [{"B": 2, "S": 9}, {"B": 2, "S": 8}, {"B": 2, "S": 7}, {"B": 2, "S": 6}, {"B": 3, "S": 9}, {"B": 5, "S": 9}]
TWO = [{"B": 2, "S": s, "T": t} for s, t in ((9, 7), (8, 7), (7, 7), (9, 6), (9, 5), (8, 6), (7, 6))] + [
    {"B": b, "S": 9, "T": 7} for b in (3, 5)
]
NODES = [{"N": n} for n in (24, 25, 27, 30)]


def fitted(function: Callable[..., int], runs: list[dict[str, int]]) -> str:
    return polynomial([function(**run) for run in runs], runs)


def test_the_polynomial_is_exact() -> None:
    assert fitted(lambda B, S: B * (4096 * S * S + 512 * S), ONE) == "B*(4096*S*S + 512*S)"
    assert fitted(lambda B, S: 6 * B * S, ONE) == "B*6*S"
    assert fitted(lambda B, S: 10, ONE) == "10"
    assert fitted(lambda B, S: 3 * S + 1, ONE) == "3*S + 1"
    assert fitted(lambda B, S: B * (8 * S - 8), ONE) == "B*(8*S - 8)"
    assert fitted(lambda B, S, T: B * (S * S + 2 * S * T + 5 * T), TWO) == "B*(1*S*S + 2*S*T + 5*T)"
    assert fitted(lambda N: 38 * N * N + 480 * N, NODES) == "38*N*N + 480*N"
    assert fitted(lambda B: 96 * B, [{"B": 2}, {"B": 3}, {"B": 5}]) == "B*96"
    assert fitted(lambda B, S: 0, ONE) == "0"


@pytest.mark.parametrize(
    ("function", "runs"),
    [
        (lambda B, S: B * S**3, ONE),
        (lambda B, S: B * (S // 2), ONE),
        (lambda B, S: B * B * S, ONE),
        (lambda B, S: B * S + 7 * S, ONE),
        (lambda B, S, T: B * S * S * T, TWO),
        (lambda N: N**3, NODES),
        (lambda N: 38 * N * N, NODES[:3]),
        (lambda B, S: B * S * S, ONE[:1] + ONE[1:3] + ONE[4:]),
        (lambda B, S: B * S, ONE[:4]),
    ],
    ids=[
        "cube",
        "half",
        "square of the batch",
        "a part without the batch",
        "cube of two",
        "cube of the nodes",
        "no run to check",
        "no run to check a square",
        "one batch",
    ],
)
def test_what_is_not_sure_is_not_told(function: Any, runs: list[dict[str, int]]) -> None:
    assert fitted(function, runs) == ""


def test_a_run_without_a_count_and_two_counts_of_one_size() -> None:
    assert polynomial([8, None], [{"B": 2}, {"B": 3}]) == ""
    assert polynomial([8, 12, 20, 9], [{"B": 2}, {"B": 3}, {"B": 5}, {"B": 2}]) == ""
    assert polynomial([], []) == ""


def test_degrees() -> None:
    assert [degree("B*(4096*S*S - 512*S*T + 3)", symbol) for symbol in "STBN"] == [2, 1, 1, 0]
    assert degree("38*N*N + 480*N", "N") == 2
    assert degree("", "S") is None
