"""Settings in the paper's own words: found where a sentence settles them, and not where it reports, supposes or denies."""

from __future__ import annotations

import pytest

from aquarius.dossier._unlisted import unlisted


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("For IQL we took an expectile τ=0.9 on mazes.", [("expectile tau", "0.9")]),
        ("Features are computed with a 25 ms window and a 10 ms shift.", [("window", "25 ms"), ("shift", "10 ms")]),
        ("Frames are subsampled by a factor of 4.", [("subsampling factor", "4")]),
        ("We set λ = 5 in all runs.", [("lambda", "5")]),
        ("The look-back is L = 512 for all models.", [("look-back", "512")]),
        ("We use two frequency masks per utterance.", [("num frequency masks", "2")]),
        ("The public split has 20 labels per class.", [("labels per class", "20")]),
        ("The auxiliary CTC loss is weighted with 0.5.", [("ctc weight", "0.5")]),
        ("Frames whose gate falls below 0.4 are removed at test time.", [("gate threshold", "0.4")]),
        ("Server momentum is 0.9.", [("server momentum", "0.9")]),
        ("Target policy noise has a standard deviation of 0.2.", [("policy noise", "0.2")]),
        ("The objective has a proximal term with coefficient 0.01.", [("proximal coefficient", "0.01")]),
        ("There are N = 100 clients in total.", [("num clients", "100")]),
        # what is no setting
        ("We achieve an accuracy of 91.4 with our model.", []),
        ("With λ = 1 the budget is missed by 12 points.", []),
        ("When λ = 1 the two are the same, which we use below.", []),
        ("We do not use a window of 25 ms.", []),
        ("Smith et al. use an expectile of 0.7.", []),
        ("We use a total of 12 tables.", []),
        ("The answer is 42.", []),
    ],
)
def test_a_setting_in_words_of_its_own(sentence: str, expected: list[tuple[str, str]]) -> None:
    assert [(item.name, item.value) for item in unlisted(sentence, [])] == expected


def test_a_number_that_has_a_name_already_is_left_alone() -> None:
    sentence = "We set λ = 5 in all runs."
    at = sentence.index("5")
    assert not list(unlisted(sentence, [(at, at + 1)]))
