"""Two-layer LSTM language model with tied embedding and output, state carried over windows of truncated back-propagation."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 30,
    "causal": True,
    "output": "logits",
    "positional": "none",
    "hidden": 24,
    "embedding": 24,
    "layers": 2,
    "dropout": 0.3,
    "parameters": 10350,
    "tied": [["decoder.weight", "encoder.weight"]],
    "truncation": 6,
    "clip_norm": 0.25,
    "loss": "mean next-token cross-entropy",
    "init": {
        "encoder.weight": "uniform(-0.1, 0.1)",
        "decoder.bias": "zeros",
        "rnn.weight_hh*": "orthogonal in each of the four gate blocks",
        "rnn.bias_hh*": "zeros",
        "rnn.bias_ih*": "zeros, forget gate ones",
    },
    "optimizer": {"name": "SGD", "lr": 20.0, "momentum": 0.0},
    "schedule": {"kind": "exponential, factor 0.98 each step", "per": "step"},
    "equations": {"loss": r"-\frac{1}{NT}\sum_{n=1}^N\sum_{t=1}^T\log p(x_{n,t+1}|x_{n,1:t})", "decayed": r"0.98^t"},
}


class LanguageModel(nn.Module):
    def __init__(self, words=30, size=24, layers=2, dropout=0.3):
        super().__init__()
        self.encoder = nn.Embedding(words, size)
        self.rnn = nn.LSTM(size, size, layers, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.decoder = nn.Linear(size, words)
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        self.decoder.weight = self.encoder.weight
        nn.init.zeros_(self.decoder.bias)
        for name, p in self.rnn.named_parameters():
            if name.startswith("weight_hh"):
                for k in range(4):
                    nn.init.orthogonal_(p.data[k * size : (k + 1) * size])
            elif name.startswith("bias"):
                nn.init.zeros_(p)
            if name.startswith("bias_ih"):
                p.data[size : 2 * size] = 1.0

    def forward(self, tokens, state=None):
        out, state = self.rnn(self.drop(self.encoder(tokens)), state)
        return self.decoder(self.drop(out)), state


def build():
    return LanguageModel()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    first = torch.randint(0, 30, (n, 1), generator=g)
    skip = torch.randint(1, 6, (n, 1), generator=g)
    stream = (first + skip * torch.arange(19)) % 30
    return {"input": stream[:, :-1].contiguous(), "target": stream[:, 1:].contiguous()}


def forward(model, batch):
    return model(batch["input"])[0]


def loss(model, batch):
    return F.cross_entropy(forward(model, batch).transpose(1, 2), batch["target"])


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=20.0)


def decayed(t):
    return 0.98**t


def scheduler(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, decayed)


def repackage(state):
    return tuple(s.detach() for s in state)


def step(model, optimizer, batch, scheduler):
    model.train()
    state = None
    losses = []
    for x, y in zip(batch["input"].split(6, dim=1), batch["target"].split(6, dim=1)):
        if state is not None:
            state = repackage(state)
        logits, state = model(x, state)
        value = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        losses.append(value.detach())
    scheduler.step()
    return torch.stack(losses).mean()
