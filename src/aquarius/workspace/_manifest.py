"""The Project Aquarius manifest, exactly of the published shape, so that its dashboard can read a workspace as it is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ..core import BadInput, Record, plain, read_text, validate, write_text

MANIFEST = "aquarius.project.json"
SCHEMA_VERSION = "1.0.0"
LARGEST = 1024 * 1024  # bytes
STAGES = {1: "S1-SPEC", 2: "S2-PROTO", 3: "S3-LIB", 4: "S4-BENCH", 5: "S5-MATCH", 6: "S6-SHIP"}
ProjectStatus = Literal["active", "pending", "blocked", "completed"]


class PaperEntry(Record):
    """The paper, as the manifest names it."""

    title: str = Field(min_length=1)
    year: int = Field(ge=1800, le=2200)
    url: str | None = None


class ResultEntry(Record):
    """A result as the manifest lists it; the artifact of the same id has the whole."""

    result_id: str = Field(min_length=1)
    title: str
    summary: str
    updated_at: str | None = None
    metrics: dict[str, float | str] = {}


class Manifest(Record):
    """`aquarius.project.json`. Fields without a value are left out of the file."""

    schema_version: str = SCHEMA_VERSION
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str = Field(min_length=1)
    description: str | None = None
    paper: PaperEntry
    stage: int = Field(default=1, ge=1, le=6)
    status: ProjectStatus = "active"
    backend: str | None = None
    updated_at: str | None = None
    results: tuple[ResultEntry, ...] | None = None


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        BadInput: missing, not JSON, or not of the published shape: the sentence names the field.
    """
    text = read_text(path, largest=LARGEST)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise BadInput(f"{path} is not a manifest: it holds no JSON object.")
    return validate(Manifest, data, str(path))


def write_manifest(path: Path, manifest: Manifest) -> Path:
    """Write a manifest, whole or not at all; return the path."""
    return write_text(path, json.dumps(without_nothing(manifest), indent=2, ensure_ascii=False) + "\n")


def update_manifest(
    path: Path, *, stage: int | None = None, status: ProjectStatus | None = None, results: tuple[ResultEntry, ...] | None = None
) -> Manifest:
    """Change the stage, the status or the list of results, write the file where something changed, and return the manifest.

    Raises:
        BadInput: a stage outside 1-6 or an unknown status; the file is then as it was.
    """
    before = read_manifest(path)
    given = {"stage": stage, "status": status, "results": results}
    changes = {name: value for name, value in given.items() if value is not None and value != getattr(before, name)}
    if not changes:
        return before
    after = validate(Manifest, {**before.model_dump(), **changes, "updated_at": now()}, str(path))
    write_manifest(path, after)
    return after


def slug(name: str) -> str:
    """Return a name as an id: lower case letters and digits, "-" between words.

    Raises:
        BadInput: no letter or digit in it.
    """
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80].strip("-")
    if not words:
        raise BadInput(f"{name!r} cannot name a workspace: it has no letter a-z and no digit.")
    return words


def now() -> str:
    """Return this second in UTC, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def without_nothing(record: Record) -> Any:
    """Return the JSON values of a record whose absent fields are left out, as the published shapes want it."""
    return plain(record.model_dump(exclude_none=True))
