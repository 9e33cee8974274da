"""The records of a verdict, and the door of the package."""

from __future__ import annotations

import subprocess
import sys

import aquarius.verdict as package
from aquarius.verdict import Registration, Verdict, judge

from .cases import CASES, rule
from .test_judge import judged


def test_round_trip_and_count() -> None:
    case = CASES[0]
    verdict = judge(case.dossier(), case.evidence, case.registration(), registered="before")
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert (verdict.count("reproduced"), verdict.count("worse")) == (1, 0)
    registration = Registration(rules=(rule(),), dossier="d")
    assert Registration.from_json(registration.to_json()).content_hash == registration.content_hash
    assert judged(case).rule == rule()


def test_every_public_name_is_there() -> None:
    assert all(getattr(package, name).__doc__ for name in package.__all__)


def test_importing_and_counting_load_no_scipy() -> None:
    code = (
        "import sys, aquarius.verdict as v; from aquarius.dossier import Dossier\n"
        "v.judge(Dossier(title='t', authors=(), document='d'), ())\n"
        "assert not {'scipy', 'numpy', 'torch'} & set(sys.modules), sorted({'scipy', 'numpy', 'torch'} & set(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
