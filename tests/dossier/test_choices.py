"""Facts whose value is a word."""

from __future__ import annotations

import pytest

from aquarius.dossier._choices import choices


def chosen(flat: str) -> dict[str, str]:
    return {choice.name: found.value for choice, found in choices(flat)}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We train with the Adam optimizer.", {"optimizer": "Adam"}),
        ("Models are trained using the Adam SGD optimizer.", {"optimizer": "Adam"}),
        ("Parameters were optimized using ``adam''.", {"optimizer": "Adam"}),
        ("The model is optimized by stochastic gradient descent.", {"optimizer": "SGD"}),
        ("A ReLU activation follows.", {"activation": "ReLU"}),
        ("Hidden layers have rectified linear units.", {"activation": "ReLU"}),
        ("The leaky ReLU nonlinearity has a slope of 0.2.", {"activation": "leaky ReLU 0.2"}),
        ("We minimize the binary cross-entropy.", {"loss": "binary cross-entropy"}),
        ("The learning rate is halved on plateaus.", {"learning rate schedule": "reduced on plateau"}),
        ("All weights are initialized by Xavier's scheme.", {"initialization": "Glorot"}),
        ("Weights are initialized uniformly in [-0.05, 0.05].", {"initialization": "uniform, -0.05 to 0.05"}),
        ("Biases are initialized to zero.", {"bias initialization": "0"}),
        ("We trained on 4 NVIDIA V100 GPUs.", {"hardware": "4 NVIDIA V100 GPUs"}),
        ("Everything runs on a single A6000 with 48GB.", {"hardware": "1 A6000"}),
        ("All experiments use AdamW with linear decay.", {"optimizer": "AdamW"}),
        ("Layers are initialised with a truncated normal of standard deviation 0.02.", {"initialization": "Gaussian, std 0.02"}),
        ("We use LayerNorm throughout.", {"normalization": "LayerNorm"}),
        ("The image is split into 4×4 patches.", {"patch size": "4×4"}),
        ("An ε -greedy policy has ε decreasing linearly from 1 to 0.1.", {"initial exploration": "1", "final exploration": "0.1"}),
        ("It is evaluated with an ε -greedy policy where ε = 0.05.", {"evaluation epsilon": "0.05"}),
        ("Images are resized to 224 × 224.", {"input size": "224×224"}),
        ("We augment by random crops and horizontal flips.", {"data augmentation": "random crops, horizontal flips"}),
    ],
)
def test_a_choice_is_found(sentence: str, expected: dict[str, str]) -> None:
    assert chosen(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Adam was the first man.",
        "We train without the Adam optimizer.",
        "The relu of the valley is quiet.",
        "Cross-entropy is a number.",
        "We initialize the search by uniform sampling.",
        "GPUs are fast.",
        "Kernels of 3 × 3 are applied to images.",
        "The cosine of the angle is 0.5.",
        "The bias of the press is known.",
    ],
)
def test_what_is_no_choice_gives_nothing(sentence: str) -> None:
    assert chosen(sentence) == {}
