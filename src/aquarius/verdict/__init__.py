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
        "register": "._registration",
        "suggest_margin": "._margin",
        "power_before": "._margin",
        "family": "._registration",
        "related_claims": "._registration",
        "Estimate": "._verdict",
        "Difference": "._verdict",
        "equivalence": "._equivalence",
        "contrast": "._equivalence",
        "holm": "._equivalence",
        "bootstrap": "._bootstrap",
        "correlation": "._trend",
        "calibrate": "._calibration",
        "Calibration": "._calibration",
        "Comparison": "._equivalence",
        "power": "._power",
        "seeds_needed": "._power",
        "order_power": "._power",
        "order_seeds_needed": "._power",
        "Rubric": "._rubric",
        "Binding": "._rubric",
        "Grade": "._rubric",
        "TreeScore": "._rubric",
        "read_rubric": "._rubric",
        "propose": "._rubric",
        "grade": "._rubric",
        "tree_score": "._rubric",
        "graded_data": "._rubric",
        "Shown": "._export",
        "dataset_lines": "._export",
        "badges": "._export",
        "checklist": "._export",
        "number": "._numbers",
    },
)

if TYPE_CHECKING:
    from ._bootstrap import bootstrap as bootstrap
    from ._calibration import Calibration as Calibration
    from ._calibration import calibrate as calibrate
    from ._equivalence import Comparison as Comparison
    from ._equivalence import contrast as contrast
    from ._equivalence import equivalence as equivalence
    from ._equivalence import holm as holm
    from ._export import Shown as Shown
    from ._export import badges as badges
    from ._export import checklist as checklist
    from ._export import dataset_lines as dataset_lines
    from ._judge import Score as Score
    from ._judge import judge as judge
    from ._judge import score as score
    from ._margin import power_before as power_before
    from ._margin import suggest_margin as suggest_margin
    from ._numbers import number as number
    from ._power import order_power as order_power
    from ._power import order_seeds_needed as order_seeds_needed
    from ._power import power as power
    from ._power import seeds_needed as seeds_needed
    from ._registration import family as family
    from ._registration import register as register
    from ._registration import related_claims as related_claims
    from ._rubric import Binding as Binding
    from ._rubric import Grade as Grade
    from ._rubric import Rubric as Rubric
    from ._rubric import TreeScore as TreeScore
    from ._rubric import grade as grade
    from ._rubric import graded_data as graded_data
    from ._rubric import propose as propose
    from ._rubric import read_rubric as read_rubric
    from ._rubric import tree_score as tree_score
    from ._trend import correlation as correlation
    from ._verdict import ClaimVerdict as ClaimVerdict
    from ._verdict import Difference as Difference
    from ._verdict import Estimate as Estimate
    from ._verdict import Registration as Registration
    from ._verdict import Rule as Rule
    from ._verdict import Verdict as Verdict
