"""Masked language model with segment embeddings over padded pairs of sentences (Devlin et al. 2019)."""

import torch
import torch.nn.functional as F
from torch import nn

PAD, CLS, SEP, MASK, SPECIAL, IGNORE = 0, 1, 2, 3, 4, -100
facts = {
    "task": "masked-language-model",
    "vocabulary": 44,
    "padding_index": 0,
    "mask_index": 3,
    "mask_rate": 0.15,
    "ignore_index": -100,
    "segments": 2,
    "context": 24,
    "causal": False,
    "output": "logits",
    "positional": "learned",
    "heads": 4,
    "layers": 2,
    "width": 32,
    "norm": "post",
    "normalisation": "layer",
    "norm_eps": 1e-12,
    "dropout": 0.1,
    "activation": "gelu",
    "parameters": 20556,
    "tied": [["decoder.weight", "word.weight"]],
    "loss": "mean cross-entropy over masked positions",
    "init": {
        "*attention.*.weight": "normal(0, 0.02)",
        "position.weight": "normal(0, 0.02)",
        "segment.weight": "normal(0, 0.02)",
        "*.bias": "zeros",
    },
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.01},
    "no_decay": ["*bias", "*norm*.weight"],
    "equations": {
        "corrupt": r"\tilde x_t=\begin{cases}\text{[MASK]}&m_t=1\\x_t&m_t=0\end{cases},\quad m_t\sim\mathrm{Bernoulli}(0.15)",
        "SelfAttention.forward": r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_h}}\right)V",
        "loss": r"-\frac{1}{|M|}\sum_{t\in M}\log p(x_t\mid\tilde x)",
    },
}


class SelfAttention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.dense = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def split(self, x):
        b, t, _ = x.shape
        return x.view(b, t, self.heads, self.size).permute(0, 2, 1, 3)

    def forward(self, x, bias):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) / self.size**0.5 + bias
        context = torch.einsum("bhqk,bhkd->bhqd", self.dropout(torch.softmax(scores, dim=-1)), v)
        return self.dense(context.permute(0, 2, 1, 3).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.attention = SelfAttention(width, heads, dropout)
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        self.intermediate, self.output = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, bias):
        x = self.norm1(x + self.dropout(self.attention(x, bias)))
        return self.norm2(x + self.dropout(self.output(F.gelu(self.intermediate(x)))))


class Bert(nn.Module):
    def __init__(self, vocabulary=44, context=24, segments=2, width=32, heads=4, layers=2, dropout=0.1):
        super().__init__()
        self.word = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.position = nn.Embedding(context, width)
        self.segment = nn.Embedding(segments, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(width, heads, dropout) for _ in range(layers))
        self.transform, self.transform_norm = nn.Linear(width, width), nn.LayerNorm(width, eps=1e-12)
        self.decoder = nn.Linear(width, vocabulary)
        self.apply(self.start)
        self.decoder.weight = self.word.weight

    @staticmethod
    def start(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

    def forward(self, ids, segments):
        places = torch.arange(ids.shape[1], device=ids.device)[None, :]
        x = self.dropout(self.norm(self.word(ids) + self.position(places) + self.segment(segments)))
        bias = torch.zeros(ids.shape, device=x.device).masked_fill(ids == PAD, -1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias)
        return self.decoder(self.transform_norm(F.gelu(self.transform(x))))


def build():
    return Bert()


def corrupt(tokens, generator, rate=0.15):
    chosen = (torch.rand(tokens.shape, generator=generator) < rate) & (tokens >= SPECIAL)
    labels = tokens.masked_fill(~chosen, IGNORE)
    return tokens.masked_fill(chosen, MASK), labels


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    ids, segments = torch.zeros(n, 20, dtype=torch.long), torch.zeros(n, 20, dtype=torch.long)
    for i in range(n):
        a, b = torch.randint(4, 9, (2,), generator=g).tolist()
        first = SPECIAL + (torch.randint(0, 20, (1,), generator=g) + torch.arange(a)) % 20
        second = SPECIAL + 20 + (torch.randint(0, 20, (1,), generator=g) + torch.arange(b)) % 20
        row = torch.cat([torch.tensor([CLS]), first, torch.tensor([SEP]), second, torch.tensor([SEP])])
        ids[i, : len(row)] = row
        segments[i, a + 2 : len(row)] = 1
    inputs, labels = corrupt(ids, g)
    return {"ids": inputs, "segments": segments, "labels": labels}


def forward(model, batch):
    return model(batch["ids"], batch["segments"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits.view(-1, logits.shape[-1]), batch["labels"].view(-1), ignore_index=IGNORE)


def optimizer(model):
    exempt = ("bias", "norm")
    groups = [
        {"params": [p for name, p in model.named_parameters() if not any(part in name for part in exempt)], "weight_decay": 0.01},
        {"params": [p for name, p in model.named_parameters() if any(part in name for part in exempt)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=1e-3)
