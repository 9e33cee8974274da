"""Odd but correct: changes of a base that are made on purpose, on which no check may fail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """A correct subject that looks odd on purpose: no check may fail on it, with the base's facts or without any."""

    base: str
    name: str
    changes: tuple[tuple[str, str], ...]  # old -> new
    without: tuple[str, ...] = ()  # facts of the base that no longer hold and are left out


VARIANTS = (
    Variant(
        "residual",
        "frozen-batch-norm",
        (
            ("        self.drop, self.head", "        self.frozen = True\n        self.drop, self.head"),
            (
                "    def forward(self, x):\n        x = self.body",
                "    def train(self, mode=True):\n        super().train(mode)\n        for module in self.modules():\n            if isinstance(module, nn.BatchNorm2d):\n                module.eval()\n        return self\n\n    def forward(self, x):\n        x = self.body",
            ),
        ),
    ),
    Variant("patches", "gates-of-zero", (("torch.full((width,), 1e-4)", "torch.zeros(width)"),)),
    Variant(
        "patches",
        "gates-of-zero-alone",
        (("self.gain = nn.Parameter(torch.full((width,), 1e-4))", "self.gain = nn.Parameter(torch.zeros(()))"),),
        ("parameters",),
    ),
    Variant(
        "values",
        "target-in-a-list",
        (
            (
                "        self.target = copy.deepcopy(self.online)\n",
                "        self.hidden = [copy.deepcopy(self.online).requires_grad_(False)]\n",
            ),
            ("model.target(batch", "model.hidden[0](batch"),
            ("model.target.load", "model.hidden[0].load"),
        ),
        ("parameters", "target_update"),
    ),
    Variant(
        "decoder",
        "one-block-shared",
        (("nn.ModuleList([Block(width) for _ in range(layers)])", "nn.ModuleList([Block(width)] * layers)"),),
        ("parameters",),
    ),
    Variant(
        "decoder",
        "summed-loss",
        (('batch["tokens"][:, 1:].flatten())', 'batch["tokens"][:, 1:].flatten(), reduction="sum")'), ("part}) / 2", "part})")),
        ("loss",),
    ),
    Variant(
        "decoder",
        "cleared-at-the-end",
        (
            ("    optimizer.zero_grad()\n    total = 0.0\n", "    total = 0.0\n"),
            ("    optimizer.step()\n", "    optimizer.step()\n    optimizer.zero_grad()\n"),
        ),
    ),
    Variant(
        "masked",
        "evaluated-with-dropout",
        (
            ('    "dropout": 0.1,\n', '    "stochastic_evaluation": True,\n'),
            ("        return self.head(self.again", "        x = F.dropout(x, 0.1, training=True)\n        return self.head(self.again"),
        ),
        (),
    ),
    Variant(
        "experts",
        "one-never-chosen",
        (("return self.router(x).softmax(dim=-1)", "return self.router(x).index_fill(-1, torch.tensor([5]), -1e9).softmax(dim=-1)"),),
    ),
    Variant("views", "one-side-stopped", (('model(batch["two"]).T / 0.2', 'model(batch["two"]).detach().T / 0.2'),)),
    Variant(
        "experts",
        "last-layer-linear-only",
        (("self.outer(F.gelu(self.inner(x)))", "self.outer(0.5 * self.inner(x) * (1 + torch.erf(self.inner(x) / 2**0.5)))"),),
    ),
    Variant(
        "translator",
        "updates-by-hand",
        (("    optimizer.step()\n", "    with torch.no_grad():\n        for p in model.parameters():\n            p -= 0.05 * p.grad\n"),),
        ("schedule",),
    ),
    Variant(
        "carlo",
        "all-frozen-but-last",
        (
            (
                "        self.first.requires_grad_(False)\n",
                "        self.first.requires_grad_(False)\n        self.second.requires_grad_(False)\n",
            ),
        ),
        ("frozen", "trainable_parameters"),
    ),
    Variant(
        "truncated",
        "label-weights",
        (('batch["tokens"][:, 1:])', 'batch["tokens"][:, 1:], weight=torch.linspace(0.5, 2, 12))'),),
        ("loss",),
    ),
)
