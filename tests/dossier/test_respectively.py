"""Lists that are paired one to one, and lists that cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]


def stated(dossier: Dossier) -> list[tuple[str, str, str]]:
    return sorted((fact.name, fact.value, fact.scope) for fact in dossier.recipe)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We set $\\beta_1$ and $\\beta_2$ to 0.9 and 0.99, respectively.", [("beta1", "0.9", ""), ("beta2", "0.99", "")]),
        ("The betas are $(\\beta_1, \\beta_2) = (0.9, 0.95)$.", [("beta1", "0.9", ""), ("beta2", "0.95", "")]),
        (
            "We use a batch size of 64 and 16 images with a learning rate of 5e-6 and 1e-5, respectively.",
            [("batch size", "16", ""), ("batch size", "64", ""), ("learning rate", "1e-5", ""), ("learning rate", "5e-6", "")],
        ),
        (
            "We use dropout rates of 0.1 and 0.3 for MNIST and SVHN, respectively.",
            [("dropout", "0.1", "MNIST"), ("dropout", "0.3", "SVHN")],
        ),
        ("The dropout rate is 0.1/0.3 for the S/L models.", [("dropout", "0.1", "S"), ("dropout", "0.3", "L")]),
        (
            "The dropout rate is 0.1 and 0.3 for MNIST and SVHN, respectively, and the batch size is 32 and 64.",
            [("batch size", "32", "MNIST"), ("batch size", "64", "SVHN"), ("dropout", "0.1", "MNIST"), ("dropout", "0.3", "SVHN")],
        ),
        (
            "We train for 300K steps on Hopper, 500K on Walker2d and Ant, and 1M on the two remaining tasks.",
            [("steps", "1M", "two remaining tasks"), ("steps", "300K", "Hopper"), ("steps", "500K", "Walker2d and Ant")],
        ),
        (
            r"The learning rate is searched over $\{1,2\}\times10^{-4}$ for MNIST and $\{3, 4\}\times10^{-4}$ for SVHN.",
            [("learning rate", "1e-4, 2e-4", "MNIST"), ("learning rate", "3e-4, 4e-4", "SVHN")],
        ),
    ],
)
def test_names_and_values_are_paired(distilled: Distilled, sentence: str, expected: list[tuple[str, str, str]]) -> None:
    assert stated(distilled(f"## 4 Experiments\n\n{sentence}\n")) == expected


def test_lists_of_different_lengths_are_not_paired(distilled: Distilled) -> None:
    found = stated(distilled("## 4 Experiments\n\nThe momentum, the dropout and the weight decay are 0.9 and 0.01, respectively.\n"))
    assert ("momentum", "0.9", "") not in found


def test_an_impossible_pair_is_refused(distilled: Distilled) -> None:
    found = stated(distilled("## 4 Experiments\n\nThe dropout and the batch size are 32 and 0.5, respectively.\n"))
    assert ("dropout", "32", "") not in found and ("batch size", "0.5", "") not in found
