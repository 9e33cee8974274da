"""A long hunt with atheris for what breaks the readers: `make fuzz`. Bytes that broke one are left in a file, which this script reads again.

python tests/reading/fuzz_reading.py [latex|markdown|html|docx] [libFuzzer options or files]
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

_SPACES = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
FRAMES: dict[str, tuple[str, bytes, bytes]] = {  # the file, and what stands before and behind the bytes
    "latex": ("main.tex", rb"\documentclass{article}\begin{document}", b""),
    "markdown": ("a.md", b"", b""),
    "html": ("a.html", b"<html><body>", b""),
    "docx": ("word/document.xml", f"<w:document {_SPACES}><w:body>".encode(), b"</w:body></w:document>"),
}


def target(name: str) -> Callable[[bytes], None]:
    """Return a function that reads and distils; a refusal in one sentence is an answer, anything else that is raised is a bug."""
    from aquarius.core import BadInput, load_extension
    from aquarius.dossier import distill

    reader: Callable[[str, Mapping[str, bytes]], Any] = load_extension("aquarius.readers", name)
    file, before, behind = FRAMES[name]

    def one(data: bytes) -> None:
        try:
            distill(reader("paper", {file: before + data + behind}))
        except BadInput as refusal:
            assert "\n" not in str(refusal)

    return one


def main() -> int:
    try:
        import atheris
    except ImportError:
        print("skipped: atheris is not installed (pip install atheris); the quick fuzzing of tests/reading/test_fuzz.py needs none.")
        return 0
    name = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in FRAMES else "latex"
    with atheris.instrument_imports(include=["aquarius.reading", "aquarius.dossier"]):
        for part in ("_docx", "_html", "_latex", "_markdown"):
            importlib.import_module(f"aquarius.reading.{part}")
    atheris.Setup(sys.argv, target(name))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
