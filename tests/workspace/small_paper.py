"""A paper, a model and an experiment that are small enough to walk the whole road in seconds: for the tests of the workspace."""

from __future__ import annotations

from pathlib import Path

PAPER = r"""# A Small Paper on Lines

Authors: Ada Example; Ben Sample
Year: 2024
URL: https://example.org/small

## Abstract

The paper fits lines. Our method reaches an accuracy of 80.0 on the Toy dataset.

## 3 Method

The prediction is a linear map of the input:

$$
y = W x + b \tag{1}
$$

where $W$ is the weight matrix. The model is trained using Adam with a learning rate of 0.01 for 10 epochs and a batch size of 8. We use a dropout rate of 0.1.

## 4 Experiments

Table 1: Test accuracy (%) and number of parameters on Toy.

| Model | Accuracy | Params |
|---|---|---|
| Baseline | 70.0 | 12 |
| Line (ours) | 80.0 | 8 |
"""

MODEL = '''"""A line."""
import torch
from torch import nn

facts = {"task": "classification", "classes": 2, "output": "logits", "parameters": 8}

def build():
    return nn.Linear(3, 2)

def batch(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=generator)
    return {"x": x, "y": (x.sum(1) > 0).long()}

def forward(model, batch):
    return model(batch["x"])

def loss(model, batch):
    return nn.functional.cross_entropy(forward(model, batch), batch["y"])

def line(x, W, b):
    return W @ x + b

def from_settings(settings, **assumed):
    return build()
'''

TRAIN = '''"""Numbers near what the paper prints."""
import random

def train(run):
    value = run.settings["centre"] + random.Random(run.seed).gauss(0, 0.2)
    for step in range(3):
        run.log(step, loss=1.0 / (step + 1), accuracy=step / 3)
    return {"test_accuracy": value}
'''

PLAN = r"""subject: src/line/model.py
equations:
  - formula: equation (1)
    code: src/line/model.py:line
    symbols: {inputs: {W: [m, n], x: [n], b: [m]}, outputs: [y]}
"""

CONF = """experiment: src/line/train.py
claim: CLAIM
metric: test_accuracy
seeds: 4
settings:
  centre: {value: 80.0, origin: stated, source: Table 1}
rule:
  margin: 1.0
  margin_source: 1 % of the metric's range
  metric: accuracy
"""


def write_paper(folder: Path) -> Path:
    """Write the paper; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "small.md"
    path.write_text(PAPER)
    return path


def fill(workspace: Path, claim: str) -> None:
    """Write model, experiment, plan and conf into a workspace that was started from the paper."""
    for name, text in {
        "src/line/model.py": MODEL,
        "src/line/train.py": TRAIN,
        "blueprint.yaml": PLAN,
        "conf/line.yaml": CONF.replace("CLAIM", claim),
    }.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
