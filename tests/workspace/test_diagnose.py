"""`aquarius diagnose`: standing alone on a model and logs, and in a workspace on its dossier, conf and ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aquarius.cli._main import _Commands
from aquarius.core import BadInput, Evidence, Receipt, file_hash
from aquarius.dossier import to_yaml
from aquarius.subject import Subject
from aquarius.workspace._diagnose import diagnose_file, diagnose_workspace, stated_facts
from aquarius.workspace._layout import Workspace
from aquarius.workspace._start import start_workspace

CURVE = "step,train_loss,val_loss,val_acc\n" + "".join(
    f"{i},{2.3 * 0.9**i + 0.1:.4f},{0.5 + 1.8 * 0.7**i + 0.04 * max(0, i - 12):.4f},{80 - 70 * 0.8**i:.3f}\n" for i in range(40)
)
GOOD = "step,train_loss,val_loss,val_acc\n" + "".join(
    f"{i},{2.0 * 0.7**i + 0.3:.4f},{1.9 * 0.7**i + 0.4:.4f},{92 - 82 * 0.7**i:.3f}\n" for i in range(40)
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return start_workspace("sgc-cora", tmp_path_factory.mktemp("diagnose") / "w", name="sgc-cora")


def command(*words: str) -> tuple[int, dict[str, object]]:
    done = CliRunner().invoke(_Commands("", name="aquarius"), ["diagnose", *words, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}


def test_a_log_alone(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(CURVE)
    (tmp_path / "good.csv").write_text(GOOD)
    found = diagnose_file(None, [tmp_path / "bad.csv"], metric="val_acc", claimed=92)
    assert found.suspects[0].name == "over-fitting" and found.measured == pytest.approx(80, abs=0.1)
    assert diagnose_file(None, [tmp_path / "good.csv"], metric="val_acc", claimed=92).suspects == ()
    with pytest.raises(BadInput, match="no log has a column 'acc'"):
        diagnose_file(None, [tmp_path / "good.csv"], metric="acc")


def test_the_command_says_what_it_found_and_how_to_tell(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(CURVE)
    runner, group = CliRunner(), _Commands("", name="aquarius")
    done = runner.invoke(group, ["diagnose", str(tmp_path / "bad.csv"), "--metric", "val_acc", "--claimed", "92"], standalone_mode=False)
    assert done.return_value == 1 and "1. over-fitting" in done.stdout and "try: train one seed" in done.stdout
    done = runner.invoke(group, ["diagnose", str(tmp_path / "good.csv")], standalone_mode=False)
    assert not done.return_value and "nothing found that would explain a difference" in done.stdout


def test_a_workspace_brings_its_own_dossier_conf_and_runs(workspace: Workspace) -> None:
    conf = workspace.conf / "sgc-cora.yaml"
    text = conf.read_text()
    receipt = Receipt(
        command="aquarius train", inputs={"workspace:src/sgc/model.py": file_hash(workspace.inside("src/sgc/model.py"))}, seed=0
    )
    run = Evidence(kind="run", check="sgc-cora", status="pass", message="Seed 0.", values={"test_accuracy": 71.0}, receipt=receipt)
    workspace.open_ledger().append("evidence", run)
    finding = Evidence(kind="finding", check="causality", status="pass", message="fine", receipt=receipt)
    workspace.open_ledger().append("evidence", finding)
    try:
        assert [s for s in diagnose_workspace(workspace).suspects if s.source == "recipe"] == []
        conf.write_text(text.replace("learning_rate: {value: 0.2,", "learning_rate: {value: 0.002,"))
        found = diagnose_workspace(workspace)
    finally:
        conf.write_text(text)
    assert (found.claimed, found.measured) == (81.0, 71.0)
    first = found.suspects[0]
    assert first.source == "recipe" and first.name == "learning rate is 0.002, and 0.2 is stated"
    assert first.run.startswith("aquarius train ") and "--setting learning_rate=0.2" in first.run and "--data planetoid-cora" in first.run
    with pytest.raises(BadInput, match="conf/ has no experiment 'sgc'"):
        diagnose_workspace(workspace, experiment="sgc")


def test_a_workspace_refuses_what_it_has_itself(workspace: Workspace, tmp_path: Path) -> None:
    done = CliRunner().invoke(_Commands("", name="aquarius"), ["diagnose", str(workspace.root), "--metric", "x"])
    assert isinstance(done.exception, BadInput) and "leave --metric out" in str(done.exception)
    with pytest.raises(BadInput, match="is no workspace"):
        Workspace.open(tmp_path)


def test_a_model_is_examined_and_its_optimiser_held_against_the_dossier(tmp_path: Path) -> None:
    from gauntlet.subjects import text
    from gauntlet.test_settings import PAPER

    model = tmp_path / "model.py"
    model.write_text(text(optimizer="SGD(model.parameters(), lr=0.0001)", facts='{"classes": 3}'))
    (tmp_path / "dossier.yaml").write_text(to_yaml(PAPER))
    found = diagnose_file(model, [], dossier=PAPER, claimed=92, measured=85)
    assert "learning rate is 0.0001, and 0.1 is stated" in [suspect.name for suspect in found.suspects[:2]]
    assert all("optimizer is" not in suspect.name for suspect in found.suspects)
    twin = model.with_name("twin.py")
    twin.write_text(text(optimizer="SGD(model.parameters(), lr=0.1)", facts='{"classes": 3}'))
    assert diagnose_file(twin, [], dossier=PAPER, claimed=92, measured=85).suspects == ()


def test_facts_are_read_without_running_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text('raise SystemExit\nfacts: dict = {"classes": 3, "steps": 2 * N, **other, "loss": "cross-entropy"}\n')
    assert stated_facts(Subject(tmp_path / "m.py")) == {"classes": 3, "loss": "cross-entropy"}
