"""Built-ins and plugins come through one door; an unknown name is refused with the nearest known one."""

from __future__ import annotations

import pytest

from aquarius.core import BadInput, extension_names, load_extension
from aquarius.core._extensions import BUILT_IN


@pytest.mark.parametrize("group", sorted(BUILT_IN))
def test_every_built_in_loads(group: str) -> None:
    for name in BUILT_IN[group]:
        assert load_extension(group, name) is not None
    assert extension_names(group)[: len(BUILT_IN[group])] == list(BUILT_IN[group])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(BadInput, match=r"'latx' is not one of aquarius.readers. Did you mean 'latex'\?"):
        load_extension("aquarius.readers", "latx")
    with pytest.raises(BadInput, match="is not an extension point"):
        load_extension("aquarius.reader", "latex")
