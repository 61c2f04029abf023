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
        return torch.mean(torch.sum(lost.square(), dim=1))


def into_ball(codes: Tensor) -> Tensor:
    """The codes (n, d), those outside the unit ball moved to its nearest point."""
    # Silent: how codes are kept in the ball. Projection is part of the encoder, so that the
    # decoder learns with it; scaling all of them by the longest would let one row shrink the rest.
    lengths: Tensor = torch.linalg.vector_norm(codes, dim=1, keepdim=True)
    return codes / lengths.clamp(min=1)


def trained(
    features: Features, dimension: int, *, steps: int, batch_size: int, lr: float, seed: int
) -> AutoEncoder:
    """An autoencoder that has seen ``steps`` batches of rows of which something is known."""
    torch.manual_seed(seed)
    model = AutoEncoder(features.width, dimension)
    adam = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    for rows in islice(_batches(features.seen, batch_size, seed), steps):
        loss = model.loss(torch.from_numpy(features.centred(rows)))
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    return model


@torch.no_grad()
def codes(model: AutoEncoder, features: Features) -> Tensor:
    """The embeddings (n, d); of whom nothing is known, the embedding of the mean."""
    chunks = np.array_split(np.arange(len(features)), -(-len(features) // ROWS_AT_ONCE))
    return torch.cat([model.encode(torch.from_numpy(features.centred(c))) for c in chunks])


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
