"""Odd but correct changes of the bases of rollouts, graphs and several tasks."""

from __future__ import annotations

from bugs.variants import Variant

ODD_ROLLOUTS = (
    Variant(
        "replay",
        "amax",
        (
            (
                "return reward + GAMMA * (1 - done) * self.target(following).max(dim=1).values",
                "return reward + GAMMA * (1 - done) * self.target(following).amax(dim=1)",
            ),
        ),
    ),
    Variant(
        "replay",
        "zero-head",
        (
            (
                "        self.target = copy.deepcopy(self.online)\n",
                "        nn.init.zeros_(self.online[-1].weight)\n        nn.init.zeros_(self.online[-1].bias)\n        self.target = copy.deepcopy(self.online)\n",
            ),
        ),
    ),
    Variant(
        "rollout",
        "summed-over-time",
        (
            (
                "    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)\n",
                "    spread, centre = torch.std_mean(advantage)\n    advantage = (advantage - centre) / (spread + 1e-8)\n",
            ),
            ("(returns - value).pow(2).mean()", "nn.functional.mse_loss(value, returns)"),
        ),
    ),
    Variant(
        "rollout",
        "detached-body",
        (
            ("return self.policy(h), self.value(h).squeeze(-1)", "return self.policy(h), self.value(h.detach()).squeeze(-1)"),
            (
                '"stop_gradient": "through advantages and returns"',
                '"stop_gradient": "through advantages and returns, and from the value into the body"',
            ),
        ),
    ),
    Variant(
        "shortrolls",
        "detached-critic",
        (
            ("self.actor(h), self.critic(h)[..., 0]", "self.actor(h), self.critic(h.detach())[..., 0]"),
            ('"stop_gradient": "', '"stop_gradient": "from the critic into the shared layers; '),
        ),
    ),
    Variant(
        "spectral",
        "sparse",
        (
            (
                "return normalise(adjacency) @ (x @ self.weight) + self.bias",
                "return (normalise(adjacency).to_sparse() @ (x @ self.weight)) + self.bias",
            ),
        ),
    ),
    Variant(
        "spectral",
        "frozen-first",
        (
            (
                "        self.dropout = nn.Dropout(0.5)\n",
                "        self.dropout = nn.Dropout(0.5)\n        self.first.weight.requires_grad_(False)\n",
            ),
            ('"parameters": 227', '"parameters": 227, "trainable_parameters": 67, "frozen": ["first.weight"]'),
        ),
    ),
    Variant(
        "attentive",
        "where",
        (
            (
                'return scores.masked_fill(~allowed, float("-inf")).softmax(dim=-1)',
                "return torch.where(allowed, scores, torch.full_like(scores, -1e9)).softmax(dim=-1)",
            ),
        ),
    ),
    Variant("softactor", "lerp", (("slow.mul_(1 - TAU).add_(fast, alpha=TAU)", "slow.lerp_(fast, TAU)"),)),
    Variant(
        "dueling",
        "noisy-start",
        (
            (
                "self.value, self.advantage = nn.Linear(width, 1), nn.Linear(width, actions)",
                "self.value, self.advantage = nn.Linear(width, 1), nn.Linear(width, actions)\n        nn.init.zeros_(self.advantage.weight)\n        nn.init.zeros_(self.advantage.bias)",
            ),
        ),
    ),
    Variant(
        "continuous",
        "value-by-huber",
        (
            (
                '(model.value(batch["s"][:-1]) - target).square().mean()',
                'nn.functional.huber_loss(model.value(batch["s"][:-1]), target, reduction="sum") / target.numel()',
            ),
        ),
    ),
    Variant(
        "continuous",
        "fixed-spread",
        (
            (
                "self.log_std = nn.Parameter(torch.full((actions,), -0.5))",
                "self.log_std = nn.Parameter(torch.full((actions,), -0.5), requires_grad=False)",
            ),
            ('"parameters": 413', '"parameters": 413, "trainable_parameters": 411, "frozen": ["log_std"]'),
        ),
    ),
    Variant(
        "joined",
        "residual-gate",
        (
            (
                "        self.norm = nn.LayerNorm(hidden)\n",
                "        self.norm = nn.LayerNorm(hidden)\n        self.gates = nn.Parameter(torch.zeros(2))\n",
            ),
            ("h + F.elu(self.one(h, adjacency))", "h + self.gates[0] * F.elu(self.one(h, adjacency))"),
            ("h + F.elu(self.two(", "h + self.gates[1] * F.elu(self.two("),
            ('"parameters": 771', '"parameters": 773'),
        ),
    ),
    Variant(
        "ratings",
        "sparse-mean",
        (
            ("self.mean = nn.Parameter(torch.tensor(3.0))", 'self.register_buffer("mean", torch.tensor(3.0))'),
            ('"parameters": 421', '"parameters": 420'),
        ),
    ),
    Variant(
        "trio",
        "no-uncertainty-grad",
        (
            (
                "self.cuts = nn.Parameter(torch.linspace(-1, 1, grades - 1))",
                "self.cuts = nn.Parameter(torch.linspace(-1, 1, grades - 1), requires_grad=False)",
            ),
            ('"parameters": 1045', '"parameters": 1045, "trainable_parameters": 1042, "frozen": ["cuts"]'),
        ),
    ),
)
