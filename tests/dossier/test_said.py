"""Orders and trends that sentences state."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Claim, Dossier, from_yaml, to_yaml

Distilled = Callable[[str], Dossier]


def claims(dossier: Dossier) -> list[Claim]:
    return [claim for claim in dossier.claims if claim.id.startswith("text/")]


@pytest.mark.parametrize(
    ("sentence", "subject", "against", "quantity", "dataset", "own"),
    [
        ("Our model significantly outperforms ResNet-50 on ImageNet.", "Our model", "ResNet-50", "performance", "ImageNet", True),
        ("The Ournet achieves a higher BLEU score than ConvS2S.", "Ournet", "ConvS2S", "BLEU", None, True),
        ("GCN is better than GAT in accuracy on Cora.", "GCN", "GAT", "accuracy", "Cora", False),
        ("ConvS2S underperforms Ournet on SNLI.", "Ournet", "ConvS2S", "performance", "SNLI", True),
        (
            "Our approach surpasses previous state-of-the-art by 2.1 points.",
            "Our approach",
            "previous state-of-the-art",
            "performance",
            None,
            True,
        ),
    ],
)
def test_an_order(distilled: Distilled, sentence: str, subject: str, against: str, quantity: str, dataset: str | None, own: bool) -> None:
    dossier = distilled(f"## 4 Experiments\n\n{sentence}\n")
    (claim,) = claims(dossier)
    assert (claim.kind, claim.subject, claim.against, claim.quantity, claim.dataset, claim.own) == (
        "order",
        subject,
        against,
        quantity,
        dataset,
        own,
    )
    assert from_yaml(to_yaml(dossier)) == dossier and claim.id == "text/section-4/order 1"


def test_the_size_of_an_effect_is_kept(distilled: Distilled) -> None:
    (claim,) = claims(distilled("## 4 Experiments\n\nOur model outperforms ByteNet by 2.1 BLEU on MNLI.\n"))
    assert claim.measure is not None and claim.measure.value == 2.1 and claim.quantity == "BLEU" and "by 2.1" in claim.statement


@pytest.mark.parametrize(
    ("sentence", "quantity", "along", "direction"),
    [
        ("The accuracy improves steadily with depth.", "accuracy", "depth", "higher"),
        ("Perplexity decreases with larger batch size.", "perplexity", "batch size", "lower"),
        ("As the number of layers increases, the accuracy drops.", "accuracy", "number of layers", "lower"),
        ("Perplexity improves with model size.", "perplexity", "model size", "lower"),
    ],
)
def test_a_trend(distilled: Distilled, sentence: str, quantity: str, along: str, direction: str) -> None:
    (claim,) = claims(distilled(f"## 4 Experiments\n\n{sentence}\n"))
    assert (claim.kind, claim.quantity, claim.settings, claim.direction) == ("trend", quantity, {"along": along}, direction)


@pytest.mark.parametrize(
    "sentence",
    [
        "Our model does not outperform ResNet-50.",
        "We ask whether Ournet outperforms ResNet-50.",
        "Ournet may outperform ResNet-50 with more data.",
        "As shown by Smith et al. GCN outperforms MLP.",
        "It outperforms models of the same size.",
        "We hypothesize that accuracy improves with depth.",
        "The accuracy does not improve with depth.",
        "The accuracy improves with our method.",
    ],
)
def test_what_is_denied_doubted_or_names_nobody_is_no_claim(distilled: Distilled, sentence: str) -> None:
    assert claims(distilled(f"## 4 Experiments\n\n{sentence}\n")) == []


def test_related_work_makes_no_claims_of_this_paper(distilled: Distilled) -> None:
    assert claims(distilled("## 2 Related Work\n\nGAT outperforms GCN on Cora.\n")) == []
