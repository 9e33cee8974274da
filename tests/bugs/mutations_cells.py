"""Planted bugs of a detector on cells, a table with hazards and a vision transformer trained on mixed pairs, and their odd but correct variants."""

from __future__ import annotations

from bugs.mutations import Bug
from bugs.variants import Variant

CELLS = (
    Bug(
        "cells",
        "average-turned-round",
        "e.mul_(self.decay).add_(p, alpha=1 - self.decay)",
        "e.mul_(1 - self.decay).add_(p, alpha=self.decay)",
        "EMA.update",
        "optimisation",
        "forgetting average",
        False,
    ),
    Bug(
        "cells",
        "prior-sign",
        "-math.log((1 - PRIOR) / PRIOR)",
        "math.log((1 - PRIOR) / PRIOR)",
        "Detector.__init__",
        "initialisation",
        "head bias",
    ),
    Bug(
        "cells",
        "focal-weights-exchanged",
        "alpha * y + (1 - alpha) * (1 - y)",
        "(1 - alpha) * y + alpha * (1 - y)",
        "sigmoid_focal",
        "loss",
        "known formulas",
        False,
    ),
    Bug(
        "hazards",
        "clip-before-unscale",
        "    scaler.unscale_(optimizer)\n    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n",
        "    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    scaler.unscale_(optimizer)\n",
        "step",
        "optimisation",
        "step",
        False,
    ),
    Bug(
        "hazards",
        "sigmoid-twice",
        "        return self.out(h)\n",
        "        return torch.sigmoid(self.out(h))\n",
        "TabularNet.forward",
        "loss",
        "loss inputs",
        False,
    ),
    Bug(
        "mixtures",
        "positions-before-the-class-token",
        "        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)\n        x = x + self.pos_embed\n",
        "        x = x + self.pos_embed[:, 1:]\n        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)\n",
        "VisionTransformer.forward",
        "position",
        "learned positions",
        False,
    ),
    Bug(
        "mixtures",
        "mean-and-deviation-exchanged",
        "(img - MEAN) / STD",
        "(img - STD) / MEAN",
        "VisionTransformer.forward",
        "data",
        "own level",
    ),
    Bug(
        "mixtures",
        "heads-not-brought-back",
        "self.proj(x.transpose(1, 2).reshape(B, N, C))",
        "self.proj(x.reshape(B, N, C))",
        "Attention.forward",
        "attention",
        "mixed axes",
        False,
    ),
    Bug("mixtures", "kept-not-enlarged", "return x * mask / keep", "return x * mask", "drop_path", "mode", "dropped samples", False),
)
ODD_CELLS = (
    Variant(
        "cells",
        "frozen-first-layer",
        (
            ("        for head in (self.cls_head", "        self.backbone[0].requires_grad_(False)\n        for head in (self.cls_head"),
            ("torch.optim.AdamW(model.parameters(),", "torch.optim.AdamW([p for p in model.parameters() if p.requires_grad],"),
        ),
    ),
    Variant(
        "hazards",
        "normalised-without-a-scale",
        (("[nn.BatchNorm1d(hidden), nn.BatchNorm1d(hidden)]", "[nn.BatchNorm1d(hidden, affine=False) for _ in range(2)]"),),
        ("parameters",),
    ),
    Variant(
        "mixtures",
        "gates-of-zero",
        (
            ("self.gamma1 = nn.Parameter(0.1 * torch.ones(dim))", "self.gamma1 = nn.Parameter(torch.zeros(dim))"),
            ("self.gamma2 = nn.Parameter(0.1 * torch.ones(dim))", "self.gamma2 = nn.Parameter(torch.zeros(dim))"),
        ),
        ("init",),
    ),
)
