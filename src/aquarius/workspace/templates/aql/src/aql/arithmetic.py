"""The report's numbers that follow from arithmetic: what they are, and so what they show."""

import heapq
import math

import torch

from aquarius.aql import StreamingAQL
from equations import schedule

EDGES = (0.0, 0.1, 0.2, 0.5, 0.8, 1.0)  # shares of the run at which the printed thresholds come out


class Counted(float):
    """A number that counts how often it is compared."""

    comparisons = 0

    def __lt__(self, other: float) -> bool:
        Counted.comparisons += 1
        return float(self) < float(other)


def train(run) -> dict[str, float]:
    """Return the mean of the 100 highest of 1,000 random scores, the schedule's thresholds, the cost of a heap, the memory of a full diagonal."""
    settings = run.settings
    stream = StreamingAQL(settings["kept"])
    stream.process_chunk(torch.rand(settings["scores"]))
    best = torch.cat([batch.scores for batch in stream.get_selected_batches(settings["kept"])])
    found = {"mean_of_the_selected": best.mean().item()}
    found |= {f"threshold_{number}": float(schedule(torch.tensor(share))) for number, share in enumerate(EDGES, 1)}
    small, large = (per_insertion(size) for size in (settings["small_heap"], settings["large_heap"]))
    found |= {"comparisons_in_a_small_heap": small, "comparisons_in_a_large_heap": large, "growth_of_comparisons": large / small}
    found["growth_of_the_logarithm"] = math.log(settings["large_heap"]) / math.log(settings["small_heap"])
    found["extra_memory_of_a_full_diagonal"] = 100 * 4 / 16  # bytes a parameter: one number, over weight, gradient and two moments of Adam
    return found


def per_insertion(size: int) -> float:
    """Return the comparisons of one accepted insertion into a heap that keeps the `size` largest, over as many insertions as it holds."""
    heap = [Counted(value) for value in torch.rand(size).tolist()]
    heapq.heapify(heap)
    Counted.comparisons = 0
    for value in (1 + torch.rand(size)).tolist():
        heapq.heappushpop(heap, Counted(value))
    return Counted.comparisons / size
