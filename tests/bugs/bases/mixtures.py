"""Vision transformer with class token, layer scale, stochastic depth and mixup (DeiT / CaiT style)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN, STD = 0.4, 0.3

facts = {
    "task": "classification",
    "classes": 4,
    "output": "logits",
    "parameters": 27204,
    "tokens": 17,
    "patch": 3,
    "width": 32,
    "heads": 4,
    "layers": 3,
    "blocks": 6,
    "norm": "pre",
    "normalisation": "layer",
    "norm_eps": 1e-6,
    "positional": "learned",
    "pooling": "class token",
    "stochastic_depth": 0.2,
    "activation": "gelu",
    "heads_combined": "concatenated",
    "causal": False,
    "input": "pixels in [0, 1]; the model subtracts 0.4 and divides by 0.3",
    "init": {
        "pos_embed": "normal(0, 0.02)",
        "cls_token": "normal(0, 0.02)",
        "blocks.*.gamma*": "constant 0.1",
        "head.weight": "zeros",
        "head.bias": "zeros",
    },
    "optimizer": {"name": "AdamW", "lr": 2e-3, "weight_decay": 0.05, "betas": [0.9, 0.98]},
    "clip_norm": 1.0,
    "no_decay": ["pos_embed", "cls_token", "*.bias", "*norm*", "*.gamma*"],
    "loss": "mean soft-target cross-entropy",
    "equations": {
        "soft_cross_entropy": r"-\frac1N\sum_n\sum_c t_{nc}\ln\mathrm{softmax}(z_n)_c",
        "mixup": r"\lambda x + (1-\lambda)x_\pi",
        "Attention.forward": r"W_o\,\mathrm{softmax}(QK^\top/\sqrt{d_k})V",
    },
}


def drop_path(x: Tensor, rate: float, training: bool) -> Tensor:
    if rate == 0.0 or not training:
        return x
    keep = 1.0 - rate
    mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
    return x * mask / keep


class Attention(nn.Module):
    def __init__(self, dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
        attn = (q * self.scale) @ k.transpose(-2, -1)
        x = attn.softmax(dim=-1) @ v
        return self.proj(x.transpose(1, 2).reshape(B, N, C))


class Block(nn.Module):
    def __init__(self, dim, num_heads, drop):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.gamma1 = nn.Parameter(0.1 * torch.ones(dim))
        self.gamma2 = nn.Parameter(0.1 * torch.ones(dim))
        self.drop = drop

    def forward(self, x):
        x = x + drop_path(self.gamma1 * self.attn(self.norm1(x)), self.drop, self.training)
        x = x + drop_path(self.gamma2 * self.mlp(self.norm2(x)), self.drop, self.training)
        return x


class VisionTransformer(nn.Module):
    def __init__(self, img_size=12, patch_size=3, in_chans=3, num_classes=4, embed_dim=32, depth=3, num_heads=4, drop_path_rate=0.2):
        super().__init__()
        self.patch_embed = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)
        num_patches = (img_size // patch_size) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, num_patches + 1, embed_dim))
        self.blocks = nn.ModuleList([Block(embed_dim, num_heads, drop_path_rate) for _ in range(depth)])
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)
        nn.init.normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.cls_token, std=0.02)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, img: Tensor) -> Tensor:
        x = self.patch_embed((img - MEAN) / STD).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)
        x = x + self.pos_embed
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.norm(x)[:, 0])


def build():
    return VisionTransformer()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (n,), generator=g)
    img = 0.25 + 0.2 * torch.rand(n, 3, 12, 12, generator=g)
    for i in range(n):
        c = int(labels[i])
        row, col = (c // 2) * 6, (c % 2) * 6
        img[i, int(torch.randint(0, 3, (1,), generator=g)), row : row + 6, col : col + 6] += 0.45
    return {"img": img, "labels": labels}


def forward(model, batch):
    return model(batch["img"])


def soft_cross_entropy(z, t):
    return torch.sum(-t * F.log_softmax(z, dim=-1), dim=-1).mean()


def mixup(x, x_pi, lam):
    return lam * x + (1 - lam) * x_pi


def loss(model, batch):
    targets = batch["targets"] if "targets" in batch else F.one_hot(batch["labels"], 4).float()
    return soft_cross_entropy(forward(model, batch), targets)


def optimizer(model):
    skip = {"pos_embed", "cls_token"}
    decay, no_decay = [], []
    for name, param in model.named_parameters():
        (no_decay if param.ndim == 1 or name in skip else decay).append(param)
    return torch.optim.AdamW([{"params": decay}, {"params": no_decay, "weight_decay": 0.0}], lr=2e-3, betas=(0.9, 0.98), weight_decay=0.05)


def step(model, optimizer, batch):
    model.train()
    lam = float(torch.distributions.Beta(0.8, 0.8).sample())
    perm = torch.randperm(len(batch["labels"]))
    onehot = F.one_hot(batch["labels"], 4).float()
    mixed = {"img": mixup(batch["img"], batch["img"][perm], lam), "labels": batch["labels"], "targets": mixup(onehot, onehot[perm], lam)}
    value = loss(model, mixed)
    optimizer.zero_grad()
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    return value.detach()
