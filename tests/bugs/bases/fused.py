"""Causal language model with normalised queries and keys, fused attention, shared embedding and accumulated gradients."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 32,
    "causal": True,
    "output": "logits",
    "positional": "learned",
    "context": 16,
    "heads": 4,
    "layers": 3,
    "width": 32,
    "norm": "pre",
    "dropout": 0.0,
    "activation": "gelu",
    "parameters": 39715,
    "loss": "mean next-token cross-entropy",
    "accumulation": 2,
    "clip_norm": 0.5,
    "init": {
        "wte.weight": "normal(0, 0.02)",
        "wpe.weight": "normal(0, 0.01)",
        "h.*.c_proj.weight": "normal(0, 0.02/sqrt(6))",
        "h.*.mlp_proj.weight": "normal(0, 0.02/sqrt(6))",
        "h.*.c_attn.weight": "normal(0, 0.02)",
        "h.*.mlp_fc.weight": "normal(0, 0.02)",
    },
    "optimizer": {"name": "AdamW", "betas": [0.9, 0.95], "weight_decay": 0.1},
    "no_decay": ["*.bias", "*ln*", "*scale"],
    "schedule": {"warmup": 10, "kind": "linear", "total": 100, "per": "update"},
    "data": {"train": 256, "test": 64, "shuffled": True},
    "equations": {
        "unit": r"\hat x=\frac{x}{\sqrt{\sum_j x_j^2+\epsilon}}",
        "CausalSelfAttention.forward": r"\mathrm{softmax}(s\,\hat Q\hat K^\top)V,\ j\le i",
        "Block.forward": r"y=x+A(\mathrm{LN}(x)),\ z=y+\mathrm{MLP}(\mathrm{LN}(y))",
        "multiplier": r"\begin{cases}\frac{k+1}{w}&k<w\\\frac{K-k}{K-w}&\text{otherwise}\end{cases}",
    },
}


def unit(x, eps=1e-6):
    return x / torch.sqrt(x.pow(2).sum(dim=-1, keepdim=True) + eps)


class CausalSelfAttention(nn.Module):
    def __init__(self, n_embd, n_head):
        super().__init__()
        self.n_head = n_head
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.scale = nn.Parameter(torch.tensor(4.0))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(C, dim=2)
        q = unit(q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2))
        k = unit(k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2))
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        y = F.scaled_dot_product_attention(self.scale * q, k, v, is_causal=True, scale=1.0)
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    def __init__(self, n_embd, n_head):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)
        self.attn = CausalSelfAttention(n_embd, n_head)
        self.mlp_fc, self.mlp_proj = nn.Linear(n_embd, 4 * n_embd), nn.Linear(4 * n_embd, n_embd)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        x = x + self.mlp_proj(F.gelu(self.mlp_fc(self.ln_2(x))))
        return x


class GPT(nn.Module):
    def __init__(self, vocab_size=32, block_size=16, n_embd=32, n_head=4, n_layer=3):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab_size, n_embd), nn.Embedding(block_size, n_embd)
        self.h = nn.ModuleList([Block(n_embd, n_head) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.apply(self._init_weights)
        nn.init.normal_(self.wpe.weight, std=0.01)
        for name, p in self.named_parameters():
            if name.endswith("proj.weight"):
                nn.init.normal_(p, mean=0.0, std=0.02 / (2 * n_layer) ** 0.5)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)

    def forward(self, idx):
        pos = torch.arange(0, idx.size(1), device=idx.device)
        x = self.wte(idx) + self.wpe(pos)
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)


def build():
    return GPT()


def rows(n, seed):
    g = torch.Generator().manual_seed(seed)
    a, b = torch.randint(0, 32, (n, 1), generator=g), torch.randint(1, 8, (n, 1), generator=g)
    return (a + b * torch.arange(17)) % 32


def batch(n, seed=0):
    ids = rows(n, seed)
    return {"x": ids[:, :-1], "y": ids[:, 1:]}


def forward(model, batch):
    return model(batch["x"])


def loss(model, batch):
    logits = forward(model, batch)
    return F.cross_entropy(logits.view(-1, logits.size(-1)), batch["y"].reshape(-1))


def optimizer(model):
    decay = [p for n, p in model.named_parameters() if p.dim() > 1]
    other = [p for n, p in model.named_parameters() if p.dim() <= 1]
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": other, "weight_decay": 0.0}], lr=2e-3, betas=(0.9, 0.95))


def multiplier(k, w=10, K=100):
    return (k + 1) / w if k < w else max(0.0, (K - k) / (K - w))


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, multiplier)


def step(model, optimizer, batch, scheduler=None):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    half = len(batch["x"]) // 2
    total = 0.0
    for part in ({k: v[:half] for k, v in batch.items()}, {k: v[half:] for k, v in batch.items()}):
        value = loss(model, part) / 2
        value.backward()
        total = total + value.detach()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    return total


def _loader(ids, shuffle):
    order = torch.randperm(len(ids)) if shuffle else torch.arange(len(ids))
    for part in order.split(32):
        yield {"x": ids[part, :-1], "y": ids[part, 1:]}


def train_loader():
    return _loader(rows(256, 1000), True)


def test_loader():
    return _loader(rows(64, 2000), False)
