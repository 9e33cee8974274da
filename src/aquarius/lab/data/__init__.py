"""Data sets: a catalogue with the hash of every file, found or downloaded, verified, and read without running anything they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "CATALOGUE": "._catalogue",
        "Card": "._catalogue",
        "card": "._catalogue",
        "VARIABLE": "._locate",
        "DataSet": "._locate",
        "cache_folder": "._locate",
        "locate": "._locate",
        "GraphData": "._planetoid",
        "planetoid": "._planetoid",
        "read_planetoid": "._planetoid",
        "restricted_load": "._pickles",
    },
)

if TYPE_CHECKING:
    from ._catalogue import CATALOGUE as CATALOGUE
    from ._catalogue import Card as Card
    from ._catalogue import card as card
    from ._locate import VARIABLE as VARIABLE
    from ._locate import DataSet as DataSet
    from ._locate import cache_folder as cache_folder
    from ._locate import locate as locate
    from ._pickles import restricted_load as restricted_load
    from ._planetoid import GraphData as GraphData
    from ._planetoid import planetoid as planetoid
    from ._planetoid import read_planetoid as read_planetoid
