"""What every other package stands on: places, measures, evidence, records, errors, extension points. Standard library and pydantic only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "AquariusError": "._errors",
        "BadInput": "._errors",
        "MissingExtra": "._errors",
        "StorageError": "._errors",
        "Broken": "._errors",
        "did_you_mean": "._errors",
        "Record": "._record",
        "Noun": "._record",
        "validate": "._record",
        "plain": "._record",
        "canonical": "._record",
        "hash_data": "._record",
        "read_bytes": "._files",
        "read_text": "._files",
        "write_text": "._files",
        "write_bytes": "._files",
        "inside": "._files",
        "file_hash": "._files",
        "Place": "._place",
        "place_at": "._place",
        "Measure": "._measure",
        "measure": "._measure",
        "Evidence": "._evidence",
        "Environment": "._evidence",
        "Receipt": "._evidence",
        "Status": "._evidence",
        "extension_names": "._extensions",
        "load_extension": "._extensions",
        "lazy_exports": "._lazy",
    },
)

if TYPE_CHECKING:
    from ._errors import AquariusError as AquariusError
    from ._errors import BadInput as BadInput
    from ._errors import Broken as Broken
    from ._errors import MissingExtra as MissingExtra
    from ._errors import StorageError as StorageError
    from ._errors import did_you_mean as did_you_mean
    from ._evidence import Environment as Environment
    from ._evidence import Evidence as Evidence
    from ._evidence import Receipt as Receipt
    from ._evidence import Status as Status
    from ._extensions import extension_names as extension_names
    from ._extensions import load_extension as load_extension
    from ._files import file_hash as file_hash
    from ._files import inside as inside
    from ._files import read_bytes as read_bytes
    from ._files import read_text as read_text
    from ._files import write_bytes as write_bytes
    from ._files import write_text as write_text
    from ._lazy import lazy_exports as lazy_exports
    from ._measure import Measure as Measure
    from ._measure import measure as measure
    from ._place import Place as Place
    from ._place import place_at as place_at
    from ._record import Noun as Noun
    from ._record import Record as Record
    from ._record import canonical as canonical
    from ._record import hash_data as hash_data
    from ._record import plain as plain
    from ._record import validate as validate
