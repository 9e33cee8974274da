"""A twin of code differs from its original in the one place that its name says."""

from __future__ import annotations

from aquarius.workspace._twins import code_twins


def test_code_twins_change_one_place_each_and_begin_with_the_training_step() -> None:
    source = "def train(run):\n    for step in range(3):\n        loss = step * 2 - 1\n        loss.backward()\n        optimizer.step()\n    return -loss\n"
    found = list(code_twins(source))
    assert [words for words, _ in found[:2]] == ["line 4: loss.backward() left out", "line 5: optimizer.step() left out"]
    assert any(words == "line 6: a minus left out" for words, _ in found)
    assert len({text for _, text in found}) == len(found)


def test_code_twins_of_a_function_leave_the_rest_alone() -> None:
    source = "def other(x):\n    return x + 1\n\ndef mine(x):\n    return x - 2\n"
    texts = [text for _, text in code_twins(source, "mine")]
    assert len(texts) == 2 and all("return x + 1" in text for text in texts)
    assert list(code_twins(source, "nothing")) == []


def test_calls_are_left_out_where_their_argument_can_stand_for_them() -> None:
    source = "def mine(x):\n    y = relu(x)\n    y = y.tanh()\n    y = norm(y, dim=1)\n    return f(g(1), y)\n"
    found = dict(code_twins(source, "mine"))
    assert "y = x" in found["line 2: relu left out"] and "y = y\n" in found["line 3: y.tanh left out"]
    assert not any("norm left out" in words or "f left out" in words for words in found)  # which argument would stand for it?
