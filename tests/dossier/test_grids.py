"""Hyperparameters in tables."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]


def stated(dossier: Dossier) -> set[tuple[str, str, str]]:
    return {(fact.name, fact.value, fact.scope) for fact in (*dossier.architecture, *dossier.recipe)}


def test_a_declared_table_keeps_every_row_and_takes_its_scope_from_the_caption(distilled: Distilled) -> None:
    body = "## A Details\n\nTable 5: Coin Game hyperparameters.\n\n| Parameter | Value |\n|---|---|\n| Actor learning rate | 0.001 |\n| Batch size | 512 |\n| Entropy beta | 0.1 |\n| Adam $\\beta$ | (0.9, 0.95) |\n| Self-play | True |\n"
    assert stated(distilled(body)) == {
        ("learning rate", "0.001", "Actor, Coin Game"),
        ("batch size", "512", "Coin Game"),
        ("entropy beta", "0.1", "Coin Game"),
        ("beta1", "0.9", "Coin Game"),
        ("beta2", "0.95", "Coin Game"),
        ("self-play", "True", "Coin Game"),
    }


def test_a_table_with_names_in_its_header_has_a_scope_per_row(distilled: Distilled) -> None:
    body = "## A Details\n\nTable 6: Sizes.\n\n| Size | Hidden dim. | #Layers | #Heads |\n|---|---|---|---|\n| 830M | 1536 | 24 | 8 |\n| 13B | 5120 | 40 | 20 |\n"
    found = stated(distilled(body))
    assert {("hidden size", "1536", "830M"), ("layers", "40", "13B"), ("heads", "20", "13B")} <= found and len(found) == 6


def test_a_result_table_gives_no_hyperparameters(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Results.\n\n| Layers | Heads | Dropout | Accuracy |\n|---|---|---|---|\n| 2 | 4 | 0.1 | 80.1 |\n| 4 | 8 | 0.1 | 81.2 |\n"
    assert stated(distilled(body)) == set()


VARIATIONS = "## 4 Experiments\n\nWe use a dropout rate of 0.1.\n\nTable 3: Variations. Unlisted values are identical to those of the base model.\n\n| | $d_{\\text{model}}$ | $P_{drop}$ | BLEU |\n|---|---|---|---|\n| base | 512 | 0.1 | 25.8 |\n| (A) | 256 | | 24.0 |\n| (A) | | 0.2 | 25.0 |\n| big | 1024 | 0.3 | 26.4 |\n"


def test_the_base_row_gives_scope_and_whole_systems_give_facts(distilled: Distilled) -> None:
    found = stated(distilled(VARIATIONS))
    assert found == {("dropout", "0.1", "base"), ("hidden size", "512", "base"), ("hidden size", "1024", "big"), ("dropout", "0.3", "big")}


def test_without_the_captions_word_nothing_is_taken_from_a_table_of_results(distilled: Distilled) -> None:
    assert stated(distilled(VARIATIONS.replace(" Unlisted values are identical to those of the base model.", ""))) == {
        ("dropout", "0.1", "")
    }


def test_items_of_a_list_are_facts_where_their_name_is_one(distilled: Distilled) -> None:
    body = "## A Details\n\n- Optimizer: AdamW\n- Epochs: 100\n- Attention heads: 8\n- Dropout: 17\n- Colour: red\n- Seeds: many\n"
    assert stated(distilled(body)) == {("optimizer", "AdamW", ""), ("epochs", "100", ""), ("heads", "8", "")}


def test_a_sentence_with_a_colon_is_no_item(distilled: Distilled) -> None:
    assert stated(distilled("## A Details\n\nEpochs: 100 of them passed.\n")) == set()
