"""The Verdict: claim by claim, from evidence alone, by equivalence tests and published rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "judge": "._judge",
        "score": "._judge",
        "Score": "._judge",
        "Verdict": "._verdict",
        "ClaimVerdict": "._verdict",
        "Registration": "._verdict",
        "Rule": "._verdict",
        "Estimate": "._verdict",
        "Difference": "._verdict",
        "equivalence": "._equivalence",
        "contrast": "._equivalence",
        "holm": "._equivalence",
        "Comparison": "._equivalence",
        "power": "._power",
        "seeds_needed": "._power",
        "order_power": "._power",
        "order_seeds_needed": "._power",
        "number": "._numbers",
    },
)

if TYPE_CHECKING:
    from ._equivalence import Comparison as Comparison
    from ._equivalence import contrast as contrast
    from ._equivalence import equivalence as equivalence
    from ._equivalence import holm as holm
    from ._judge import Score as Score
    from ._judge import judge as judge
    from ._judge import score as score
    from ._numbers import number as number
    from ._power import order_power as order_power
    from ._power import order_seeds_needed as order_seeds_needed
    from ._power import power as power
    from ._power import seeds_needed as seeds_needed
    from ._verdict import ClaimVerdict as ClaimVerdict
    from ._verdict import Difference as Difference
    from ._verdict import Estimate as Estimate
    from ._verdict import Registration as Registration
    from ._verdict import Rule as Rule
    from ._verdict import Verdict as Verdict
