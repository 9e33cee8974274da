"""Planted bugs of twin critics, of attention over a list of edges and of packed graphs, written before their checks: 37 of 69 were found then."""

from __future__ import annotations

from bugs.mutations import Bug
from bugs.variants import Variant

NEIGHBOURS = (
    Bug("pushing", "max-of-critics", "torch.min(q1, q2)", "torch.max(q1, q2)", "td_target", "reinforcement", "critic target", False),
    Bug("pushing", "inverted", '* batch["not_done"]', '* (1 - batch["not_done"])', "td_target", "reinforcement", "after the end", False),
    Bug("pushing", "descends", "return -model.critic.Q1", "return model.critic.Q1", "actor_loss", "reinforcement", "actor's step", False),
    Bug(
        "pushing",
        "actor-target-still",
        "        polyak(model.actor, model.actor_target)\n",
        "",
        "polyak",
        "reinforcement",
        "target network",
        False,
    ),
    Bug(
        "edges",
        "softmax-over-sources",
        "edge_softmax(alpha, dst, N)",
        "edge_softmax(alpha, src, N)",
        "GATConv.forward",
        "attention",
        "equal neighbours",
        False,
    ),
    Bug(
        "edges",
        "no-loops",
        "torch.cat([edge_index, torch.stack([loops, loops])], dim=1)",
        "edge_index",
        "GATConv.forward",
        "architecture",
        "messages",
    ),
    Bug(
        "packed",
        "one-end",
        "source, target = edge_index\n",
        "source, target = edge_index[0], edge_index[0]\n",
        "GINEConv.forward",
        "architecture",
        "messages",
        False,
    ),
    Bug("packed", "offset-lost", ".t() + start)", ".t())", "batch", "data", "graphs apart", False),
    Bug(
        "packed",
        "mean-readout",
        "index_add_(0, graph_index, h)",
        "index_add_(0, graph_index, h) / torch.bincount(graph_index, minlength=graphs)[:, None]",
        "readout",
        "architecture",
        "readout",
    ),
    Bug(
        "packed",
        "next-graph",
        "index_add_(0, graph_index, h)",
        "index_add_(0, (graph_index + 1) % graphs, h)",
        "readout",
        "architecture",
        "graphs apart",
        False,
    ),
)

ODD_NEIGHBOURS = (
    Variant("pushing", "lerp", (("            p_targ.mul_(1 - TAU).add_(TAU * p)", "            p_targ.lerp_(p, TAU)"),)),
    Variant(
        "packed",
        "zero-gates",
        (
            (
                "        self.drop = nn.Dropout(0.1)",
                "        self.gates = nn.Parameter(torch.zeros(layers))\n        self.drop = nn.Dropout(0.1)",
            ),
            ("        for conv in self.convs:\n", "        for gate, conv in zip(self.gates, self.convs):\n"),
            ("h = h + F.relu(conv", "h = h + gate * F.relu(conv"),
        ),
        ("parameters",),
    ),
)
