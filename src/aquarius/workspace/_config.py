"""The two kinds of file in which a person says how a paper's facts meet her code: blueprint.yaml and conf/<experiment>.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ..core import BadInput, Record, validate
from ..verdict import Rule
from ._values import read_yaml


class Binding(Record):
    """An equation of the dossier and the function that is held against it."""

    formula: str  # the formula's id in the dossier: "equation (1)"
    code: str  # "src/transformer/equations.py:attention"
    symbols: dict[str, Any] = {}  # as `aquarius.equations.translate` takes them
    bind: dict[str, str] = {}  # LaTeX name -> parameter, where the names differ
    latex: str | None = None  # the rows of a display that belong together, where the dossier has them apart
    covers: tuple[str, ...] = ()  # the ids of those other rows
    note: str = ""


class Assumption(Record):
    """Settings that a count needs and the row does not state, and where they come from."""

    settings: dict[str, Any]
    source: str


class CountPlan(Record):
    """Which claims about parameters are counted, from which builder, under which assumptions."""

    claims: str  # a pattern of claim ids: "table3/*/parameters"
    builder: str  # "src/transformer/model.py:from_settings"
    assumed: tuple[Assumption, ...] = ()
    solve: str | None = None  # an unstated size whose fitting values are worked out


class Plan(Record):
    """blueprint.yaml: the subject, the equations bound to code, the counts."""

    subject: str | None = None
    equations: tuple[Binding, ...] = ()
    counts: tuple[CountPlan, ...] = ()


class Setting(Record):
    """A value of an experiment and its origin: stated by the paper, an answer to a gap, or a deviation."""

    value: Any
    origin: Literal["stated", "gap", "deviation"]
    source: str  # the section that states it, where the answer comes from, or why it deviates


class ExperimentFile(Record):
    """conf/<name>.yaml: one experiment, every value with its origin, and how the claims it bears on are judged."""

    experiment: str  # "src/gcn/train.py"
    claim: str | None = None  # the claim it bears on; None for an experiment that may support none
    metric: str | None = None  # the entry of the returned metrics that is compared with the claim
    scale: Literal["full", "reduced", "proxy"] = "full"
    stand_in: bool = False
    data: tuple[str, ...] = ()
    otherwise: dict[str, Any] = {}  # settings in place of those below where the data are not at hand; such runs are of a stand-in
    seeds: int = 3
    seconds: float = 600.0  # limit of one run
    settings: dict[str, Setting] = {}
    rule: Rule | None = None
    rules: tuple[Rule, ...] = ()  # of other claims that these runs bear on: an order, a trend
    why: str = ""

    def values(self) -> dict[str, Any]:
        """Return name -> value."""
        return {name: setting.value for name, setting in self.settings.items()}


def read_plan(path: Path) -> Plan:
    """Read blueprint.yaml; a missing file is an empty plan.

    Raises:
        BadInput: not YAML, or a field that is wrong.
    """
    return validate(Plan, read_yaml(path) or {}, path.name) if path.exists() else Plan()


def read_experiments(folder: Path) -> dict[str, ExperimentFile]:
    """Read every conf/*.yaml, by name in alphabetical order.

    Raises:
        BadInput: not YAML, a field that is wrong, or a claim without the rule it is judged by.
    """
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        data = read_yaml(path)
        if isinstance(data, dict) and isinstance(data.get("rule"), dict):
            data = data | {"rule": {"claim": data.get("claim"), "seeds": data.get("seeds", 3)} | data["rule"]}
        if isinstance(data, dict) and isinstance(data.get("rules"), list):
            data = data | {"rules": [{"seeds": data.get("seeds", 3)} | each if isinstance(each, dict) else each for each in data["rules"]]}
        experiment = validate(ExperimentFile, data, f"{folder.name}/{path.name}")
        if experiment.claim is not None and (experiment.rule is None or experiment.metric is None):
            raise BadInput(f"{folder.name}/{path.name} bears on {experiment.claim!r} without a rule and a metric: say how it is judged.")
        if unknown := sorted(set(experiment.otherwise) - set(experiment.settings)):
            raise BadInput(
                f"{folder.name}/{path.name} replaces the setting {unknown[0]!r} where data are missing, and has no such setting."
            )
        found[path.stem] = experiment
    return found
