"""Facts of different places: weights inside a display, symbols that a table names, and the smaller model beside the large one."""

from __future__ import annotations

from collections.abc import Callable

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]


def settings(dossier: Dossier) -> set[tuple[str, str, str]]:
    return {(fact.name, fact.value, fact.scope) for fact in (*dossier.architecture, *dossier.recipe)}


def test_a_display_states_the_weight_of_a_loss_and_the_value_beside_it(distilled: Distilled) -> None:
    found = settings(
        distilled(
            "## 3 Method\n\nThe loss is\n\n$$\\mathcal{L} = \\mathcal{L}_{A} + 0.3\\,\\mathcal{L}_{\\mathrm{CTC}}, \\quad \\kappa = 0.1$$\n"
        )
    )
    assert {("ctc weight", "0.3", ""), ("kappa", "0.1", "")} <= found


def test_a_factor_of_something_else_is_no_weight(distilled: Distilled) -> None:
    found = settings(distilled("## 3 Method\n\nThe step is\n\n$$x = 0.3 y + 2 z$$\n"))
    assert not {name for name, _, _ in found}


def test_a_bare_value_before_that_of_the_large_model_is_the_smaller_ones(distilled: Distilled) -> None:
    text = "## 4 Training\n\nWe compare the small model and the large model. The encoder has 16 layers. For the large model we use 24 layers.\n"
    assert {("layers", "16", "small"), ("layers", "24", "large")} <= {
        (name, value, scope.replace("encoder, ", ""))
        for name, value, scope in settings(distilled(text.replace("The encoder has", "We use")))
    }
    alone = settings(distilled("## 4 Training\n\nWe use 16 layers. For the large model we use 24 layers.\n"))
    assert ("layers", "16", "") in alone  # no smaller one is named


def test_a_symbol_takes_the_name_a_table_gives_it(distilled: Distilled) -> None:
    table = (
        "Table 1: Hyperparameters.\n\n| Hyperparameter | Value |\n|---|---|\n| Pessimism β | 2 |\n| Batch size | 64 |\n| Dropout | 0.1 |\n"
    )
    found = settings(distilled(f"## 4 Training\n\nWe set β = 4 on mazes.\n\n{table}"))
    assert "pessimism beta" in {name for name, _, _ in found} and "beta" not in {name for name, _, _ in found}
