"""The record."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from aquarius.core import Place
from aquarius.dossier import Claim, Dossier

PLACE = Place(file="a.tex", start=0, end=1, line=1, quote="a")


def test_a_claim_is_found_by_its_id_or_not_at_all() -> None:
    claim = Claim(id="table1/a", kind="value", statement="s", subject="a", quantity="BLEU", place=PLACE)
    dossier = Dossier(title="t", authors=(), document="d", claims=(claim,))
    assert dossier.claim("table1/a") is claim and dossier.claim("table1/b") is None
    assert Dossier.from_json(dossier.to_json()) == dossier


def test_a_claim_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValidationError):
        Claim(id="a", kind="guess", statement="s", subject="a", quantity="q", place=PLACE)  # type: ignore[arg-type]
