"""Claims that a person states: found in the paper with their number, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.dossier import Dossier, distill, state_claims
from aquarius.reading import Document, read, source_files

PAPER = "# A Paper\n\nYear: 2024\n\n## 1 Claims\n\nIt needs 5 times fewer samples, at a cost of 1 to 2 % of a step.\n\nIts entropy is 1.56 ± 0.05.\n"
GOOD = """claims:
  - id: claims/samples
    kind: value
    statement: 5 times fewer samples are needed
    subject: It
    quantity: sample ratio
    value: 5
    direction: higher
    at_least: true
    quote: 5 times fewer samples
  - {id: claims/cost, kind: value, statement: It costs 2 % of a step, subject: It, quantity: cost, value: "2", unit: "%", quote: a cost of 1 to 2 % of a step}
"""

Given = tuple[Dossier, Document, dict[str, bytes]]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    path = tmp_path / "paper.md"
    path.write_text(PAPER)
    document, files = read(path), source_files(path)
    return distill(document, files), document, files


def test_claims_get_their_places(given: Given) -> None:
    dossier, document, files = given
    stated = state_claims(GOOD, dossier, document, files)
    samples, cost = stated.claims
    assert [samples.id, cost.id] == ["claims/samples", "claims/cost"]
    assert samples.measure is not None and cost.measure is not None
    assert (samples.measure.value, samples.measure.last_place, cost.measure.value, cost.measure.last_place) == (5.0, 0.0, 2.0, 1.0)
    assert all(claim.place.is_true_of(files[claim.place.file]) for claim in stated.claims)
    assert stated.model_copy(update={"claims": dossier.claims}) == dossier


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("5 times fewer samples\n", "6 times fewer samples\n", "the quote of 'claims/samples' is not in the paper"),
        ("value: 5", "value: 7", "the quote of 'claims/samples' does not hold its value '7'"),
        ("value: 5", "value: five", "does not hold its value"),
        ("claims/cost", "claims/samples", "states the claim 'claims/samples' twice"),
        ("kind: value\n", "kind: hope\n", "claims.yaml, claim 1: kind"),
        ("claims:", "facts:", "claims.yaml holds no claims"),
    ],
)
def test_what_is_refused(given: Given, old: str, new: str, said: str) -> None:
    dossier, document, files = given
    assert old in GOOD
    with pytest.raises(BadInput, match=said):
        state_claims(GOOD.replace(old, new, 1), dossier, document, files)
