"""Aquarius turns a machine-learning paper into a reproduction that can be believed.

    import aquarius as aq

    paper    = aq.read("paper/source")                     # Document: what the paper says, and where it says it
    dossier  = aq.distill(paper)                           # Dossier: claims, recipe, gaps
    plan     = aq.draw(dossier, aq.Subject("model.py"))    # Blueprint: shapes, parameters, cost
    findings = aq.examine("model.py", dossier)             # Evidence from the gauntlet
    runs     = aq.train("train.py", seeds=20)              # Evidence from the lab
    verdict  = aq.judge(dossier, findings + runs)          # Verdict, claim by claim
    doubts   = aq.audit("somebody/elses/repository")       # Evidence from reading a finished repository
    aq.write(verdict, to="report.html")                    # Report

Importing this loads no torch; the verbs load what they need when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        # nouns
        "Document": ".reading",
        "Dossier": ".dossier",
        "Blueprint": ".blueprint",
        "Subject": ".subject",
        "Evidence": ".core",
        "Verdict": ".verdict",
        "Bundle": ".report",
        # verbs
        "read": ".reading",
        "distill": ".dossier",
        "draw": ".blueprint",
        "examine": ".gauntlet",
        "train": ".lab",
        "judge": ".verdict",
        "audit": ".audit",
        "write": ".report",
        # errors
        "AquariusError": ".core",
        "BadInput": ".core",
        "Broken": ".core",
        "MissingExtra": ".core",
        "StorageError": ".core",
    },
)

if TYPE_CHECKING:
    from .audit import audit as audit
    from .blueprint import Blueprint as Blueprint
    from .blueprint import draw as draw
    from .core import AquariusError as AquariusError
    from .core import BadInput as BadInput
    from .core import Broken as Broken
    from .core import Evidence as Evidence
    from .core import MissingExtra as MissingExtra
    from .core import StorageError as StorageError
    from .dossier import Dossier as Dossier
    from .dossier import distill as distill
    from .gauntlet import examine as examine
    from .lab import train as train
    from .reading import Document as Document
    from .reading import read as read
    from .report import Bundle as Bundle
    from .report import write as write
    from .subject import Subject as Subject
    from .verdict import Verdict as Verdict
    from .verdict import judge as judge
