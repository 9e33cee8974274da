"""The redundant stream: how many samples, and how much compute, each way of choosing needs to be as good as tuned uniform training."""

from arms import Curve, Task, by_dropout, compared, plausible, shuffled, train_arm
from model import network
from sources import redundant

from aquarius.aql import Root, TopK


def train(run) -> dict[str, float]:
    """Train every arm on one stream; uniform first, whose final accuracy is the target. No checkpoint: a run takes a minute."""
    settings, data = run.settings, redundant(run)
    kind = data.kind
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
    uniform = train_arm(task, settings["samples"], kind=kind)
    target = sum(uniform.quality[-10:]) / len(uniform.quality[-10:])
    keep = TopK(settings["keep"], settings["floor"])
    fewer = int(settings["samples"] * 3 / (3 + 1 / settings["keep"]))  # of which selection has paid as much as uniform in all
    pace = Root(settings["curriculum_start"], settings["curriculum_until"])
    online = {"policy": keep, "mode": "online"}
    streaming = {"policy": keep, "mode": "streaming"}
    arms = {
        "aql": train_arm(task, fewer, kind=kind, scorer=plausible(settings["plausible"]), **online),
        "curriculum": train_arm(task, fewer, kind=kind, scorer="epistemic", curriculum=pace, **streaming),
        "epistemic": train_arm(task, fewer, kind=kind, scorer="epistemic", **streaming),
        "only_curriculum": train_arm(task, fewer, kind=kind, scorer=shuffled(run.seed), curriculum=pace, **streaming),
        "entropy": train_arm(task, fewer, kind=kind, scorer="entropy", **online),
        "loss": train_arm(task, fewer, kind=kind, scorer="loss", **online),
        "dropout": train_arm(
            task,
            fewer,
            kind=kind,
            attach=by_dropout(settings["passes"], round(settings["batch_size"] / settings["keep"])),
            cost_of_scoring=settings["passes"],
            **online,
        ),
        "shuffled": train_arm(task, fewer, kind=kind, scorer=shuffled(run.seed), **online),
    }
    for name, curve in {"uniform": uniform, **arms}.items():
        for place in range(len(curve.samples)):
            run.log(curve.samples[place], **{f"accuracy {name}": curve.quality[place]})
    return figures(uniform, arms, target)


def figures(uniform: Curve, arms: dict[str, Curve], target: float) -> dict[str, float]:
    """Return what is judged: ratios to reach the target, and differences in points at equal samples and at equal compute."""
    found = {"uniform_accuracy": target, "uniform_samples": float((uniform.reach(target) or (uniform.samples[-1],))[0])}
    for name, curve in {"uniform": uniform, **arms}.items():
        found |= {f"{name}_{what}": value for what, value in curve.counts.items()}
    samples = min(curve.samples[-1] for curve in arms.values())
    found["equal_samples"] = float(samples)
    for name, curve in arms.items():
        ratios = compared(uniform, curve, target)
        found |= {f"{name}_sample_ratio": ratios["ratio"], f"{name}_compute_ratio": ratios["compute"], f"{name}_reached": ratios["reached"]}
        found[f"{name}_gain_at_equal_samples"] = curve.at_samples(samples) - uniform.at_samples(samples)
        found[f"{name}_gain_at_equal_compute"] = curve.at_compute(uniform.compute[-1]) - uniform.at_compute(uniform.compute[-1])
    both, one, other = (found[f"{name}_gain_at_equal_samples"] for name in ("curriculum", "epistemic", "only_curriculum"))
    found["curriculum_and_selection_beyond_their_sum"] = both - one - other
    found["laplace_less_dropout"] = arms["epistemic"].at_samples(samples) - arms["dropout"].at_samples(samples)
    return found
