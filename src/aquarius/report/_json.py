"""The JSON report: the records themselves, in their canonical form, for another program."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ..core import plain
from ..verdict import score
from ._bundle import Bundle
from ._words import outcome


def as_json(bundle: Bundle) -> bytes:
    """Return the bundle's records as JSON, with the outcome sentence and the score beside them."""
    data: dict[str, Any] = {
        "schema": "aquarius.report",
        "version": 1,
        "title": bundle.title,
        "outcome": outcome(bundle.verdict),
        "score": asdict(score(bundle.verdict)),
        "verdict": bundle.verdict.to_data(),
        "dossier": bundle.dossier.to_data() if bundle.dossier else None,
        "blueprint": bundle.blueprint.to_data() if bundle.blueprint else None,
        "document": {"title": bundle.document.title, "files": bundle.document.files} if bundle.document else None,
        "evidence": [item.to_data() for item in bundle.evidence],
        "questions": [item.to_data() for item in bundle.questions],
    }
    return (json.dumps(plain(data), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
