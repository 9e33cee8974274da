"""Clean data: is selection ever worse than uniform, is its start twice as fast, does it gain the 0.4 points that the report printed?"""

from arms import Curve, Task, compared, shuffled, train_arm
from model import network
from sources import clean

from aquarius.aql import Root, TopK


def train(run) -> dict[str, float]:
    """Train every arm on one set of clean images. No checkpoint: a run takes a minute."""
    settings, data = run.settings, clean(run)
    task = Task(
        x=data.x,
        y=data.y,
        build=lambda: network(settings["hidden"], settings["dropout"]),
        quality=lambda model: 100.0 * (model(data.test_x).argmax(1) == data.test_y).float().mean().item(),
        learning_rate=settings["learning_rate"],
        batch_size=settings["batch_size"],
        every=settings["evaluate_every"],
        seed=run.seed,
        averaged=settings["averaged"],
    )
    samples, keep = settings["samples"], TopK(settings["keep"], settings["floor"])
    pace = Root(settings["curriculum_start"], settings["curriculum_until"])
    uniform = train_arm(task, samples)
    arms = {
        "cached": train_arm(task, samples, scorer="epistemic", policy=keep, mode="cached"),
        "margin": train_arm(task, samples, scorer="margin", policy=keep, mode="online"),
        "selection": train_arm(task, samples, scorer="epistemic", policy=keep, mode="streaming"),
        "curriculum": train_arm(task, samples, scorer=shuffled(run.seed), policy=keep, mode="streaming", curriculum=pace),
        "integrated": train_arm(task, samples, scorer="epistemic", policy=keep, mode="streaming", curriculum=pace),
    }
    for name, curve in {"uniform": uniform, **arms}.items():
        for place in range(len(curve.samples)):
            run.log(curve.samples[place], **{f"accuracy {name}": curve.quality[place]})
    return figures(uniform, arms, settings["early"], settings["printed_baseline"])


def figures(uniform: Curve, arms: dict[str, Curve], early: float, printed: float) -> dict[str, float]:
    """Return what is judged: differences in points at equal samples and equal compute, ratios to reach an early and a printed accuracy."""
    target, end = uniform.at_samples(early * uniform.samples[-1]), uniform.compute[-1]
    found = {"uniform_accuracy": uniform.at_compute(end), "early_accuracy": target}
    at = uniform.reach(printed)
    where = at[0] if at is not None else uniform.samples[-1]
    found |= {"samples_of_the_printed_baseline": float(where), "accuracy_of_the_printed_baseline": uniform.at_samples(where)}
    for name, curve in {"uniform": uniform, **arms}.items():
        found |= {f"{name}_{what}": value for what, value in curve.counts.items()}
    for name, curve in arms.items():
        ratios = compared(uniform, curve, target)
        found |= {f"{name}_early_sample_ratio": ratios["ratio"], f"{name}_early_compute_ratio": 1 / ratios["compute"]}
        found[f"{name}_gain_at_equal_samples"] = curve.at_samples(uniform.samples[-1]) - uniform.at_samples(uniform.samples[-1])
        found[f"{name}_gain_at_equal_compute"] = curve.at_compute(end) - uniform.at_compute(end)
        found[f"{name}_gain_over_the_printed_baseline"] = curve.at_samples(where) - uniform.at_samples(where)
    both, one, other = (found[f"{name}_gain_at_equal_samples"] for name in ("integrated", "selection", "curriculum"))
    found["curriculum_and_selection_beyond_their_sum"] = both - one - other
    return found
