from __future__ import annotations

from pathlib import Path

import pytest

from aquarius.core import BadInput
from aquarius.lab import _plan, run_id
from aquarius.lab._plan import code_hashes, current_hashes, plain_settings, seed_list, unchanged, workspace_of


def test_the_id_depends_on_everything_that_a_run_is_made_of() -> None:
    parts = ({"workspace:a.py": "1"}, {"rate": 0.1}, {"data:x": "2"}, 0, {"scale": "full"})
    make = lambda code, settings, data, seed, labels: run_id(code, settings, data, seed, labels=labels)
    same = make(*parts)
    assert len(same) == 16 and make(*parts) == same
    for index, other in enumerate(({"workspace:a.py": "9"}, {"rate": 0.2}, {}, 1, {"scale": "proxy"})):
        assert make(*parts[:index], other, *parts[index + 1 :]) != same
    assert run_id({}, {"a": 1, "b": 2}, {}, 0, labels={}) == run_id({}, {"b": 2, "a": 1}, {}, 0, labels={})


def test_code_is_named_from_the_workspace(tmp_path: Path) -> None:
    home = tmp_path / "src" / "gcn"
    (home / "deep").mkdir(parents=True)
    (home / "__pycache__").mkdir()
    for name in ("train.py", "deep/layer.py", "__pycache__/old.py"):
        (home / name).write_text("x = 1")
    assert workspace_of(home / "train.py") == home
    (tmp_path / "aquarius.project.json").write_text("{}")
    assert workspace_of(home / "train.py") == tmp_path
    assert list(code_hashes(home / "train.py", tmp_path)) == ["workspace:src/gcn/deep/layer.py", "workspace:src/gcn/train.py"]


def test_a_changed_or_missing_source_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    hashes = {
        name: digest for name, digest in current_hashes({"workspace:a.py": "", "package:core/_plain.py": ""}, tmp_path).items() if digest
    }
    assert list(hashes) == ["workspace:a.py"]
    assert unchanged(hashes | {"value:settings": "not a file"}, tmp_path)
    assert not unchanged(hashes | {"package:models/gone.py": "0"}, tmp_path)
    (tmp_path / "a.py").write_text("x = 2")
    assert not unchanged(hashes, tmp_path)


def test_seeds() -> None:
    assert seed_list(3) == [0, 1, 2] and seed_list((5, 2)) == [5, 2]
    for wrong in (0, -1, [], 10_001, range(10_001), [0, 0], [1.5], [True], [1 << 32], ["1"]):
        with pytest.raises(BadInput):
            seed_list(wrong)  # type: ignore[arg-type]


def test_settings_are_plain_and_a_number_read_as_a_text_is_seen() -> None:
    settings = {
        "rate": 1e-3,
        "layers": 2,
        "bias": True,
        "name": "adam",
        "split": "2016",
        "commit": "12e4567",
        "betas": (0.9, 0.98),
        "nested": {"none": None},
    }
    assert plain_settings(settings) == settings | {"betas": [0.9, 0.98]}
    for wrong, words in (
        ({"rate": "1e-3"}, r"the setting rate is the text '1e-3': write 0\.001, so that it is a number\."),
        ({"nested": {"rate": ["5E4"]}}, r"nested\.rate\[0\] is the text '5E4'"),
        ({"rate": float("inf")}, "rate is inf"),
        ({"model": object()}, "model is a object"),
        ({1: 2}, "name is a text"),
    ):
        with pytest.raises(BadInput, match=words):
            plain_settings(wrong)  # type: ignore[arg-type]


def test_a_folder_with_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train.py", "a.py", "b.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(_plan, "MOST_FILES", 2)
    with pytest.raises(BadInput, match=r"more than 2 Python files.*give train\.py a folder of its own"):
        _plan.code_hashes(tmp_path / "train.py", tmp_path)
