"""The gauntlet: checks that find the bug in a PyTorch model, one file per family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "examine": "._examine",
        "check_names": "._examine",
        "compare_models": ".comparison._compare",
        "diagnose": "._diagnose",
        "Diagnosis": "._diagnose",
        "Commands": "._diagnose",
        "Suspect": "._suspect",
        "seen_settings": "._settings",
        "Check": "._check",
        "checks": "._check",
        "cards": "._cards",
        "Examination": "._examination",
    },
)

if TYPE_CHECKING:
    from ._cards import cards as cards
    from ._check import Check as Check
    from ._check import checks as checks
    from ._diagnose import Commands as Commands
    from ._diagnose import Diagnosis as Diagnosis
    from ._diagnose import diagnose as diagnose
    from ._examination import Examination as Examination
    from ._examine import check_names as check_names
    from ._examine import examine as examine
    from ._settings import seen_settings as seen_settings
    from ._suspect import Suspect as Suspect
    from .comparison._compare import compare_models as compare_models
