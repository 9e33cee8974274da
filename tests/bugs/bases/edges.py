"""Graph attention over an edge list, several heads joined, a residual in the second layer."""

import torch
import torch.nn.functional as F
from torch import nn

facts = {
    "task": "node-classification",
    "classes": 3,
    "heads": 4,
    "heads_combined": "concatenated in the first layer, averaged in the last",
    "self_loops": True,
    "output": "logits",
    "samples_coupled": True,
    "permutation_equivariant": "nodes",
    "dropout": 0.2,
    "parameters": 630,
    "activation": "elu",
    "graph": "directed edges source to target, given as an edge index",
    "loss": "mean cross-entropy over the nodes in the mask",
    "equations": {
        "GATConv.forward": r"\alpha_{ij}=\frac{\exp\mathrm{LeakyReLU}_{0.2}(a_s^\top Wh_j+a_t^\top Wh_i)}{\sum_{k\in N(i)\cup\{i\}}\exp(\cdot)},\quad h_i'=\sum_j\alpha_{ij}Wh_j",
        "edge_softmax": r"\frac{\exp e_{ij}}{\sum_{k\in N(i)}\exp e_{ik}}",
    },
}


def edge_softmax(scores, index, num_nodes):
    index_ = index[:, None].expand_as(scores)
    top = scores.new_full((num_nodes, scores.size(1)), float("-inf")).scatter_reduce(0, index_, scores, reduce="amax")
    weights = (scores - top[index]).exp()
    total = weights.new_zeros(num_nodes, scores.size(1)).index_add(0, index, weights)
    return weights / total[index]


class GATConv(nn.Module):
    def __init__(self, in_channels, out_channels, heads, concat=True, dropout=0.2):
        super().__init__()
        self.heads, self.out_channels, self.concat, self.dropout = heads, out_channels, concat, dropout
        self.lin = nn.Linear(in_channels, heads * out_channels, bias=False)
        self.att_src = nn.Parameter(torch.empty(1, heads, out_channels))
        self.att_dst = nn.Parameter(torch.empty(1, heads, out_channels))
        self.bias = nn.Parameter(torch.zeros(heads * out_channels if concat else out_channels))
        for w in (self.lin.weight, self.att_src, self.att_dst):
            nn.init.xavier_uniform_(w)

    def forward(self, x, edge_index):
        N = x.size(0)
        loops = torch.arange(N)
        src, dst = torch.cat([edge_index, torch.stack([loops, loops])], dim=1)
        h = self.lin(x).view(N, self.heads, self.out_channels)
        alpha_src, alpha_dst = (h * self.att_src).sum(-1), (h * self.att_dst).sum(-1)
        alpha = F.leaky_relu(alpha_src[src] + alpha_dst[dst], negative_slope=0.2)
        alpha = F.dropout(edge_softmax(alpha, dst, N), p=self.dropout, training=self.training)
        out = h.new_zeros(N, self.heads, self.out_channels).index_add(0, dst, alpha.unsqueeze(-1) * h[src])
        out = out.flatten(1) if self.concat else out.mean(dim=1)
        return out + self.bias


class GAT(nn.Module):
    def __init__(self, features=9, hidden=6, classes=3, heads=4):
        super().__init__()
        self.conv1 = GATConv(features, hidden, heads)
        self.conv2 = GATConv(heads * hidden, classes, heads, concat=False)
        self.skip = nn.Linear(features, classes, bias=False)

    def forward(self, x, edge_index):
        h = F.elu(self.conv1(x, edge_index))
        return self.conv2(h, edge_index) + self.skip(x)


def build():
    return GAT()


def batch(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 3, (n,), generator=g)
    near = torch.where(y[:, None] == y[None, :], 0.3, 0.05)
    edges = (torch.rand(n, n, generator=g) < near) & ~torch.eye(n, dtype=torch.bool)
    x = torch.randn(n, 9, generator=g)
    x[torch.arange(n), y] += 1.0
    mask = torch.rand(n, generator=g) < 0.6
    mask[0] = True
    return {"x": x, "edge_index": edges.nonzero().t(), "y": y, "train_mask": mask}


def forward(model, batch):
    return model(batch["x"], batch["edge_index"])


def loss(model, batch):
    out = forward(model, batch)
    return F.cross_entropy(out[batch["train_mask"]], batch["y"][batch["train_mask"]])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=5e-3)
