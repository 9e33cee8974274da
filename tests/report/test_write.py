"""Writing a report: the kind by the ending, the same bytes for the same bundle, clear refusals."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from aquarius.core import BadInput, StorageError, extension_names, load_extension
from aquarius.report import write

from .samples import blueprint, bundle, document, dossier, evidence, verdict


@pytest.mark.parametrize("name", ["report.html", "report.md", "report.json"])
def test_same_bundle_same_bytes_in_any_order_of_evidence(name: str, tmp_path: Path) -> None:
    shuffled = [*evidence(), *evidence()[:5]]
    random.Random(3).shuffle(shuffled)
    first = write(verdict(), tmp_path / "one" / name, dossier=dossier(), blueprint=blueprint(), evidence=evidence(), document=document())
    second = write(
        verdict(), str(tmp_path / f"two-{name}"), dossier=dossier(), blueprint=blueprint(), evidence=iter(shuffled), document=document()
    )
    assert first.read_bytes() == second.read_bytes() and first == tmp_path / "one" / name


def test_the_title_may_be_given(tmp_path: Path) -> None:
    assert "<h1>Another &lt;title&gt;</h1>" in write(verdict(), tmp_path / "a.html", title="Another <title>").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("report.pdf", "ending of no report"),
        ("report", "ending of no report"),
        ("report.htlm", r"Did you mean '\.html'\?"),
        ("", "is a folder: name the file"),
    ],
)
def test_what_cannot_be_written_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        write(verdict(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="intact"):
        write(verdict(), path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_halves_of_letters_and_control_characters_are_written(ending: str, tmp_path: Path) -> None:
    path = write(verdict(), tmp_path / f"a.{ending}", title="a\udcff\x00b", evidence=evidence()[:2])
    assert "a?" in path.read_text("utf-8")


def test_built_in_reports_come_through_the_extension_table() -> None:
    assert {"html", "markdown", "json"} <= set(extension_names("aquarius.reports"))
    for name in ("html", "markdown", "json"):
        assert isinstance(load_extension("aquarius.reports", name)(bundle(evidence=())), bytes)


def test_writing_loads_no_torch() -> None:
    code = "import sys, aquarius.report; from aquarius.report import write, Bundle, outcome; assert not {'torch', 'matplotlib', 'scipy', 'jinja2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
