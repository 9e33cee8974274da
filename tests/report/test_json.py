"""The JSON report holds the records themselves."""

from __future__ import annotations

import json

from aquarius.report._json import as_json
from aquarius.verdict import Verdict

from .samples import bundle, evidence, run


def test_it_holds_the_records() -> None:
    given = bundle()
    data = json.loads(as_json(given))
    assert data["outcome"] == "1 of 16 claims reproduced, 11 inconclusive, 4 not tested."
    assert Verdict.model_validate(data["verdict"]) == given.verdict and len(data["evidence"]) == len(evidence())
    assert data["score"]["reproduced"] == 0.0625 and data["score"]["inconclusive"] == 0.6875 and data["score"]["left_out"] == 1
    assert data["document"]["files"] == {"ms.tex": "1a" * 32, "results.tex": "2b" * 32}


def test_what_is_not_finite_is_still_json() -> None:
    made = as_json(bundle(evidence=(run("a", 0, float("nan"), settings={}),), dossier=None, blueprint=None, document=None))
    data = json.loads(made, parse_constant=lambda name: 1 / 0)
    assert data["evidence"][0]["values"]["accuracy"] == "nan" and data["dossier"] is None
