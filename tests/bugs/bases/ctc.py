"""Acoustic model: strided convolutions, bidirectional GRU, connectionist temporal classification."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 9943,
    "task": "speech-recognition",
    "classes": 7,
    "output": "log-probabilities over 6 symbols and the blank (index 0), (frames, n, classes)",
    "causal": False,
    "normalisation": "layer",
    "loss": "connectionist temporal classification, mean over the batch of the loss divided by the target length",
    "input": "8 filterbank channels, normalised by the model per utterance over its real frames",
    "clip_norm": 5.0,
}


class Acoustic(nn.Module):
    def __init__(self, channels=8, width=24, symbols=7):
        super().__init__()
        self.conv1 = nn.Conv1d(channels, width, 3, stride=1, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(width)
        self.rnn = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, symbols)

    def normalise(self, x, frames):
        real = (torch.arange(x.shape[1])[None] < frames[:, None])[..., None].float()
        mean = (x * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)
        var = ((x - mean).pow(2) * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)
        return (x - mean) / (var + 1e-5).sqrt() * real

    def lengths(self, frames):
        return (frames + 1) // 2

    def forward(self, x, frames):
        x = self.normalise(x, frames).transpose(1, 2)
        real = (torch.arange(x.shape[2])[None] < frames[:, None])[:, None].float()
        x = F.relu(self.conv1(x)) * real
        x = F.relu(self.conv2(x)).transpose(1, 2)
        x = self.norm(x)
        packed = nn.utils.rnn.pack_padded_sequence(x, self.lengths(frames), batch_first=True, enforce_sorted=False)
        h, _ = self.rnn(packed)
        h, _ = nn.utils.rnn.pad_packed_sequence(h, batch_first=True, total_length=x.shape[1])
        return self.head(h).log_softmax(dim=-1).transpose(0, 1)


def build():
    return Acoustic()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    voices = torch.randn(7, 8, generator=torch.Generator().manual_seed(11)) * 2
    count = torch.randint(2, 5, (n,), generator=g)
    text = torch.randint(1, 7, (n, 4), generator=g)
    frames = count * 7
    x = voices[text.repeat_interleave(7, dim=1)] + 0.3 * torch.randn(n, 28, 8, generator=g)
    x = x * (torch.arange(28)[None] < frames[:, None])[..., None]
    return {"x": x, "frames": frames, "text": text, "count": count}


def forward(model, batch):
    return model(batch["x"], batch["frames"])


def loss(model, batch):
    scores = forward(model, batch)
    return F.ctc_loss(scores, batch["text"], model.lengths(batch["frames"]), batch["count"], blank=0, reduction="mean", zero_infinity=True)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def step(model, optimizer, batch):
    model.train()
    optimizer.zero_grad()
    value = loss(model, batch)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return value.detach()
