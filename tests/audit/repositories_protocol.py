"""Small honest repositories around one question of protocol each; their files are run by no test."""

FILMS = {
    "README.md": "# Biases\n\nRMSE on all held-out ratings, mean of 2 seeds; the paper has 0.71. `python films.py`\n",
    "paper.md": "# Biases\n\nBiases are computed from the training ratings. 20 % of the ratings are held out. RMSE on all held-out ratings: 0.71.\n",
    "films.py": """import json

import numpy as np


class Biases:
    def fit(self, films, stars):
        self.mu = stars.mean()
        self.f = np.bincount(films, stars - self.mu, 80) / (np.bincount(films, minlength=80) + 5)
        return self

    def predict(self, films):
        return self.mu + self.f[films]


def rmse(guess, stars):
    return float(np.sqrt(((guess - stars) ** 2).mean()))


def once(seed):
    rng = np.random.default_rng(seed)
    films = rng.integers(0, 80, 3000)
    stars = rng.normal(0, 1, 80)[films] + rng.normal(0, 1, 3000)
    hidden = rng.random(3000) < 0.2
    seen = ~hidden
    model = Biases().fit(films[seen], stars[seen])
    guess, truth = model.predict(films[hidden]), stars[hidden]
    return rmse(guess, truth)


if __name__ == "__main__":
    values = [once(seed) for seed in (0, 1)]
    with open("results.json", "w") as file:
        json.dump({"rmse": float(np.mean(values)), "seeds": values}, file)
""",
}

CURVE = {
    "README.md": "# Wiggly\n\nThe degree is selected on the second third of the points, the error is measured on the last third; 20 repetitions. `python curve.py`\n",
    "paper.md": "# Wiggly\n\n90 points in thirds: fit, selection, test. Mean squared error on the test third, 20 repetitions; patience of 3 degrees.\n",
    "curve.py": """import json

import numpy as np


class Stop:
    def __init__(self, patience=3):
        self.patience, self.low, self.wait, self.best = patience, float("inf"), 0, None

    def __call__(self, value, coef):
        if value < self.low:
            self.low, self.wait, self.best = value, 0, coef
        else:
            self.wait += 1
        return self.wait > self.patience


def points(rng, n):
    u = rng.uniform(-2, 2, n)
    return u, np.sin(2 * u) + rng.normal(0, 0.2, n)


def loss(coef, u, v):
    return float(np.mean((np.polyval(coef, u) - v) ** 2))


def pick(first, other):
    table = {}
    for degree in range(1, 13):
        coef = np.polyfit(first[0], first[1], degree)
        table[degree] = (loss(coef, *other), coef)
    return min(table.items(), key=lambda item: item[1][0])


def halted(first, other):
    stop = Stop()
    for degree in range(1, 13):
        coef = np.polyfit(first[0], first[1], degree)
        if stop(loss(coef, *other), coef):
            break
    return stop.best


def repetition(seed):
    rng = np.random.default_rng(seed)
    u, v = points(rng, 90)
    one, two, three = [(u[i::3], v[i::3]) for i in range(3)]
    degree, (_, coef) = pick(one, two)
    near, probe, far = points(rng, 40), points(rng, 30), points(rng, 300)
    return degree, loss(coef, *three), loss(halted(near, probe), *far)


if __name__ == "__main__":
    runs = [repetition(seed) for seed in range(20)]
    with open("results.json", "w") as file:
        json.dump({"mse": float(np.mean([e for _, e, _ in runs])), "halted_mse": float(np.mean([e for _, _, e in runs]))}, file)
""",
}

TAGS = {
    "README.md": "# Tags\n\nDecoding is greedy, from left to right: the tag predicted before is used for the next one. `python tags.py`\n",
    "paper.md": "# Tags\n\nToken accuracy 0.88 with the model's own previous tags.\n",
    "tags.py": """import json
import random

WORDS, TAGS = "abcdef", "NVA"


def sentences(n, seed):
    rng = random.Random(seed)
    for _ in range(n):
        yield [rng.choice(WORDS) for _ in range(8)], [rng.choice(TAGS) for _ in range(8)]


class Tagger:
    def __init__(self):
        self.count = {}

    def learn(self, data):
        for words, tags in data:
            for before, word, tag in zip(["-", *tags], words, tags):
                self.count[before, word, tag] = self.count.get((before, word, tag), 0) + 1

    def best(self, before, word):
        return max(TAGS, key=lambda tag: self.count.get((before, word, tag), 0))


def decode(tagger, words, gold):
    out, before = [], "-"
    for word, truth in zip(words, gold):
        before = tagger.best(before, word)
        out.append(before)
    return out


if __name__ == "__main__":
    tagger = Tagger()
    tagger.learn(sentences(600, 1))
    rows = [[a == b for a, b in zip(decode(tagger, words, gold), gold)] for words, gold in sentences(300, 2)]
    with open("results.json", "w") as file:
        json.dump({"accuracy": sum(map(sum, rows)) / sum(map(len, rows))}, file)
""",
}

RANKS = {
    "README.md": "# Ranks\n\nEvery query is ranked against all 600 documents. Recall@5 and MRR are over 8 starts, mean and standard deviation. `python ranks.py`\n",
    "paper.md": "# Ranks\n\nEvery query is ranked against all documents. Recall@5 0.70, mean reciprocal rank 0.58.\n",
    "ranks.py": """import json

import numpy as np


def ranks(docs, queries, relevant):
    scores = queries @ docs.T
    own = scores[np.arange(len(relevant)), relevant]
    return 1 + (scores > own[:, None]).sum(1)


def start(seed):
    rng = np.random.default_rng(seed)
    docs, relevant = rng.normal(size=(600, 20)), rng.integers(0, 600, 200)
    r = ranks(docs, docs[relevant] + rng.normal(size=(200, 20)), relevant)
    return {"recall@5": float((r <= 5).mean()), "mrr": float((1 / r).mean())}


if __name__ == "__main__":
    rows = [start(seed) for seed in range(8)]
    scores = [row["mrr"] for row in rows]
    out = {"recall@5": float(np.mean([row["recall@5"] for row in rows])), "mrr": sum(scores) / len(scores), "mrr_sd": float(np.std(scores, ddof=1))}
    with open("results.json", "w") as file:
        json.dump(out, file)
""",
}

RATES = {
    "README.md": "# Rates\n\nBoth methods are tuned over the same 9 settings on the validation part and run for the same 40 epochs. `python rates.py`\n",
    "paper.md": "# Rates\n\nMomentum against plain descent, 40 epochs each, 9 settings each.\n",
    "rates.py": """import itertools
import json

import numpy as np

METHODS = {"momentum": {"momentum": 0.9}, "plain": {"momentum": 0.0}}
FAST = [dict(rate=r, size=s) for r, s in itertools.product((0.01, 0.1, 1.0), (10, 20, 50))]
SLOW = [dict(rate=r, size=s) for r, s in itertools.product((0.02, 0.2, 2.0), (10, 20, 50))]


def descend(x, y, rng, rate, size, momentum=0.0, epochs=40):
    w, v = np.zeros(x.shape[1]), 0.0
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(y)), len(y) // size):
            v = momentum * v - rate * x[rows].T @ (x[rows] @ w - y[rows]) / size
            w = w + v
    return w


def error(w, x, y):
    return float(((x @ w - y) ** 2).mean())


def tuned(options, grid, parts):
    fit, watch, last = parts
    made = [descend(*fit, np.random.default_rng(0), **setting, **options) for setting in grid]
    return error(min(made, key=lambda w: error(w, *watch)), *last)


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 6))
    y = x @ rng.normal(size=6) + rng.normal(size=500)
    parts = [(x[a], y[a]) for a in (slice(0, 300), slice(300, 400), slice(400, 500))]
    out = {"momentum_error": tuned(METHODS["momentum"], FAST, parts), "plain_error": tuned(METHODS["plain"], SLOW, parts)}
    with open("results.json", "w") as file:
        json.dump(out, file)
""",
}

LEAVES = {
    "README.md": "# Leaves\n\nBalanced accuracy and macro F1 over the five classes, copies of a leaf are removed before the split. `python leaves.py`\n",
    "paper.md": "# Leaves\n\nDuplicates are removed. Missing entries are filled with training means. Balanced accuracy 0.71, macro F1 0.70.\n",
    "leaves.py": """import json

import numpy as np


class Filler:
    def fit(self, x):
        self.mean = np.nanmean(x, axis=0)
        return self

    def transform(self, x):
        return np.where(np.isnan(x), self.mean, x)


def confusion(truth, guess):
    m = np.zeros((5, 5))
    np.add.at(m, (truth, guess), 1)
    return m


def balanced_accuracy(m):
    return float((m.diagonal() / m.sum(1)).mean())


def macro_f1(m):
    f = 2 * m.diagonal() / np.maximum(1, m.sum(0) + m.sum(1))
    return float(f.mean())


def leaves(rng):
    y = rng.choice(5, 1500, p=[0.4, 0.3, 0.16, 0.1, 0.04])
    x = rng.normal(0, 1, (5, 8))[y] + rng.normal(0, 1, (1500, 8))
    x[rng.random(x.shape) < 0.05] = np.nan
    return x, y


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    x, y = leaves(rng)
    keep = np.unique(np.nan_to_num(x), axis=0, return_index=True)[1]
    x, y = x[keep], y[keep]
    order = rng.permutation(len(y))
    tr, te = order[:900], order[900:]
    filler = Filler().fit(x[tr])
    z = filler.transform(x)
    centres = np.stack([z[tr][y[tr] == c].mean(0) for c in range(5)])
    m = confusion(y[te], ((z[te][:, None] - centres) ** 2).sum(2).argmin(1))
    with open("results.json", "w") as file:
        json.dump({"balanced_accuracy": balanced_accuracy(m), "macro_f1": macro_f1(m)}, file)
""",
}

LINKS = {
    "README.md": "# Links\n\nThe hidden edges are taken out before any score is computed. AUC, mean of 3 graphs. `python links.py`\n",
    "paper.md": "# Links\n\nScores are computed on the graph that is left. AUC 0.79.\n",
    "links.py": """import json

import numpy as np


def hide(adj, rng):
    edges = np.argwhere(np.triu(adj, 1) > 0)
    gone = edges[rng.permutation(len(edges))[: len(edges) // 10]]
    left = adj.copy()
    left[gone[:, 0], gone[:, 1]] = left[gone[:, 1], gone[:, 0]] = 0
    free = np.argwhere(np.triu(1 - adj, 1) > 0)
    return left, gone, free[rng.choice(len(free), len(gone), replace=False)]


def auc(pos, neg):
    return float((pos[:, None] > neg[None]).mean())


def trial(seed):
    rng = np.random.default_rng(seed)
    adj = np.triu(rng.random((200, 200)) < 0.05, 1).astype(float)
    adj = adj + adj.T
    left, pos, neg = hide(adj, rng)
    s = left @ left
    return auc(s[pos[:, 0], pos[:, 1]], s[neg[:, 0], neg[:, 1]])


if __name__ == "__main__":
    values = [trial(seed) for seed in range(3)]
    with open("results.json", "w") as file:
        json.dump({"auc": float(np.mean(values)), "graphs": values}, file)
""",
}

WALK = {
    "README.md": "# Walkers\n\nBalanced accuracy over 6 folds. No subject is in both the training and the test part. `python walk.py`\n",
    "paper.md": "# Walkers\n\nTired or not, from 30 subjects. All strides of a subject are in one fold.\n",
    "walk.py": """import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold


def folds(x, y, subject):
    scores = []
    for a, b in GroupKFold(6).split(x, y, subject):
        model = LogisticRegression().fit(x[a], y[a])
        scores.append(balanced_accuracy_score(y[b], model.predict(x[b])))
    return scores


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(30), 20)
    y = subject % 3 // 2
    x = rng.normal(size=(30, 5))[subject] + y[:, None] + rng.normal(size=(600, 5))
    with open("results.json", "w") as file:
        json.dump({"balanced_accuracy": float(np.mean(folds(x, y, subject)))}, file)
""",
}

RARE = {
    "README.md": "# Rare\n\nThe rare class of the training part is oversampled. Balanced accuracy of the rest, 5 seeds. `python rare.py`\n",
    "paper.md": "# Rare\n\nStratified split 60/40; the rare class of the training part is oversampled. Balanced accuracy 0.8, mean over 5 seeds.\n",
    "rare.py": """import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split


def oversample(x, y, rng):
    rare = np.flatnonzero(y == 1)
    order = np.r_[np.arange(len(y)), rng.choice(rare, (y == 0).sum() - len(rare))]
    return x[order], y[order]


def parts(x, y, seed):
    x_fit, x_rest, y_fit, y_rest = train_test_split(x, y, test_size=0.4, stratify=y, random_state=seed)
    return (x_fit, y_fit), (x_rest, y_rest)


def half(seed):
    rng = np.random.default_rng(seed)
    y = (rng.random(600) < 0.2).astype(int)
    x = rng.normal(size=(600, 5)) + y[:, None]
    (x_fit, y_fit), (x_rest, y_rest) = parts(x, y, seed)
    x_fit, y_fit = oversample(x_fit, y_fit, rng)
    return balanced_accuracy_score(y_rest, LogisticRegression().fit(x_fit, y_fit).predict(x_rest))


if __name__ == "__main__":
    values = [half(seed) for seed in range(5)]
    with open("results.json", "w") as file:
        json.dump({"balanced_accuracy": float(np.mean(values)), "seeds": values}, file)
""",
}

TIDES = {
    "README.md": "# Tides\n\nForecast of the next hour from the 24 hours before; the persistence and the mean baselines see the same training hours. `python tides.py`\n",
    "paper.md": "# Tides\n\nForecast of the next hour. The first 80 % are for training, the last 20 % for testing. MAE 0.05.\n",
    "tides.py": """import json

import numpy as np


class Profile:
    def __init__(self, series):
        self.mean = np.array([series[hour::24].mean() for hour in range(24)])

    def mae(self, series):
        return float(np.abs(self.mean[np.arange(len(series)) % 24] - series).mean())


def windows(series):
    t = np.arange(24, len(series))
    return np.stack([series[t - k] for k in range(1, 25)], 1), series[t]


def mae(w, x, y):
    return float(np.abs(x @ w - y).mean())


if __name__ == "__main__":
    hours = np.arange(1500)
    series = np.cos(hours / 12.42) + np.random.default_rng(0).normal(0, 0.05, 1500)
    train, test = series[:1200], series[1200:]
    x, y = windows(train)
    w = np.linalg.lstsq(x, y, rcond=None)[0]
    out = {"mae": mae(w, *windows(test)), "profile_mae": Profile(train).mae(test)}
    with open("results.json", "w") as file:
        json.dump(out, file)
""",
}

HONEST = {
    "films": FILMS,
    "curve": CURVE,
    "tags": TAGS,
    "ranks": RANKS,
    "rates": RATES,
    "leaves": LEAVES,
    "links": LINKS,
    "walk": WALK,
    "rare": RARE,
    "tides": TIDES,
}
