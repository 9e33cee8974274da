"""The words of a report: outcome, verdicts, numbers. They never say more than the verdict does."""

from __future__ import annotations

import math
import re

from ..core import Measure
from ..verdict import ClaimVerdict, Estimate, Verdict, number

# result -> (the badge's text, the word in the outcome); in the order in which they are told
RESULTS: dict[str, tuple[str, str]] = {
    "reproduced": ("reproduced", "reproduced"),
    "better": ("better than the paper", "better than the paper"),
    "worse": ("worse than the paper", "worse than the paper"),
    "refuted": ("refuted", "refuted"),
    "inconclusive": ("inconclusive", "inconclusive"),
    "not tested": ("not tested", "not tested"),
}
SYMBOLS = {
    "reproduced": "✓", "better": "▲", "worse": "▼", "refuted": "✗", "inconclusive": "?", "not tested": "–",
    "pass": "✓", "fail": "✗", "unsure": "?", "skipped": "–",
}  # fmt: skip
REGISTERED = {
    "before": "registered before the first run",
    "after": "registered after the first run",
    "never": "not registered",
}
_POWER = re.compile(r"10\^\{?([-−]?\d{1,4})\}?")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def outcome(verdict: Verdict) -> str:
    """Return the verdict in one sentence: "1 of 14 claims reproduced, 2 inconclusive, 11 not tested."."""
    total = len(verdict.claims)
    if total == 0:
        return "The paper's dossier holds no claim, so nothing was judged."
    counts = {result: verdict.count(result) for result in RESULTS}  # type: ignore[arg-type]
    parts = [f"{counts['reproduced']} of {total} {'claim' if total == 1 else 'claims'} reproduced"]
    parts += [f"{counts[result]} {word}" for result, (_, word) in RESULTS.items() if result != "reproduced" and counts[result]]
    return ", ".join(parts) + "."


def qualification(verdict: Verdict) -> list[str]:
    """Return the sentences that belong to the outcome: what its claims rest on, and what it leaves out."""
    found = []
    broken = [claim for claim in verdict.claims if claim.implementation == "broken"]
    unverified = [claim for claim in verdict.claims if claim.result == "reproduced" and claim.implementation == "unverified"]
    if broken:
        found.append("The implementation is broken: a check or an equation failed, so nothing that rests on it can be called reproduced.")
    if unverified:
        found.append(f"The implementation behind {len(unverified)} of the reproduced claims is unverified.")
    proxies = [claim for claim in verdict.claims if claim.result == "not tested" and claim.scale != "full"]
    if proxies:
        found.append(
            f"{_claims(len(proxies))} met evidence of a smaller scale or on stand-in data only, which decides nothing about the paper's numbers."
        )
    if verdict.left_out:
        verb = "is" if verdict.left_out == 1 else "are"
        found.append(f"{verdict.left_out} of the numbers that the paper prints for other systems {verb} not judged.")
    return found


def paper_number(measure: Measure | None) -> str:
    """Return the paper's number as it is printed, with its spread: "81.5 %", "80.1 ± 0.5 %"."""
    if measure is None:
        return "—"
    text = typeset(measure.printed) if measure.printed else number(measure.value)
    if measure.spread is not None:
        places = max(0, min(12, -math.floor(math.log10(measure.last_place)))) if measure.last_place else 0
        text += f" ± {measure.spread:.{places}f}" if measure.last_place else f" ± {number(measure.spread)}"
    if measure.unit and measure.unit not in text and measure.unit != "parameters":
        text += f" {measure.unit}"
    return text


def typeset(printed: str) -> str:
    """Write powers of ten as a page does: "65×10^6" and "3.3\\cdot10^{18}" become "65×10⁶" and "3.3·10¹⁸"."""
    text = printed.replace("\\times", "×").replace("\\cdot", "·")
    return _POWER.sub(lambda found: "10" + found[1].replace("−", "-").translate(_RAISED), text)


def spread_note(measure: Measure | None) -> str:
    """Return what the paper's spread is, and over how many runs, where it prints one."""
    if measure is None or measure.spread is None:
        return ""
    kind = {"sd": "standard deviation", "se": "standard error", "interval": "interval", "range": "range"}.get(
        measure.spread_kind or "", "spread of unknown kind"
    )
    return f"{kind}, {measure.n} runs" if measure.n else kind


def measured_number(measured: Estimate | None) -> str:
    """Return mean and spread between seeds with the digits they carry: "81.40 ± 0.68"."""
    if measured is None:
        return "—"
    if measured.sd is None:
        return number(measured.mean)
    mean = number(measured.mean, measured.sd / math.sqrt(measured.n) or None)
    return f"{mean} ± {number(measured.sd, measured.sd or None)}"


def interval(claim: ClaimVerdict) -> str:
    """Return the interval of the difference with its level: "90 %: −0.36 to 0.16"."""
    if claim.difference is None:
        return ""
    level = 100 * (1 - 2 * claim.rule.alpha) if claim.rule else 90.0
    error = abs(claim.difference.high - claim.difference.low) / 3.4 or None  # about twice a t quantile: the digits that it carries
    return f"{number(level)} %: {number(claim.difference.low, error)} to {number(claim.difference.high, error)}"


def shortened(text: str, length: int = 400) -> str:
    """Return a text of at most `length` characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _claims(count: int) -> str:
    return f"{count} {'claim' if count == 1 else 'claims'}"
