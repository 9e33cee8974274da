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
        "Inferred": "._unknowns",
        "not_computed": "._displays",
        "unreadable": "._displays",
        "defined_functions": "._displays",
        "stated": "._stated",
        "defined": "._stated",
        "Said": "._stated",
        "answers": "._answers",
        "Answers": "._answers",
        "questions": "._questions",
        "survey": "._paper",
        "Shown": "._paper",
        "declarations": "._symbols",
        "Symbols": "._symbols",
    },
)

if TYPE_CHECKING:
    from ._answers import Answers as Answers
    from ._answers import answers as answers
    from ._conform import Conformance as Conformance
    from ._conform import assert_conforms as assert_conforms
    from ._conform import conform as conform
    from ._displays import defined_functions as defined_functions
    from ._displays import not_computed as not_computed
    from ._displays import unreadable as unreadable
    from ._infer import infer as infer
    from ._paper import Shown as Shown
    from ._paper import survey as survey
    from ._questions import questions as questions
    from ._stated import Said as Said
    from ._stated import defined as defined
    from ._stated import stated as stated
    from ._symbols import Symbols as Symbols
    from ._symbols import declarations as declarations
    from ._translate import Translation as Translation
    from ._translate import translate as translate
    from ._unknowns import Inferred as Inferred
