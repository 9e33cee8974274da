"""Data sets and metrics."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]


def test_a_data_set_nobody_has_listed_is_found_by_its_phrase(distilled: Distilled) -> None:
    dossier = distilled("## 4 Experiments\n\nWe train on the Glimmer Corpus dataset. We evaluate on the Glimmer Corpus dataset.\n")
    assert [fact.name for fact in dossier.datasets if fact.name != "MNIST"] == ["Glimmer Corpus"]


def test_a_quoted_problem_is_a_data_set(distilled: Distilled) -> None:
    dossier = distilled("## 4 Experiments\n\nWe test on the “addition” and “multiplication” problems.\n")
    assert {"addition problem", "multiplication problem"} <= {fact.name for fact in dossier.datasets}


def test_a_name_in_passing_is_no_data_set_of_the_paper(distilled: Distilled) -> None:
    dossier = distilled("## 1 Introduction\n\nSince ImageNet, networks are deep.\n")
    assert "ImageNet" not in {fact.name for fact in dossier.datasets}


def test_metrics_come_with_a_place_and_words_of_every_paper_only_from_tables(distilled: Distilled) -> None:
    dossier = distilled("## 4 Experiments\n\nThe loss falls. The loss is low. We report BLEU. BLEU is a metric.\n")
    assert [(fact.name, fact.place.quote) for fact in dossier.metrics if fact.name == "BLEU"] == [("BLEU", "BLEU")]
    assert "loss" not in {fact.name for fact in dossier.metrics}
    body = "## 4 Experiments\n\nTable 1: T.\n\n| Model | Loss |\n|---|---|\n| a | 1.0 |\n| b | 2.0 |\n"
    assert "loss" in {fact.name for fact in distilled(body).metrics}


def test_a_part_of_the_experiments_named_after_an_environment_is_one(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\n### 4.1 Coin Game\n\nThe Coin Game has coins. Agents play the Coin Game. A Coin Game ends.\n\n### 4.2 Main Results\n\nThey are good.\n"
    assert {fact.name for fact in distilled(body).datasets} - {"MNIST"} == {"Coin Game"}
