from __future__ import annotations

from aquarius.blueprint._symbols import name_axis, name_shape, stated_sizes

RUNS = [{"B": 2, "S": 9, "T": 7}, {"B": 3, "S": 9, "T": 7}, {"B": 5, "S": 9, "T": 7}, {"B": 2, "S": 8, "T": 7}, {"B": 2, "S": 7, "T": 7}, {"B": 2, "S": 9, "T": 6}, {"B": 2, "S": 9, "T": 5}]  # fmt: skip
FACTS = [{"d_model": 512, "heads": 8, "d_k": 64, "d_v": 64, "vocabulary": 37_000}]


def axis(formula: str, *, at: int = 1, rank: int = 3) -> str:
    return name_axis([eval(formula, {}, run) for run in RUNS], RUNS, FACTS, at, rank)


def test_an_axis_is_named_after_what_it_moves_with() -> None:
    assert axis("B") == "B"
    assert axis("S") == "S"
    assert axis("B * T") == "B*T"
    assert axis("8 * B") == "8*B"
    assert axis("T - 1") == "T-1"
    assert axis("2 * S + 1") == "2*S+1"
    assert axis("S + T") == "S+T"
    assert axis("S * S") == "S*S"


def test_what_moves_without_an_explanation_is_not_named() -> None:
    assert axis("B ** 3 + S") == "?"
    assert axis("S % 4 + 1") == "?"


def test_a_standing_axis_takes_the_one_stated_name_or_keeps_its_digits() -> None:
    assert axis("512", at=2) == "d_model"
    assert axis("64", at=2) == "64"  # d_k or d_v: nobody can tell
    assert axis("513", at=2) == "513"


def test_two_names_of_one_thing_are_no_contradiction() -> None:
    assert name_axis([32] * 2, [{"B": 2}, {"B": 3}], [{"width": 32, "d_model": 32}], 2, 3) == "d_model"
    assert name_axis([32] * 2, [{"B": 2}, {"B": 3}], [{"width": 32, "d_ff": 32}], 2, 3) == "32"


def test_a_name_stands_only_where_it_can() -> None:
    assert axis("8", at=1, rank=4) == "heads"
    assert axis("8", at=2, rank=3) == "8"
    assert name_shape([[2, 9, 37_000]] * 7, RUNS, FACTS, role="final")[2] == "vocabulary"
    assert name_shape([[2, 9, 37_000]] * 7, RUNS, FACTS)[2] == "37000"


def test_an_equal_size_by_chance_is_no_name() -> None:
    batch, width = [{"B": 2}, {"B": 3}], [{"width": 16, "features": 5}]
    assert name_shape([[2, 3, 16, 16], [3, 3, 16, 16]], batch, width) == ("B", "3", "16", "16")  # an image of 16 by 16
    assert name_shape([[2, 3, 16, 8], [3, 3, 16, 8]], batch, width) == ("B", "3", "16", "8")
    assert name_shape([[2, 16, 8, 8], [3, 16, 8, 8]], batch, width) == ("B", "width", "8", "8")  # its channels
    assert name_shape([[2, 16, 16], [3, 16, 16]], batch, width) == ("B", "16", "16")  # which of the two?
    assert name_shape([[2, 16], [3, 16]], batch, width, role="given") == ("B", "16")
    assert name_shape([[2, 5], [3, 5]], batch, width, role="given") == ("B", "features")


def test_the_nearest_source_is_asked_first() -> None:
    assert name_axis([512] * 2, [{"B": 2}, {"B": 3}], [{"width": 512}, {"d_model": 512}], 2, 3) == "width"


def test_a_shape_of_another_rank_in_another_run_cannot_be_named() -> None:
    assert name_shape([[2, 9], [3], [5, 9]], RUNS[:3], []) == ("?", "?")
    assert name_shape([[2, 9], None, [5, 9]], RUNS[:3], []) == ("?", "?")


def test_only_sizes_are_names() -> None:
    facts = {"d_model": 512, "layers": 6, "padding_index": 3, "causal": True, "heads": 8, "dropout": 0.1, "classes": 1, "d_ff": "2048"}
    assert stated_sizes(facts) == {"d_model": 512, "heads": 8}
