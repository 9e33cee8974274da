"""The dossier: what a paper claims, what it is made of, how it was trained and measured, and what it leaves open. By rules, no language model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "distill": "._distill",
        "to_yaml": "._yaml",
        "from_yaml": "._yaml",
        "summary_data": "._summary",
        "add_facts": "._yaml",
        "propose": "._propose",
        "state_claims": "._stated",
        "Proposal": "._propose",
        "Proposed": "._propose",
        "Refused": "._propose",
        "Dossier": "._dossier",
        "Claim": "._dossier",
        "Contradiction": "._dossier",
        "Fact": "._dossier",
        "Formula": "._dossier",
        "Gap": "._dossier",
        "Option": "._dossier",
        "Protocol": "._dossier",
        "Symbol": "._dossier",
    },
)

if TYPE_CHECKING:
    from ._distill import distill as distill
    from ._dossier import Claim as Claim
    from ._dossier import Contradiction as Contradiction
    from ._dossier import Dossier as Dossier
    from ._dossier import Fact as Fact
    from ._dossier import Formula as Formula
    from ._dossier import Gap as Gap
    from ._dossier import Option as Option
    from ._dossier import Protocol as Protocol
    from ._dossier import Symbol as Symbol
    from ._propose import Proposal as Proposal
    from ._propose import Proposed as Proposed
    from ._propose import Refused as Refused
    from ._propose import propose as propose
    from ._stated import state_claims as state_claims
    from ._summary import summary_data as summary_data
    from ._yaml import add_facts as add_facts
    from ._yaml import from_yaml as from_yaml
    from ._yaml import to_yaml as to_yaml
