"""The words of identifiers: which split of the data a name speaks of, which names are metrics, which are the paper's."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

Role = Literal["train", "valid", "test"]
_ROLES: dict[Role, set[str]] = {
    "train": {"train", "training", "tr", "trn", "xtr", "ytr", "fit"},
    "valid": {"valid", "val", "validation", "va", "dev", "xva", "yva", "xval", "yval"},
    "test": {"test", "testing", "te", "tst", "xte", "yte", "held", "holdout", "heldout"},
}
METRICS = {
    "accuracy",
    "acc",
    "error",
    "err",
    "loss",
    "f1",
    "precision",
    "recall",
    "auc",
    "auroc",
    "nmi",
    "ari",
    "perplexity",
    "ppl",
    "bleu",
    "rouge",
    "mse",
    "rmse",
    "mae",
    "r2",
    "return",
    "returns",
    "reward",
    "score",
    "map",
    "iou",
    "dice",
    "psnr",
    "ssim",
    "fid",
    "elbo",
    "nll",
    "likelihood",
    "bpc",
    "bpd",
    "bits",
    "top1",
    "top5",
    "wer",
    "cer",
    "kappa",
    "mcc",
    "purity",
    "regret",
    "mrr",
    "ndcg",
    "hits",
    "brier",
    "ece",
    "mape",
    "smape",
    "loglik",
    "logloss",
    "deviance",
    "fscore",
    "correlation",
    "silhouette",
    "miou",
    "jaccard",
    "hit",
    "success",
}
PAPERLIKE = {
    "paper",
    "papers",
    "original",
    "originals",
    "reported",
    "published",
    "target",
    "targets",
    "theirs",
    "authors",
    "claimed",
    "reference",
    "references",
    "expected",
    "goal",
    "goals",
    "baseline",
    "baselines",
}


def words(name: str) -> list[str]:
    """Split an identifier into lower-case words: "x_testSet" -> x, test, set; a number stays with its letters ("f1")."""
    return list(_words(name))


@lru_cache(maxsize=50_000)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in re.findall(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])|\d+", name))


@cache
def name_role(name: str) -> Role | None:
    """Return the split that a name speaks of."""
    for word in words(name):
        for role, spellings in _ROLES.items():
            if word in spellings:
                return role
            if word not in ("latest", "fit") and len(word) > 4 and re.fullmatch(rf"[xy]?{role}|{role}(x|y|s|set|data|loader)", word):
                return role
    return None
