"""Fabrication against the log: a log that ends in a failure or too early, work that confesses, rows that are one row."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from ..core import Evidence
from ._check import Check, Material, noted
from ._code import words
from ._logs import claimed_counts
from ._records import ENTRY_WORDS

_FAILED = re.compile(
    r"Traceback \(most recent call last\)|^\w*(Error|Exception): |CUDA out of memory|Killed$|Segmentation fault|core dumped|^KeyboardInterrupt",
    re.MULTILINE,
)
_CONFESSION = re.compile(
    r"\b(fake|faked|fabricated|made[- ]up|pretend|cheat\w*)\b.*\b(results?|metrics?|accuracy|scores?|numbers?|values?|errors?|log|curve)\b"
    r"|\b(results?|metrics?|scores?|numbers?|values?|errors?)\b.*\b(faked|fabricated|made up|copied from (the )?paper|taken from (the )?paper)\b"
    r"|\b(dummy|placeholder|hard-?coded) (results?|metrics?|accuracy|scores?|numbers?)\b"
    r"|\b(to|so that \w+|until (it|we)) match(es)? (the )?paper'?s? ?(numbers?|results?|tables?|values?|scores?)?\s*$",
    re.IGNORECASE,
)


def failed_log(material: Material) -> Iterator[Evidence]:
    """A log whose last word is a failure, beside results; a log that ends before the epochs that the text states."""
    own = material.repository.prose(paper=False)
    for path, text in material.repository.files.items():
        if not path.endswith((".log", ".out", ".err", ".txt")) or not material.records.results:
            continue
        failures = list(_FAILED.finditer(text))
        if failures and len(text) - failures[-1].start() < 1500 and not re.search(r"\b(fail|crash|abort|interrupt)", own.lower()):
            last_line = [line for line in text.splitlines() if line.strip()][-1]
            yield noted(
                path, f"the log ends in a failure: `{last_line.strip()[:80]}`, and results stand beside it.", "run again to the end."
            )
    yield from _too_short(material, own)


def _too_short(material: Material, own: str) -> Iterator[Evidence]:
    both = own.lower() + material.repository.prose(paper=True).lower()
    if re.search(r"early stop|patience|at most|up to|converge|until|stopped|interrupted|resum", both):
        return
    for unit in ("epochs", "rounds", "generations", "episodes"):
        stated = claimed_counts(own, {unit}) or claimed_counts(material.repository.prose(paper=True), {unit})
        if len(set(stated)) != 1:
            continue
        for table in material.records.logs:
            for name, values in table.columns().items():
                if {word.rstrip("s") for word in words(name)} != {unit.rstrip("s")} or len(set(values)) < 3:
                    continue
                marks = sorted(set(values))
                step = min(two - one for one, two in itertools.pairwise(marks))
                if marks[-1] + max(step, 1) < stated[0] and marks[0] <= step:
                    yield noted(
                        table.path,
                        f"the log ends at {unit.rstrip('s')} {marks[-1]:g}, and the text states {stated[0]} {unit}.",
                        "show the log of the run that is reported.",
                    )
                    return


def confessed(material: Material) -> Iterator[Evidence]:
    """A comment, a record or a setting that says that a number is not measured."""
    for module in material.repository.code:
        for number, line in enumerate(module.text.splitlines(), 1):
            comment = line.partition("#")[2]
            if comment and _CONFESSION.search(comment) and not re.search(r"\b(no|not|never|instead)\b", comment.lower()):
                yield noted(module.path, f"line {number}: `{comment.strip()[:80]}`.", "measure it.")
    for path, text in material.repository.files.items():
        if path in material.records.results and re.search(
            r'"[^"]*\b(fake|fabricated|placeholder|copied from (the )?paper|not run|hand[- ]edited)\b[^"]*"', text
        ):
            yield noted(path, "the record itself says that it was not measured.", "measure it.")


def one_row(material: Material) -> Iterator[Evidence]:
    """Runs with other seeds that give the same digits of a continuous metric."""
    prose = (material.repository.prose(paper=False) + material.repository.prose(paper=True)).lower()
    if re.search(r"determinis|no randomness|closed form|does not depend on the seed|identical", prose):
        return
    for (path, key), rows in material.records.lists().items():
        named = set(words(key))
        if (
            len(rows) < 3
            or len(set(rows)) != 1
            or rows[0] == int(rows[0])
            or not named & (ENTRY_WORDS | {"values", "all", "per", "scores"} | {"losses"})
        ):
            continue
        continuous = bool(named & {"loss", "losses", "mse", "rmse", "mae", "perplexity", "nll", "elbo", "auc"}) and len(repr(rows[0])) > 7
        yield noted(
            path, f"all {len(rows)} rows of `{key}` are {rows[0]:.6g}.", "look at whether the seeds differ.", sure=continuous, value=rows[0]
        )


CHECKS = (
    Check(
        "failed-log",
        "fabrication",
        "a log that ends in a failure, or before the epochs that the text states, beside results",
        "a log of a run that was stopped on purpose",
        failed_log,
    ),
    Check(
        "confessed",
        "fabrication",
        "a comment or a record that says a number is not measured",
        "a remark on somebody else's number",
        confessed,
    ),
    Check("one-row", "fabrication", "several runs with the same digits", "a deterministic method", one_row),
)
