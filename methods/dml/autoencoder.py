"""Autoencoders that embed the features of users and of items in the unit ball.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.1, Eq. (2).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import IntArray
from methods.dml.features import Features

HIDDEN = (32, 16)
"""Widths of the encoder's two hidden layers; the decoder mirrors them (§5.4)."""
ROWS_AT_ONCE = 4096


class AutoEncoder(nn.Module):
    """Encoder m -> 32 -> 16 -> d and decoder d -> 16 -> 32 -> m, with codes in the unit ball."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__()
        # Silent: the activation; ReLU, as in the recommendation networks.
        self.encoder = _mlp(width, *HIDDEN, dimension)
        self.decoder = _mlp(dimension, *reversed(HIDDEN), width)

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m)."""
        codes: Tensor = self.encoder(features)
        return into_ball(codes)

    def loss(self, features: Tensor) -> Tensor:
        """The mean squared norm of what is lost of features (n, m); Eq. (2)."""
        lost = features - self.decoder(self.encode(features))
        return torch.mean(lost.square().sum(dim=1))


def into_ball(codes: Tensor) -> Tensor:
    """The codes (n, d), those outside the unit ball moved to its nearest point.

    Silent: how embeddings are kept inside; as this is part of the encoder, the decoder learns
    with it, and codes within the ball keep their lengths.
    """
    return codes / codes.norm(dim=1, keepdim=True).clamp(min=1)


def embeddings(
    features: Features, dimension: int, *, steps: int, batch_size: int, lr: float, seed: int
) -> Tensor:
    """Train an autoencoder on ``features`` and return its codes (n, d), one a row.

    Rows of which nothing is known take no part in training and get the code of the mean.
    """
    torch.manual_seed(seed)
    model = AutoEncoder(features.width, dimension)
    adam = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    for rows in islice(_batches(features.seen, batch_size, seed), steps):
        loss = model.loss(torch.from_numpy(features.centred(rows)))
        adam.zero_grad()
        loss.backward()
        adam.step()
    chunks = np.array_split(np.arange(len(features)), -(-len(features) // ROWS_AT_ONCE))
    with torch.no_grad():
        codes = [model.encode(torch.from_numpy(features.centred(rows))) for rows in chunks]
    return torch.cat(codes)


def _batches(rows: IntArray, batch_size: int, seed: int) -> Iterator[IntArray]:
    """Batches of shuffled rows without end; none if there are no rows."""
    rng = np.random.default_rng(seed)
    while len(rows):
        order = rng.permutation(rows)
        yield from (order[k : k + batch_size] for k in range(0, len(order), batch_size))


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
