"""The bundle is frozen: a report cannot change what it is written from."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from aquarius.report import Bundle

from .samples import bundle, verdict


def test_it_is_frozen_and_needs_a_verdict_alone() -> None:
    given = Bundle(title="t", verdict=verdict())
    assert (given.dossier, given.evidence, given.questions) == (None, (), ())
    with pytest.raises(FrozenInstanceError):
        given.title = "other"  # type: ignore[misc]
    assert bundle() == bundle()
