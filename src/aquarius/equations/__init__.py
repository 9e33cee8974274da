"""LaTeX to a typed tree, to a reference interpreter and to readable code; and code held against the equation it should compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "translate": "._translate",
        "Translation": "._translate",
        "conform": "._conform",
        "Conformance": "._conform",
        "assert_conforms": "._conform",
        "infer": "._infer",
        "Inferred": "._infer",
        "not_computed": "._infer",
        "unreadable": "._infer",
        "defined_functions": "._infer",
        "declarations": "._symbols",
        "Symbols": "._symbols",
    },
)

if TYPE_CHECKING:
    from ._conform import Conformance as Conformance
    from ._conform import assert_conforms as assert_conforms
    from ._conform import conform as conform
    from ._infer import Inferred as Inferred
    from ._infer import defined_functions as defined_functions
    from ._infer import infer as infer
    from ._infer import not_computed as not_computed
    from ._infer import unreadable as unreadable
    from ._symbols import Symbols as Symbols
    from ._symbols import declarations as declarations
    from ._translate import Translation as Translation
    from ._translate import translate as translate
