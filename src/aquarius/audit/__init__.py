"""The audit: fabricated numbers, broken protocol and circumvented checks in a finished repository, found by reading it.

The package and its verb have one name, so the package can be called: `aquarius.audit(folder)` is `aquarius.audit.audit(folder)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__, {"audit": "._audit", "cards": "._audit", "Check": "._check", "second_opinion": "._second"}
)

if TYPE_CHECKING:
    from ._audit import audit as audit
    from ._audit import cards as cards
    from ._check import Check as Check
    from ._second import second_opinion as second_opinion


class _Verb(ModuleType):
    """A module that is called as the verb of its name."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from ._audit import audit

        return audit(*arguments, **options)


sys.modules[__name__].__class__ = _Verb
