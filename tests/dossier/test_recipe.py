"""Architecture and recipe from sentences: what is stated, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]


def stated(dossier: Dossier) -> set[tuple[str, str, str]]:
    return {(fact.name, fact.value, fact.scope) for fact in (*dossier.architecture, *dossier.recipe)}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We train with a learning rate of 0.01 and a batch size of 128.", {("learning rate", "0.01", ""), ("batch size", "128", "")}),
        ("The learning rate is set to $5\\cdot10^{-4}$.", {("learning rate", "5·10^-4", "")}),
        ("We use dropout with probability $p=0.5$.", {("dropout", "0.5", "")}),
        ("We used AdamW with $\\beta_1=0.9$, $\\beta_2=0.95$ and $\\epsilon=10^{-8}$ as optimizer.", {("beta1", "0.9", ""), ("beta2", "0.95", ""), ("optimizer epsilon", "10^-8", "")}),
        ("The network is optimized using stochastic gradient descent with momentum 0.9.", {("optimizer", "SGD", ""), ("momentum", "0.9", "")}),
        ("The encoder has twelve hidden layers and 16 attention heads.", {("layers", "12", "encoder"), ("heads", "16", "encoder")}),
        ("Training runs for 100{,}000 steps with 4,000 warmup steps.", {("warmup steps", "4,000", "")}),
        ("We trained the model for 90 epochs on 8 V100 GPUs.", {("epochs", "90", ""), ("hardware", "8 V100 GPUs", "")}),
        ("Weights are initialized from a Gaussian with mean 0 and standard deviation 0.02.", {("initialization", "Gaussian, mean 0, std 0.02", "")}),
        ("The learning rate follows a cosine schedule.", {("learning rate schedule", "cosine", "")}),
        ("We minimize the cross-entropy.", {("loss", "cross-entropy", "")}),
        ("We tried learning rates in $\\{0.1, 0.01, 0.001\\}$.", {("learning rate", "0.1, 0.01, 0.001", "")}),
        ("The momentum and weight decay are 0.9 and 0.0005, respectively.", {("momentum", "0.9", ""), ("weight decay", "0.0005", "")}),
        ("We use learning rates of 0.1 and 0.02 for MNIST and SVHN, respectively.", {("learning rate", "0.1", "MNIST"), ("learning rate", "0.02", "SVHN")}),
        ("For the big model, we use a dropout rate of 0.3.", {("dropout", "0.3", "big")}),
        ("For CIFAR-10, the batch size is 64.", {("batch size", "64", "CIFAR-10")}),
    ],
)  # fmt: skip
def test_a_stated_value_is_found(distilled: Distilled, sentence: str, expected: set[tuple[str, str, str]]) -> None:
    assert expected <= stated(distilled(f"## 4 Experiments\n\n{sentence}\n"))


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("We do not use dropout.", "dropout"),
        ("We train without weight decay of 0.01, which others need.", "weight decay"),
        ("The learning rate decays from 0.1 to 0.001.", "learning rate"),
        ("Learning rates between 0.1 and 0.001 work equally well.", "learning rate"),
        ("A dropout rate of 17 would make no sense.", "dropout"),
        ("We evaluate every 5 epochs.", "epochs"),
        ("The target network is copied every 1000 training steps.", "steps"),
        ("We show 2.5 layers of paint.", "layers"),
        ("Section 3 has the layers.", "layers"),
        ("Unlike the Adam optimizer, ours needs no state.", "optimizer"),
    ],
)
def test_what_only_looks_like_a_value_gives_no_fact(distilled: Distilled, sentence: str, name: str) -> None:
    assert not [fact for fact in stated(distilled(f"## 4 Experiments\n\n{sentence}\n")) if fact[0] == name]


def test_what_others_did_is_left_out(distilled: Distilled) -> None:
    dossier = distilled(
        "## 2 Related Work\n\nThey train with a learning rate of 0.5.\n\n## 4 Experiments\n\nOurs is a learning rate of 0.1.\n"
    )
    assert {fact.value for fact in dossier.recipe} == {"0.1"}


def test_every_quote_stands_in_the_source_and_holds_the_value(distilled: Distilled) -> None:
    dossier = distilled("## 4.1 Setup\n\nÜber alles: we train with a **learning rate** of 0.01.\n")
    (fact,) = dossier.recipe
    assert (
        fact.number == 0.01
        and "learning rate" in fact.place.quote
        and fact.place.quote.endswith("0.01")
        and fact.place.label == "Section 4.1"
    )


def test_a_quote_ends_with_the_brace_it_opened(distilled: Distilled) -> None:
    (fact,) = distilled("## 4 Experiments\n\nThe learning rate is $10^{-3}$ here.\n").recipe
    assert fact.value == "10^-3" and fact.place.quote == "learning rate is $10^{-3}"


def test_a_batch_in_tokens_keeps_its_unit(distilled: Distilled) -> None:
    dossier = distilled("## 4 Experiments\n\nEach batch contains approximately 25000 source tokens and 24000 target tokens.\n")
    (fact,) = dossier.recipe
    assert (fact.value, fact.number, fact.unit) == ("25000 source tokens and 24000 target tokens", 25000.0, "tokens")


TABLE = """## 4 Experiments

Table 2: Hyperparameters.

| Hyperparameter | Small | Large |
|---|---|---|
| Learning rate | 1e-3 | 4e-4 |
| Batch size | 256 | 8k |
| Dropout | 0.1 | - |
| Optimizer | AdamW | AdamW |
"""


def test_a_table_of_hyperparameters_is_read_with_its_columns_as_scopes(distilled: Distilled) -> None:
    found = stated(distilled(TABLE))
    assert {
        ("learning rate", "1e-3", "Small"),
        ("learning rate", "4e-4", "Large"),
        ("batch size", "8k", "Large"),
        ("optimizer", "AdamW", "Small"),
    } <= found
    assert ("dropout", "-", "Large") not in found and not distilled(TABLE).claims


def test_a_table_of_other_words_gives_no_hyperparameter(distilled: Distilled) -> None:
    assert not stated(
        distilled("## 4 Experiments\n\nTable 1: Colours.\n\n| Colour | Count |\n|---|---|\n| red | 3 |\n| blue | 4 |\n| green | 5 |\n")
    )
