"""A reproduction on disk: its layout, its ledger, the protocol's gates, checkpoint questions, and the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Workspace": "._layout",
        "create": "._layout",
        "package_name": "._layout",
        "Manifest": "._manifest",
        "read_manifest": "._manifest",
        "update_manifest": "._manifest",
        "STAGES": "._manifest",
        "Ledger": "._ledger",
        "Entry": "._ledger",
        "registered": "._registered",
        "standing": "._ledger",
        "stale": "._stale",
        "unseen": "._stale",
        "status": ".protocol",
        "Status": ".protocol",
        "PHASES": ".protocol",
        "GATES": ".protocol",
        "stage_of": ".protocol",
        "record_report": ".protocol",
        "next_step": "._next",
        "answer_questions": "._next",
        "NextStep": "._next",
        "session": "._session",
        "session_problems": "._session",
        "answer_gap": "._facts",
        "open_gaps": "._facts",
        "write_artifacts": "._artifacts",
        "assert_conforms": "._conforms",
        "Action": ".actions",
        "ACTIONS": ".actions",
        "Outcome": "._outcome",
    },
)

if TYPE_CHECKING:
    from ._artifacts import write_artifacts as write_artifacts
    from ._conforms import assert_conforms as assert_conforms
    from ._facts import answer_gap as answer_gap
    from ._facts import open_gaps as open_gaps
    from ._layout import Workspace as Workspace
    from ._layout import create as create
    from ._layout import package_name as package_name
    from ._ledger import Entry as Entry
    from ._ledger import Ledger as Ledger
    from ._ledger import standing as standing
    from ._manifest import STAGES as STAGES
    from ._manifest import Manifest as Manifest
    from ._manifest import read_manifest as read_manifest
    from ._manifest import update_manifest as update_manifest
    from ._next import NextStep as NextStep
    from ._next import answer_questions as answer_questions
    from ._next import next_step as next_step
    from ._outcome import Outcome as Outcome
    from ._registered import registered as registered
    from ._session import session as session
    from ._session import session_problems as session_problems
    from ._stale import stale as stale
    from ._stale import unseen as unseen
    from .actions import ACTIONS as ACTIONS
    from .actions import Action as Action
    from .protocol import GATES as GATES
    from .protocol import PHASES as PHASES
    from .protocol import Status as Status
    from .protocol import record_report as record_report
    from .protocol import stage_of as stage_of
    from .protocol import status as status
