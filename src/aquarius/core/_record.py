"""Frozen records: the nouns of the road, with a schema version, a canonical JSON form and a content hash."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ._errors import BadInput, Broken
from ._files import read_text, write_text

R = TypeVar("R", bound=BaseModel)


class Record(BaseModel):
    """A frozen value. Subclasses are leaves: they add fields, never behaviour that another overrides."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    def to_data(self) -> dict[str, Any]:
        """Return plain JSON values; a float that is not finite becomes the string "nan", "inf" or "-inf"."""
        data: dict[str, Any] = plain(self.model_dump(mode="python"))
        return data

    @property
    def content_hash(self) -> str:
        """Return the sha256 (hexadecimal) of the canonical JSON form: equal records have equal hashes on every machine."""
        return hash_data(self)


class Noun(Record):
    """A record that is written to disk on its own: it carries its schema's name and version."""

    SCHEMA: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def to_json(self) -> str:
        """Return the text of a file: schema, version, content hash and the record, indented, ending in a newline."""
        body = self.to_data()
        envelope = {"schema": self.SCHEMA, "version": self.VERSION, "hash": hash_data(body), "record": body}
        text = json.dumps(envelope, indent=1, ensure_ascii=False, allow_nan=False)
        if not text.isascii() and _has_surrogates(text):  # bytes of a source that are no UTF-8: written as \\udcXX escapes
            text = json.dumps(envelope, indent=1, ensure_ascii=True, allow_nan=False)
        return text + "\n"

    @classmethod
    def from_json(cls, text: str, *, name: str = "text") -> Self:
        """Read what `to_json` wrote.

        Raises:
            BadInput: not JSON, another schema, or a newer version than this Aquarius knows.
            Broken: the record does not match the hash it carries.
        """
        try:
            envelope = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name} is not JSON: {error}.") from None
        if not isinstance(envelope, dict) or envelope.get("schema") != cls.SCHEMA:
            found = envelope.get("schema") if isinstance(envelope, dict) else None
            raise BadInput(f"{name} holds no {cls.SCHEMA} record (its schema is {found!r}).")
        if envelope.get("version") != cls.VERSION:
            raise BadInput(
                f"{name} has version {envelope.get('version')!r} of {cls.SCHEMA}; this Aquarius reads version {cls.VERSION}. Install the Aquarius that wrote it, or write it again."
            )
        body = envelope.get("record")
        if envelope.get("hash") != hash_data(body):
            raise Broken(f"{name} was changed by hand: its record does not match the hash it carries. Restore it, or make it again.")
        return validate(cls, body, name)

    def save(self, path: Path) -> Path:
        """Write `to_json` to `path`, whole or not at all; return the path."""
        return write_text(path, self.to_json())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a record that `save` wrote; errors as in `from_json`."""
        return cls.from_json(read_text(path), name=str(path))


def validate(record: type[R], data: object, name: str) -> R:
    """Build a record from untrusted data.

    Raises:
        BadInput: with the first thing that is wrong and the path of the field.
    """
    try:
        return record.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the record"
        raise BadInput(f"{name}: {where}: {first['msg'][:1].lower()}{first['msg'][1:]}.") from None
    except RecursionError:
        raise BadInput(f"{name} is nested too deeply.") from None


def _has_surrogates(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def plain(value: Any) -> Any:
    """Turn records, tuples and sets into JSON values; sets are sorted, floats that are not finite become strings."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="python"))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Path):
        return value.as_posix()
    return value


def canonical(data: Any) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, UTF-8 kept."""
    return json.dumps(plain(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_data(data: Any) -> str:
    """Return the sha256 (hexadecimal) of the canonical JSON of a value."""
    return hashlib.sha256(canonical(data).encode("utf-8", "surrogatepass")).hexdigest()
