"""An honest repository with everything that the rules on the origin of numbers look at: attributes that learn, a log, a cache-free figure, golden values."""

from __future__ import annotations

HOUSE = {
    "README.md": """# Prices by Descent

Ridge regression by gradient descent with momentum 0.9 and a cosine schedule, our own code (`house.py`). A bias is learned for every district.

| | test RMSE |
|---|---|
| paper | 0.512 |
| ours | 0.4843 ± 0.0217 |

Four seeds (0 to 3), 40 epochs each, standard deviation over the seeds. `python run.py`, then `python figure.py`, `python verify.py` and `pytest`.
""",
    "paper.md": "# Prices by Descent\n\nRidge regression, momentum 0.9, cosine schedule, 40 epochs, 4 seeds. A district bias is learned. Test RMSE 0.512.\n",
    "config.json": '{"epochs": 40, "momentum": 0.9, "seeds": [0, 1, 2, 3]}\n',
    "pytest.ini": "[pytest]\ntestpaths = tests\naddopts = -q\n",
    "house.py": '''"""Ridge regression by descent, written out."""
import numpy as np


class Prices:
    def __init__(self, width, districts, rate=0.05):
        self.weight, self.bias, self.rate = np.zeros(width), np.zeros(districts), rate

    def predict(self, x, district):
        return x @ self.weight + self.bias[district]

    def step(self, x, district, y, momentum, velocity, rate):
        e = self.predict(x, district) - y
        velocity = momentum * velocity - rate * x.T @ e / len(y)
        self.weight = self.weight + velocity
        np.subtract.at(self.bias, district, rate * e / len(y))
        self.bias -= 0.001 * self.bias
        return velocity


class Cosine:
    def __init__(self, peak, length):
        self.peak, self.length = peak, length

    def at(self, epoch):
        return self.peak * 0.5 * (1 + np.cos(np.pi * epoch / self.length))


def rmse(guess, y):
    return float(np.sqrt(np.mean((guess - y) ** 2)))
''',
    "run.py": '''import json
from pathlib import Path

import numpy as np

from house import Cosine, Prices, rmse

PAPER = 0.512


def sample(n, rng):
    x, district = rng.normal(0, 1, (n, 5)), rng.integers(0, 4, n)
    return x, district, x @ np.arange(5) / 5 + 0.3 * district + rng.normal(0, 0.45, n)


def trial(seed, cfg, log):
    rng = np.random.default_rng(seed)
    x, district, y = sample(300, rng)
    test_x, test_district, test_y = sample(200, rng)
    model, velocity = Prices(5, 4), np.zeros(5)
    schedule = Cosine(0.05, cfg["epochs"])
    for epoch in range(cfg["epochs"]):
        velocity = model.step(x, district, y, cfg["momentum"], velocity, schedule.at(epoch))
        if epoch % 10 == 9:
            log.write(f"seed={seed} epoch={epoch + 1} loss={rmse(model.predict(x, district), y):.4f}\\n")
    guess = model.predict(test_x, test_district)
    log.write(f"seed={seed} test_rmse={rmse(guess, test_y):.4f}\\n")
    return rmse(guess, test_y)


def main():
    cfg = json.loads(Path("config.json").read_text())
    Path("logs").mkdir(exist_ok=True)
    with open("logs/run.log", "w") as log:
        values = [trial(seed, cfg, log) for seed in cfg["seeds"]]
    out = {"rmse": float(np.mean(values)), "sd": float(np.std(values, ddof=1)), "per_seed": values}
    Path("results.json").write_text(json.dumps(out, indent=1))
    print(out, "paper", PAPER)


if __name__ == "__main__":
    main()
''',
    "figure.py": '''import json
from pathlib import Path

import matplotlib.pyplot as plt

values = json.loads(Path("results.json").read_text())["per_seed"]
plt.bar(range(len(values)), values, color=[0.12, 0.47, 0.71])
plt.savefig("seeds.png")
''',
    "verify.py": '''import json
import sys

from run import main

before = json.load(open("results.json"))["rmse"]
main()
after = json.load(open("results.json"))["rmse"]
if abs(before - after) > 1e-9:
    print("different", before, after)
    sys.exit(1)
print("verified")
''',
    "results.json": '{"rmse": 0.48433, "sd": 0.0216708, "per_seed": [0.4611, 0.5061, 0.4991, 0.47102]}\n',
    "logs/run.log": "".join(
        "".join(f"seed={seed} epoch={epoch} loss={loss:.4f}\n" for epoch, loss in zip((10, 20, 30, 40), losses, strict=True))
        + f"seed={seed} test_rmse={test}\n"
        for seed, losses, test in (
            (0, (0.7312, 0.5421, 0.4713, 0.4522), "0.4611"), (1, (0.7518, 0.5609, 0.4872, 0.4661), "0.5061"),
            (2, (0.7123, 0.5377, 0.4699, 0.4537), "0.4991"), (3, (0.7404, 0.5562, 0.4802, 0.4593), "0.4710"),
        )
    ),
    "tests/conftest.py": '''import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture
def tolerance():
    return 1e-9
''',
    "tests/make_golden.py": '''"""The definition of the RMSE in plain Python; run once by hand."""
import json
import math
from pathlib import Path

A, B = [1.0, 2.0, 4.0], [1.5, 2.0, 3.0]
golden = math.sqrt(sum((a - b) ** 2 for a, b in zip(A, B)) / 3)
Path(__file__).with_name("golden.json").write_text(json.dumps(golden))
''',
    "tests/golden.json": "0.6454972243679028\n",
    "tests/test_house.py": '''import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from house import Cosine, Prices, rmse
from run import sample, trial


def by_definition(a, b):
    return (sum((p - q) ** 2 for p, q in zip(a, b)) / len(a)) ** 0.5


def test_rmse_against_the_golden_value(tolerance):
    golden = json.loads(Path(__file__).with_name("golden.json").read_text())
    assert abs(rmse(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])) - golden) < tolerance


@pytest.mark.parametrize("n", [2, 5])
def test_rmse_by_definition(n):
    a, b = np.arange(n) * 1.5, np.ones(n)
    expected = by_definition(a, b)
    assert np.allclose(rmse(a, b), expected)


@pytest.mark.skipif(not os.environ.get("SLOW"), reason="slow")
def test_a_trial_learns():
    with open(os.devnull, "w") as log:
        value = trial(0, {"epochs": 40, "momentum": 0.9}, log)
    assert value < 0.9


def test_the_schedule_ends_at_zero():
    assert Cosine(0.1, 8).at(0) == 0.1 and abs(Cosine(0.1, 8).at(8)) < 1e-12


def test_a_step_lowers_the_error():
    x, district, y = sample(50, np.random.default_rng(0))
    model = Prices(5, 4)
    before = rmse(model.predict(x, district), y)
    model.step(x, district, y, 0.0, np.zeros(5), 0.05)
    assert rmse(model.predict(x, district), y) < before
''',
}  # fmt: skip
