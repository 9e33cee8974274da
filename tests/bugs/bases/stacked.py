"""Mixture-of-experts language model (two experts of six per token) with a load-balancing loss."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 30,
    "context": 16,
    "causal": True,
    "output": "logits",
    "positional": "learned",
    "heads": 4,
    "layers": 2,
    "width": 32,
    "norm": "pre",
    "experts": 6,
    "top_k": 2,
    "balance_coefficient": 0.01,
    "gates": "softmax over the selected experts' scores",
    "activation": "gelu",
    "parameters": 49408,
    "loss": "mean next-token cross-entropy plus 0.01 times the balance loss summed over layers",
    "init": {"tokens.weight": "normal(0, 0.02)", "position.weight": "normal(0, 0.02)", "*.router.weight": "normal(0, 0.02)"},
    "optimizer": {"name": "AdamW", "lr": 3e-3, "weight_decay": 0.01},
    "samples_coupled": True,
    "equations": {
        "balance": r"E\sum_{e=1}^{E}f_e\,P_e",
        "Experts.forward": r"\sum_{e\in\mathrm{top}_k}\frac{\exp s_e(x)}{\sum_{e'\in\mathrm{top}_k}\exp s_{e'}(x)}\,\mathrm{FFN}_e(x)",
    },
}
E, K = 6, 2


def balance(probabilities, chosen):
    """Switch loss: E times the inner product of the fraction of routed tokens and the mean probability."""
    f = F.one_hot(chosen, E).float().sum(1).mean(0) / K
    p = probabilities.mean(0)
    return E * (f * p).sum()


class Experts(nn.Module):
    def __init__(self, d=32, hidden=48):
        super().__init__()
        self.router = nn.Linear(d, E, bias=False)
        self.w1 = nn.Parameter(torch.randn(E, d, hidden) * d**-0.5)
        self.b1 = nn.Parameter(torch.zeros(E, hidden))
        self.w2 = nn.Parameter(torch.randn(E, hidden, d) * hidden**-0.5)
        self.b2 = nn.Parameter(torch.zeros(E, d))

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, shape[-1])
        scores = self.router(x)
        top, chosen = scores.topk(K, dim=-1)
        gate = torch.zeros_like(scores).scatter(1, chosen, top.softmax(-1))
        self.auxiliary = balance(scores.softmax(-1), chosen)
        h = F.gelu(torch.einsum("nd,edh->neh", x, self.w1) + self.b1)
        y = torch.einsum("neh,ehd->ned", h, self.w2) + self.b2
        return (gate.unsqueeze(-1) * y).sum(1).reshape(shape)


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = nn.MultiheadAttention(d, heads, batch_first=True)
        self.moe = Experts(d)

    def forward(self, x):
        t = x.size(1)
        h = self.ln_1(x)
        mask = torch.triu(torch.full((t, t), float("-inf")), diagonal=1)
        a, _ = self.attention(h, h, h, attn_mask=mask, need_weights=False)
        x = x + a
        return x + self.moe(self.ln_2(x))


class SparseLM(nn.Module):
    def __init__(self, vocabulary=30, d=32, heads=4, layers=2, context=16):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, d)
        self.position = nn.Embedding(context, d)
        self.blocks = nn.Sequential(*[Block(d, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocabulary, bias=False)
        for m in (self.tokens, self.position, *(b.moe.router for b in self.blocks)):
            nn.init.normal_(m.weight, 0.0, 0.02)

    def forward(self, idx):
        pos = torch.arange(idx.size(1), device=idx.device)
        return self.head(self.ln_f(self.blocks(self.tokens(idx) + self.position(pos))))

    def balance_loss(self):
        return sum(b.moe.auxiliary for b in self.blocks)


def build():
    return SparseLM()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    first = torch.randint(0, 30, (n,), generator=g)
    jump = torch.randint(1, 4, (n,), generator=g)
    seq = [first]
    for _ in range(15):
        seq.append((2 * seq[-1] + jump) % 30)
    return {"idx": torch.stack(seq, 1)}


def forward(model, batch):
    return model(batch["idx"])


def loss(model, batch):
    logits = forward(model, batch)
    lm = F.cross_entropy(logits[:, :-1].flatten(0, 1), batch["idx"][:, 1:].flatten())
    return lm + 0.01 * model.balance_loss()


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
