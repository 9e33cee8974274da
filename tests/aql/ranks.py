"""One rank of the test in test_streaming.py: python ranks.py RANK FOLDER."""

from __future__ import annotations

import sys

import torch
from torch import distributed

from aquarius.aql import StreamingAQL


def main(rank: int, folder: str) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    scores = torch.randn(999, generator=torch.Generator().manual_seed(0)).round(decimals=1)  # with ties between ranks
    aql = StreamingAQL(100, payload="value")
    for ids in torch.arange(999)[rank::2].split(37):
        aql.process_chunk(scores[ids], ids, [f"v{n}" for n in ids.tolist()])
    aql.merge_ranks()
    batch = next(aql.get_selected_batches(100))
    torch.save((batch.ids, batch.values, aql.buffer.seen), f"{folder}/{rank}")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
