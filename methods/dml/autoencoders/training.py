"""Autoencoders that embed the features of users and of items in the unit ball.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.1, Eq. (2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from benchmark.recommender import IntArray
from methods.dml.autoencoders.coder import Coder
from methods.dml.features import Features

ROWS_AT_ONCE = 4096


def trained(
    make: Callable[[int, int], Coder],
    features: Features,
    dimension: int,
    *,
    steps: int,
    batch_size: int,
    lr: float,
    seed: int,
) -> Coder:
    """An autoencoder that has seen ``steps`` batches of rows of which something is known."""
    torch.manual_seed(seed)
    model = make(features.width, dimension)
    adam = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    for rows in islice(_batches(features.seen, batch_size, seed), steps):
        loss = model.loss(torch.from_numpy(features.centred(rows)))
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    return model


@torch.no_grad()
def codes(model: Coder, features: Features) -> Tensor:
    """The embeddings (n, d); of whom nothing is known, the embedding of the mean."""
    chunks = np.array_split(np.arange(len(features)), -(-len(features) // ROWS_AT_ONCE))
    return torch.cat([model.encode(torch.from_numpy(features.centred(c))) for c in chunks])


def _batches(rows: IntArray, batch_size: int, seed: int) -> Iterator[IntArray]:
    """Batches of shuffled rows without end; none if there are no rows."""
    rng = np.random.default_rng(seed)
    while len(rows):
        order = rng.permutation(rows)
        yield from (order[k : k + batch_size] for k in range(0, len(order), batch_size))
