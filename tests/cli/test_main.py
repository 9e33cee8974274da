"""The command line leaves with 0, 1 or 2, says one sentence when it refuses, and prints JSON when asked to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = """
import torch
from torch import nn
def build():
    return nn.Linear(3, 2)
def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {"x": torch.randn(n, 3, generator=g), "y": torch.randint(0, 2, (n,), generator=g)}
def forward(model, batch):
    return model(batch["x"])
def loss(model, batch):
    return nn.functional.cross_entropy(forward(model, batch), batch["y"])
facts = {"task": "classification", "classes": 2, "output": "logits"}
"""


def aquarius(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "aquarius", *arguments], capture_output=True, text=True, timeout=120, cwd=cwd)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc"], "'chekc' is not a command. Did you mean 'check'?"),
        (["check"], "name the model file to examine"),
        (["draw"], "Missing argument 'SUBJECT'"),
        (["check", "none.py"], "none.py does not exist"),
        (["check", "."], "is a folder, and a file is needed here"),
        (["read", "none"], "none"),
        (["status", "nowhere"], "nowhere does not exist: run aquarius start"),
        (["reproduce", "gcn-coraa"], "Did you mean 'gcn-cora'?"),
        (["reproduce", "gcn-cora", "--seeds", "0"], "must be positive"),
        (["train", "none.py"], "none.py does not exist"),
        (["equation", "translate", "x", "--symbols", "none.yaml"], "none.yaml does not exist"),
        (["equation", "conform", "x", "none.py", "--symbols", "none.yaml"], "none.yaml does not exist"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    result = aquarius(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.startswith("aquarius: ") and result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 8, "is not Python"),
        (b"import torch\n", "build"),
        (
            b"raise RuntimeError('on import')\ndef build(): pass\ndef batch(n, seed=0): pass\ndef forward(m, b): pass\ndef loss(m, b): pass\n",
            "on import",
        ),
    ],
)
def test_a_subject_that_cannot_be_used_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(content)
    result = aquarius("check", "model.py", cwd=tmp_path)
    assert result.returncode == 2
    assert words in result.stderr and "Traceback" not in result.stderr


def test_a_sound_model_passes_and_a_broken_one_fails(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(MODEL)
    bad.write_text(MODEL.replace('model(batch["x"])', 'model(batch["x"]).detach()'))
    passed = aquarius("check", str(good), "--json")
    failed = aquarius("check", str(bad), "--json")
    assert passed.returncode == 0, passed.stdout
    assert failed.returncode == 1
    findings = json.loads(failed.stdout)["findings"]
    assert any(item["status"] == "fail" for item in findings)
    assert set(findings[0]) >= {"check", "status", "where", "path", "message", "evidence", "hint", "seconds"}


def test_version_and_help() -> None:
    assert aquarius("--version").stdout.startswith("aquarius 0.")
    shown = aquarius("--help").stdout
    assert "in the order of the road" in shown and "reproduce" in shown
    assert "MODEL" not in aquarius("check", "--help").stdout
    assert "FILE: a Python file with build, batch, forward and loss" in aquarius("check", "--help").stdout
