"""Every module of the sources has its tests: src/aquarius/x/_y.py is tested in tests/x/test_y.py, or by a file that says so here."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SOURCE, TESTS = PROJECT / "src" / "aquarius", PROJECT / "tests"


def untested(source: Path, tests: Path) -> list[str]:
    """Name the modules of a package without a test file of their own name, where the package has no test that names them either."""
    found = []
    for path in sorted(source.rglob("*.py")):
        inside = path.relative_to(source)
        if path.name.startswith("__") or "templates" in inside.parts:
            continue
        stem = path.stem.lstrip("_")
        folder = tests / inside.parent
        own = folder / f"test_{stem}.py"
        words = (f"._{stem} ", f"._{stem}\n", f".{stem} ", f"_{stem}.", f"import _{stem}", f"import {stem}")
        texts = _texts(tests / inside.parts[0])
        named = any(word in text for word in words for text in texts)
        named |= any(path.name in line for text in texts for line in text.splitlines() if line.startswith("# tests "))
        if not own.exists() and not named:
            found.append(inside.as_posix())
    return found


def _texts(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.rglob("test_*.py")] if folder.is_dir() else []


def test_every_module_has_its_tests() -> None:
    assert untested(SOURCE, TESTS) == []


def test_a_module_without_tests_is_seen(tmp_path: Path) -> None:
    (tmp_path / "src" / "x").mkdir(parents=True)
    (tmp_path / "src" / "x" / "_y.py").write_text("")
    assert untested(tmp_path / "src", tmp_path / "tests") == ["x/_y.py"]
