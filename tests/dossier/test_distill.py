"""The whole: real papers and our fact sheets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aquarius
from aquarius.core import BadInput, Place
from aquarius.dossier import Dossier, distill, from_yaml, to_yaml
from aquarius.reading import read, source_files

TEMPLATES = Path(aquarius.__file__).parent / "workspace" / "templates"
SHEETS = ("attention", "gcn-cora", "sgc-cora")


def places(value: Any) -> Iterator[Place]:
    if isinstance(value, Place):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from places(item)
    elif hasattr(type(value), "model_fields"):
        for name in type(value).model_fields:
            yield from places(getattr(value, name))


def sheet(name: str) -> Dossier:
    path = TEMPLATES / name / "paper.md"
    return distill(read(path), source_files(path))


@pytest.mark.parametrize("name", SHEETS)
def test_every_place_of_a_fact_sheet_is_true_byte_for_byte(name: str) -> None:
    files = source_files(TEMPLATES / name / "paper.md")
    dossier = sheet(name)
    found = list(places(dossier))
    assert len(found) > 20 and all(place.is_true_of(files[place.file]) for place in found)
    assert from_yaml(to_yaml(dossier)) == dossier and sheet(name).content_hash == dossier.content_hash
    assert distill(read(TEMPLATES / name / "paper.md")) == dossier  # the files only check what the passages carry themselves


def test_other_files_than_those_that_were_read_are_refused() -> None:
    with pytest.raises(BadInput, match="is not the file this passage was read from"):
        distill(read(TEMPLATES / "attention" / "paper.md"), {"paper.md": b"something else"})


def test_the_parameter_column_of_table_3() -> None:
    dossier = sheet("attention")
    counts = {claim.id: claim.measure.value for claim in dossier.claims if claim.kind == "exact" and claim.measure}
    millions = {"base": 65, "B/d_k=16": 58, "B/d_k=32": 60, "C/N=2": 36, "C/N=4": 50, "C/N=8": 80, "C/d_model=256,d_k=32,d_v=32": 28,
                "C/d_model=1024,d_k=128,d_v=128": 168, "C/d_ff=1024": 53, "C/d_ff=4096": 90, "big": 213}  # fmt: skip
    assert counts == {f"table3/{row}/parameters": value * 1e6 for row, value in millions.items()}
    big = dossier.claim("table3/big/parameters")
    assert big is not None and big.settings == {
        "N": "6", "d_model": "1024", "d_ff": "4096", "h": "16", "d_k": "64", "d_v": "64", "P_drop": "0.3", "epsilon_ls": "0.1", "train steps": "300K",
    }  # fmt: skip
    positions = dossier.claim("table3/E/BLEU")
    assert (
        positions is not None
        and positions.settings["variation"] == "positional embedding instead of sinusoids"
        and positions.settings["d_model"] == "512"
    )


def test_the_claims_that_the_graph_experiments_bear_on() -> None:
    kipf = sheet("gcn-cora").claim("table2/GCN (this paper)/Cora/accuracy")
    assert kipf is not None and kipf.measure is not None and kipf.own
    assert (kipf.measure.value, kipf.measure.unit, kipf.measure.last_place, kipf.measure.spread, kipf.measure.n) == (
        81.5,
        "%",
        0.1,
        None,
        100,
    )
    splits = sheet("gcn-cora").claim("table2/GCN (rand. splits)/Cora/accuracy")
    assert (
        splits is not None
        and splits.measure is not None
        and (splits.measure.spread, splits.measure.spread_kind, splits.measure.n) == (0.5, "se", 10)
    )
    simple = sheet("sgc-cora").claim("table2/SGC/Cora/accuracy")
    assert (
        simple is not None
        and simple.measure is not None
        and simple.own
        and (simple.measure.value, simple.measure.spread, simple.measure.n) == (81.0, 0.0, 10)
    )
    other = sheet("sgc-cora").claim("table2/GCN/Cora/accuracy")
    assert other is not None and not other.own
    assert not any(claim.id.startswith("table1/") for name in ("gcn-cora", "sgc-cora") for claim in sheet(name).claims)


def test_what_the_graph_papers_do_not_say_is_a_gap() -> None:
    assert "weight decay" in {gap.name for gap in sheet("sgc-cora").gaps} and "weight decay" not in {
        gap.name for gap in sheet("gcn-cora").gaps
    }


# ------------------------------------------------------------------------------------------------ the real papers


@pytest.mark.shared
def test_the_paper_and_its_fact_sheet_come_to_the_same_dossier(shared: Path) -> None:
    source = shared / "papers" / "attention" / "source"
    paper, ours = distill(read(source), source_files(source)), sheet("attention")

    def tables(dossier: Dossier) -> dict[str, dict[str, Any]]:
        return {claim.id: claim.model_dump(exclude={"place"}) for claim in dossier.claims if not claim.id.startswith("text/")}

    assert tables(paper) == tables(ours) and len(ours.claims) > 90
    formulas = [[(formula.id, "".join(formula.latex.split())) for formula in dossier.formulas] for dossier in (paper, ours)]
    assert formulas[0] == formulas[1] and [name for name, _ in formulas[0]] == [
        "equation (1)",
        "display 2",
        "display 3",
        "equation (2)",
        "display 5",
        "display 6",
        "equation (3)",
    ]

    def stated(dossier: Dossier) -> set[tuple[str, str, str]]:
        return {(fact.name, fact.value, fact.scope) for fact in (*dossier.architecture, *dossier.recipe)}

    assert stated(ours) <= stated(paper)
    assert stated(paper) - stated(ours) <= {
        ("kernel size", "1", ""),
        ("training set size", "40K", "Wall Street Journal, English Constituency Parsing"),
    }
    assert {gap.name for gap in paper.gaps} == {gap.name for gap in ours.gaps}
    assert [item.message for item in paper.contradictions] == [item.message for item in ours.contradictions]
    assert len(paper.contradictions) == 1 and "41.0" in paper.contradictions[0].message and "41.8" in paper.contradictions[0].message


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    ["advantage_alignment", "attention", "cebm", "diff_transformer", "e_maml", "ff_attention", "ilm", "repa_e", "siss", "style_transfer"],
)
def test_every_place_of_a_real_paper_is_true_byte_for_byte(shared: Path, name: str) -> None:
    source = shared / "papers" / name / "source"
    files = source_files(source)
    dossier = distill(read(source), files)
    assert all(place.is_true_of(files[place.file]) for place in places(dossier))
    assert from_yaml(to_yaml(dossier)) == dossier
    assert len({claim.id for claim in dossier.claims}) == len(dossier.claims)
    assert name == "attention" or not dossier.contradictions


@pytest.mark.slow
@pytest.mark.shared
def test_all_seventeen_papers_are_distilled_and_only_the_known_contradiction_is_found(shared: Path) -> None:
    found = {}
    papers = sorted(path for path in (shared / "papers").iterdir() if path.is_dir())
    for paper in papers:
        dossier = distill(read(paper / "paper.pdf"))
        assert len(dossier.summary) <= 3 and from_yaml(to_yaml(dossier)) == dossier, paper.name
        if dossier.contradictions:
            found[paper.name] = [item.message for item in dossier.contradictions]
    assert len(papers) == 17 and list(found) == ["attention"] and "41.0" in found["attention"][0] and "41.8" in found["attention"][0]
