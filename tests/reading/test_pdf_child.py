"""The child process: a record per page, and a sentence for what is no PDF."""

from __future__ import annotations

import json
import subprocess
import sys

from reading.pdf_writer import Sheet, write_pdf

COMMAND = [sys.executable, "-m", "aquarius.reading._pdf_child", "10"]


def test_a_page_is_a_json_line_and_its_glyphs() -> None:
    sheet = Sheet().text(72, 700, "Hi there").rule(72, 200, 690).note("not this")
    out = subprocess.run(COMMAND, input=write_pdf([sheet]), capture_output=True, check=True).stdout
    header, _, rest = out.partition(b"\n")
    page = json.loads(header)
    assert page["number"] == 1 and page["width"] == 612 and page["glyphs"] == 8
    assert [round(edge) for edge in page["rules"][0]] == [72, 690, 200, 691]
    assert len(rest) == page["glyphs"] * (4 + 2 + 6 * 4)
    assert rest[: 8 * 4].decode("utf-32-le") == "Hi there"


def test_what_is_no_pdf_ends_with_3_and_a_sentence() -> None:
    ended = subprocess.run(COMMAND, input=b"no", capture_output=True, check=False)
    assert ended.returncode == 3 and ended.stderr == b"is not a PDF that can be opened." and ended.stdout == b""
