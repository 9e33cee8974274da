"""Planted bugs of three more language models: answers whose labels the loss shifts, a state cut inside a forward pass, experts in one stack.

Of the first 30 of the set they come from, 21 were found at first contact and 13 without facts; of 33 more, 21 and 12.
"""

from __future__ import annotations

from bugs.mutations import Bug
from bugs.variants import Variant

TOKENS = (
    Bug(
        "instruct",
        "causal-lost",
        "mask = (causal & attention_mask[:, None, None, :].bool()) | own",
        "mask = attention_mask[:, None, None, :].bool() | own",
        "SelfAttention.forward",
        "attention",
        "foreseen answer",
        False,
    ),
    Bug(
        "instruct",
        "parts-not-weighted",
        "value = loss(model, part) * count / sum(tokens)",
        "value = loss(model, part)",
        "step",
        "optimisation",
        "accumulation",
        False,
    ),
    Bug(
        "instruct",
        "labels-shifted-twice",
        'shift_logits = logits[:, :-1, :].contiguous()\n    shift_labels = batch["labels"][:, 1:].contiguous()',
        'shift_logits = logits[:, :-2, :].contiguous()\n    shift_labels = batch["labels"][:, 2:].contiguous()',
        "loss",
        "loss",
        "ignored labels",
        False,
    ),
    Bug("locked", "cell-not-detached", "(h.detach(), c.detach())", "(h.detach(), c)", "repackage", "gradient", "segments", True),
    Bug(
        "locked",
        "mask-for-each-step",
        "x.new_empty(x.size(0), 1, x.size(2))",
        "x.new_empty(x.size(0), x.size(1), x.size(2))",
        "LockedDropout.forward",
        "mode",
        "dropped samples",
        False,
    ),
    Bug(
        "locked",
        "kept-not-enlarged",
        ".bernoulli_(1 - self.p) / (1 - self.p)",
        ".bernoulli_(1 - self.p)",
        "LockedDropout.forward",
        "mode",
        "dropped samples",
        False,
    ),
    Bug(
        "locked",
        "state-forgotten",
        "out, hidden = self.chunk",
        "out, _ = self.chunk",
        "RNNModel.forward",
        "architecture",
        "segments",
        True,
    ),
    Bug(
        "stacked",
        "shares-of-all-experts",
        "top.softmax(-1))",
        "scores.softmax(-1).gather(1, chosen))",
        "Experts.forward",
        "architecture",
        "routing",
        True,
    ),
    Bug(
        "stacked",
        "experts-alike",
        "nn.Parameter(torch.randn(E, d, hidden) * d**-0.5)",
        "nn.Parameter((torch.randn(d, hidden) * d**-0.5).repeat(E, 1, 1))",
        "Experts.__init__",
        "initialisation",
        "twins",
        False,
    ),
    Bug(
        "stacked",
        "balance-without-gradient",
        "p = probabilities.mean(0)",
        "p = probabilities.detach().mean(0)",
        "balance",
        "loss",
        "balance loss",
        True,
    ),
)
ODD_TOKENS = (
    Variant(
        "instruct",
        "frozen-positions",
        (
            ('"dropout": 0.1,', '"dropout": 0.1, "frozen": ["wpe.weight"],'),
            (
                "        self.lm_head.weight = self.wte.weight",
                "        self.lm_head.weight = self.wte.weight\n        self.wpe.weight.requires_grad_(False)",
            ),
            (
                "    for p in model.parameters():",
                "    for p in filter(lambda p: p.requires_grad, model.parameters()):",
            ),
        ),
    ),
    Variant(
        "locked",
        "frozen-lower-layer",
        (
            ('"dropout": 0.2,', '"dropout": 0.2, "frozen": ["rnns.0.*"],'),
            (
                "        nn.init.zeros_(self.decoder.bias)",
                "        nn.init.zeros_(self.decoder.bias)\n        self.rnns[0].requires_grad_(False)",
            ),
        ),
    ),
    Variant(
        "stacked",
        "idle-experts",
        (
            (
                "self.router = nn.Linear(d, E, bias=False)",
                'self.router = nn.Linear(d, E, bias=False)\n        self.register_buffer("active", torch.tensor([True] * 4 + [False] * 2))',
            ),
            ("scores = self.router(x)", "scores = self.router(x).masked_fill(~self.active, -1e9)"),
        ),
    ),
)
