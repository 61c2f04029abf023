"""A domain with its users and items embedded, ready for metric and dual learning.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.data.views import DomainView
from benchmark.recommender import IntArray
from methods.dml.autoencoder import AutoEncoder, codes, trained
from methods.dml.dual import Ratings
from methods.dml.features import Features, item_features, user_features


@dataclass(frozen=True)
class EmbeddedDomain:
    """``users`` (n_users, d) and ``items`` (n_items, d), ``ratings`` to learn from.

    ``known_users`` are those of whom there is any feature.
    """

    users: Tensor
    items: Tensor
    known_users: IntArray
    ratings: Ratings


@dataclass(frozen=True)
class Embedder:
    """Learns to embed users and items; the fields are those of DML."""

    dimension: int
    columns: int
    folds: int
    steps: int
    batch_size: int
    lr: float

    def embed(self, view: DomainView, *, seed: int) -> EmbeddedDomain:
        """Users and items as the training rows of ``view`` describe them."""
        seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
        features = self._features(view)
        models = [self._trained(f, seed) for f, seed in zip(features, seeds, strict=False)]

        def tables(of: DomainView) -> tuple[Tensor, Tensor]:
            users, items = map(codes, models, features if of is view else self._features(of))
            return users, items

        users, items = tables(view)
        fold = np.random.default_rng(seeds[2]).integers(max(self.folds, 1), size=len(view.users))
        others = [_part(view, fold != k) for k in range(self.folds)]
        user_tables, item_tables = zip(*map(tables, others or [view]), strict=True)
        ratings = Ratings(
            torch.cat(user_tables),
            torch.cat(item_tables),
            users=torch.from_numpy(view.users + fold * view.n_users),
            items=torch.from_numpy(view.items + fold * view.n_items),
            # A constant of the scale, never of the data.
            values=torch.from_numpy(view.ratings / view.scale[1]).float(),
        )
        return EmbeddedDomain(users, items, features[0].seen, ratings)

    def _features(self, view: DomainView) -> tuple[Features, Features]:
        return user_features(view, self.columns), item_features(view, self.columns)

    def _trained(self, features: Features, seed: int) -> AutoEncoder:
        return trained(
            features,
            self.dimension,
            steps=self.steps,
            batch_size=self.batch_size,
            lr=self.lr,
            seed=seed,
        )


def _part(view: DomainView, kept: NDArray[np.bool_]) -> DomainView:
    """The view with only some of its rows."""
    return replace(
        view,
        users=view.users[kept],
        items=view.items[kept],
        times=view.times[kept],
        ratings=view.ratings[kept],
        reviews=None if view.reviews is None else view.reviews[kept],
    )
