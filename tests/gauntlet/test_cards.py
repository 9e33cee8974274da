"""The cards: whole, in the documentation as they are, and printed by `aquarius check --list`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from aquarius.cli._main import _Commands
from aquarius.gauntlet import cards, checks
from aquarius.gauntlet._cards import page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_the_documentation_is_what_the_cards_say() -> None:
    assert (DOCS / "checks.md").read_text() == page(), "a card changed: python -m aquarius.gauntlet._cards > docs/checks.md"


def test_every_card_is_whole() -> None:
    for card in cards():
        assert card["finds"].endswith(".") and card["misled_by"].endswith("."), card["check"]
        assert len(card["finds"]) < 260 and card["cost"].split(",")[0] in ("instant", "forward", "training"), card["check"]
    assert [card["check"] for card in cards()] == [check.name for check in checks()]


def test_what_runs_on_request_says_so() -> None:
    assert {card["check"] for card in cards() if "on request" in card["cost"]} == {"ladder", "ablation"}


def test_the_list_examines_nothing_and_a_file_is_needed_otherwise() -> None:
    group = _Commands("", name="aquarius")
    shown = CliRunner().invoke(group, ["check", "--list", "--json"])
    assert shown.exit_code == 0 and '"causality"' in shown.stdout
    assert "name the model file to examine" in str(CliRunner().invoke(group, ["check"]).exception)
