"""Instruction tuning of a small decoder: learned positions, loss on the answer only, two micro-batches per update."""

import torch
from torch import nn
from torch.nn import functional as F

PAD, IGNORE, PARTS = 0, -100, 2
facts = {
    "task": "language-model",
    "vocabulary": 30,
    "context": 20,
    "causal": True,
    "padding_index": 0,
    "ignore_index": -100,
    "output": "logits",
    "positional": "learned",
    "heads": 2,
    "layers": 2,
    "width": 24,
    "norm": "pre",
    "activation": "gelu",
    "dropout": 0.1,
    "accumulation": 2,
    "clip_norm": 1.0,
    "parameters": 15696,
    "tied": [["wte.weight", "lm_head.weight"]],
    "loss": "mean next-token cross-entropy over answer tokens",
    "init": {
        "wte.weight": "normal(0, 0.02)",
        "wpe.weight": "normal(0, 0.01)",
        "*.c_fc.weight": "normal(0, 0.02)",
        "*.c_attn.weight": "normal(0, 0.02)",
    },
    "optimizer": {"name": "AdamW", "lr": 2e-3, "betas": [0.9, 0.95], "weight_decay": 0.1},
    "no_decay": ["*bias", "*ln_*"],
    "data": {"train": 256, "test": 64, "shuffled": True},
    "equations": {
        "loss": r"-\frac{\sum_{n,t}a_{n,t+1}\ln p(x_{n,t+1}\mid x_{n,\le t})}{\sum_{n,t}a_{n,t+1}}",
        "accuracy": r"\frac{\sum a\,[\arg\max=x]}{\sum a}",
    },
}


class SelfAttention(nn.Module):
    def __init__(self, d, n_head, p):
        super().__init__()
        self.n_head, self.p = n_head, p
        self.c_attn = nn.Linear(d, 3 * d)
        self.c_proj = nn.Linear(d, d)
        self.resid_dropout = nn.Dropout(p)

    def forward(self, x, mask):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(C, dim=2)
        q, k, v = (z.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for z in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.p if self.training else 0.0)
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C)))


class MLP(nn.Module):
    def __init__(self, d, p):
        super().__init__()
        self.c_fc, self.c_proj, self.dropout = nn.Linear(d, 4 * d), nn.Linear(4 * d, d), nn.Dropout(p)

    def forward(self, x):
        return self.dropout(self.c_proj(F.gelu(self.c_fc(x))))


class Block(nn.Module):
    def __init__(self, d, n_head, p):
        super().__init__()
        self.ln_1, self.attn, self.ln_2, self.mlp = nn.LayerNorm(d), SelfAttention(d, n_head, p), nn.LayerNorm(d), MLP(d, p)

    def forward(self, x, mask):
        x = x + self.attn(self.ln_1(x), mask)
        x = x + self.mlp(self.ln_2(x))
        return x


class GPT(nn.Module):
    def __init__(self, vocab_size=30, block_size=20, n_layer=2, n_head=2, n_embd=24, dropout=0.1):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab_size, n_embd), nn.Embedding(block_size, n_embd)
        self.drop = nn.Dropout(dropout)
        self.h = nn.ModuleList([Block(n_embd, n_head, dropout) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False)
        self.apply(self._init_weights)
        nn.init.normal_(self.wpe.weight, std=0.01)
        self.lm_head.weight = self.wte.weight

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, idx, attention_mask):
        T = idx.size(1)
        causal = torch.ones(T, T, dtype=torch.bool, device=idx.device).tril()
        own = torch.eye(T, dtype=torch.bool, device=idx.device)
        mask = (causal & attention_mask[:, None, None, :].bool()) | own
        x = self.drop(self.wte(idx) + self.wpe(torch.arange(T, device=idx.device)))
        for block in self.h:
            x = block(x, mask)
        return self.lm_head(self.ln_f(x))


def build():
    return GPT()


def examples(n, generator):
    idx = torch.zeros(n, 18, dtype=torch.long)
    labels = torch.full((n, 18), IGNORE)
    for i in range(n):
        size = int(torch.randint(3, 8, (1,), generator=generator))
        prompt = torch.randint(2, 30, (size,), generator=generator)
        answer = prompt.sort().values
        row = torch.cat([prompt, torch.tensor([1]), answer])
        idx[i, : len(row)] = row
        labels[i, size + 1 : len(row)] = answer
    return {"input_ids": idx, "attention_mask": (idx != PAD).long(), "labels": labels}


def batch(n, seed=0):
    return examples(n, torch.Generator().manual_seed(seed))


def forward(model, batch):
    return model(batch["input_ids"], batch["attention_mask"])


def loss(model, batch):
    logits = forward(model, batch)
    shift_logits = logits[:, :-1, :].contiguous()
    shift_labels = batch["labels"][:, 1:].contiguous()
    return F.cross_entropy(shift_logits.view(-1, shift_logits.size(-1)), shift_labels.view(-1), ignore_index=IGNORE)


def accuracy(logits, labels):
    hit = (logits[:, :-1].argmax(-1) == labels[:, 1:]) & (labels[:, 1:] != IGNORE)
    return hit.sum() / (labels[:, 1:] != IGNORE).sum()


def optimizer(model):
    decay, plain = [], []
    for p in model.parameters():
        (plain if p.ndim < 2 else decay).append(p)
    return torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=2e-3, betas=(0.9, 0.95))


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad(set_to_none=True)
    parts = [{key: value.chunk(PARTS)[i] for key, value in batch.items()} for i in range(PARTS)]
    tokens = [(part["labels"][:, 1:] != IGNORE).sum() for part in parts]
    total = 0.0
    for part, count in zip(parts, tokens):
        value = loss(model, part) * count / sum(tokens)
        value.backward()
        total += value.item()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return total


def _loader(n, seed, shuffle):
    data = examples(n, torch.Generator().manual_seed(seed))
    rows = [{key: value[i] for key, value in data.items()} for i in range(n)]
    return torch.utils.data.DataLoader(rows, batch_size=32, shuffle=shuffle)


def train_loader():
    return _loader(256, 1000, True)


def test_loader():
    return _loader(64, 2000, False)
