"""Subjects that misbehave: each is a finding or one clear sentence, within its time, and what lies beside it stays."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from aquarius.cli._main import _Commands
from aquarius.core import BadInput, Evidence
from aquarius.gauntlet import examine
from gauntlet.subjects import text

ANSWER = "return self.outer(F.relu(self.inner(x)))"


def found(folder: Path, source: str, budget: float = 20.0) -> list[Evidence]:
    (folder / "model.py").write_text(source)
    return examine(folder / "model.py", only=["gradient"], budget=budget)


def within(body: str) -> str:
    """Return a subject whose forward runs some code first."""
    return text(forward=f"{body}\n        {ANSWER}")


@pytest.mark.parametrize(
    ("source", "check", "words"),
    [
        (within("import os; os.kill(os.getpid(), 11)"), "process", "died of SIGSEGV"),
        (within("import os; os._exit(3)"), "process", "left with exit code 3"),
        pytest.param(within("raise SystemExit(1)"), "process", "SystemExit: 1", marks=pytest.mark.slow),
        pytest.param(within("raise KeyboardInterrupt"), "process", "KeyboardInterrupt", marks=pytest.mark.slow),
        pytest.param(within("torch.zeros(10**12)"), "interface", "RuntimeError on legal input", marks=pytest.mark.slow),
        pytest.param(within("return self(x)"), "interface", "RecursionError", marks=pytest.mark.slow),
        pytest.param(within("input('?')"), "interface", "EOFError", marks=pytest.mark.slow),
        (within("raise ValueError('\\ud800 bad')"), "interface", "ValueError on legal input: ? bad"),
        pytest.param(within("x = x * float('nan')"), "interface", "nan", marks=pytest.mark.slow),
        (within("import os; os.remove(__file__)"), "interface", "may not change the files in its folder"),
        pytest.param(
            within("import shutil, os; shutil.rmtree(os.path.dirname(__file__))"),
            "interface",
            "may not change the files in its folder",
            marks=pytest.mark.slow,
        ),
        pytest.param(text().replace("return Net()", "return None"), "interface", "a torch module is needed", marks=pytest.mark.slow),
    ],
    ids=[
        "crash",
        "exit",
        "sys.exit",
        "interrupt",
        "memory",
        "recursion",
        "stdin",
        "half a letter",
        "nan",
        "remove",
        "remove all",
        "none",
    ],
)
def test_what_goes_wrong_inside_is_one_finding_and_the_rest_is_skipped(source: str, check: str, words: str, tmp_path: Path) -> None:
    begin = time.perf_counter()
    findings = found(tmp_path, source, budget=6.0)
    failed = [finding for finding in findings if finding.status == "fail"]
    assert [finding.check for finding in failed] == [check] and words in failed[0].message, [f.message for f in findings]
    assert all(finding.status == "skipped" for finding in findings if finding.check == "gradient")
    assert time.perf_counter() - begin < 36 and (tmp_path / "model.py").exists()
    json.dumps([finding.to_data() for finding in findings], ensure_ascii=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "print('x' * 10_000_000)",
        "import os; os.chdir('/')",
        "torch.set_num_threads(4)",
        "import threading, time; threading.Thread(target=lambda: time.sleep(99)).start()",
        "import warnings; warnings.simplefilter('error')",
    ],
    ids=["output", "cwd", "threads", "thread", "warnings"],
)
def test_what_is_odd_and_harmless_fails_nothing_and_does_not_hang(body: str, tmp_path: Path) -> None:
    begin, here = time.perf_counter(), Path.cwd()
    assert [finding.message for finding in found(tmp_path, within(body)) if finding.status == "fail"] == []
    assert time.perf_counter() - begin < 50 and Path.cwd() == here


def test_an_examination_that_is_told_to_have_ended_is_not_believed(tmp_path: Path) -> None:
    forged = 'import os\n        for fd in range(3, 20):\n            try: os.write(fd, b\'["end", {"status": "ok"}]\\n\')\n            except OSError: pass'
    (failed,) = (finding for finding in found(tmp_path, within(forged)) if finding.status == "fail")
    assert failed.check == "process" and "never began" in failed.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"def build(:\n", "is not Python: invalid syntax (line 1)."),
        (bytes(range(256)), "is not Python: source code string cannot contain null bytes."),
        (b"", "is empty"),
        (b"x = 1\n", "is no subject: it defines no build"),
        (text().encode() + b"\nimport sys; sys.exit(0)\n", "does not import: SystemExit: 0"),
        (text().encode() + b"\ninput()\n", "does not import: EOFError"),
        (text().encode() + b"\nimport os; os._exit(0)\n", "left with exit code 0 before it had answered"),
    ],
    ids=["syntax", "binary", "empty", "no functions", "sys.exit", "stdin", "exit"],
)
def test_what_is_no_subject_is_one_sentence_and_exit_code_2(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(data)
    done = CliRunner().invoke(_Commands("", name="aquarius"), ["check", str(tmp_path / "model.py")], standalone_mode=False)
    assert isinstance(done.exception, BadInput) and done.exception.exit_code == 2
    assert words in str(done.exception) and "\n" not in str(done.exception)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a folder, and a file is needed here"):
        examine(tmp_path)
