"""Planted bugs of three bases, written before the checks were looked at again: 5 of the 12 were found then, 2 without facts."""

from __future__ import annotations

from bugs.mutations import Bug

FRESH = (
    Bug(
        "segment",
        "skip-left-out",
        "torch.cat([fine, self.up(coarse)], dim=1)",
        "torch.cat([self.up(coarse), self.up(coarse)], dim=1)",
        "Net.forward",
        "architecture",
        "skip connections",
    ),
    Bug(
        "segment",
        "sigmoid-twice",
        "logits = forward(model, batch)",
        "logits = forward(model, batch).sigmoid()",
        "loss",
        "loss",
        "loss inputs",
        False,
    ),
    Bug("forecast", "padded-on-both-sides", "(self.dilation, 0))", "(0, self.dilation))", "Block.forward", "attention", "causality"),
    Bug(
        "forecast",
        "quantiles-mirrored",
        "torch.maximum(tau * e, (tau - 1) * e)",
        "torch.maximum(-tau * e, (1 - tau) * e)",
        "pinball",
        "loss",
        "stated equations",
    ),
    Bug("forecast", "target-is-input", '"target": series[:, 1:]}', '"target": series[:, :-1]}', "batch", "data", "shown answer"),
    Bug(
        "forecast",
        "residual-of-normalised",
        "return x + self.dropout",
        "return self.norm(x) + self.dropout",
        "Block.forward",
        "architecture",
        "norm placement",
    ),
    Bug("student", "temperature-multiplied", "(z / T).softmax", "(z * T).softmax", "soften", "loss", "stated equations"),
    Bug(
        "student", "divergence-reversed", "(p * (p.log() - q.log()))", "(q * (q.log() - p.log()))", "divergence", "loss", "stated equations"
    ),
    Bug(
        "student",
        "teacher-trained",
        "        for parameter in self.teacher.parameters():\n            parameter.requires_grad_(False)\n",
        "        for parameter in self.student.parameters():\n            parameter.requires_grad_(False)\n",
        "loss",
        "gradient",
        "interface",
        False,
    ),
    Bug("student", "decay-on-biases", '"weight_decay": 0.0}', '"weight_decay": 1e-4}', "optimizer", "optimisation", "optimiser"),
    Bug("segment", "dice-of-logits", "dice(logits.sigmoid(), ", "dice(logits, ", "loss", "loss", "overlap", False),
)

# no check finds this yet: equal sides leave the dice's axes open
OPEN = (
    Bug(
        "segment",
        "dice-over-the-batch",
        "p, g = p.flatten(1), g.flatten(1)",
        "p, g = p.flatten()[None], g.flatten()[None]",
        "dice",
        "loss",
        "",
    ),
)
