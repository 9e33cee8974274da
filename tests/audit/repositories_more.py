"""More honest repositories: a forest under cross-validation, a policy gradient, a detector of outliers."""

from __future__ import annotations

FOREST = {
    "README.md": """# Bagging Beats One Tree

Our forest (numpy, own code) on wine quality classes made by `make_classification`. 10-fold cross-validation, 25 trees, depth 6.

| | accuracy | macro-F1 |
|---|---|---|
| paper | 0.884 | 0.871 |
| this work | 0.8617 | 0.8493 |

`python cv.py`. The depth is chosen inside each fold's training part. A single tree gets 0.7930.
""",
    "paper.md": "# Bagging Beats One Tree\n\nRandom forest, 25 trees, depth chosen among 3, 6 and 9 by inner validation, 10-fold cross-validation. Accuracy 0.884, macro-F1 0.871, means over folds.\n",
    "forest.py": """import numpy as np


class Tree:
    def __init__(self, depth, rng):
        self.depth, self.rng = depth, rng

    def fit(self, x, y, level=0):
        self.label = np.bincount(y).argmax()
        self.left = None
        if level == self.depth or len(set(y)) == 1:
            return self
        best = (1e9, None, None)
        for j in self.rng.choice(x.shape[1], int(np.sqrt(x.shape[1])), replace=False):
            for t in np.quantile(x[:, j], (0.25, 0.5, 0.75)):
                m = x[:, j] > t
                if 0 < m.sum() < len(m):
                    g = sum(len(s) * (1 - ((np.bincount(s) / len(s)) ** 2).sum()) for s in (y[m], y[~m]))
                    if g < best[0]:
                        best = (g, j, t)
        if best[1] is None:
            return self
        self.j, self.t = best[1:]
        m = x[:, self.j] > self.t
        self.left, self.right = Tree(self.depth, self.rng).fit(x[~m], y[~m], level + 1), Tree(self.depth, self.rng).fit(x[m], y[m], level + 1)
        return self

    def one(self, row):
        return self.label if self.left is None else (self.right if row[self.j] > self.t else self.left).one(row)

    def predict(self, x):
        return np.array([self.one(row) for row in x])


class Forest:
    def __init__(self, trees, depth, rng):
        self.trees = [Tree(depth, rng) for _ in range(trees)]
        self.rng = rng

    def fit(self, x, y):
        for tree in self.trees:
            rows = self.rng.integers(len(x), size=len(x))
            tree.fit(x[rows], y[rows])
        return self

    def predict(self, x):
        votes = np.stack([tree.predict(x) for tree in self.trees])
        return np.array([np.bincount(v).argmax() for v in votes.T])


def scores(pred, y):
    f = []
    for c in np.unique(y):
        tp = ((pred == c) & (y == c)).sum()
        f.append(2 * tp / ((pred == c).sum() + (y == c).sum()))
    return float((pred == y).mean()), float(np.mean(f))
""",
    "cv.py": """import json

import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold, train_test_split

from forest import Forest, Tree, scores

FOLDS, TREES = 10, 25


def choose(x, y, rng):
    a, b, ya, yb = train_test_split(x, y, test_size=0.25, random_state=1)
    return max((3, 6, 9), key=lambda d: scores(Forest(TREES, d, rng).fit(a, ya).predict(b), yb)[0])


def main():
    x, y = make_classification(1200, 20, n_informative=8, n_classes=3, random_state=2)
    rows, single = [], []
    for k, (train, test) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(x, y)):
        rng = np.random.default_rng(k)
        mean, sd = x[train].mean(0), x[train].std(0)
        a, b = (x[train] - mean) / sd, (x[test] - mean) / sd
        depth = choose(a, y[train], rng)
        accuracy, f1 = scores(Forest(TREES, depth, rng).fit(a, y[train]).predict(b), y[test])
        rows.append({"fold": k, "depth": depth, "accuracy": accuracy, "f1": f1})
        single.append(scores(Tree(depth, rng).fit(a, y[train]).predict(b), y[test])[0])
    out = {"accuracy": float(np.mean([r["accuracy"] for r in rows])), "macro_f1": float(np.mean([r["f1"] for r in rows])), "single_tree": float(np.mean(single)), "folds": rows}
    json.dump(out, open("results.json", "w"), indent=1)


if __name__ == "__main__":
    main()
""",
    "results.json": '{"accuracy": 0.861667, "macro_f1": 0.8493, "single_tree": 0.79304, "folds": [{"fold": 0, "depth": 6, "accuracy": 0.85, "f1": 0.8391}, {"fold": 1, "depth": 6, "accuracy": 0.8917, "f1": 0.8802}, {"fold": 2, "depth": 6, "accuracy": 0.8417, "f1": 0.827}, {"fold": 3, "depth": 6, "accuracy": 0.8667, "f1": 0.8544}, {"fold": 4, "depth": 6, "accuracy": 0.875, "f1": 0.8621}, {"fold": 5, "depth": 6, "accuracy": 0.8333, "f1": 0.8194}, {"fold": 6, "depth": 6, "accuracy": 0.8833, "f1": 0.8713}, {"fold": 7, "depth": 6, "accuracy": 0.8583, "f1": 0.8471}, {"fold": 8, "depth": 6, "accuracy": 0.8417, "f1": 0.8302}, {"fold": 9, "depth": 6, "accuracy": 0.875, "f1": 0.8622}]}',
    "tests/test_forest.py": "import pathlib\nimport sys\n\nimport numpy as np\n\nsys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))\nfrom forest import Tree, scores\n\n\ndef test_tree_splits():\n    x = np.array([[0.0], [1.0], [0.1], [0.9]])\n    y = np.array([0, 1, 0, 1])\n    assert (Tree(2, np.random.default_rng(0)).fit(x, y).predict(x) == y).all()\n\n\ndef test_scores():\n    assert scores(np.array([0, 1]), np.array([0, 1])) == (1.0, 1.0)\n",
}
POLICY = {
    "README.md": """# A Gradient for Every Step

REINFORCE with a baseline on our gridworld. Mean return over 100 evaluation episodes, greedy policy, averaged over 5 seeds: paper 0.81; ours **0.7640**.
Run `python reinforce.py`. Learning curves: `logs/seed*.csv`.
""",
    "paper.md": "# A Gradient for Every Step\n\nREINFORCE with a learned baseline, 800 episodes, discount 0.97, learning rate 0.1, 5 seeds. Return of the greedy policy over 100 episodes: 0.81.\n",
    "env.py": '''import numpy as np


class Grid:
    """Five by five, a pit in the middle, goal in the corner; a step slips with probability 0.1."""

    def __init__(self, rng, limit=40):
        self.rng, self.limit = rng, limit

    def reset(self):
        self.s, self.t = 0, 0
        return self.s

    def step(self, a):
        if self.rng.random() < 0.1:
            a = int(self.rng.integers(4))
        r, c = divmod(self.s, 5)
        r, c = min(max(r + (a == 1) - (a == 0), 0), 4), min(max(c + (a == 3) - (a == 2), 0), 4)
        self.s, self.t = 5 * r + c, self.t + 1
        if self.s == 24:
            return self.s, 1.0, True
        if self.s == 12:
            return self.s, -1.0, True
        return self.s, -0.01, self.t >= self.limit
''',
    "reinforce.py": """import csv
import json
import pathlib

import numpy as np

from env import Grid

EPISODES, GAMMA, RATE, PAPER = 800, 0.97, 0.1, 0.81


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def rollout(env, theta, rng=None):
    s, done, path = env.reset(), False, []
    while not done:
        p = softmax(theta[s])
        a = int(p.argmax()) if rng is None else int(rng.choice(4, p=p))
        n, r, done = env.step(a)
        path.append((s, a, r))
        s = n
    return path


def evaluate(theta, seed, episodes=100):
    env = Grid(np.random.default_rng(seed))
    return float(np.mean([sum(r for _, _, r in rollout(env, theta)) for _ in range(episodes)]))


def train(seed):
    rng = np.random.default_rng(seed)
    env, theta, baseline = Grid(rng), np.zeros((25, 4)), np.zeros(25)
    with open(f"logs/seed{seed}.csv", "w", newline="") as file:
        log = csv.writer(file)
        log.writerow(["episode", "return"])
        for episode in range(EPISODES):
            path, g = rollout(env, theta, rng), 0.0
            for s, a, r in reversed(path):
                g = r + GAMMA * g
                p = softmax(theta[s])
                theta[s] += RATE * (g - baseline[s]) * ((np.arange(4) == a) - p)
                baseline[s] += RATE * (g - baseline[s])
            if episode % 100 == 0:
                log.writerow([episode, sum(r for _, _, r in path)])
    return evaluate(theta, 10_000 + seed)


def main():
    pathlib.Path("logs").mkdir(exist_ok=True)
    returns = [train(seed) for seed in range(5)]
    json.dump({"mean_return": float(np.mean(returns)), "returns": returns}, open("results.json", "w"))
    print(f"{np.mean(returns):.4f} (paper {PAPER})")


if __name__ == "__main__":
    main()
""",
    "results.json": '{"mean_return": 0.76402, "returns": [0.8123, 0.7411, 0.6902, 0.7815, 0.795]}',
    "logs/seed0.csv": "episode,return\n0,-1.07\n100,-0.40\n200,0.61\n300,0.88\n400,-1.03\n500,0.91\n600,0.87\n700,0.92\n",
    "tests/test_env.py": "import pathlib\nimport sys\n\nimport numpy as np\n\nsys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))\nfrom env import Grid\n\n\ndef test_goal_pays():\n    env = Grid(np.random.default_rng(0))\n    env.reset()\n    env.s = 23\n    while env.s == 23:\n        s, r, done = env.step(3)\n    assert done or s != 24\n",
}
ANOMALY = {
    "README.md": """# What Does Not Fit

Autoencoder by PCA for outliers. AUROC on the test part 0.9312 (paper 0.945); F1 at the threshold chosen on validation data 0.7105, paper 0.74.
`python detect.py --rank 5`
""",
    "paper.md": "# What Does Not Fit\n\nReconstruction error of a rank-5 PCA fitted to normal training data, threshold chosen on validation data by F1. AUROC 0.945, F1 0.74.\n",
    "detect.py": """import argparse
import json

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score


def make(n, outliers, seed):
    rng = np.random.default_rng(seed)
    basis = np.random.default_rng(0).normal(size=(5, 30))
    x = rng.normal(size=(n, 5)) @ basis + 0.5 * rng.normal(size=(n, 30))
    y = np.zeros(n, int)
    y[:outliers] = 1
    x[:outliers] += rng.normal(size=(outliers, 30))
    return x, y


def errors(x, mean, parts):
    z = x - mean
    return ((z - z @ parts.T @ parts) ** 2).sum(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rank", type=int, default=5)
    args = parser.parse_args()
    x_train, _ = make(2000, 0, 1)
    x_valid, y_valid = make(500, 50, 2)
    x_test, y_test = make(1000, 100, 3)
    mean = x_train.mean(0)
    parts = np.linalg.svd(x_train - mean, full_matrices=False)[2][:args.rank]
    e_valid, e_test = errors(x_valid, mean, parts), errors(x_test, mean, parts)
    candidates = np.quantile(e_valid, np.linspace(0.5, 0.99, 50))
    threshold = max(candidates, key=lambda t: f1_score(y_valid, e_valid > t))
    result = {"auroc": float(roc_auc_score(y_test, e_test)), "f1": float(f1_score(y_test, e_test > threshold)), "threshold": float(threshold)}
    with open("results.json", "w") as file:
        json.dump(result, file)
    print(result)


if __name__ == "__main__":
    main()
""",
    "results.json": '{"auroc": 0.93121, "f1": 0.710526, "threshold": 14.207}',
    "tests/test_detect.py": "import pathlib\nimport sys\n\nimport numpy as np\n\nsys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))\nfrom detect import errors, make\n\n\ndef test_no_error_inside_the_plane():\n    parts = np.eye(3)[:2]\n    assert np.allclose(errors(np.array([[1.0, 2.0, 0.0]]), np.zeros(3), parts), 0)\n\n\ndef test_outliers_first():\n    assert make(10, 2, 0)[1].tolist() == [1, 1] + [0] * 8\n",
}
