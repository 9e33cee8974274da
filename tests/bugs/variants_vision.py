"""Odd but correct variants of vision models and training recipes."""

from __future__ import annotations

from bugs.variants import Variant

VISION_VARIANTS = (
    Variant(
        "warmed",
        "frozen-first-norm",
        (
            (
                "    def forward(self, x):\n        x = F.relu(self.stem_norm",
                "    def train(self, mode=True):\n        super().train(mode)\n        self.stem_norm.eval()\n        return self\n\n    def forward(self, x):\n        x = F.relu(self.stem_norm",
            ),
        ),
    ),
    Variant(
        "depths",
        "rates-by-depth",
        (("Layer(width, heads, drop) for _ in range(depth)", "Layer(width, heads, drop * (i + 1) / depth) for i in range(depth)"),),
    ),
    Variant("depths", "branch-dropped-for-a-whole-batch", (("torch.rand(x.shape[0], 1, 1)", "torch.rand(1, 1, 1)"),)),
    Variant(
        "deit",
        "gates-of-zero",
        (("0.1 * torch.ones(d)), nn.Parameter(0.1 * torch.ones(d))", "torch.zeros(d)), nn.Parameter(torch.zeros(d))"),),
        ("init",),
    ),
    Variant(
        "prior",
        "logarithms-of-both-sigmoids",
        (
            (
                'F.binary_cross_entropy_with_logits(logits, target, reduction="none")',
                "-(target * F.logsigmoid(logits) + (1 - target) * F.logsigmoid(-logits))",
            ),
        ),
    ),
    Variant(
        "passes",
        "dropout-by-its-default",
        ((", self.rate, training=True)", ", self.rate)"), (", self.rate, training=True)", ", self.rate)")),
    ),
    Variant(
        "gaussian",
        "weighted-by-its-own-spread",
        (
            ("    return 0.5 * (", "    return (logvar.exp() ** 0.5).detach().mean() * 0.5 * ("),
            ('"clip_norm": 5.0', '"clip_norm": 5.0, "stop_gradient": "weight of the batch in the loss"'),
        ),
        ("equations", "loss"),
    ),
    Variant(
        "gaussian",
        "library-likelihood",
        (
            (
                '0.5 * (logvar + (batch["y"] - mean).pow(2) * torch.exp(-logvar) + math.log(2 * math.pi)).mean()',
                'F.gaussian_nll_loss(mean, batch["y"], logvar.exp(), full=True)',
            ),
        ),
    ),
    Variant(
        "adding",
        "frozen-encoder",
        (
            (
                "        nn.init.xavier_uniform_(self.out.weight)\n",
                "        nn.init.xavier_uniform_(self.out.weight)\n        self.enc1.requires_grad_(False)\n",
            ),
            ("RMSprop(model.parameters()", "RMSprop((p for p in model.parameters() if p.requires_grad)"),
        ),
    ),
    Variant(
        "tabular",
        "branches-of-zero",
        (("nn.init.normal_(block.down.weight, std=0.02 / (2 * depth) ** 0.5)", "nn.init.zeros_(block.down.weight)"),),
        ("init",),
    ),
)
