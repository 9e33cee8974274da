"""Sequence to sequence with post-norm transformer layers, additive masks, label smoothing by hand and a warm-up set by the step itself."""

import math

import torch
from torch import nn

PAD, BOS, VOCAB = 0, 1, 24
facts = {
    "task": "translation",
    "vocabulary": 24,
    "padding_index": 0,
    "causal": "decoder",
    "output": "logits",
    "positional": "sinusoidal",
    "position_base": 10000.0,
    "heads": 2,
    "layers": 1,
    "d_model": 24,
    "norm": "post",
    "norm_eps": 1e-6,
    "dropout": 0.1,
    "label_smoothing": 0.1,
    "activation": "relu",
    "parameters": 13656,
    "embedding_scale": "sqrt(d_model)",
    "loss": "mean smoothed cross-entropy over target tokens that are not padding",
    "init": {"*.w?": "xavier uniform"},
    "optimizer": {"name": "Adam", "betas": [0.9, 0.98], "eps": 1e-9},
    "clip_norm": 1.0,
    "equations": {
        "attend": r"\mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}} + M\right)V",
        "sinusoid": r"p_{t,2i}=\sin\frac{t}{10000^{2i/d}},\quad p_{t,2i+1}=\cos\frac{t}{10000^{2i/d}}",
        "rate": r"d^{-0.5}\min(t^{-0.5},\ t\,w^{-1.5})",
        "smoothed": r"-(1-\epsilon)\log p_{y}-\frac{\epsilon}{K}\sum_{k=1}^{K}\log p_k",
        "Norm.forward": r"\frac{x-\mu}{\sqrt{\sigma^2+\epsilon}}\odot\gamma+\beta",
    },
}


def sinusoid(length, d):
    t = torch.arange(length).float().unsqueeze(1)
    i = torch.arange(d // 2).float()
    angle = t / 10000 ** (2 * i / d)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).reshape(length, d)


def attend(q, k, v, m):
    scores = torch.einsum("nhqd,nhkd->nhqk", q, k) / math.sqrt(q.size(-1)) + m
    return torch.einsum("nhqk,nhkd->nhqd", torch.softmax(scores, -1), v)


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d))

    def forward(self, x):
        mu = x.mean(-1, keepdim=True)
        var = (x - mu).pow(2).mean(-1, keepdim=True)
        return (x - mu) / torch.sqrt(var + 1e-6) * self.gamma + self.beta


class Attention(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.wq, self.wk, self.wv, self.wo = (nn.Parameter(nn.init.xavier_uniform_(torch.empty(d, d))) for _ in range(4))

    def forward(self, x, y, m):
        def split(z, w):
            return (z @ w).unflatten(-1, (self.h, -1)).transpose(1, 2)

        return attend(split(x, self.wq), split(y, self.wk), split(y, self.wv), m).transpose(1, 2).flatten(2) @ self.wo


class Feed(nn.Module):
    def __init__(self, d, inner):
        super().__init__()
        self.w1, self.w2 = (
            nn.Parameter(nn.init.xavier_uniform_(torch.empty(d, inner))),
            nn.Parameter(nn.init.xavier_uniform_(torch.empty(inner, d))),
        )
        self.b1, self.b2 = nn.Parameter(torch.zeros(inner)), nn.Parameter(torch.zeros(d))

    def forward(self, x):
        return torch.relu(x @ self.w1 + self.b1) @ self.w2 + self.b2


class Layer(nn.Module):
    def __init__(self, d, h, inner, crossed):
        super().__init__()
        self.own, self.feed, self.drop = Attention(d, h), Feed(d, inner), nn.Dropout(0.1)
        self.cross = Attention(d, h) if crossed else None
        self.norms = nn.ModuleList(Norm(d) for _ in range(3 if crossed else 2))

    def forward(self, x, m, memory=None, memory_m=None):
        x = self.norms[0](x + self.drop(self.own(x, x, m)))
        if self.cross is not None:
            x = self.norms[1](x + self.drop(self.cross(x, memory, memory_m)))
        return self.norms[-1](x + self.drop(self.feed(x)))


class Translator(nn.Module):
    def __init__(self, d=24, h=2, inner=48):
        super().__init__()
        self.d = d
        self.source, self.target = nn.Embedding(VOCAB, d), nn.Embedding(VOCAB, d)
        self.encoder, self.decoder = Layer(d, h, inner, False), Layer(d, h, inner, True)
        self.out = nn.Linear(d, VOCAB)
        self.drop = nn.Dropout(0.1)
        for table in (self.source, self.target):
            nn.init.normal_(table.weight, std=d**-0.5)

    def embed(self, table, tokens):
        return self.drop(math.sqrt(self.d) * table(tokens) + sinusoid(tokens.size(1), self.d))

    def forward(self, source, target):
        n, t = target.shape
        hide = torch.zeros(n, 1, 1, source.size(1)).masked_fill((source == PAD)[:, None, None], -1e9)
        later = torch.full((t, t), -1e9).triu(1)
        memory = self.encoder(self.embed(self.source, source), hide)
        return self.out(self.decoder(self.embed(self.target, target), later, memory, hide))


def build():
    return Translator()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    size = torch.randint(4, 9, (n,), generator=g)
    source, label = torch.zeros(n, 8, dtype=torch.long), torch.zeros(n, 8, dtype=torch.long)
    for row, length in enumerate(size.tolist()):
        words = torch.randint(2, VOCAB, (length,), generator=g)
        source[row, :length] = words
        label[row, :length] = 2 + (words.flip(0) - 2 + 3) % (VOCAB - 2)
    shifted = torch.cat([torch.full((n, 1), BOS), label[:, :-1]], 1)
    return {"source": source, "target": shifted, "label": label}


def forward(model, batch):
    return model(batch["source"], batch["target"])


def smoothed(logits, y, epsilon=0.1):
    logp = torch.log_softmax(logits, -1)
    return -(1 - epsilon) * logp.gather(-1, y.unsqueeze(-1)).squeeze(-1) - epsilon * logp.mean(-1)


def loss(model, batch):
    each = smoothed(forward(model, batch), batch["label"])
    real = (batch["label"] != PAD).float()
    return (each * real).sum() / real.sum()


def rate(t, d=24, w=30):
    return d**-0.5 * min(t**-0.5, t * w**-1.5)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)


def step(model, optimizer, batch):
    model.train()
    count = getattr(model, "count", 0) + 1
    model.count = count
    for group in optimizer.param_groups:
        group["lr"] = rate(count)
    optimizer.zero_grad(set_to_none=True)
    value = loss(model, batch)
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return value.item()
