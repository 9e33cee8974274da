"""The subjects of the shipped workspaces pass the gauntlet without a failed check."""

from __future__ import annotations

from pathlib import Path

import pytest

import aquarius
from aquarius.gauntlet import examine

TEMPLATES = Path(aquarius.__file__).parent / "workspace" / "templates"
SUBJECTS = ("attention/src/transformer/model.py", "gcn-cora/src/gcn/model.py", "sgc-cora/src/sgc/model.py", "aql/src/aql/model.py")


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_shipped_subject_has_no_failed_check(name: str) -> None:
    found = examine(TEMPLATES / name)
    assert [(finding.check, finding.message) for finding in found if finding.status == "fail"] == []
    passed = {finding.check for finding in found if finding.status == "pass"}
    assert {"interface", "gradient", "parameters", "stated loss", "overfit"} <= passed


def test_the_first_gauntlet_runs_on_the_encoder_decoder() -> None:
    found = examine(TEMPLATES / SUBJECTS[0], only=["gradient", "causality", "padding", "overfit", "initial loss"])
    status = {finding.check: finding.status for finding in found}
    assert all(status[check] == "pass" for check in ("gradient", "causality", "padding", "overfit"))
