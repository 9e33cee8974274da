"""Odd but correct language models, translators, taggers and mixtures: changes that are made on purpose."""

from __future__ import annotations

from bugs.variants import Variant

LANGUAGE_VARIANTS = (
    Variant(
        "gpt",
        "sinusoid-frozen-scale",
        (
            ("self.norm = nn.LayerNorm(width)\n", "self.norm = nn.LayerNorm(width)\n        self.norm.bias.requires_grad_(False)\n"),
            ('"clip_norm": 1.0,', '"clip_norm": 1.0, "frozen": ["norm.bias"],'),
        ),
    ),
    Variant(
        "gpt",
        "summed-loss-scaled",
        (
            ("x = x + self.dropout(self.attention(self.norm_a(x)))", "x = x + self.gate * self.dropout(self.attention(self.norm_a(x)))"),
            (
                "        self.dropout = nn.Dropout(dropout)\n\n    def forward(self, x):\n        x = x +",
                "        self.dropout = nn.Dropout(dropout)\n        self.gate = nn.Parameter(torch.zeros(1))\n\n    def forward(self, x):\n        x = x +",
            ),
            ('"parameters": 27520', '"parameters": 27522'),
            ("x'=x+\\mathrm", "x'=x+\\gamma\\,\\mathrm"),
        ),
    ),
    Variant(
        "llama",
        "half-layout-sum-loss",
        (
            ("    even, odd = x[..., 0::2], x[..., 1::2]\n", "    even, odd = x.chunk(2, dim=-1)\n"),
            (
                "torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)",
                "torch.cat([even * cos - odd * sin, even * sin + odd * cos], dim=-1)",
            ),
            ("x_{2i}\\\\x_{2i+1}\\end{pmatrix}\\mapsto", "x_{i}\\\\x_{i+d/2}\\end{pmatrix}\\mapsto"),
            (
                "x_{2i}\\cos\\theta_{m,i}-x_{2i+1}\\sin\\theta_{m,i}\\\\x_{2i}\\sin\\theta_{m,i}+x_{2i+1}\\cos\\theta_{m,i}",
                "x_{i}\\cos\\theta_{m,i}-x_{i+d/2}\\sin\\theta_{m,i}\\\\x_{i}\\sin\\theta_{m,i}+x_{i+d/2}\\cos\\theta_{m,i}",
            ),
        ),
    ),
    Variant(
        "llama",
        "frozen-embedding",
        (
            (
                "                nn.init.normal_(p, std=0.02)\n",
                "                nn.init.normal_(p, std=0.02)\n        self.embed.weight.requires_grad_(False)\n",
            ),
            ('"kv_heads": 2,', '"kv_heads": 2, "frozen": ["embed.weight"],'),
        ),
    ),
    Variant(
        "vaswani",
        "encoder-frozen",
        (
            (
                "        self.generator.weight = self.embedding.weight\n",
                "        self.generator.weight = self.embedding.weight\n        for p in self.encoder[0].parameters():\n            p.requires_grad_(False)\n",
            ),
            ('"embedding_scale"', '"frozen": ["encoder.0.*"], "embedding_scale"'),
        ),
    ),
    Variant(
        "vaswani",
        "summed-loss",
        (
            ("ignore_index=PAD, label_smoothing=0.1)", 'ignore_index=PAD, label_smoothing=0.1, reduction="sum") / 32'),
            (
                "mean cross-entropy over target tokens that are not padding",
                "summed cross-entropy over target tokens that are not padding, divided by 32",
            ),
            ("-\\frac{1}{|\\{t:y_t\\ne 0\\}|}\\sum", "-\\frac{1}{32}\\sum"),
        ),
    ),
    Variant(
        "bertlike",
        "zero-gated-layers",
        (
            (
                "        self.dropout = nn.Dropout(dropout)\n\n    def forward(self, x, bias):\n        x =",
                "        self.dropout = nn.Dropout(dropout)\n        nn.init.zeros_(self.output.weight)\n\n    def forward(self, x, bias):\n        x =",
            ),
            (
                "self.apply(self.start)",
                "self.apply(self.start)\n        for layer in self.layers:\n            nn.init.zeros_(layer.output.weight)",
            ),
        ),
    ),
    Variant(
        "cell",
        "learned-start",
        (
            ("self.hidden = hidden\n", "self.hidden = hidden\n        self.first = nn.Parameter(torch.zeros(2, hidden))\n"),
            (
                "return torch.zeros(n, self.hidden), torch.zeros(n, self.hidden)",
                "return self.first[0].expand(n, -1), self.first[1].expand(n, -1)",
            ),
            ('"parameters": 7644', '"parameters": 7708'),
        ),
    ),
    Variant(
        "cell",
        "state-dropout-in-evaluation",
        (
            ("self.head(self.dropout(torch.stack(outputs, dim=1)))", "self.head(F.dropout(torch.stack(outputs, dim=1), 0.2))"),
            ('"truncation": 8,', '"truncation": 8, "stochastic_evaluation": True, "stochastic": "Monte-Carlo dropout before the head",'),
        ),
    ),
    Variant(
        "sparse",
        "idle-expert",
        (
            (
                "probabilities = self.router(flat).softmax(dim=-1)",
                "scores = self.router(flat)\n        idle = torch.arange(scores.shape[-1]) == 3\n        probabilities = scores.masked_fill(idle, -1e4).softmax(dim=-1)",
            ),
        ),
    ),
    Variant(
        "sparse",
        "sampled-noise",
        (
            (
                "probabilities = self.router(flat).softmax(dim=-1)",
                "scores = self.router(flat)\n        if self.training:\n            scores = scores + 0.1 * torch.randn_like(scores)\n        probabilities = scores.softmax(dim=-1)",
            ),
            ('"top_k": 2,', '"top_k": 2, "stochastic": "normal noise of 0.1 on the router\'s scores in training",'),
        ),
    ),
    Variant(
        "lowrank",
        "merged-scale-in-evaluation",
        (
            (
                "return self.base(x) + self.scale * F.linear(F.linear(x, self.lora_a), self.lora_b)",
                "if not self.training:\n            return F.linear(x, self.base.weight + self.scale * self.lora_b @ self.lora_a, self.base.bias)\n        return self.base(x) + self.scale * F.linear(F.linear(x, self.lora_a), self.lora_b)",
            ),
        ),
    ),
    Variant(
        "lowrank",
        "head-zero",
        (
            (
                "self.head = nn.Linear(width, classes)\n",
                "self.head = nn.Linear(width, classes)\n        nn.init.zeros_(self.head.weight)\n        nn.init.zeros_(self.head.bias)\n",
            ),
            ('"*lora_b": "zeros"', '"*lora_b": "zeros", "head.*": "zeros"'),
        ),
    ),
    Variant(
        "tagged",
        "gradient-scaler",
        (
            ("    total = 0.0\n", "    total = torch.zeros(())\n"),
            ("        value.backward()\n", "        (value * 1024).backward()\n"),
            (
                "    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n",
                "    for p in model.parameters():\n        if p.grad is not None:\n            p.grad /= 1024\n    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n",
            ),
        ),
    ),
    Variant(
        "tagged",
        "frozen-embedding",
        (
            ("        for name, p in self.lstm", "        self.embedding.weight.requires_grad_(False)\n        for name, p in self.lstm"),
            ('"accumulation": 2,', '"accumulation": 2, "frozen": ["embedding.weight"],'),
        ),
    ),
    Variant(
        "smoothed",
        "zero-cross",
        (
            ("        self.norms = nn", "        if crossed:\n            nn.init.zeros_(self.cross.wo)\n        self.norms = nn"),
            ('"*.w?": "xavier uniform"', '"*.wq": "xavier uniform", "*.w1": "xavier uniform"'),
        ),
    ),
    Variant(
        "fused",
        "layer-scale",
        (
            ("self.mlp_fc, self.mlp_proj =", "self.keep_scale = nn.Parameter(torch.zeros(n_embd))\n        self.mlp_fc, self.mlp_proj ="),
            ("x = x + self.attn(self.ln_1(x))", "x = x + self.keep_scale * self.attn(self.ln_1(x))"),
            ('"parameters": 39715', '"parameters": 39811'),
            ("y=x+A(", "y=x+\\lambda\\odot A("),
        ),
    ),
    Variant(
        "fused",
        "stop-gradient-probe",
        (
            (
                "x = self.wte(idx) + self.wpe(pos)",
                "x = self.wte(idx)\n        x = x + 0.1 * (x.detach() - x.detach().mean()) + self.wpe(pos)",
            ),
            ('"accumulation": 2', '"stop_gradient": "the centred copy of the embedding", "accumulation": 2'),
        ),
    ),
    Variant(
        "words",
        "summed-loss",
        (
            (
                "value = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1))",
                'value = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1), reduction="sum") / y.numel()',
            ),
        ),
    ),
    Variant(
        "words",
        "learned-state",
        (
            (
                "self.drop = nn.Dropout(dropout)\n",
                "self.drop = nn.Dropout(dropout)\n        self.start = nn.Parameter(torch.zeros(2, layers, 1, size))\n",
            ),
            (
                "        out, state = self",
                "        if state is None:\n            state = tuple(self.start.expand(-1, -1, len(tokens), -1).contiguous())\n        out, state = self",
            ),
            ('"parameters": 10350', '"parameters": 10446'),
        ),
    ),
    Variant(
        "switch", "idle-expert", (("p = self.gate(x).softmax(-1)", "p = (self.gate(x) + torch.tensor([0.0, 0.0, 0.0, -1e4])).softmax(-1)"),)
    ),
    Variant(
        "switch",
        "stop-gradient-load",
        (("return p.shape[-1] * torch.dot(f, p.mean(dim=(0, 1)))", "return p.shape[-1] * torch.dot(f.detach(), p.mean(dim=(0, 1)))"),),
    ),
    Variant(
        "entities",
        "frozen-first-layer",
        (
            (
                "        self.head = nn.Linear(width, classes)\n",
                "        for p in self.encoder.layers[0].parameters():\n            p.requires_grad_(False)\n        self.head = nn.Linear(width, classes)\n",
            ),
            ('"frozen": ["table.weight"]', '"frozen": ["table.weight", "encoder.layers.0.*"]'),
        ),
    ),
    Variant(
        "entities",
        "sum-over-count",
        (
            (
                'return F.cross_entropy(scores[picked], batch["label"][picked])',
                'return F.cross_entropy(scores[picked], batch["label"][picked], reduction="sum") / picked.sum()',
            ),
        ),
    ),
)
