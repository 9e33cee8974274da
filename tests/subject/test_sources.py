"""A program's sources are those that it imported: of the workspace, and of our parts and models."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from aquarius.subject import Subject, run_in_child


def test_what_was_imported_is_named_with_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    (tmp_path / "unused.py").write_text("")
    (tmp_path / "near.py").write_text("value = 1\n")
    model = tmp_path / "model.py"
    model.write_text(
        "import near\nimport torch.ops\nfrom aquarius.parts.schedule import noam_learning_rate\nfacts = {}\ndef answer(): return 1\n"
    )
    found = run_in_child("subject.tasks:sources", {"root": str(tmp_path)}, subject=Subject(model)).value
    assert found["workspace:near.py"] == hashlib.sha256(b"value = 1\n").hexdigest()
    assert "workspace:model.py" in found and "workspace:unused.py" not in found
    assert any(name.startswith("package:parts/schedule/") for name in found)
    assert not any(name.startswith("package:core") for name in found)
