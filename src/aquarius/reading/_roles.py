"""What a section is for, from its title and the sections above it."""

from __future__ import annotations

import re

from ._document import SectionRole

_TITLES: tuple[tuple[SectionRole, re.Pattern[str]], ...] = (
    ("abstract", re.compile(r"^abstract\b")),
    ("references", re.compile(r"^(references|bibliography|literature cited)\b")),
    ("appendix", re.compile(r"^(appendix|appendices|supplement)")),
    ("introduction", re.compile(r"\bintroduction\b|^motivation\b|^overview\b")),
    ("related", re.compile(r"\brelated\b|\bbackground\b|\bprior work\b|\bprevious work\b|\bpreliminaries\b|\bliterature\b")),
    ("conclusion", re.compile(r"\bconclu|\bdiscussion\b|\bsummary\b|\bfuture work\b|\blimitations?\b|\boutlook\b")),
    (
        "experiments",
        re.compile(
            r"\bexperiment|\bresults?\b|\bevaluation|\bablation|\bsetup\b|\btraining\b|\bempirical|\bimplementation\b|\bdatasets?\b"
            r"|\bbenchmark|\bstudy\b|\bstudies\b|\banalysis\b|\bhyper-?parameters?\b"
        ),
    ),
    (
        "method",
        re.compile(
            r"\bmethod|\bmodels?\b|\bapproach|\barchitecture|\balgorithm|\bproposed\b|\bformulation\b|\bframework\b|\battention\b"
            r"|\bnetworks?\b|\btheory\b|\blearning\b|\bobjective\b|\bloss\b"
        ),
    ),
)


def section_role(title: str, level: int, before: list[tuple[int, SectionRole]], *, appendix: bool) -> SectionRole:
    """Return a section's role: what its title says, else the role of the section it lies in."""
    above: SectionRole = "other"
    for other_level, role in reversed(before):
        if other_level < level:
            above = role
            break
    words = title.lower()
    if _TITLES[1][1].search(words):  # a bibliography is one, also behind the appendix
        return "references"
    if appendix or above == "appendix":
        return "appendix"
    if level >= 4 and above != "other":
        return above
    for role, pattern in _TITLES:
        if pattern.search(words):
            if above not in ("other", role) and level > 1 and role in ("method", "abstract"):
                return above  # "Model variations" within the results stays with the results
            return role
    return above
