"""Metrics by the words of a header."""

from __future__ import annotations

import re

import pytest

from aquarius.dossier._metrics import METRICS, metric_of, metric_span


@pytest.mark.parametrize(
    ("text", "name"),
    [("BLEU", "BLEU"), ("Training Cost (FLOPs)", "training FLOPs"), ("Top-1 accuracy", "top-1 accuracy"), ("F1", "F1"), ("params", "parameters"), ("WER", "word error rate"), ("F_1", "F1")],
)  # fmt: skip
def test_a_metric_by_its_header(text: str, name: str) -> None:
    metric = metric_of(text)
    assert metric is not None and metric.name == name


@pytest.mark.parametrize("text", ["Model", "BLEU and perplexity", "accurate", "Snow", "parametric"])
def test_no_metric_or_two_are_none(text: str) -> None:
    assert metric_of(text) is None


def test_a_metric_is_found_where_it_stands_and_no_name_is_twice() -> None:
    bleu = next(metric for metric in METRICS if metric.name == "BLEU")
    assert metric_span(bleu, "a BLEU score of 3") == (2, 12) and metric_span(bleu, "a bleuish sky") is None
    assert len({metric.name for metric in METRICS}) == len(METRICS) and all(re.compile(metric.pattern) for metric in METRICS)
