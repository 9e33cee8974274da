"""Text to spectrogram: character encoder, durations expand it to frames, convolutional decoder; stop-gradient before the duration head."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "parameters": 8503,
    "task": "text-to-speech",
    "vocabulary": 22,
    "padding_index": 0,
    "output": "spectrogram (n, frames, bands)",
    "width": 24,
    "normalisation": "layer",
    "loss": "mean absolute error over real frames plus mean squared error of log durations over real characters",
    "stop_gradient": "encoder output before the duration predictor",
    "equations": {"duration_error": r"\frac{1}{\sum m}\sum m(\hat d-\ln(d+1))^2"},
}


class ConvBlock(nn.Module):
    def __init__(self, width, kernel=3):
        super().__init__()
        self.conv = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        self.norm = nn.LayerNorm(width)

    def forward(self, x, keep):
        y = self.conv((x * keep).transpose(1, 2)).transpose(1, 2)
        return x + F.relu(self.norm(y))


def expand(h, durations, frames):
    """Repeat every row of h (n, t, d) as often as its duration says."""
    ends = durations.cumsum(1)
    place = torch.arange(frames)[None, None]
    inside = (place < ends[..., None]) & (place >= (ends - durations)[..., None])
    return inside.float().transpose(1, 2) @ h


def duration_error(predicted, d, m):
    return ((predicted - (d.float() + 1).log()) ** 2 * m).sum() / m.sum()


class Speaker(nn.Module):
    def __init__(self, vocabulary=22, width=24, bands=6):
        super().__init__()
        self.chars = nn.Embedding(vocabulary, width, padding_idx=0)
        self.encoder = nn.ModuleList([ConvBlock(width) for _ in range(2)])
        self.decoder = nn.ModuleList([ConvBlock(width) for _ in range(2)])
        self.lengths = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
        self.out = nn.Linear(width, bands)

    def forward(self, text, durations, frames):
        keep = (text != 0).float()[..., None]
        h = self.chars(text)
        for block in self.encoder:
            h = block(h, keep)
        predicted = self.lengths(h.detach()).squeeze(-1)
        y = expand(h * keep, durations, frames)
        real = (torch.arange(frames)[None] < durations.sum(1, keepdim=True)).float()[..., None]
        for block in self.decoder:
            y = block(y, real)
        return self.out(y), predicted, real


def build():
    return Speaker()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    table = torch.randn(22, 6, generator=torch.Generator().manual_seed(9))
    length = torch.randint(4, 9, (n,), generator=g)
    text = torch.randint(1, 22, (n, 8), generator=g) * (torch.arange(8)[None] < length[:, None])
    durations = (1 + text % 3) * (text != 0)
    mel = expand(table[text], durations, 24)
    return {"text": text, "durations": durations, "mel": mel}


def forward(model, batch):
    return model(batch["text"], batch["durations"], batch["mel"].shape[1])[0]


def loss(model, batch):
    y, predicted, real = model(batch["text"], batch["durations"], batch["mel"].shape[1])
    error = ((y - batch["mel"]).abs() * real).sum() / (real.sum() * y.shape[-1])
    return error + 0.1 * duration_error(predicted, batch["durations"], (batch["text"] != 0).float())


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=3e-3)
