"""Word-level recurrent language model with variational dropout, tied softmax and backpropagation through time cut every 8 words."""

import torch
import torch.nn as nn
import torch.nn.functional as F

CUT = 8
facts = {
    "task": "language-model",
    "vocabulary": 36,
    "embedding": 20,
    "hidden": 20,
    "layers": 2,
    "causal": True,
    "output": "logits",
    "truncation": 8,
    "clip_norm": 0.25,
    "dropout": 0.2,
    "parameters": 7476,
    "tied": [["encoder.weight", "decoder.weight"]],
    "loss": "mean next-token cross-entropy",
    "init": {"encoder.weight": "uniform(-0.1, 0.1)", "decoder.bias": "zeros", "rnns.*.weight*": "uniform(-1/sqrt(hidden), 1/sqrt(hidden))"},
    "optimizer": {"name": "Adam", "lr": 5e-3, "weight_decay": 1.2e-6},
    "equations": {
        "LockedDropout.forward": r"x_{ntd}\,m_{nd}/(1-p),\;m_{nd}\sim\mathrm{Bernoulli}(1-p)",
        "loss": r"-\frac1{N(T-1)}\sum_{n,t}\ln p(w_{t+1}\mid w_{\le t})",
        "perplexity": r"\exp(L)",
    },
}


class LockedDropout(nn.Module):
    """One mask for all steps of a sequence."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        mask = x.new_empty(x.size(0), 1, x.size(2)).bernoulli_(1 - self.p) / (1 - self.p)
        return x * mask


class RNNModel(nn.Module):
    def __init__(self, ntoken=36, ninp=20, nlayers=2, dropout=0.2):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnns = nn.ModuleList([nn.LSTM(ninp, ninp, batch_first=True) for _ in range(nlayers)])
        self.locked = LockedDropout(dropout)
        self.decoder = nn.Linear(ninp, ntoken)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def init_hidden(self, bsz):
        weight = self.encoder.weight
        return [(weight.new_zeros(1, bsz, rnn.hidden_size), weight.new_zeros(1, bsz, rnn.hidden_size)) for rnn in self.rnns]

    def chunk(self, x, hidden):
        new = []
        for rnn, h in zip(self.rnns, hidden):
            x, h = rnn(self.locked(x), h)
            new.append(h)
        return self.locked(x), new

    def forward(self, words):
        emb = self.encoder(words)
        hidden, outputs = self.init_hidden(words.size(0)), []
        for part in emb.split(CUT, dim=1):
            out, hidden = self.chunk(part, repackage(hidden))
            outputs.append(out)
        return self.decoder(torch.cat(outputs, dim=1))


def repackage(hidden):
    return [(h.detach(), c.detach()) for h, c in hidden]


def build():
    return RNNModel()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    table = torch.randint(0, 36, (36, 2), generator=torch.Generator().manual_seed(77))
    word = torch.randint(0, 36, (n,), generator=g)
    words = [word]
    for _ in range(23):
        pick = (torch.rand(n, generator=g) < 0.2).long()
        word = table[word, pick]
        words.append(word)
    return {"words": torch.stack(words, dim=1)}


def forward(model, batch):
    return model(batch["words"])


def loss(model, batch):
    logits = forward(model, batch)[:, :-1]
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), batch["words"][:, 1:].reshape(-1))


def perplexity(value):
    return value.exp()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1.2e-6)


def step(model, optimizer, batch):
    model.train()
    objective = loss(model, batch)
    optimizer.zero_grad()
    objective.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    optimizer.step()
    return objective.item()
