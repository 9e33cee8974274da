"""Small evidence, registrations and workspaces for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aquarius.core import Evidence, Receipt, file_hash
from aquarius.verdict import Registration, Rule
from aquarius.workspace import Ledger, Workspace, create

CLAIM = "table2/gcn/cora"


def finding(check: str = "causality", status: Any = "pass", *, inputs: dict[str, str] | None = None, **fields: Any) -> Evidence:
    receipt = Receipt(
        command="aquarius check src/gcn/model.py", inputs=inputs if inputs is not None else {"workspace:src/gcn/model.py": "a" * 64}
    )
    return Evidence(kind="finding", check=check, status=status, message=f"{check}: {status}.", receipt=receipt, **fields)


def run(
    seed: int = 0, accuracy: float = 81.5, *, claim: str | None = CLAIM, inputs: dict[str, str] | None = None, **fields: Any
) -> Evidence:
    receipt = Receipt(command="aquarius train", inputs=inputs or {}, seed=seed)
    fields = {"check": "gcn-cora", "status": "pass", "message": f"seed {seed}: {accuracy}."} | fields
    return Evidence(kind="run", claim=claim, values={"accuracy": accuracy}, receipt=receipt, **fields)


def registration(margin: float = 0.5, claim: str = CLAIM, seeds: int = 2, dossier: str = "d" * 64) -> Registration:
    return Registration(rules=(Rule(claim=claim, margin=margin, seeds=seeds, dataset="Cora", split="planetoid"),), dossier=dossier)


def workspace(folder: Path) -> Workspace:
    return create(folder, name="GCN on Cora", title="Semi-Supervised Classification with Graph Convolutional Networks", year=2017)


def put(work: Workspace, name: str, text: str) -> str:
    """Write a file of the workspace and return its hash."""
    path = work.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return file_hash(path)


def write_many(path: str, who: int, count: int) -> None:
    """What each of several writing processes does."""
    for number in range(count):
        Ledger(Path(path)).append("note", {"who": who, "number": number, "padding": "x" * 500})


PAPER = """# Graph Convolution

Authors: Ada Example
Year: 2017

## 1 Results

Our model reaches an accuracy of 81.5 % on Cora.
"""
MODEL = "src/gcn_on_cora/model.py"
CONF = """experiment: src/gcn_on_cora/train.py
claim: table2/gcn/cora
metric: accuracy
seeds: 2
settings:
  hidden: {value: 16, origin: stated, source: section 5}
rule: {margin: 1.0, metric: accuracy, dataset: Cora, split: planetoid}
"""


def complete(folder: Path, accuracy: float = 81.4) -> Workspace:
    """Return a workspace in which every gate is open: its evidence is made up, its files and hashes are real."""
    from aquarius.blueprint import Blueprint, Layer, questions
    from aquarius.core import extension_names, measure, place_at
    from aquarius.dossier import Claim, Dossier, Formula, Gap, Option, to_yaml
    from aquarius.reading import read
    from aquarius.workspace import answer_gap, answer_questions, record_report
    from aquarius.workspace._judging import judge_workspace

    work = workspace(folder)
    put(work, "paper/paper.md", PAPER)
    document = read(work.paper / "paper.md")
    document.save(work.document)
    source = PAPER.encode()
    at = source.index(b"81.5 %")
    place = place_at("paper.md", source, at, at + 6)
    claim = Claim(id=CLAIM, kind="value", statement="GCN reaches 81.5 % on Cora.", subject="GCN", quantity="accuracy", measure=measure("81.5", unit="%"), dataset="Cora", split="planetoid", direction="higher", place=place)  # fmt: skip
    gap = Gap(
        name="weight initialization",
        question="How?",
        status="unspecified",
        options=(Option(value="Glorot", source="habit"),),
        suggestion="Glorot",
    )
    dossier = Dossier(title="GCN", authors=("Ada Example",), document=document.content_hash, claims=(claim,), formulas=(Formula(id="equation (2)", latex="y = x", place=place),), gaps=(gap,))  # fmt: skip
    put(work, "dossier.yaml", to_yaml(dossier))
    answer_gap(work, "weight initialization", "Glorot uniform", "the authors' code (train.py)")
    model = put(work, MODEL, "weight = 1\n")
    put(work, "src/gcn_on_cora/train.py", "def train(run): ...\n")
    put(work, "blueprint.yaml", f"subject: {MODEL}\nequations:\n  - {{formula: equation (2), code: '{MODEL}:layer'}}\n")
    layer = Layer(path="", kind="GCN", input_shapes=(("N", "C"),), output_shapes=(("N", "F"),), parameters=23, flops=None)
    blueprint = Blueprint(subject="model.py", subject_hash=model, symbols={"N": 5}, layers=(layer,), parameters=23, trainable=23, buffers=0)
    blueprint.save(work.blueprint)
    put(work, "conf/gcn-cora.yaml", CONF)
    answer_questions(work, [f"{number}={one.answer}" for number, one in enumerate(questions(blueprint), 1)])
    inputs = {f"workspace:{MODEL}": model}
    ledger = work.open_ledger()
    ledger.append_all("evidence", [finding(name, inputs=inputs) for name in extension_names("aquarius.checks")])
    receipt = Receipt(command="aquarius reproduce .", inputs=inputs)
    ledger.append(
        "evidence",
        Evidence(kind="conformance", check="equation (2)", status="pass", message="It conforms.", where="layer", receipt=receipt),
    )
    rule = Rule(claim=CLAIM, margin=1.0, seeds=2, metric="accuracy", dataset="Cora", split="planetoid")
    ledger.append("registration", Registration(rules=(rule,), dossier=dossier.content_hash))
    ledger.append_all("evidence", [run_of(work, seed, accuracy + 0.1 * seed) for seed in (0, 1)])
    verdict = judge_workspace(work, record=True)
    put(work, "report/index.html", "<html>the report</html>")
    record_report(work, work.report / "index.html", verdict)
    ledger.append_all("evidence", [rerun_of(work), *controls_of(work)])
    return work


def controls_of(work: Workspace) -> list[Evidence]:
    """Negative controls of everything, as if each had failed on its twin."""
    from aquarius.workspace._controls import expected
    from aquarius.workspace._facts import Facts
    from aquarius.workspace._ledger import CONTROL

    inputs = {f"workspace:{MODEL}": file_hash(work.root / MODEL)}
    return [finding(CONTROL, inputs=inputs, path=path, counts=False, assumptions=(path,)) for path in expected(Facts(work))]


def rerun_of(work: Workspace) -> Evidence:
    """A rerun of everything that stands, as if every number had come again."""
    from aquarius.workspace._ledger import EVERYTHING, RERUN

    of = [one.content_hash for one in work.open_ledger().evidence()]
    inputs = {f"workspace:{MODEL}": file_hash(work.root / MODEL)}
    return finding(RERUN, inputs=inputs, path=EVERYTHING, counts=False, details={"of": of, "fresh": True})


def run_of(work: Workspace, seed: int, accuracy: float, **fields: Any) -> Evidence:
    """A run whose receipt names the workspace's files as they are, with its folder."""
    from aquarius.core import hash_data

    names = (MODEL, "src/gcn_on_cora/train.py")
    inputs = {f"workspace:{name}": file_hash(work.root / name) for name in names} | {"value:settings": hash_data({"hidden": 16})}
    put(work, f".aquarius/runs/seed{seed}/log.txt", f"accuracy {accuracy}\n")
    one = run(seed, accuracy, inputs=inputs, **fields)
    assert one.receipt is not None
    return one.model_copy(update={"receipt": one.receipt.model_copy(update={"log": f"runs/seed{seed}/log.txt:1"})})
