"""What sections are for."""

from __future__ import annotations

import pytest

from aquarius.reading._roles import section_role


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Introduction", "introduction"),
        ("Related Work", "related"),
        ("Background", "related"),
        ("Model Architecture", "method"),
        ("Our Approach", "method"),
        ("Experimental Setup", "experiments"),
        ("Results", "experiments"),
        ("Conclusions and Future Work", "conclusion"),
        ("References", "references"),
        ("Appendix A: Proofs", "appendix"),
        ("Acknowledgements", "other"),
    ],
)
def test_titles_say_it(title: str, role: str) -> None:
    assert section_role(title, 1, [], appendix=False) == role


def test_sections_inherit() -> None:
    assert section_role("Label smoothing", 2, [(1, "experiments")], appendix=False) == "experiments"
    assert section_role("Model variations", 2, [(1, "experiments")], appendix=False) == "experiments"
    assert section_role("Training EBMs.", 4, [(1, "related")], appendix=False) == "related"
    assert section_role("Results", 1, [(1, "method")], appendix=True) == "appendix"
    assert section_role("Proof", 2, [(1, "appendix")], appendix=False) == "appendix"
