"""Every card of the extension table: it loads, it names its source, and the folder holds no part without one."""

from __future__ import annotations

import re

import pytest

from aquarius.core import BadInput, extension_names, load_extension
from aquarius.parts import Part

NAMES = extension_names("aquarius.parts")


@pytest.mark.parametrize("name", NAMES)
def test_a_card_names_its_source(name: str) -> None:
    card = load_extension("aquarius.parts", name)
    assert isinstance(card, Part) and card.name == name and callable(card.build)
    assert re.search(r"arXiv:\d{4}\.\d{5}|\d{4}$", card.paper)
    assert re.search(r"section|Table", card.section) and card.equation and card.gotcha.endswith(".")
    assert card.build.__doc__


def test_every_folder_has_a_card() -> None:
    import aquarius.parts as parts

    folders = {name for name in parts.__all__ if name != "Part"}
    cards = {load_extension("aquarius.parts", name).build.__module__.split(".")[2] for name in NAMES}
    assert cards == folders


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(BadInput, match="Did you mean 'layer normalisation'"):
        load_extension("aquarius.parts", "layer normalization")
