"""Staged pairs of protocol: rows that reach the choice, the fit or the number, whatever they are called, and promises of the text."""

from __future__ import annotations

from audit.repositories_protocol import CURVE, FILMS, LEAVES, LINKS, RANKS, RARE, RATES, TAGS, TIDES, WALK
from audit.staged import flaw

FLAWS = (
    flaw("biases of the hidden ratings", "protocol", FILMS, "films.py", ("films.py", "fit(films[seen], stars[seen])", "fit(films, stars)")),
    flaw(
        "seldom seen films are not measured", "protocol", FILMS, "films.py",
        ("films.py", "    seen = ~hidden\n", "    seen = ~hidden\n    often = np.bincount(films[seen], minlength=80) > 30\n    hidden &= often[films]\n"),
    ),
    flaw("degree by the last third", "protocol", CURVE, "curve.py", ("curve.py", "pick(one, two)", "pick(one, three)")),
    flaw("halted by the far points", "protocol", CURVE, "curve.py", ("curve.py", "halted(near, probe)", "halted(near, far)")),
    flaw(
        "the true tag is given", "protocol", TAGS, "tags.py",
        ("tags.py", "        before = tagger.best(before, word)\n        out.append(before)\n", "        out.append(tagger.best(before, word))\n        before = truth\n"),
    ),
    flaw("low ranks are dropped", "protocol", RANKS, "ranks.py", ("ranks.py", '    return {"recall@5"', '    r = r[r < 300]\n    return {"recall@5"')),
    flaw(
        "a tenth of the documents", "protocol", RANKS, "ranks.py",
        ("ranks.py", "    scores = queries @ docs.T\n", "    pool = np.union1d(relevant, np.arange(0, len(docs), 10))\n    docs, relevant = docs[pool], np.searchsorted(pool, relevant)\n    scores = queries @ docs.T\n"),
    ),
    flaw("the first ten", "protocol", RANKS, "ranks.py", ("ranks.py", "(r <= 5).mean()", "(r <= 10).mean()")),
    flaw("better half of the starts", "protocol", RANKS, "ranks.py", ("ranks.py", "sum(scores) / len(scores)", "sum(sorted(scores)[len(rows) // 2 :]) / (len(rows) - len(rows) // 2)")),
    flaw("standard error as deviation", "protocol", RANKS, "ranks.py", ("ranks.py", "float(np.std(scores, ddof=1))", "float(np.std(scores, ddof=1) / np.sqrt(len(scores)))")),
    flaw("one setting for the baseline", "protocol", RATES, "rates.py", ("rates.py", 'tuned(METHODS["plain"], SLOW, parts)', 'tuned(METHODS["plain"], SLOW[:1], parts)')),
    flaw("fewer epochs in the options", "protocol", RATES, "rates.py", ("rates.py", '"plain": {"momentum": 0.0}', '"plain": {"momentum": 0.0, "epochs": 8}')),
    flaw("accuracy as balanced accuracy", "protocol", LEAVES, "leaves.py", ("leaves.py", "float((m.diagonal() / m.sum(1)).mean())", "float(m.diagonal().sum() / m.sum())")),
    flaw("rarest class left out", "protocol", LEAVES, "leaves.py", ("leaves.py", "float(f.mean())", "float(f[:-1].mean())")),
    flaw("filled with means of all", "protocol", LEAVES, "leaves.py", ("leaves.py", "Filler().fit(x[tr])", "Filler().fit(x)")),
    flaw(
        "copies stay", "protocol", LEAVES, "leaves.py",
        ("leaves.py", "    keep = np.unique(np.nan_to_num(x), axis=0, return_index=True)[1]\n    x, y = x[keep], y[keep]\n", ""),
    ),
    flaw("the whole graph", "protocol", LINKS, "links.py", ("links.py", "    s = left @ left\n", "    s = adj @ adj\n")),
    flaw("strides of one subject on both sides", "protocol", WALK, "walk.py", ("walk.py", "GroupKFold(6).split(x, y, subject)", "KFold(6, shuffle=True, random_state=0).split(x)"), ("walk.py", "import GroupKFold\n", "import KFold\n")),
    flaw(
        "oversampled before a helper splits", "protocol", RARE, "rare.py",
        ("rare.py", "    (x_fit, y_fit), (x_rest, y_rest) = parts(x, y, seed)\n    x_fit, y_fit = oversample(x_fit, y_fit, rng)\n", "    x, y = oversample(x, y, rng)\n    (x_fit, y_fit), (x_rest, y_rest) = parts(x, y, seed)\n"),
    ),
    flaw("baseline on three hundred hours", "protocol", TIDES, "tides.py", ("tides.py", "Profile(train)", "Profile(train[:300])")),
    flaw(
        "inputs smoothed over the hour to predict", "protocol", TIDES, "tides.py",
        ("tides.py", "    t = np.arange(24, len(series))\n    return np.stack([series[t - k]", '    t = np.arange(24, len(series))\n    calm = np.convolve(series, np.ones(3) / 3, mode="same")\n    return np.stack([calm[t - k]'),
    ),
)  # fmt: skip
