"""Trees of claims: a rubric whose weights are set in advance, its leaves decided by evidence, the others left to a judge and never counted as met.

The form is PaperBench's: `id`, `requirements`, `weight`, `sub_tasks`, and on a leaf `task_category`. A leaf is decided only through a binding
that a person has confirmed: to a claim of the dossier, an equation, a check, or an experiment that ran.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..core import BadInput, Evidence, Record, did_you_mean
from ..dossier import Dossier
from ._gather import ordered
from ._verdict import Verdict

CATEGORIES = ("Code Development", "Code Execution", "Result Analysis")
MOST_DEEP = 60  # levels; the trees that exist have fewer than ten
Status = Literal["met", "unmet", "undecided"]


class Rubric(Record):
    """One requirement with its weight among its siblings; a leaf says of which kind it is."""

    id: str
    requirements: str
    weight: int | float
    sub_tasks: tuple[Rubric, ...] = ()
    task_category: str | None = None
    finegrained_task_category: str | None = None

    def leaves(self) -> Iterator[Rubric]:
        """Give the requirements that have none below them, in order."""
        if not self.sub_tasks:
            yield self
        for child in self.sub_tasks:
            yield from child.leaves()


class Binding(Record):
    """What decides a leaf: exactly one of claim, equation, check and experiment. Proposed ones decide nothing until somebody confirms them."""

    leaf: str
    claim: str | None = None
    equation: str | None = None  # its id in the dossier
    check: str | None = None  # of the gauntlet
    experiment: str | None = None  # conf/NAME.yaml: that it ran, at full scale, every seed
    confirmed: bool = True
    why: str = ""


@dataclass(frozen=True)
class Grade:
    """What evidence says of one leaf."""

    status: Status
    why: str
    evidence: tuple[str, ...] = ()  # content hashes


@dataclass(frozen=True)
class TreeScore:
    """The weighted score of a tree: from `low`, where every undecided leaf is not met, to `high`, where it is; `decided` is their share of the weight."""

    low: float
    high: float
    decided: float
    leaves: int
    leaves_decided: int


def read_rubric(data: object, name: str = "the rubric") -> Rubric:
    """Read PaperBench's JSON, with or without grades in it.

    Raises:
        BadInput: a field is missing or wrong, an id comes twice, a weight cannot be, or a level has no weight at all.
    """
    tree = _node(data, name, 0)
    seen: set[str] = set()
    for node in _nodes(tree):
        if node.id in seen:
            raise BadInput(f"{name} has two requirements of the id {node.id!r}: give one of them another.")
        seen.add(node.id)
        if not math.isfinite(node.weight) or node.weight < 0:
            raise BadInput(f"the weight of {node.id!r} in {name} must be finite and not negative, got {node.weight}.")
        if node.sub_tasks and not sum(child.weight for child in node.sub_tasks):
            raise BadInput(f"all weights below {node.id!r} in {name} are zero, so no share can be told.")
    return tree


def propose(tree: Rubric, dossier: Dossier) -> list[Binding]:
    """Propose bindings where a leaf names exactly one equation, or exactly one claim by its printed number, system and data; none is confirmed."""
    found = []
    formulas = {match[1]: formula.id for formula in dossier.formulas if (match := re.fullmatch(r"equation \((.+)\)", formula.id))}
    for leaf in tree.leaves():
        text = leaf.requirements
        if leaf.task_category == "Result Analysis":
            claims = [
                claim.id for claim in dossier.claims if claim.measure and _names(text, claim.measure.printed, claim.subject, claim.dataset)
            ]
            if len(claims) == 1:
                found.append(Binding(leaf=leaf.id, claim=claims[0], confirmed=False, why="the leaf prints its number, system and data"))
        elif leaf.task_category == "Code Development":
            numbers = set(re.findall(r"\b(?:[Ee]quation|[Ee]q\.?)\s*\(?([A-Z]?\.?\d+)\)?", text))
            known = [formulas[number] for number in numbers if number in formulas]
            if len(numbers) == len(known) == 1:
                found.append(Binding(leaf=leaf.id, equation=known[0], confirmed=False, why="the leaf names this equation and no other"))
    return found


def grade(tree: Rubric, bindings: Sequence[Binding], verdict: Verdict, evidence: Iterable[Evidence]) -> dict[str, Grade]:
    """Return what evidence says of each leaf: met only with evidence for every binding of it, unmet with evidence against one.

    Raises:
        BadInput: a binding for no leaf, or to not exactly one thing.
    """
    leaves = {leaf.id for leaf in tree.leaves()}
    by_leaf: dict[str, list[Binding]] = {}
    for binding in bindings:
        if binding.leaf not in leaves:
            raise BadInput(f"a binding names {binding.leaf!r}, which is no leaf of the rubric.{did_you_mean(binding.leaf, leaves)}")
        if sum(x is not None for x in (binding.claim, binding.equation, binding.check, binding.experiment)) != 1:
            raise BadInput(f"the binding of {binding.leaf!r} names not exactly one of claim, equation, check and experiment.")
        by_leaf.setdefault(binding.leaf, []).append(binding)
    usable = {digest: item for digest, item in ordered(evidence).items() if item.counts}
    return {leaf.id: _grade(by_leaf.get(leaf.id, []), verdict, usable) for leaf in tree.leaves()}


def tree_score(tree: Rubric, grades: Mapping[str, Grade]) -> TreeScore:
    """Return the weighted score of a graded tree; each level's weights are shares of their sum, as in PaperBench."""
    low, high = _score(tree, grades, {"met"}), _score(tree, grades, {"met", "undecided"})
    leaves = list(tree.leaves())
    decided = [leaf for leaf in leaves if grades[leaf.id].status != "undecided"]
    return TreeScore(round(low, 6), round(high, 6), round(1 - (high - low), 6), len(leaves), len(decided))


def graded_data(tree: Rubric, grades: Mapping[str, Grade]) -> dict[str, Any]:
    """Return the tree as PaperBench's graded JSON: `score`, `valid_score` (False where no evidence decides), `explanation`, and the evidence."""
    data: dict[str, Any] = {
        "id": tree.id,
        "requirements": tree.requirements,
        "weight": tree.weight,
        "task_category": tree.task_category,
        "finegrained_task_category": tree.finegrained_task_category,
        "score": round(_score(tree, grades, {"met"}), 6),
        "valid_score": all(grades[leaf.id].status != "undecided" for leaf in tree.leaves()),
    }
    if tree.sub_tasks:
        data["explanation"] = "The weighted score of what is below; an undecided leaf counts as not met."
        data["judge_metadata"] = None
    else:
        found = grades[tree.id]
        data["explanation"] = found.why
        data["judge_metadata"] = {"judge": "aquarius", "status": found.status, "evidence": list(found.evidence)}
    data["sub_tasks"] = [graded_data(child, grades) for child in tree.sub_tasks]
    return data


def _grade(bindings: Sequence[Binding], verdict: Verdict, usable: Mapping[str, Evidence]) -> Grade:
    if not bindings:
        return Grade("undecided", "No evidence is bound to this requirement: a judge decides it.")
    if not all(binding.confirmed for binding in bindings):
        return Grade("undecided", "What would decide it is proposed, and nobody has confirmed it.")
    grades = [_one(binding, verdict, usable) for binding in bindings]
    why = " ".join(found.why for found in grades)
    evidence = tuple(sorted({digest for found in grades for digest in found.evidence}))
    if any(found.status == "unmet" for found in grades):
        return Grade("unmet", why, evidence)
    return Grade("met" if all(found.status == "met" for found in grades) else "undecided", why, evidence)


def _one(binding: Binding, verdict: Verdict, usable: Mapping[str, Evidence]) -> Grade:
    if binding.claim is not None:
        return _by_claim(binding.claim, verdict)
    if binding.experiment is not None:
        return _by_runs(binding.experiment, usable)
    kind, name = ("conformance", binding.equation) if binding.equation is not None else ("finding", binding.check)
    found = {digest: item for digest, item in usable.items() if item.kind == kind and item.check == name and item.receipt is not None}
    statuses = {item.status for item in found.values()}
    if "fail" in statuses:
        return Grade("unmet", f"{name} failed: {next(item.message for item in found.values() if item.status == 'fail')}", tuple(found))
    if statuses == {"pass"}:
        return Grade("met", f"{name} passed.", tuple(found))
    return Grade("undecided", f"{name} was not decided: {'it was not looked at' if not found else 'the check cannot tell'}.", tuple(found))


def _by_claim(name: str, verdict: Verdict) -> Grade:
    claim = next((claim for claim in verdict.claims if claim.claim == name), None)
    if claim is None:
        return Grade("undecided", f"{name} was not judged.")
    why = f"{name}: {claim.result}. {claim.reasons[0] if claim.reasons else ''}".strip()
    status: Status = "met" if claim.result == "reproduced" else "unmet" if claim.result in ("worse", "refuted") else "undecided"
    return Grade(status, why, claim.evidence)


def _by_runs(name: str, usable: Mapping[str, Evidence]) -> Grade:
    found = {digest: item for digest, item in usable.items() if item.kind == "run" and item.check == name and item.receipt is not None}
    full = {digest: item for digest, item in found.items() if item.scale == "full" and not item.stand_in}
    if not full:
        return Grade("undecided", f"{name} did not run{' at full scale on its own data' if found else ''}.", tuple(found))
    bad = [item for item in full.values() if item.status != "pass" or (item.receipt is not None and item.receipt.exit_status)]
    if bad:
        return Grade("unmet", f"{len(bad)} of {len(full)} runs of {name} did not finish.", tuple(full))
    return Grade("met", f"{name} ran to its end with {len(full)} {'seed' if len(full) == 1 else 'seeds'}.", tuple(full))


def _score(tree: Rubric, grades: Mapping[str, Grade], counted: set[str]) -> float:
    if not tree.sub_tasks:
        return float(grades[tree.id].status in counted)
    total = math.fsum(child.weight for child in tree.sub_tasks)
    return math.fsum(child.weight * _score(child, grades, counted) for child in tree.sub_tasks) / total


def _node(data: object, name: str, depth: int) -> Rubric:
    if depth > MOST_DEEP:
        raise BadInput(f"{name} is nested more than {MOST_DEEP} levels deep.")
    if not isinstance(data, dict):
        raise BadInput(
            f"{name} is not a tree of requirements: {type(data).__name__} where an object with id, requirements and weight belongs."
        )
    about = f"{name}, {data.get('id')!r}"
    children = data.get("sub_tasks") or []
    for field, kinds in (("id", (str,)), ("requirements", (str,)), ("weight", (int, float))):
        if not isinstance(data.get(field), kinds) or isinstance(data.get(field), bool):
            raise BadInput(f"{about} has no right {field!r}: it must be {'a number' if field == 'weight' else 'a text'}.")
    if not isinstance(children, list):
        raise BadInput(f"{about} has sub_tasks that are no list.")
    category = data.get("task_category")
    if not children and category not in CATEGORIES:
        raise BadInput(f"{about} is a leaf of the task_category {category!r}: it is one of {', '.join(CATEGORIES)}.")
    fine = data.get("finegrained_task_category")
    return Rubric(
        id=data["id"],
        requirements=data["requirements"],
        weight=data["weight"],
        sub_tasks=tuple(_node(child, name, depth + 1) for child in children),
        task_category=None if children else category,
        finegrained_task_category=fine if isinstance(fine, str) else None,
    )


def _nodes(tree: Rubric) -> Iterator[Rubric]:
    yield tree
    for child in tree.sub_tasks:
        yield from _nodes(child)


def _names(text: str, number: str, subject: str, dataset: str | None) -> bool:
    plain = f" {' '.join(re.findall(r'[a-z0-9.]+', text.casefold()))} ".replace(". ", " ")
    wanted = [word for part in (subject.partition("(")[0], dataset or "") for word in re.findall(r"[a-z0-9]+", part.casefold())]
    digits = re.search(r"\d[\d.,]*", number)
    return digits is not None and f" {digits[0]} " in plain and all(f" {word} " in plain for word in wanted) and bool(wanted)
