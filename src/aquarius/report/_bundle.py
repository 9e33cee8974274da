"""The bundle: all that a report is written from. Extensions of `aquarius.reports` are functions from it to bytes."""

from __future__ import annotations

from dataclasses import dataclass

from ..blueprint import Blueprint, Question
from ..core import Evidence
from ..dossier import Dossier
from ..reading import Document
from ..verdict import Verdict


@dataclass(frozen=True)
class Bundle:
    """A verdict with everything it came from, as far as it is at hand. Evidence is sorted by kind, check, seed and content."""

    title: str
    verdict: Verdict
    dossier: Dossier | None = None
    blueprint: Blueprint | None = None
    evidence: tuple[Evidence, ...] = ()
    document: Document | None = None
    questions: tuple[Question, ...] = ()
