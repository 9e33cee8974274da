"""Latent array reads a set of measurements by cross-attention (Perceiver style); absent measurements are masked."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 4577,
    "task": "regression",
    "permutation_invariant": "measurements",
    "latent": 16,
    "heads": 2,
    "norm": "pre",
    "loss": "smooth L1",
    "equations": {"CrossAttention.forward": r"\mathrm{softmax}_j(q_i\cdot k_j/\sqrt{d_k}+\log m_j)\,v_j"},
}


class CrossAttention(nn.Module):
    def __init__(self, latent, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_q, self.norm_kv = nn.LayerNorm(latent), nn.LayerNorm(width)
        self.q = nn.Linear(latent, latent, bias=False)
        self.kv = nn.Linear(width, 2 * latent, bias=False)
        self.out = nn.Linear(latent, latent)

    def forward(self, z, x, present=None):
        b, m, d = z.shape
        q = self.q(self.norm_q(z)).view(b, m, self.heads, -1).transpose(1, 2)
        k, v = self.kv(self.norm_kv(x)).chunk(2, dim=-1)
        k = k.view(b, -1, self.heads, d // self.heads).transpose(1, 2)
        v = v.view(b, -1, self.heads, d // self.heads).transpose(1, 2)
        similarity = torch.einsum("bhid,bhjd->bhij", q, k) * (d // self.heads) ** -0.5
        if present is not None:
            similarity = similarity + present.log()[:, None, None, :].clamp(min=-1e4)
        return self.out(torch.einsum("bhij,bhjd->bhid", similarity.softmax(dim=-1), v).transpose(1, 2).reshape(b, m, d))


class Mlp(nn.Sequential):
    def __init__(self, d):
        super().__init__(nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))


class Reader(nn.Module):
    def __init__(self, width=12, latent=16, slots=4, heads=2):
        super().__init__()
        self.slots = nn.Parameter(torch.randn(slots, latent) * 0.5)
        self.lift = nn.Sequential(nn.Linear(4, width), nn.GELU(), nn.Linear(width, width))
        self.read = CrossAttention(latent, width, heads)
        self.mlp1, self.mlp2 = Mlp(latent), Mlp(latent)
        self.think = CrossAttention(latent, latent, heads)
        self.head = nn.Linear(latent, 1)

    def forward(self, x, present):
        z = self.slots.expand(len(x), -1, -1)
        z = z + self.read(z, self.lift(x), present)
        z = z + self.mlp1(z)
        z = z + self.think(z, z)
        z = z + self.mlp2(z)
        return self.head(z.mean(1)).squeeze(1)


def build():
    return Reader()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 9, 4, generator=g)
    present = (torch.rand(n, 9, generator=g) < 0.7).float()
    present[:, 0] = 1.0
    target = ((x[..., 0].abs() + x[..., 1]) * present).sum(1) / present.sum(1)
    return {"x": x, "present": present, "target": target}


def forward(model, batch):
    return model(batch["x"], batch["present"])


def loss(model, batch):
    return F.smooth_l1_loss(forward(model, batch), batch["target"])


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
