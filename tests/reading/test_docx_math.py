"""Office Math as LaTeX, construct by construct."""

from __future__ import annotations

import pytest

from aquarius.reading._docx import tree_of
from aquarius.reading._docx_math import latex_of
from aquarius.reading._places import source_file


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("inner", "latex"),
    [
        (run("αx"), r"\alpha x"),
        (run("log"), r"\log"),
        (f"<m:rad><m:deg/><m:e>{run('x')}</m:e></m:rad>", r"\sqrt{x}"),
        (f"<m:rad><m:deg>{run('3')}</m:deg><m:e>{run('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
        (f"<m:sSubSup><m:e>{run('w')}</m:e><m:sub>{run('i')}</m:sub><m:sup>{run('2')}</m:sup></m:sSubSup>", "w_{i}^{2}"),
        (f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e>{run('x')}</m:e></m:d>", r"\left[ x \right]"),
        (f"<m:d><m:dPr><m:begChr m:val='{{'/><m:endChr m:val=''/></m:dPr><m:e>{run('x')}</m:e></m:d>", r"\left\{ x \right."),
        (f"<m:acc><m:accPr><m:chr m:val='\u0304'/></m:accPr><m:e>{run('x')}</m:e></m:acc>", r"\bar{x}"),
        (f"<m:func><m:fName><m:limLow><m:e>{run('max')}</m:e><m:lim>{run('i')}</m:lim></m:limLow></m:fName><m:e>{run('x')}</m:e></m:func>", r"\max_{i} x"),
        (f"<m:m><m:mr><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:mr><m:mr><m:e>{run('c')}</m:e><m:e>{run('d')}</m:e></m:mr></m:m>", r"\begin{matrix}a & b \\ c & d\end{matrix}"),
        ("<m:r><m:rPr><m:sty m:val='b'/></m:rPr><m:t>W</m:t></m:r>", r"\mathbf{W}"),
        ("<m:r><m:rPr><m:nor/></m:rPr><m:t>softmax</m:t></m:r>", r"\mathrm{softmax}"),
    ],
)  # fmt: skip
def test_constructs(inner: str, latex: str) -> None:
    root = tree_of(source_file("f.xml", f'<m:oMath xmlns:m="http://m">{inner}</m:oMath>'.encode()), "paper.docx")
    assert latex_of(root) == latex
