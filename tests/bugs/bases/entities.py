"""Token tagger: library transformer encoder over padded sentences, labels of padding ignored, pre-trained table frozen, two rates."""

import math

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "sequence-labelling",
    "classes": 4,
    "vocabulary": 40,
    "padding_index": 0,
    "ignore_index": -100,
    "output": "logits",
    "causal": False,
    "positional": "sinusoidal",
    "heads": 2,
    "layers": 2,
    "d_model": 16,
    "norm": "pre",
    "dropout": 0.1,
    "frozen": ["table.weight"],
    "parameters": 5156,
    "loss": "mean cross-entropy over labelled tokens",
    "clip_norm": 1.0,
    "loss_scaling": True,
    "init": {"head.bias": "zeros", "head.weight": "normal(0, 0.02)"},
    "optimizer": {"name": "AdamW", "weight_decay": 0.01},
    "no_decay": ["*bias", "*norm*"],
    "equations": {"waves": r"\omega_i=10000^{-2i/d},\ P_{t,2i}=\sin(\omega_i t),\ P_{t,2i+1}=\cos(\omega_i t)"},
}


def waves(length, width):
    place = torch.arange(length, dtype=torch.float32)[:, None]
    omega = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = torch.empty(length, width)
    table[:, 0::2], table[:, 1::2] = torch.sin(place * omega), torch.cos(place * omega)
    return table


class Tagger(nn.Module):
    def __init__(self, vocabulary=40, width=16, heads=2, layers=2, classes=4):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width, padding_idx=0)
        self.table.weight.requires_grad_(False)
        self.register_buffer("places", waves(24, width))
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, classes)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens):
        x = self.table(tokens) + self.places[: tokens.shape[1]]
        return self.head(self.encoder(x, src_key_padding_mask=tokens == 0))


def build():
    return Tagger()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    size = torch.randint(5, 12, (n,), generator=g)
    absent = torch.arange(11)[None] >= size[:, None]
    tokens = torch.randint(1, 40, (n, 11), generator=g).masked_fill(absent, 0)
    before = F.pad(tokens, (1, 0))[:, :-1]
    label = (tokens % 2) * 2 + (before > 20).long()
    return {"tokens": tokens, "label": label.masked_fill(absent, -100)}


def forward(model, batch):
    return model(batch["tokens"])


def loss(model, batch):
    scores = forward(model, batch)
    picked = batch["label"] != -100
    return F.cross_entropy(scores[picked], batch["label"][picked])


def optimizer(model):
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    plain = [p for name, p in named if name.endswith("bias") or "norm" in name]
    decayed = [p for name, p in named if not (name.endswith("bias") or "norm" in name)]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=3e-3)


scaler = torch.amp.GradScaler("cpu", init_scale=256.0)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    scaler.scale(value).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    return value.detach()
