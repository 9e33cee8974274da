"""Two towers, one for images and one for text, trained with a symmetric contrastive loss (CLIP)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

END = 31
PAD = 0
facts = {
    "task": "contrastive",
    "vocabulary": 32,
    "padding_index": 0,
    "text_feature": "position of the end-of-text token (id 31)",
    "temperature": "learned, starts at 0.07",
    "context": 10,
    "embedding": 16,
    "output": "logits",
    "samples_coupled": True,
    "loss": "mean of the cross-entropies over rows and columns",
    "parameters": 11777,
    "heads": 2,
    "layers": 1,
    "positional": "learned",
    "norm": "pre",
    "no_decay": ["*.bias", "*norm*", "log_scale"],
    "optimizer": {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.1},
    "init": {"text.embedding.weight": "normal(0, 0.02)", "text.position": "normal(0, 0.01)"},
    "equations": {
        "loss": r"\frac12\left[-\frac1N\sum_i\log\frac{e^{s_{ii}}}{\sum_je^{s_{ij}}}-\frac1N\sum_i\log\frac{e^{s_{ii}}}{\sum_je^{s_{ji}}}\right]",
        "CLIP.forward": r"s_{ij}=e^{t}\,\frac{u_i\cdot v_j}{\|u_i\|\,\|v_j\|}",
    },
}


class Text(nn.Module):
    def __init__(self, vocabulary=32, width=32, heads=2, context=10, embedding=16):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.empty(context, width))
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.projection = nn.Linear(width, embedding, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.02)
        nn.init.normal_(self.position, std=0.01)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.position[: tokens.shape[1]]
        mask = torch.triu(torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool), diagonal=1)
        y = self.norm1(x)
        x = x + self.attention(y, y, y, attn_mask=mask, need_weights=False)[0]
        x = x + self.feed(self.norm2(x))
        x = self.norm3(x)[torch.arange(len(tokens)), (tokens == END).int().argmax(dim=-1)]
        return self.projection(x)


class CLIP(nn.Module):
    def __init__(self, pixels=24, embedding=16):
        super().__init__()
        self.image = nn.Sequential(nn.Linear(pixels, 32), nn.GELU(), nn.Linear(32, embedding, bias=False))
        self.text = Text(embedding=embedding)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, image, tokens):
        u = F.normalize(self.image(image), dim=-1)
        v = F.normalize(self.text(tokens), dim=-1)
        return self.log_scale.exp() * u @ v.t()


def build():
    return CLIP()


def batch(n, seed=0):
    table = torch.randn(32, 24, generator=torch.Generator().manual_seed(7))
    g = torch.Generator().manual_seed(seed)
    tokens = torch.zeros(n, 10, dtype=torch.long)
    image = 0.1 * torch.randn(n, 24, generator=g)
    for i in range(n):
        length = int(torch.randint(4, 9, (1,), generator=g))
        tokens[i, :length] = torch.randint(1, 31, (length,), generator=g)
        tokens[i, length] = END
        image[i] += table[tokens[i, :length]].mean(dim=0)
    return {"image": image, "tokens": tokens}


def forward(model, batch):
    return model(batch["image"], batch["tokens"])


def loss(model, batch):
    scores = forward(model, batch)
    target = torch.arange(len(scores))
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.t(), target)) / 2


def optimizer(model):
    decay = [p for name, p in model.named_parameters() if p.ndim >= 2]
    rest = [p for name, p in model.named_parameters() if p.ndim < 2]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=1e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    optimizer.step()
    with torch.no_grad():
        model.log_scale.clamp_(max=math.log(100.0))
    return value.detach()
