"""Two reproductions side by side: claims, settings, data, code and surroundings aligned, and what could explain that their numbers differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from ..core import AquariusError, Evidence, Record, read_text
from ..dossier import Claim
from ..verdict import Rule, contrast
from ._config import ExperimentFile
from ._facts import Facts
from ._layout import Workspace
from ._ledger import first_hand

# What kind of difference explains more than another, and why: the order of the list is the order of the kinds.
_KINDS = {
    "measure": "the two numbers do not measure the same thing",
    "data": "the two were trained or measured on other bytes",
    "scale": "the two were not run at the same size",
    "setting": "the same code with another setting gives another number",
    "model": "the models are not the same code",
    "experiment": "the training is not the same code",
    "library": "the same code can give other numbers with another library",
    "machine": "the same code can differ in the last bits on another machine",
    "seeds": "other seeds give other numbers, within the spread between seeds",
}
_CODE = ("workspace:", "package:")


class Cause(Record):
    """One difference between two reproductions of a claim."""

    kind: Literal["measure", "data", "scale", "setting", "model", "experiment", "library", "machine", "seeds"]
    name: str
    first: str | None
    second: str | None
    why: str
    try_: str = ""  # what would tell whether it explains the difference


class Side(Record):
    """A claim in one workspace."""

    claim: str
    paper: str | None
    result: str
    mean: float | None
    sd: float | None
    n: int


class Pair(Record):
    """A claim that both workspaces judge, and what is different about it."""

    first: Side
    second: Side
    numbers: Literal["equal", "within the spread", "different", "cannot tell"]
    difference: float | None = None  # second less first, of the means
    low: float | None = None  # of the difference, 90 % interval (Welch)
    high: float | None = None
    causes: tuple[Cause, ...] = ()  # those that explain most first


class Comparison(Record):
    """Two reproductions, aligned."""

    first: str
    second: str
    papers: Literal["same", "different"]
    pairs: tuple[Pair, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def compare_workspaces(first: Workspace, second: Workspace) -> Comparison:
    """Align two workspaces by their claims; nothing is run.

    Raises:
        BadInput: a workspace has no dossier.
        Broken: a ledger does not match its hashes.
    """
    one, other = Facts(first), Facts(second)
    matched = _matched(one, other)
    wanted = [(a, b) for a, b in matched if _tested(one, a) or _tested(other, b)]
    lonely = [_own(facts) - {pair[side].id for pair in matched} for side, facts in enumerate((one, other))]
    return Comparison(
        first=str(first.root),
        second=str(second.root),
        papers="same" if one.dossier.title.casefold() == other.dossier.title.casefold() else "different",
        pairs=tuple(_pair(one, other, a, b) for a, b in wanted),
        only_first=tuple(sorted(lonely[0])),
        only_second=tuple(sorted(lonely[1])),
    )


def _matched(one: Facts, other: Facts) -> list[tuple[Claim, Claim]]:
    """Return the claims with one id, then those that alone on both sides state the same number of the same quantity on the same data."""
    theirs = {claim.id: claim for claim in other.dossier.claims}
    found = [(claim, theirs[claim.id]) for claim in one.dossier.claims if claim.id in theirs]
    left = [claim for claim in one.dossier.claims if claim.id not in theirs and claim.own]
    mine = {claim.id for claim in one.dossier.claims}
    right = [claim for claim in other.dossier.claims if claim.id not in mine and claim.own]
    for claim in left:
        like = [each for each in right if _statement(each) == _statement(claim)]
        if len(like) == 1 and sum(_statement(each) == _statement(claim) for each in left) == 1:
            found.append((claim, like[0]))
    return found


def _statement(claim: Claim) -> tuple[Any, ...]:
    value = claim.measure.value if claim.measure else claim.statement
    return (claim.quantity.casefold(), (claim.dataset or "").casefold(), (claim.split or "").casefold(), value)


def _own(facts: Facts) -> set[str]:
    return {claim.id for claim in facts.dossier.claims if claim.own and _tested(facts, claim)}


def _tested(facts: Facts, claim: Claim) -> bool:
    return any(one.claim == claim.id and one.result != "not tested" for one in facts.judged.claims)


def _pair(one: Facts, other: Facts, a: Claim, b: Claim) -> Pair:
    runs = [_runs(facts, claim.id) for facts, claim in ((one, a), (other, b))]
    names = [_metric(facts, claim.id) for facts, claim in ((one, a), (other, b))]
    values = [[run.values[name] for run in each if name in run.values] if name else [] for each, name in zip(runs, names, strict=True)]
    sides = [_side(facts, claim, each) for facts, claim, each in ((one, a, values[0]), (other, b, values[1]))]
    numbers, difference, low, high = _numbers(*values)
    causes = tuple(_causes(one, other, a, b, runs[0], runs[1]))
    return Pair(first=sides[0], second=sides[1], numbers=numbers, difference=difference, low=low, high=high, causes=causes)


def _side(facts: Facts, claim: Claim, values: list[float]) -> Side:
    judged = next((each for each in facts.judged.claims if each.claim == claim.id), None)
    measured = judged.measured if judged else None
    return Side(
        claim=claim.id,
        paper=(claim.measure.printed or format(claim.measure.value, "g")) if claim.measure else None,
        result=judged.result if judged else "not tested",
        mean=measured.mean if measured else (sum(values) / len(values) if values else None),
        sd=measured.sd if measured else None,
        n=measured.n if measured else len(values),
    )


def _numbers(first: list[float], second: list[float]) -> tuple[Any, float | None, float | None, float | None]:
    if not first or not second:
        return "cannot tell", None, None, None
    if sorted(first) == sorted(second):
        return "equal", 0.0, 0.0, 0.0
    difference = sum(second) / len(second) - sum(first) / len(first)
    if min(len(first), len(second)) < 2:
        return "cannot tell", difference, None, None
    test = contrast(second, first)
    within = test.low <= 0 <= test.high
    return "within the spread" if within else "different", difference, test.low, test.high


def _causes(one: Facts, other: Facts, a: Claim, b: Claim, first: list[Evidence], second: list[Evidence]) -> list[Cause]:
    plans = [_experiment(facts, claim.id) for facts, claim in ((one, a), (other, b))]
    (_, item_a), (name_b, item_b) = plans
    found: list[Cause] = []
    if item_a is not None and item_b is not None:
        found += _rules(item_a.rule, item_b.rule, name_b)
        found += _table("scale", {"scale": item_a.scale, "stand-in data": item_a.stand_in, "data sets": ", ".join(item_a.data)}, {"scale": item_b.scale, "stand-in data": item_b.stand_in, "data sets": ", ".join(item_b.data)})  # fmt: skip
        found += _settings(one, item_a, item_b, name_b)
    if first and second:
        found += _inputs(one, other, first[0], second[0])
        found += _surroundings(first[0], second[0])
        seeds = [", ".join(str(run.receipt.seed) for run in runs if run.receipt) for runs in (first, second)]
        found += _table("seeds", {"seeds": seeds[0]}, {"seeds": seeds[1]})
    return sorted(found, key=lambda cause: list(_KINDS).index(cause.kind))


def _rules(first: Rule | None, second: Rule | None, name: str) -> Iterator[Cause]:
    fields = ("metric", "dataset", "split", "selection")
    one, other = ({field: getattr(rule, field) for field in fields} if rule else {} for rule in (first, second))
    yield from _table("measure", one, other, f"measure both by one signature: set it in conf/{name}.yaml")


def _settings(one: Facts, first: ExperimentFile, second: ExperimentFile, name: str) -> list[Cause]:
    """Return the settings that differ, those that the paper states first: leaving a stated one is the better explanation."""
    stated = {_plain(fact.name) for fact in (*one.dossier.recipe, *one.dossier.architecture)}
    found = list(_table("setting", first.values(), second.values(), ""))
    found = [cause.model_copy(update={"try_": f"set {cause.name} to {cause.first} in conf/{name}.yaml of the second, and aquarius reproduce it", "why": cause.why + ("; the paper states it" if _plain(cause.name) in stated else "")}) for cause in found]  # fmt: skip
    return sorted(found, key=lambda cause: _plain(cause.name) not in stated)


def _inputs(one: Facts, other: Facts, first: Evidence, second: Evidence) -> Iterator[Cause]:
    mine, theirs = (dict(_named(run)) for run in (first, second))
    for name in sorted(mine.keys() | theirs.keys()):
        (kind, was), (_, now) = mine.get(name, theirs.get(name, ("", ""))), theirs.get(name, mine.get(name, ("", "")))
        here, there = name in mine, name in theirs
        if here and there and was == now:
            continue
        what = "data" if kind == "data" else "library" if kind == "package" else "experiment" if name.endswith("train.py") else "model"
        lines = _lines(one, other, first, second, name) if here and there and kind == "workspace" else None
        words = f"{lines} lines differ" if lines is not None else None
        yield Cause(kind=what, name=name, first=was[:12] if here else None, second=(words or now[:12]) if there else None, why=_KINDS[what], try_="" if what != "data" else "take the same files")  # type: ignore[arg-type]  # fmt: skip


def _named(run: Evidence) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give every code and data input by a name that two workspaces share: of "src/gcn/model.py", "model.py"."""
    for name, value in (run.receipt.inputs if run.receipt else {}).items():
        kind, _, rest = name.partition(":")
        if kind in ("workspace", "package", "data"):
            yield _shared(kind, rest), (kind, value)


def _shared(kind: str, path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[2:]) if kind == "workspace" and parts[0] == "src" and len(parts) > 2 else path


def _lines(one: Facts, other: Facts, first: Evidence, second: Evidence, name: str) -> int | None:
    texts = []
    for facts, run in ((one, first), (other, second)):
        paths = [rest for kind, _, rest in (key.partition(":") for key in (run.receipt.inputs if run.receipt else {})) if kind == "workspace" and _shared(kind, rest) == name]  # fmt: skip
        try:
            texts.append(read_text(facts.workspace.inside(paths[0])).splitlines())
        except (AquariusError, IndexError):
            return None
    return sum(line[0] in "+-" for line in list(difflib.unified_diff(texts[0], texts[1], n=0, lineterm=""))[2:])


def _surroundings(first: Evidence, second: Evidence) -> Iterator[Cause]:
    one, other = (run.receipt.environment.to_data() if run.receipt and run.receipt.environment else {} for run in (first, second))
    packages = [side.pop("packages", None) or {} for side in (one, other)]
    pythons = [{"python": side.pop("python", None)} for side in (one, other)]
    yield from _table("library", packages[0] | pythons[0], packages[1] | pythons[1])
    names = ("platform", "processor", "threads", "accelerator")
    yield from _table("machine", {name: one.get(name) for name in names}, {name: other.get(name) for name in names})


def _table(kind: Any, first: dict[str, Any], second: dict[str, Any], try_: str = "") -> Iterator[Cause]:
    for name in dict.fromkeys((*first, *second)):
        was, now = first.get(name), second.get(name)
        if was != now:
            yield Cause(kind=kind, name=name, first=_text(was), second=_text(now), why=_KINDS[kind], try_=try_)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())


def _experiment(facts: Facts, claim: str) -> tuple[str, ExperimentFile | None]:
    return next(((name, item) for name, item in facts.experiments.items() if item.claim == claim), ("", None))


def _metric(facts: Facts, claim: str) -> str | None:
    item = _experiment(facts, claim)[1]
    return item.metric if item else None


def _runs(facts: Facts, claim: str) -> list[Evidence]:
    found: Iterable[Evidence] = (one for one in facts.divided[0] if one.kind == "run" and first_hand(one) and one.counts)
    return sorted((one for one in found if one.claim == claim and one.status == "pass" and one.receipt), key=lambda one: (one.receipt.seed is None, one.receipt.seed or 0) if one.receipt else (True, 0))  # fmt: skip
