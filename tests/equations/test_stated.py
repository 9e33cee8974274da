"""Sentences as evidence: what is said of a symbol, with its quote, and nothing that is not said."""

from __future__ import annotations

import pytest

from aquarius.equations import defined, stated


def found(text: str) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(item.name, item.kind, item.value) for item in stated([(text, "paper.tex:3")])}


@pytest.mark.parametrize(
    ("text", "name", "kind", "value"),
    [
        (r"with $W, U \in \mathbb{R}^{m \times n}$", "U", "shape", ("m", "n")),
        (r"$b \in \mathbb{R}^d$", "b", "shape", ("d",)),
        ("packed into a matrix $Q$", "Q", "rank", ("2",)),
        ("the vectors $u$, $v$ and $w$", "w", "rank", ("1",)),
        ("$A$ is a learned weight matrix", "A", "rank", ("2",)),
        ("the i-th row of $X$", "X", "rank", ("2",)),
        (r"$\beta \in [0, 1)$", r"\beta", "scalar", ("prob",)),
        ("we use $h = 8$ heads", "h", "scalar", ("pos", "value")),
        (r"The loss is $$J(\theta) = 2$$", "J", "function", ("0",)),
        (r"noise $\epsilon \sim \mathcal{N}(0, I)$", r"\epsilon", "drawn", ()),
        (r"a learning rate $\eta$", r"\eta", "scalar", ("pos",)),
        (r"a map $t: \mathbb{R}^D \to \mathbb{R}^H$", "t", "function", ("1",)),
        (r"a map $E(x) : \mathbb{R}^D \to \mathbb{R}$", "E", "function", ("0",)),
        ("the policy $\\pi(a|s)$", r"\pi", "function", ()),
    ],
)
def test_what_is_said(text: str, name: str, kind: str, value: tuple[str, ...]) -> None:
    assert (name, kind, value) in found(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the dimension of the vector space where $x$ lives", "x"),
        ("$x = 0$", "x"),  # it may be the vector of zeros
        ("hyperparameters $\\lambda$", r"\lambda"),  # they may be a vector
        (r"matrices $W_i, i \in [1, h]$", "i"),
        ("a matrix $A$, and $x$", "x"),
        ("for $x$, $A$ is a matrix", "x"),
        ("a temperature $t$ and $x$", "x"),
        (r"$x \in \mathcal{X}$", "x"),
        (r"The gradient of the loss is $$g = 2$$", "g"),
        ("$A$ is the sum of a matrix and a number", "A"),
    ],
)
def test_what_is_not_said(text: str, name: str) -> None:
    assert not [item for item in found(text) if item[0] == name and item[1] in {"rank", "shape", "scalar"}]


def test_quote_and_place_are_kept() -> None:
    item = stated([("packed into a matrix $Q$ here", "paper.tex:3")])[0]
    assert (item.quote, item.place, item.source) == ("matrix $Q$", "paper.tex:3", "the text")


def test_definitions_count_too() -> None:
    said = {
        (item.name, item.kind)
        for item in defined({"d_k": ("the dimension of the keys", "a"), r"t(\cdot)": ("the target", "b"), "x": ("the input", "c")})
    }
    assert said == {("d_k", "scalar"), ("t", "function")}
