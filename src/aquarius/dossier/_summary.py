"""The flat summary of a paper that `aquarius read --json` prints."""

from __future__ import annotations

import re
from typing import Any

from ..reading import Document
from ._choices import CHOICES
from ._dossier import Dossier
from ._metrics import METRICS
from ._terms import BY_NAME

_KEYS = {
    "optimizer": "optimizer", "activation": "activation", "loss": "loss", "learning rate schedule": "lr_schedule", "initialization": "init", "bias initialization": "bias_init",
    "hardware": "gpus", "data augmentation": "data_augmentation", "normalization": "normalization", "backbone": "architecture", "learning rate milestones": "lr_decay_epochs", "precision": "precision",
}  # fmt: skip

_KEYS |= {choice.name: choice.key for choice in CHOICES if choice.name not in _KEYS}

_SHORT = {metric.name: metric.short for metric in METRICS if metric.short}


def summary_data(document: Document, dossier: Dossier) -> dict[str, Any]:
    """Return title, authors, equations, tables, hyperparameters, data sets, metrics and what is unstated, as plain JSON values."""
    return {
        "title": document.title,
        "authors": list(document.authors),
        "year": document.year,
        "url": document.url,
        "n_numbered_equations": sum(equation.number is not None for equation in document.equations),
        "equations": [{"number": equation.number, "label": equation.label, "latex": equation.latex} for equation in document.equations],
        "tables": [{"number": table.number, "caption": table.caption, "cells": table.texts()} for table in document.tables],
        "hyperparameters": [
            {"name": key_of(fact.name), "value": fact.value, "scope": fact.scope or None}
            for fact in (*dossier.architecture, *dossier.recipe)
        ],
        "datasets": [fact.name for fact in dossier.datasets],
        "metrics": [f"{fact.name} ({short})" if (short := _SHORT.get(fact.name)) else fact.name for fact in dossier.metrics],
        "unstated": [gap.name for gap in dossier.gaps],
        "problems": list(document.problems),
    }


def key_of(name: str) -> str:
    """Return the short key of a fact's name: "learning rate" is "learning_rate", "layers" is "num_layers"."""
    term = BY_NAME.get(name)
    return term.key if term is not None else _KEYS.get(name, re.sub(r"\W+", "_", name).strip("_"))
