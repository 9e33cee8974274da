"""Hyperparameters of single fields, by the words papers use, and numbers beside them that are something else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier
from aquarius.dossier._terms import BY_NAME, term_of_cell
from aquarius.dossier._terms_fields import FIELD_TERMS


@pytest.mark.parametrize(
    ("sentence", "name", "value"),
    [
        ("We use Mixup with α = 0.8.", "mixup alpha", "0.8"),
        ("The policy is trained with a clipping parameter of 0.2.", "clip range", "0.2"),
        ("We run 8 parallel environments.", "parallel environments", "8"),
        ("Results are averaged over 10 evaluation episodes.", "evaluation episodes", "10"),
        ("The input has 80-dimensional log-Mel features.", "input features", "80"),
        ("We learn 40K merge operations.", "merge operations", "40K"),
        ("The models are trained on 1.4T tokens.", "training tokens", "1.4T"),
        ("The final learning rate is equal to 10% of the maximal one.", "final learning rate", "10%"),
        ("The condition is dropped with probability 10%.", "condition dropout", "10%"),
        ("Layers are dropped at a rate of 0.05.", "layer drop", "0.05"),
        ("We use a gradient penalty weight of 10.", "gradient penalty", "10"),
        ("We apply LoRA with rank 8.", "LoRA rank", "8"),
        ("TD3 uses a policy delay of 2.", "policy delay", "2"),
        ("The exploration noise is 0.1.", "exploration noise", "0.1"),
        ("The memory gets sampled to update the network every 4 steps.", "update frequency", "4"),
        ("The first 5,000 actions are random.", "random exploration steps", "5,000"),
        ("We compute spectrograms with a window of 1024 and a hop of 256 samples.", "hop size", "256"),
        ("The speech is sampled at 22.05 kHz.", "sampling rate", "22.05"),
        ("Each feed-forward layer has an expansion ratio of 4.", "expansion ratio", "4"),
        ("There is a final softmax layer with 14,000 labels.", "output size", "14,000"),
    ],
)
def test_a_setting_of_a_field_is_found(distilled: Callable[[str], Dossier], sentence: str, name: str, value: str) -> None:
    dossier = distilled(f"## 4 Experiments\n\n{sentence}\n")
    assert (name, value) in {(fact.name, fact.value) for fact in (*dossier.recipe, *dossier.architecture)}


@pytest.mark.parametrize(
    "sentence",
    ["The matrix has rank 8.", "A batch of 4096 tokens is read.", "The queue grows.", "We clip the gradient norm at a ratio of 2."],
)
def test_other_numbers_are_none_of_them(distilled: Callable[[str], Dossier], sentence: str) -> None:
    dossier = distilled(f"## 4 Experiments\n\n{sentence}\n")
    names = {term.name for term in FIELD_TERMS}
    assert not names & {fact.name for fact in (*dossier.recipe, *dossier.architecture)}


@pytest.mark.parametrize(
    ("cell", "name"),
    [("Entropy coeff. c_2", "entropy coefficient"), ("Target Update Rate", "target smoothing coefficient"), ("LoRA α", "LoRA alpha"), ("# heads", "heads"), ("n layers", "layers"), ("Hidden size D", "hidden size")],
)  # fmt: skip
def test_a_cell_names_it(cell: str, name: str) -> None:
    term = term_of_cell(cell)
    assert term is not None and term.name == name and BY_NAME[name] is term
