"""Quantities of result tables: their names, the spellings of headers, their direction and unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """A quantity of a result table: its name, the header spellings, its direction and unit."""

    name: str
    pattern: str
    direction: Literal["higher", "lower"] | None
    unit: str = ""
    cost: bool = False  # a price, not a quality: no order is claimed over it
    short: str = ""  # the usual abbreviation


METRICS: tuple[Metric, ...] = (
    Metric("training FLOPs", r"(?:training )?(?:cost|compute) ?\(?flops\)?|training flops", None, "FLOPs", True),
    Metric("FLOPs", r"(?:[gmt])?flops?|multi-?adds|madds|macs", None, "FLOPs", True),
    Metric("parameters", r"(?:number of |# ?|num\.? )?(?:trainable )?param(?:eter)?s?\.?(?: count)?", None, "parameters", True),
    Metric("BLEU", r"(?:sacre)?bleu(?:-4)?(?: score)?", "higher", "BLEU"),
    Metric("perplexity", r"ppl|perplexity|perplexities", "lower", short="PPL"),
    Metric("bits per character", r"bpc|bits[ -]per[ -](?:character|byte|dim(?:ension)?)|bpd|bits/dim", "lower", "bits", short="BPC"),
    Metric("word error rate", r"wer|word error rate", "lower", "%", short="WER"),
    Metric("character error rate", r"(?-i:CER)|character error rate", "lower", "%", short="CER"),
    Metric("real-time factor", r"(?-i:RTF)|real[- ]time factor", "lower", short="RTF"),
    Metric("test error", r"(?:test |top-?[15] |val(?:idation)? |classification )?err(?:or)?(?:s|\.)?(?: rate)?", "lower"),
    Metric("top-5 accuracy", r"top-?5(?: acc(?:uracy)?)?", "higher", "%"),
    Metric("top-1 accuracy", r"top-?1(?: acc(?:uracy)?)?", "higher", "%"),
    Metric("accuracy", r"(?:test |val(?:idation)? |mean |frame |classification |average )?acc(?:uracy|uracies|\.)?", "higher", "%"),
    Metric("exact match", r"exact match|(?-i:EM)", "higher", "%", short="EM"),
    Metric("F1", r"(?:micro[- ]|macro[- ])?f_? ?1(?:[- ]score)?|f-score|f-measure", "higher"),
    Metric("ROUGE-L", r"rouge-?l", "higher"),
    Metric("ROUGE-1", r"rouge-?1", "higher"),
    Metric("ROUGE-2", r"rouge-?2", "higher"),
    Metric("METEOR", r"meteor", "higher"),
    Metric("chrF", r"chrf\+*", "higher"),
    Metric("mAP", r"mAP(?:@[\d.:]+)?|mean average precision", "higher", short="mean average precision"),
    Metric("AP50", r"ap_? ?50", "higher"),
    Metric("AP75", r"ap_? ?75", "higher"),
    Metric("AP", r"(?-i:AP)|average precision", "higher"),
    Metric("mIoU", r"m(?:ean )?[- ]?iou|iou|jaccard", "higher"),
    Metric("Dice", r"dice(?: score| coefficient)?|dsc", "higher"),
    Metric("warping error", r"warping error", "lower"),
    Metric("FID", r"s?fid|fr[ée]chet inception distance", "lower"),
    Metric("inception score", r"inception score|(?-i:IS)", "higher", short="IS"),
    Metric("AUC", r"(?:roc[- ])?au(?:ro)?c|auprc", "higher"),
    Metric("PSNR", r"psnr", "higher", "dB"),
    Metric("SSIM", r"ssim", "higher"),
    Metric("LPIPS", r"lpips", "lower"),
    Metric("precision", r"prec(?:ision|\.)", "higher"),
    Metric("recall", r"rec(?:all|\.)|recall@\d+", "higher"),
    Metric("mean squared error", r"mse|mean squared error", "lower", short="MSE"),
    Metric("root mean squared error", r"rmse", "lower", short="RMSE"),
    Metric("mean absolute error", r"(?-i:MAE)|mean absolute error", "lower", short="MAE"),
    Metric("negative log-likelihood", r"nll|negative log-?likelihood", "lower", "nats", short="NLL"),
    Metric("log-likelihood", r"(?:test |predictive )?log-?likelihood|(?-i:LL)", "higher", "nats"),
    Metric("loss", r"(?:test |val(?:idation)? |train(?:ing)? )?loss", "lower"),
    Metric("return", r"(?:average |mean |episode |episodic |cumulative |undiscounted |total )*(?:returns?|rewards?)", "higher"),
    Metric("normalized score", r"(?:human[- ])?normali[sz]ed (?:return |d4rl |mean |median )?(?:scores?|median|mean)", "higher"),
    Metric("mean opinion score", r"mean opinion scores?|(?-i:MOS)", "higher", short="MOS"),
    Metric("pass@k", r"pass@\w+", "higher"),
    Metric("MCC", r"mcc|matthews corr\w*", "higher"),
    Metric("Spearman correlation", r"spearman(?:'s)?(?: corr\w*| rho)?", "higher"),
    Metric("Pearson correlation", r"pearson(?:'s)?(?: corr\w*)?", "higher"),
    Metric("latency", r"latency", "lower", "ms", True),
    Metric(
        "epochs to perfect accuracy", r"number of epochs required to achieve perfect accuracy|epochs to perfect accuracy", "lower", "epochs"
    ),
)


@cache
def metric_of(text: str) -> Metric | None:
    """Return the metric that a header's or a sentence's words name; None where none or more than one is named."""
    found = [metric for metric in METRICS if _metric_pattern(metric).search(text)]
    # "training FLOPs" holds "FLOPs", "top-1 accuracy" holds "accuracy": the longer match is meant
    spans = [(metric, match.span()) for metric in found if (match := _metric_pattern(metric).search(text))]
    kept = [
        metric for metric, span in spans if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for _, other in spans)
    ]
    return kept[0] if len({metric.name for metric in kept}) == 1 else None


@cache
def _metric_pattern(metric: Metric) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{metric.pattern})(?![\w-])", re.IGNORECASE)


def metric_span(metric: Metric, text: str) -> tuple[int, int] | None:
    """Return where a text names a metric."""
    found = _metric_pattern(metric).search(text)
    return found.span() if found else None
