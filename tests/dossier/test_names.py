"""Names of data sets in a text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aquarius.dossier._names import dataset_spans, mentions
from aquarius.dossier._text import sentences
from aquarius.reading import Document


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("on the WMT 2014 English-to-German translation task", ["WMT 2014 English-German"]),
        ("on CIFAR-10 and CIFAR-100", ["CIFAR-10", "CIFAR-100"]),
        ("on Fashion-MNIST", ["Fashion-MNIST"]),
        ("on E-MNIST and MNIST", ["EMNIST", "MNIST"]),
        ("on newstest2014", ["newstest2014"]),
        ("a core idea, the cocoon, the race", []),
    ],
)
def test_the_names_in_a_text(text: str, names: list[str]) -> None:
    assert [name for name, _, _ in dataset_spans(text)] == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("We used a Yelp review dataset.", ["Yelp"]),
        ("We train on the larger Lyrics dataset.", ["Lyrics"]),
        ("There are two datasets, Glimmer and Shimmer.", ["Glimmer", "Shimmer"]),
        ("Banking-77 has 77 classes, and Clinic-150 has 150 classes.", ["Banking-77", "Clinic-150"]),
        ("We introduce an environment known as Krazy World.", ["Krazy World"]),
        ("It is the “copy” task.", ["copy task"]),
        ("We use Cora, Citeseer, Squirrel and Texas.", ["Cora", "Citeseer", "Squirrel", "Texas"]),
        ("We thank Cora, Anna, Bertha and Clara.", ["Cora"]),
        ("The agents are trained on Ant-v4 and Hopper-v4.", ["Ant-v4", "Hopper-v4"]),
        ("Features come from Dino-v2.", []),
        ("The training data are many. Our data are few. On the English data it works.", []),
        ("In this dataset all is well.", []),
    ],
)
def test_words_around_a_name_make_it_a_data_set(paper: Callable[[str], Document], text: str, names: list[str]) -> None:
    document = paper(f"## 4 Experiments\n\n{text}\n")
    found = [
        (name, sentence.flat[start:end])
        for sentence in sentences(document)
        if sentence.number == "4"
        for name, start, end in mentions(sentence)
    ]
    assert [name for name, _ in found] == names
    assert all(words in name for name, words in found)
