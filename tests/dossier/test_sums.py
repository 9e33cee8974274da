"""Arithmetic that does not come out: planted cases are found with both quotes, and clean ones of the same words are left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier import Dossier

Distilled = Callable[[str], Dossier]
ROWS = "\n".join(f"| m{index} | {60 + index}.0 | {70 + index}.0 | {65 + index}.0 |" for index in range(5))
TABLE = (
    f"## 4 Experiments\n\nTable 1: Accuracy.\n\n| Model | MNLI | RTE | Avg. |\n|---|---|---|---|\n{ROWS}\n| ours | 70.0 | 80.0 | {{}} |\n"
)
LAST = "Here h = 8, and everywhere d_model = 512. We set d_model / h = {} for all."


@pytest.mark.parametrize(
    ("body", "quotes"),
    [
        ("Our model improves accuracy from 71.2 to 73.4, an improvement of 3.2 points.", ("from 71.2 to 73.4", "3.2 points")),
        ("The error drops from 12.0% to 9.0%, a relative reduction of 52%.", ("from 12.0% to 9.0%", "52%")),
        ("This reduces the perplexity by 9.1 points, from 24.0 to 20.0.", ("from 24.0 to 20.0", "9.1 points")),
        ("We take 80% for training, 15% for validation and 15% for testing.", ("80% for training, 15", "15")),
        ("We use 80/10/20 train/validation/test splits.", ("80/10", "20")),
        (LAST.format(32), ("d_model / h = 32", "d_model = 512")),
        (TABLE.format("85.0"), ("85.0", "70.0")),
    ],
)
def test_a_planted_error_is_found_with_both_quotes(distilled: Distilled, body: str, quotes: tuple[str, str]) -> None:
    body = body if body.startswith("##") else f"## 4 Experiments\n\n{body}\n"
    (found,) = distilled(body).contradictions
    assert tuple(place.quote.strip() for place in found.places) == quotes and found.message.endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        "Our model improves accuracy from 71.2 to 73.4, an improvement of 2.2 points.",
        "The accuracy rises from 71.2 to 73.4, a relative improvement of 3.1%.",
        "The error drops from 12.0% to 9.0%, a relative reduction of 25%.",
        "The accuracy rises from 90.0 to 92.0, an error reduction of 20%.",
        "The time drops from 10 to 5 hours, a reduction of 2x.",
        "The accuracy rises from 0.71 to 0.73, an improvement of 2 points.",
        "The score rises from 71.2 to 73.4, an increase of about 5 points.",
        "The scores rise from 71.2 to 73.4 and 70.0, an increase of 2.2 and 9.0, respectively.",
        "The learning rate is raised from 0.1 to 0.2 and the loss drops by 7 points.",
        "The rate is warmed up from 0 to 0.1, an increase of 0.01 per epoch.",
        "We take 80% for training, 10% for validation and 10% for testing.",
        "We take 60% for training, 10% for validation and 10% for testing.",
        "We use 70/10/20 train/validation/test splits.",
        LAST.format(64),
        LAST.format(32) + " In the ablation h = 16.",
        TABLE.format("75.0"),
        TABLE.format("75.1"),
        TABLE.replace("Avg.", "Best").format("85.0"),
        "## 4 Experiments\n\nTable 1: Accuracy.\n\n| Model | A | B | Avg. |\n|---|---|---|---|\n| a | 60.0 | 70.0 | 61.0 |\n| b | 61.0 | 70.0 | 62.0 |\n| c | 61.0 | 70.0 | 65.5 |\n",
    ],
)
def test_what_comes_out_or_may_mean_something_else_is_left_alone(distilled: Distilled, body: str) -> None:
    assert distilled(body if body.startswith("##") else f"## 4 Experiments\n\n{body}\n").contradictions == ()
