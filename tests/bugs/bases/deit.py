"""Image transformer with a class token, layer scale and stochastic depth (Touvron et al. 2021), trained with warm-up and an average of the weights."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

STEPS, WARM, DECAY = 120, 12, 0.98
facts = {
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "patch": 4,
    "tokens": 17,
    "width": 32,
    "heads": 4,
    "layers": 3,
    "norm": "pre",
    "pooling": "class token",
    "positional": "learned",
    "stochastic_depth": 0.2,
    "parameters": 39620,
    "loss": "mean cross-entropy",
    "gates": "each branch is scaled by a learned vector that starts at 0.1",
    "ema": 0.98,
    "clip_norm": 1.0,
    "init": {
        "positions": "normal(0, 0.02)",
        "class_token": "normal(0, 0.02)",
        "*gamma*": "constant 0.1",
        "head.weight": "normal(0, 0.01)",
        "head.bias": "zeros",
    },
    "optimizer": {"name": "AdamW", "betas": [0.9, 0.95], "weight_decay": 0.1},
    "schedule": {"warmup": 12, "kind": "cosine to zero", "total": 120, "per": "step"},
    "no_decay": ["*bias", "*ln*", "ln.*", "*gamma*", "positions", "class_token"],
    "equations": {
        "DropPath.forward": r"\frac{m}{1-p}\odot x,\;m\sim\mathrm{Bernoulli}(1-p)",
        "follow": r"\bar\theta\leftarrow\mu\bar\theta+(1-\mu)\theta",
        "attention": r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d}}\right)V",
    },
}


class DropPath(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0.0:
            return x
        shape = (x.size(0),) + (1,) * (x.dim() - 1)
        mask = torch.empty(shape).bernoulli_(1 - self.p)
        return x * mask / (1 - self.p)


def attention(q, k, v):
    scores = torch.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(q.shape[-1])
    return torch.einsum("bhij,bhjd->bhid", scores.softmax(-1), v)


class Encoder(nn.Module):
    def __init__(self, d, heads, p):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.gamma1, self.gamma2 = nn.Parameter(0.1 * torch.ones(d)), nn.Parameter(0.1 * torch.ones(d))
        self.path = DropPath(p)

    def mix(self, x):
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        y = attention(split(self.q(x)), split(self.k(x)), split(self.v(x)))
        return self.o(y.transpose(1, 2).flatten(-2))

    def forward(self, x):
        x = x + self.path(self.gamma1 * self.mix(self.ln1(x)))
        x = x + self.path(self.gamma2 * self.mlp(self.ln2(x)))
        return x


class DeiT(nn.Module):
    def __init__(self, d=32, depth=3, heads=4, classes=4, p=0.2):
        super().__init__()
        self.patches = nn.Linear(16, d)
        self.class_token = nn.Parameter(torch.randn(d) * 0.02)
        self.positions = nn.Parameter(torch.randn(17, d) * 0.02)
        self.encoders = nn.ModuleList(Encoder(d, heads, p) for _ in range(depth))
        self.ln, self.head = nn.LayerNorm(d), nn.Linear(d, classes)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, image):
        n = image.shape[0]
        x = image.unfold(1, 4, 4).unfold(2, 4, 4).reshape(n, 16, 16)
        x = torch.cat([self.class_token.expand(n, 1, -1), self.patches(x)], 1) + self.positions
        for encoder in self.encoders:
            x = encoder(x)
        return self.head(self.ln(x)[:, 0])


def build():
    return DeiT()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    target = torch.randint(0, 4, (n,), generator=g)
    t = torch.linspace(0, 6.28, 16)
    waves = torch.stack(
        [
            torch.sin(t)[:, None] * torch.ones(16),
            torch.sin(t)[None] * torch.ones(16, 1),
            torch.sin(2 * t)[:, None] * torch.ones(16),
            torch.sin(2 * t)[None] * torch.ones(16, 1),
        ]
    )
    return {"image": waves[target] + 0.4 * torch.randn(n, 16, 16, generator=g), "target": target}


def forward(model, batch):
    return model(batch["image"])


def loss(model, batch):
    return F.cross_entropy(forward(model, batch), batch["target"])


@torch.no_grad()
def follow(average, model):
    for a, p in zip(average.parameters(), model.parameters()):
        a.copy_(DECAY * a + (1 - DECAY) * p)


def optimizer(model):
    keep = [p for n, p in model.named_parameters() if p.ndim == 1 or n == "positions"]
    decay = [p for n, p in model.named_parameters() if p.ndim > 1 and n != "positions"]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": keep, "weight_decay": 0.0}], lr=2e-3, betas=(0.9, 0.95))


def scheduler(optimizer):
    def factor(t):
        if t < WARM:
            return (t + 1) / WARM
        return 0.5 * (1 + math.cos(math.pi * (t - WARM) / (STEPS - WARM)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def step(model, optimizer, batch, scheduler=None):
    model.train()
    value = loss(model, batch)
    optimizer.zero_grad()
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    return value.detach()
