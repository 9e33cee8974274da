"""One rank of the test in test_streaming.py: python ranks.py RANK FOLDER."""

from __future__ import annotations

import sys

import torch
from loops import doubts, network, samples
from torch import distributed
from torch.utils.data import TensorDataset

from aquarius.aql import AQL, StreamingAQL


def main(rank: int, folder: str) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    scores = torch.randn(999, generator=torch.Generator().manual_seed(0)).round(decimals=1)  # with ties between ranks
    aql = StreamingAQL(100, payload="value")
    for ids in torch.arange(999)[rank::2].split(37):
        aql.process_chunk(scores[ids], ids, [f"v{n}" for n in ids.tolist()])
    aql.merge_ranks()
    batch = next(aql.get_selected_batches(100))
    torch.save((batch.ids, batch.values, aql.buffer.seen), f"{folder}/{rank}")
    torch.save(choices(rank), f"{folder}/chosen{rank}")
    torch.save(doubts(rank), f"{folder}/doubts{rank}")
    distributed.destroy_process_group()


def choices(rank: int) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Three epochs in which each rank scores its half of what is chosen; the fourth choice, the scores and the visits that this rank knows of."""
    x, y = samples()
    aql = AQL(network(), scorer="loss", budget=None)
    data = aql.dataset(TensorDataset(x, y))
    for _ in range(3):
        data.draw()
        own = data.ids[rank::2]
        aql.learn(torch.randn(len(own), 3, generator=torch.Generator().manual_seed(rank)), y[own], own)
    data.draw()
    return data.ids, aql.store.get("score").nan_to_num(-1), int(aql.store.visits.sum())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
