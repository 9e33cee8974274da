"""Encoder-decoder transformer (Vaswani et al. 2017): post-norm, sinusoidal positions, shared embedding, label smoothing, warm-up."""

import math

import torch
import torch.nn.functional as F
from torch import nn

PAD, START = 0, 1
facts = {
    "task": "translation",
    "vocabulary": 30,
    "padding_index": 0,
    "causal": "decoder",
    "output": "logits",
    "positional": "sinusoidal",
    "position_base": 10000.0,
    "heads": 4,
    "layers": 2,
    "d_model": 32,
    "norm": "post",
    "normalisation": "layer",
    "dropout": 0.1,
    "label_smoothing": 0.1,
    "activation": "relu",
    "parameters": 43742,
    "embedding_scale": "sqrt(d_model)",
    "tied": [["embedding.weight", "generator.weight"]],
    "loss": "mean cross-entropy over target tokens that are not padding",
    "init": {"*attention*.weight": "xavier uniform", "*cross*.weight": "xavier uniform", "*feed*.weight": "xavier uniform"},
    "optimizer": {"name": "Adam", "betas": [0.9, 0.98], "eps": 1e-9},
    "schedule": {"warmup": 40, "kind": "inverse square root", "per": "step"},
    "equations": {
        "attention": r"\mathrm{Attention}(Q,K,V)=\mathrm{softmax}\left(\frac{QK^T}{\sqrt{d_k}}\right)V",
        "positions": r"PE_{(pos,2i)}=\sin(pos/10000^{2i/d_{model}}),\quad PE_{(pos,2i+1)}=\cos(pos/10000^{2i/d_{model}})",
        "rate": r"lrate=d_{model}^{-0.5}\cdot\min(step\_num^{-0.5},step\_num\cdot warmup\_steps^{-1.5})",
        "loss": r"-\frac{1}{|\{t:y_t\ne 0\}|}\sum_{t:y_t\ne 0}\sum_k q_{tk}\log p_{tk},\quad q_{tk}=(1-\epsilon)[k=y_t]+\epsilon/K",
    },
}


def attention(q, k, v, mask):
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.shape[-1])
    return torch.matmul(scores.masked_fill(~mask, -1e9).softmax(dim=-1), v)


def positions(length, width, base=10000.0):
    place = torch.arange(length, dtype=torch.float)[:, None]
    frequency = torch.exp(torch.arange(0, width, 2, dtype=torch.float) * (-math.log(base) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(place * frequency)
    table[:, 1::2] = torch.cos(place * frequency)
    return table


class MultiHead(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, memory, mask):
        out = attention(self.split(self.q(x)), self.split(self.k(memory)), self.split(self.v(memory)), mask)
        return self.o(out.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.attention = MultiHead(width, heads)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        x = self.norm1(x + self.dropout(self.attention(x, x, mask)))
        return self.norm2(x + self.dropout(self.feed(x)))


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.attention, self.cross = MultiHead(width, heads), MultiHead(width, heads)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, y, memory, target_mask, source_mask):
        y = self.norm1(y + self.dropout(self.attention(y, y, target_mask)))
        y = self.norm2(y + self.dropout(self.cross(y, memory, source_mask)))
        return self.norm3(y + self.dropout(self.feed(y)))


class Transformer(nn.Module):
    def __init__(self, vocabulary=30, width=32, heads=4, layers=2, dropout=0.1, longest=32):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.register_buffer("table", positions(longest, width))
        self.encoder = nn.ModuleList([EncoderLayer(width, heads, dropout) for _ in range(layers)])
        self.decoder = nn.ModuleList([DecoderLayer(width, heads, dropout) for _ in range(layers)])
        self.generator = nn.Linear(width, vocabulary)
        self.dropout = nn.Dropout(dropout)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.generator.weight = self.embedding.weight

    def embed(self, tokens):
        x = self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim)
        return self.dropout(x + self.table[: tokens.shape[1]])

    def forward(self, source, target):
        source_mask = (source != PAD)[:, None, None, :]
        order = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool, device=target.device).tril()
        target_mask = (target != PAD)[:, None, None, :] & order
        memory = self.embed(source)
        for layer in self.encoder:
            memory = layer(memory, source_mask)
        y = self.embed(target)
        for layer in self.decoder:
            y = layer(y, memory, target_mask, source_mask)
        return self.generator(y)


def build():
    return Transformer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    length = torch.randint(5, 11, (n, 1), generator=g)
    source = torch.randint(3, 30, (n, 10), generator=g)
    real = torch.arange(10)[None] < length
    back = (length - 1 - torch.arange(10)[None]).clamp(min=0)
    label = source.gather(1, back).masked_fill(~real, PAD)
    target = torch.cat([torch.full((n, 1), START), label[:, :-1]], dim=1)
    return {"source": source.masked_fill(~real, PAD), "target": target, "label": label}


def forward(model, batch):
    return model(batch["source"], batch["target"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits.flatten(0, 1), batch["label"].flatten(), ignore_index=PAD, label_smoothing=0.1)


def rate(step, width=32, warmup=40):
    step = max(step, 1)
    return width**-0.5 * min(step**-0.5, step * warmup**-1.5)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda count: rate(count + 1))


def step(model, optimizer, batch, scheduler):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    scheduler.step()
    return value.detach()
