"""Word-level language model with a hand-written LSTM cell and truncated back-propagation through time."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "language-model",
    "vocabulary": 28,
    "causal": True,
    "output": "logits",
    "embedding": 16,
    "hidden": 32,
    "layers": 1,
    "dropout": 0.2,
    "parameters": 7644,
    "loss": "mean next-token cross-entropy",
    "truncation": 8,
    "clip_norm": 0.5,
    "positional": "none",
    "init": {
        "cell.recurrent": "uniform(-0.1, 0.1)",
        "cell.inward": "uniform(-0.1, 0.1)",
        "embedding.weight": "uniform(-0.1, 0.1)",
        "head.bias": "zeros",
        "cell.bias": "zeros, forget gate ones",
    },
    "optimizer": {"name": "Adam", "lr": 5e-3},
    "equations": {
        "Cell.forward": r"i=\sigma(W_ix+U_ih+b_i),\ f=\sigma(W_fx+U_fh+b_f),\ g=\tanh(W_gx+U_gh+b_g),\ o=\sigma(W_ox+U_oh+b_o),\ c'=f\odot c+i\odot g,\ h'=o\odot\tanh(c')",
        "loss": r"-\frac{1}{NT}\sum_n\sum_t\log p(x_{n,t+1}\mid x_{n,\le t})",
    },
}


class Cell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.inward = nn.Parameter(torch.empty(4 * hidden, inputs).uniform_(-0.1, 0.1))
        self.recurrent = nn.Parameter(torch.empty(4 * hidden, hidden).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        with torch.no_grad():
            self.bias[hidden : 2 * hidden].fill_(1.0)

    def forward(self, x, h, c):
        i, f, g, o = (F.linear(x, self.inward) + F.linear(h, self.recurrent) + self.bias).chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class Recurrent(nn.Module):
    def __init__(self, vocabulary=28, width=16, hidden=32, dropout=0.2):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(vocabulary, width)
        self.cell = Cell(width, hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.zeros_(self.head.bias)

    def start(self, n):
        return torch.zeros(n, self.hidden), torch.zeros(n, self.hidden)

    def forward(self, tokens, state=None):
        h, c = self.start(tokens.shape[0]) if state is None else state
        outputs = []
        for x in self.dropout(self.embedding(tokens)).unbind(dim=1):
            h, c = self.cell(x, h, c)
            outputs.append(h)
        return self.head(self.dropout(torch.stack(outputs, dim=1))), (h, c)


def build():
    return Recurrent()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    start, stride = torch.randint(0, 28, (n, 1), generator=g), torch.randint(1, 4, (n, 1), generator=g)
    return {"tokens": (start + stride * torch.arange(25)) % 28}


def forward(model, batch):
    return model(batch["tokens"])[0]


def loss(model, batch):
    logits = model(batch["tokens"][:, :-1])[0]
    return F.cross_entropy(logits.flatten(0, 1), batch["tokens"][:, 1:].flatten())


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)


def step(model, optimizer, batch):
    model.train()
    tokens, state, total = batch["tokens"], None, 0.0
    for begin in range(0, 24, 8):
        optimizer.zero_grad()
        logits, state = model(tokens[:, begin : begin + 8], state)
        value = F.cross_entropy(logits.flatten(0, 1), tokens[:, begin + 1 : begin + 9].flatten())
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        total += value.detach() / 3
    return total
