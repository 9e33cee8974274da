"""Gaps: what is not stated is a gap with options, what is stated is none."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]
RICH = """## 4 Experiments

We train with the Adam optimizer, $\\beta_1=0.9$, $\\beta_2=0.999$, $\\epsilon=10^{-8}$ and a constant learning rate of 0.001, for 10 epochs with a batch size of 32.
We use a dropout rate of 0.1, weight decay of 0.01, clip gradients at norm 1.0, and Glorot initialization: weights are initialized by Glorot.
"""


def test_what_is_stated_is_no_gap_and_what_is_not_is_one(distilled: Distilled) -> None:
    names = {gap.name for gap in distilled(RICH).gaps}
    assert not names & {
        "optimizer",
        "learning rate",
        "learning rate schedule",
        "batch size",
        "training length",
        "dropout",
        "weight decay",
        "gradient clipping",
        "weight initialization",
        "optimizer epsilon",
    }
    assert {"number of seeds", "hardware"} <= names


def test_every_gap_has_options_with_sources_and_suggests_one_of_them(distilled: Distilled) -> None:
    gaps = distilled("## 4 Experiments\n\nWe train a network.\n").gaps
    assert len(gaps) > 10
    assert all(
        gap.options and all(option.source for option in gap.options) and gap.suggestion in [option.value for option in gap.options]
        for gap in gaps
    )
    assert [gap.weight for gap in gaps] == sorted((gap.weight for gap in gaps), reverse=True)


def test_a_tuned_value_that_is_not_printed_is_a_partial_gap_with_its_place(distilled: Distilled) -> None:
    gaps = {gap.name: gap for gap in distilled("## 4 Experiments\n\nWeight decay is tuned on the validation set.\n").gaps}
    assert (
        gaps["weight decay"].status == "partial"
        and gaps["weight decay"].place is not None
        and "Weight decay" in gaps["weight decay"].place.quote
    )


def test_a_round_number_of_the_vocabulary_is_a_partial_gap(distilled: Distilled) -> None:
    exact = distilled(
        "## 4 Experiments\n\nA translation model on tokens has a vocabulary of 32000 tokens; each token is one of the tokens.\n"
    )
    about = distilled(
        "## 4 Experiments\n\nA translation model on tokens has a vocabulary of about 37000 tokens; each token is one of the tokens.\n"
    )
    assert "exact vocabulary size" in {gap.name for gap in about.gaps} and "exact vocabulary size" not in {gap.name for gap in exact.gaps}


def test_adam_needs_its_constants_and_sgd_does_not(distilled: Distilled) -> None:
    adam = {gap.name for gap in distilled("## 4 Experiments\n\nWe use the Adam optimizer.\n").gaps}
    plain = {gap.name for gap in distilled("## 4 Experiments\n\nWe use the SGD optimizer.\n").gaps}
    assert {"Adam epsilon", "Adam betas"} <= adam and not {"Adam epsilon", "Adam betas"} & plain


def test_a_grid_without_the_chosen_value_is_a_gap_and_one_with_it_is_none(distilled: Distilled) -> None:
    tried = "## 4 Experiments\n\nThe learning rate is searched in (1e-4, 2e-4, 4e-4).\n"
    (gap,) = [gap for gap in distilled(tried).gaps if gap.name == "learning rate"]
    assert gap.status == "partial" and gap.suggestion == "2e-4" and [option.value for option in gap.options] == ["1e-4", "2e-4", "4e-4"]
    assert "learning rate" not in {gap.name for gap in distilled(tried + "\nThe learning rate is 2e-4 in the end.\n").gaps}


def test_what_is_stated_for_one_data_set_alone_is_a_gap_of_the_other(distilled: Distilled) -> None:
    text = (
        "## 4 Experiments\n\nOn SVHN we train with the Adam optimizer for 10 epochs with a batch size of 32.\n\n"
        "On CIFAR-10 we train for 20 epochs with a batch size of 64 and a dropout rate of 0.1.\n"
    )
    gaps = {gap.name: gap for gap in distilled(text).gaps}
    assert gaps["optimizer (CIFAR-10)"].suggestion == "Adam" and gaps["optimizer (CIFAR-10)"].place is not None
    both = distilled(text.replace("a dropout rate", "the SGD optimizer, a dropout rate"))
    assert not [gap for gap in both.gaps if gap.name.startswith("optimizer")]
