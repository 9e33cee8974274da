"""Blueprint: what a model is before it is trained: shapes with named sizes, counts held against the paper, cost, feasibility, questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Blueprint": "._blueprint",
        "Count": "._blueprint",
        "Feasibility": "._blueprint",
        "Layer": "._blueprint",
        "draw": "._draw",
        "count_claims": "._counts",
        "Question": "._questions",
        "grade": "._questions",
        "questions": "._questions",
    },
)

if TYPE_CHECKING:
    from ._blueprint import Blueprint as Blueprint
    from ._blueprint import Count as Count
    from ._blueprint import Feasibility as Feasibility
    from ._blueprint import Layer as Layer
    from ._counts import count_claims as count_claims
    from ._draw import draw as draw
    from ._questions import Question as Question
    from ._questions import grade as grade
    from ._questions import questions as questions
