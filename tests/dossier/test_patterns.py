"""A hyperparameter's value in a sentence, and what only looks like one."""

from __future__ import annotations

import pytest

from aquarius.dossier._patterns import hits
from aquarius.dossier._terms import BY_NAME
from aquarius.dossier._text import flatten


def values(name: str, sentence: str) -> list[str]:
    return [hit.value for hit in hits(BY_NAME[name], flatten(sentence))]


@pytest.mark.parametrize(
    ("name", "sentence", "expected"),
    [
        ("learning rate", "The learning rate starts from 0.1 and falls.", ["0.1"]),
        ("learning rate", r"a learning rate $\alpha = 3 \times 10^{-4}$", ["3×10^-4"]),
        ("learning rate", "RMSprop, learning rate 0.001, decay 0.9", ["0.001"]),
        ("warmup steps", "with warmup over the first 10,000 steps", ["10,000"]),
        ("warmup epochs", "with warmup over the first 5 epochs", ["5"]),
        ("momentum", "We use a high momentum (0.99).", ["0.99"]),
        ("discount", r"The discount factor $\gamma$ is 0.99.", ["0.99"]),
        ("weight decay", r"We apply $L_2$ regularization with $\lambda = 0.0005$.", ["0.0005"]),
        ("gradient clipping", "We clip the norm of the gradients at 5.", ["5"]),
        ("heads", "we employ $h=8$ parallel attention layers, or heads", ["8"]),
        ("layers", "two-layer networks with 3 hidden layers", ["2", "3"]),
        ("layers", "Each policy is a network with two hidden layers of 64 units", ["2"]),
        ("hidden size", "two hidden layers of 1200 rectified linear hidden units", ["1200"]),
        ("dropout", "We set the dropout rate on CIFAR10 to 0.1.", ["0.1"]),
        ("epochs", "or after 100 epochs", ["100"]),
        ("seeds", "over five random initializations", ["5"]),
        ("learning rate", "learning rates of 0.1, 0.01, and 0.001", ["0.1, 0.01, 0.001"]),
        ("learning rate decay", "The learning rate is divided by 10.", ["10"]),
        ("moving average decay", "EMA of the parameters with a decay factor of 0.9999", ["0.9999"]),
        ("optimizer epsilon", r"Adam with $\epsilon=10^{-9}$", ["10^-9"]),
        ("learning rate", r"in $\{1,2,4\}\times10^{-4}$ we chose the learning rate", []),
        ("learning rate", r"the learning rate over $\{1,2,4\}\times10^{-4}$", ["1e-4, 2e-4, 4e-4"]),
        ("learning rate", r"learning rates in \texttt{\{2,3,5\}e-5}", ["2e-5, 3e-5, 5e-5"]),
        ("batch size", r"a batch size in $\{8,16,32\}$", ["8, 16, 32"]),
        ("batch size", r"batch sizes from \{1,000, 2,000\}", ["1,000, 2,000"]),
        ("batch size", "the batch is doubled to 32", ["32"]),
        ("LoRA rank", r"the adapter's rank is $r=8$ and $\alpha=16$", ["8"]),
    ],
)
def test_a_value_is_found(name: str, sentence: str, expected: list[str]) -> None:
    assert values(name, sentence) == expected


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("learning rate", "annealed the learning rate from 0.1 to 0.001"),
        ("learning rate", "learning rates between 0.1 and 0.5"),
        ("beta1", r"variances increase from $\beta_1 = 10^{-4}$ to $\beta_T = 0.02$"),
        ("warmup steps", "with warmup over the first 5 epochs"),
        ("layers", "we employ $h=8$ parallel attention layers, or heads"),
        ("layers", "Prior work uses 8 layers."),
        ("epochs", "after 6 epochs we decrease it"),
        ("epochs", "every 5 epochs"),
        ("epochs", "the learning rate is warmed up linearly over 5 epochs of training"),
        ("optimizer epsilon", r"an $\epsilon$-greedy policy of Adam with $\epsilon = 0.05$"),
        ("beam size", "the beam size on the Section 22 development set"),
        ("dropout", "dropout of 17"),
        ("batch size", "a batch size of 0.5"),
        ("hidden size", r"$d_{model} \times 3$"),
    ],
)
def test_what_only_looks_like_a_value_is_none(name: str, sentence: str) -> None:
    assert values(name, sentence) == []


def test_a_round_number_is_marked() -> None:
    assert [hit.vague for hit in hits(BY_NAME["vocabulary size"], "a vocabulary of about 37000 tokens")] == [True]
    assert [hit.vague for hit in hits(BY_NAME["vocabulary size"], "a vocabulary of 32000 tokens")] == [False]
