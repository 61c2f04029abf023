"""Inference in one domain, Eq. (10), the same bits for any order and grouping of the pairs.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eq. (10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from benchmark.recommender import FloatArray, IntArray, Pairs, Side
from methods.recsys_dan.networks import Activation, Generators, encode
from methods.recsys_dan.samples import Samples

_CHUNK = 4096
"""Pairs scored at a time, which bounds memory."""


@dataclass(frozen=True)
class Scorer:
    """Each user's and each item's share of Gf's dense layer, which is a sum of the two.

    ``users`` (n_users, d), ``items`` (n_items, d) with the layer's bias, and the scoring
    function's ``weights`` (d,) and ``bias``. All that is left to do for a pair is done row by row.
    """

    users: NDArray[np.float32]
    items: NDArray[np.float32]
    activation: Activation
    weights: NDArray[np.float32]
    bias: float

    @classmethod
    def of(cls, generators: Generators, scoring: nn.Linear, samples: Samples) -> Self:
        """Encode the users and items of the domain that ``samples`` come from."""
        user_codes = encode(generators.user, samples.user_inputs[np.arange(samples.n_users)])
        item_codes = encode(generators.item, samples.item_inputs[np.arange(samples.n_items)])
        users, items = generators.interaction.shares(user_codes, item_codes)
        return cls(
            users.numpy(),
            items.numpy(),
            generators.interaction.activation,
            scoring.weight[0].detach().numpy().copy(),
            scoring.bias.item(),
        )

    def embed(self, pairs: Pairs) -> FloatArray:
        """Gf's output (n, d)."""
        return self._embed(pairs.users, pairs.items)

    def score(self, pairs: Pairs) -> FloatArray:
        """Ratings (n,) in stars, not clipped."""
        scores = np.empty(len(pairs))
        for start in range(0, len(pairs), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            embedded = self._embed(pairs.users[chunk], pairs.items[chunk])
            # A sum along each row, not a matrix product, whose bits depend on the rows around.
            scores[chunk] = (embedded * self.weights).sum(axis=1) + self.bias  # Eq. (10)
        return scores

    def _embed(self, users: IntArray, items: IntArray) -> FloatArray:
        embedded = self.users[users].astype(np.float64) + self.items[items]
        return embedded if self.activation == "linear" else np.maximum(embedded, 0)


@dataclass(frozen=True)
class Snapshot:
    """The interactions of both domains at some point of training."""

    scorers: Mapping[Side, Scorer]

    def embed(self, pairs: Pairs) -> FloatArray:
        """Gf's output (n, d)."""
        return self.scorers[pairs.side].embed(pairs)
