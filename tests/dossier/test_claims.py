"""Claims from tables: every number of a known quantity, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]

RESULTS = """## 4 Experiments

We evaluate on MNIST and SVHN.

Table 1: Test accuracy (%), mean and standard deviation over 5 runs.

| Method | MNIST | SVHN |
|---|---|---|
| Oldnet (2019) | 88.0 | 91.5 |
| Ournet | **90.1 ± 0.3** | 90.0 ± 0.2 |
"""


def test_a_table_of_accuracies_becomes_claims(distilled: Distilled) -> None:
    dossier = distilled(RESULTS)
    claim = dossier.claim("table1/Ournet/MNIST/accuracy")
    assert claim is not None and claim.measure is not None
    assert (claim.kind, claim.direction, claim.dataset, claim.split, claim.own, claim.needs) == (
        "value",
        "higher",
        "MNIST",
        "test",
        True,
        ("MNIST",),
    )
    measure = claim.measure
    assert (measure.value, measure.unit, measure.last_place, measure.spread, measure.spread_kind, measure.n) == (
        90.1,
        "%",
        0.1,
        0.3,
        "sd",
        5,
    )
    assert claim.place.label == "Table 1" and "90.1" in claim.place.quote
    baseline = dossier.claim("table1/Oldnet (2019)/MNIST/accuracy")
    assert baseline is not None and not baseline.own and baseline.measure is not None and baseline.measure.spread is None


def test_an_order_is_claimed_only_where_the_paper_wins(distilled: Distilled) -> None:
    orders = [claim for claim in distilled(RESULTS).claims if claim.kind == "order"]
    assert [(claim.id, claim.against) for claim in orders] == [
        ("table1/Ournet/MNIST/accuracy/over the best baseline", "table1/Oldnet (2019)/MNIST/accuracy")
    ]


def test_a_lower_perplexity_wins(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Results.\n\n| Model | PPL |\n|---|---|\n| Oldnet (2019) | 20.5 |\n| Ournet | 19.0 |\n"
    (order,) = [claim for claim in distilled(body).claims if claim.kind == "order"]
    assert order.direction == "lower" and order.against == "table1/Oldnet (2019)/perplexity"


def test_an_unknown_header_gives_no_claim(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Sizes of things.\n\n| Thing | Weight of snow | Colours |\n|---|---|---|\n| a | 3.2 | 4 |\n| b | 2.1 | 5 |\n"
    assert distilled(body).claims == ()


def test_statistics_of_data_sets_give_no_claim(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Dataset statistics.\n\n| Dataset | Nodes | Edges |\n|---|---|---|\n| Cora | 2,708 | 5,429 |\n| Pubmed | 19,717 | 44,338 |\n"
    assert distilled(body).claims == ()


def test_two_metrics_in_the_caption_and_none_in_the_header_give_no_claim(distilled: Distilled) -> None:
    assert not distilled(RESULTS.replace("Test accuracy (%)", "Test accuracy and perplexity")).claims


def test_a_blank_or_wordy_cell_gives_no_claim(distilled: Distilled) -> None:
    body = RESULTS.replace("88.0", "-").replace("91.5", "see text")
    assert {claim.id.split("/")[1] for claim in distilled(body).claims} == {"Ournet"}


def test_parameters_in_millions_are_exact_claims_in_units_of_one(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 3: Sizes. Unlisted values are identical to those of the base model.\n\n| | $N$ | $d_{\\text{model}}$ | params $\\times10^6$ |\n|---|---|---|---|\n| base | 6 | 512 | 65 |\n| (C) | 2 | | 36 |\n| (C) | | 256 | 28 |\n"
    dossier = distilled(body)
    claim = dossier.claim("table3/C/N=2/parameters")
    assert claim is not None and claim.kind == "exact" and claim.measure is not None and claim.needs == ()
    assert (claim.measure.value, claim.measure.last_place, claim.measure.printed, claim.measure.unit) == (
        36e6,
        1e6,
        "36×10^6",
        "parameters",
    )
    assert claim.settings == {"N": "2", "d_model": "512"}


def test_blank_cells_inherit_only_where_the_caption_says_so(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 3: Sizes.\n\n| | $N$ | $d_{\\text{model}}$ | params $\\times10^6$ |\n|---|---|---|---|\n| base | 6 | 512 | 65 |\n| (C) | 2 | | 36 |\n"
    claim = distilled(body).claim("table3/C/parameters")
    assert claim is not None and claim.settings == {"N": "2"}


def test_equal_ids_get_a_suffix(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Results.\n\n| Model | Accuracy |\n|---|---|\n| Ournet | 1.0 |\n| Ournet | 2.0 |\n"
    assert [claim.id for claim in distilled(body).claims] == ["table1/Ournet/accuracy", "table1/Ournet/accuracy #2"]


def test_a_row_over_the_whole_width_is_a_group(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Results.\n\n| Model | Accuracy |\n|---|---|\n| Deep | |\n| Ournet | 1.0 |\n"
    assert [claim.id for claim in distilled(body).claims] == ["table1/Deep/Ournet/accuracy"]


def test_a_table_with_a_metric_per_row_is_turned(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Results.\n\n| Metric | Oldnet (2019) | Ournet |\n|---|---|---|\n| BLEU | 20.0 | 21.0 |\n| PPL | 9.0 | 8.0 |\n"
    dossier = distilled(body)
    claim = dossier.claim("table1/Ournet/perplexity")
    assert claim is not None and claim.measure is not None and claim.measure.value == 8.0 and claim.own and claim.place.quote == "8.0"
    assert {item.against for item in dossier.claims if item.kind == "order"} == {
        "table1/Oldnet (2019)/BLEU",
        "table1/Oldnet (2019)/perplexity",
    }


def test_one_row_with_a_metrics_name_turns_nothing(distilled: Distilled) -> None:
    body = "## 4 Experiments\n\nTable 1: Results.\n\n| Thing | A | B |\n|---|---|---|\n| BLEU | 20.0 | 21.0 |\n| snow | 9.0 | 8.0 |\n"
    assert distilled(body).claims == ()
