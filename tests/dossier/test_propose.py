"""Proposed facts: each quote is looked up in the paper; what it does not hold is refused, by name, and costs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from aquarius.core import BadInput
from aquarius.dossier import Dossier, Proposal, add_facts, distill, from_yaml, propose, to_yaml
from aquarius.dossier._propose import MOST
from aquarius.reading import Document, source_files

BODY = """## 4 Training

We trained with Adam at $\\beta_1 = 0.9$ for long; the rate was cut
once the loss stalled for seven passes.

Table 1: Settings.

| Parameter | Value |
|---|---|
| Fudge factor | 0.15 |
"""
Paper = Callable[[str], Document]


def fact(**changed: object) -> dict[str, object]:
    return {"group": "recipe", "name": "patience", "value": 7, "quote": "the loss stalled for seven passes", **changed}


def proposed(paper: Paper, tmp_path: Path, *facts: object) -> tuple[Dossier, Proposal]:
    document = paper(BODY)
    files = source_files(tmp_path / "paper.md")
    dossier = distill(document, files)
    return dossier, propose(json.dumps({"by": "Ada", "facts": list(facts)}), dossier, document, files)


@pytest.mark.parametrize(
    ("change", "quote"),
    [
        ({}, "the loss stalled for seven passes"),
        ({"quote": "rate was  cut once the loss stalled for “seven” passes"}, "rate was cut\nonce the loss stalled for seven passes"),
        ({"name": "rate", "value": "0.9", "quote": "Adam at β_1 = 0.9 for long"}, "Adam at $\\beta_1 = 0.9$ for long"),
        ({"name": "fudge", "value": 0.15, "quote": "Fudge factor 0.15"}, "0.15"),
        ({"name": "method", "value": "Adam", "quote": "We trained with Adam"}, "We trained with Adam"),
    ],
)
def test_a_fact_that_the_paper_holds_gets_its_place(paper: Paper, tmp_path: Path, change: dict[str, object], quote: str) -> None:
    _, proposal = proposed(paper, tmp_path, fact(**change))
    assert proposal.refused == ()
    (accepted,) = proposal.accepted
    assert accepted.fact.proposed_by == "Ada" and accepted.fact.place.quote == quote
    assert accepted.fact.place.is_true_of((tmp_path / "paper.md").read_bytes())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quote": "the loss stalled for nine passes"}, "its quote is not in the paper"),
        ({"name": "fudge", "value": 0.1, "quote": "Fudge factor 0.1"}, "its quote is not in the paper"),
        ({"quote": "oss stalled for seven passe"}, "its quote is not in the paper"),
        ({"value": 8}, "its quote does not hold its value"),
        ({"value": "cosine"}, "its quote does not hold its value"),
        ({"quote": "seven"}, "its quote is too short to be found in one place only: quote the whole phrase"),
        ({"quote": "$$ {} __ **"}, "its quote is too short to be found in one place only: quote the whole phrase"),
        ({"quote": None}, "its quote is missing or no text"),
        ({"value": ["7"]}, "its value is missing or no text"),
        ({"value": True}, "its value is missing or no text"),
        ({"value": "7" * 301}, "its value is longer than 300 characters"),
        ({"name": "pa\x1b[2Jtience"}, "its name holds signs that cannot be printed"),
        ({"group": "claims"}, "its group must be one of architecture, recipe, datasets, metrics, summary"),
        ({"place": {}}, "it has a field 'place' that facts do not have"),
        ({"proposed_by": None}, "it has a field 'proposed_by' that facts do not have"),
    ],
)
def test_any_other_is_refused_and_costs_nothing_else(paper: Paper, tmp_path: Path, change: dict[str, object], reason: str) -> None:
    _, proposal = proposed(paper, tmp_path, fact(**change), fact(name="waiting"), 3)
    assert [item.fact.name for item in proposal.accepted] == ["waiting"]
    assert [item.reason for item in proposal.refused] == [reason, "it is no mapping with group, name, value and quote"]
    assert proposal.refused[0].name.startswith(("pa", "fudge"))


def test_a_fact_is_added_once(paper: Paper, tmp_path: Path) -> None:
    _, proposal = proposed(paper, tmp_path, fact(), fact())
    assert len(proposal.accepted) == 1 and proposal.refused[0].reason == "the dossier has it already"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- [", "the proposal is not YAML"),
        ("facts: 3\nby: a", "holds no facts"),
        ("3", "holds no facts"),
        ("facts: []", "does not say who proposes"),
        ("{by: 'a\\tb', facts: []}\n", None),
        ('{"by": "a\\u001b[2J", "facts": []}', "does not say who proposes"),
        ("by: a\nfacts: [&x 1, *x]", "alias"),
        ("by: !!python/object/apply:os.system ['true']\nfacts: []", "is not YAML"),
        ("by: a\nfacts: [" + "1," * (MOST + 1) + "]", f"at most {MOST}"),
        ("[" * 3000, "is not YAML"),
    ],
)
def test_a_file_that_is_no_proposal_is_refused_in_one_sentence(paper: Paper, text: str, message: str | None) -> None:
    document = paper(BODY)
    if message is None:
        assert propose(text, distill(document), document).accepted == ()
        return
    with pytest.raises(BadInput, match=message):
        propose(text, distill(document), document)


def test_a_dossier_of_another_version_is_refused(paper: Paper) -> None:
    old = distill(paper("## 4 Training\n\nOther.\n"))
    with pytest.raises(BadInput, match="another version of the paper"):
        propose("by: a\nfacts: []", old, paper(BODY))


@pytest.mark.parametrize("form", ["", "recipe: []\n", "recipe:\n"])
def test_adding_keeps_comments_order_and_every_other_line(paper: Paper, tmp_path: Path, form: str) -> None:
    dossier, proposal = proposed(paper, tmp_path, fact(), fact(group="metrics", name="passes"))
    text = to_yaml(dossier)
    edited = "# mine\n" + text.replace("\nrecipe:\n", "\n# on the recipe\n\nrecipe:  # all of it\n")
    if form:
        kept = yaml.safe_load(text)
        del kept["recipe"]
        edited = yaml.safe_dump(kept, sort_keys=True) + form + "\n# the end\n"
    done = add_facts(edited, [(item.group, item.fact) for item in proposal.accepted])
    lines = [line for line in edited.splitlines() if line != "recipe: []"]
    rest = iter(done.splitlines())
    assert all(line in rest for line in lines)  # every line, in order
    after = from_yaml(done)
    assert after.recipe[-1] == proposal.accepted[0].fact and after.metrics[-1].name == "passes"
    assert after.model_copy(update={"recipe": from_yaml(edited).recipe, "metrics": from_yaml(edited).metrics}) == from_yaml(edited)


def test_a_list_on_one_line_is_refused_and_nothing_is_lost(paper: Paper, tmp_path: Path) -> None:
    dossier, proposal = proposed(paper, tmp_path, fact())
    data = yaml.safe_load(to_yaml(dossier))
    recipe = json.dumps(data.pop("recipe"))
    with pytest.raises(BadInput, match="one '- ' per item"):
        add_facts(yaml.safe_dump(data) + f"recipe: {recipe}\n", [(item.group, item.fact) for item in proposal.accepted])


def test_a_dossier_from_before_is_still_read(paper: Paper) -> None:
    text = to_yaml(distill(paper(BODY)))
    assert "proposed_by" not in text and all(fact.proposed_by is None for fact in from_yaml(text).recipe)
