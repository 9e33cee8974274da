"""Language model with switch layers: the best expert for each token, scaled by its probability, and a load balance that the model returns."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 28,
    "causal": True,
    "output": "logits",
    "positional": "learned",
    "context": 12,
    "heads": 2,
    "layers": 2,
    "width": 16,
    "norm": "pre",
    "normalisation": "layer",
    "experts": 4,
    "top_k": 1,
    "balance_coefficient": 0.02,
    "activation": "gelu",
    "parameters": 12136,
    "loss": "mean next-token cross-entropy plus the mean balance of the layers",
    "samples_coupled": True,
    "equations": {"Switch.forward": r"y=p_{e^*}(x)E_{e^*}(x),\ e^*=\arg\max_e p_e(x),\ p=\mathrm{softmax}(Wx)", "load": r"E\sum_e f_eP_e"},
}


def load(p, chosen):
    f = F.one_hot(chosen, p.shape[-1]).float().mean(dim=(0, 1))
    return p.shape[-1] * torch.dot(f, p.mean(dim=(0, 1)))


class Switch(nn.Module):
    def __init__(self, width, experts):
        super().__init__()
        self.gate = nn.Linear(width, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)) for _ in range(experts)
        )

    def forward(self, x):
        p = self.gate(x).softmax(-1)
        top, chosen = p.max(-1)
        every = torch.stack([expert(x) for expert in self.experts], dim=-2)
        picked = every.gather(-2, chosen[..., None, None].expand(*chosen.shape, 1, x.shape[-1])).squeeze(-2)
        return top.unsqueeze(-1) * picked, load(p, chosen)


class Layer(nn.Module):
    def __init__(self, width, heads, experts):
        super().__init__()
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.switch = Switch(width, experts)

    def forward(self, x, mask):
        y = self.before(x)
        x = x + self.attention(y, y, y, attn_mask=mask, need_weights=False)[0]
        y, extra = self.switch(self.after(x))
        return x + y, extra


class Network(nn.Module):
    def __init__(self, vocabulary=28, context=12, width=16, heads=2, experts=4, layers=2):
        super().__init__()
        self.token, self.place = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.layers = nn.ModuleList(Layer(width, heads, experts) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        t = ids.shape[1]
        mask = torch.ones(t, t, dtype=torch.bool).triu(1)
        x = self.token(ids) + self.place.weight[:t]
        extras = []
        for layer in self.layers:
            x, extra = layer(x, mask)
            extras.append(extra)
        return self.head(self.norm(x)), torch.stack(extras).mean()


def build():
    return Network()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    pair = torch.randint(0, 28, (n, 3), generator=g)
    return {"ids": torch.cat([pair] * 4, dim=1)}


def forward(model, batch):
    return model(batch["ids"])[0]


def loss(model, batch):
    logits, extra = model(batch["ids"])
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), batch["ids"][:, 1:].flatten()) + 0.02 * extra


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)
