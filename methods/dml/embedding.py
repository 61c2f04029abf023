"""A domain with its users and items embedded, ready for metric and dual learning.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.data.views import DomainView
from benchmark.recommender import IntArray
from methods.dml.autoencoders import AUTOENCODERS
from methods.dml.autoencoders.coder import Coder, into_ball
from methods.dml.autoencoders.training import codes, trained
from methods.dml.dual import Ratings
from methods.dml.features import Features, item_features, user_features

EmbeddingKind = Literal["ae", "vae", "aae", "wae", "hvae", "linear", "id"]
"""Codes of features by an autoencoder, a variational, adversarial, Wasserstein or hyperspherical
variational one (Table 11), or the released code's linear one; without features, vectors that are
learnt for the ids (Table 9)."""

# Silent: where ids' embeddings start.
ID_SPREAD = 0.1


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

    kind: EmbeddingKind
    dimension: int
    columns: int
    folds: int
    steps: int
    batch_size: int
    lr: float

    def embed(self, view: DomainView, *, seed: int) -> EmbeddedDomain:
        """Users and items as the training rows of ``view`` describe them."""
        seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
        if self.kind == "id":
            return self._ids(view, torch.Generator().manual_seed(seeds[0]))
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
            values=_shares(view),
        )
        return EmbeddedDomain(users, items, features[0].seen, ratings)

    def _ids(self, view: DomainView, generator: torch.Generator) -> EmbeddedDomain:
        """Tables that dual learning changes; of whom nothing is known, the ball's centre."""
        users, items = (
            _id_table(n, ids, self.dimension, generator)
            for n, ids in ((view.n_users, view.users), (view.n_items, view.items))
        )
        rows = torch.from_numpy(view.users), torch.from_numpy(view.items)
        known = np.unique(view.users)
        return EmbeddedDomain(users, items, known, Ratings(users, items, *rows, _shares(view)))

    def _features(self, view: DomainView) -> tuple[Features, Features]:
        return user_features(view, self.columns), item_features(view, self.columns)

    def _trained(self, features: Features, seed: int) -> Coder:
        return trained(
            AUTOENCODERS[self.kind],
            features,
            self.dimension,
            steps=self.steps,
            batch_size=self.batch_size,
            lr=self.lr,
            seed=seed,
        )


def _shares(view: DomainView) -> Tensor:
    """Ratings (n,) in shares of a constant of the scale, never of the data."""
    # Silent: how ratings are scaled "between 0 and 1" (§5.1); as shares of the highest.
    return torch.from_numpy(view.ratings / view.scale[1]).float()


def _id_table(n: int, ids: IntArray, dimension: int, generator: torch.Generator) -> Tensor:
    rated = torch.from_numpy(np.bincount(ids, minlength=n) > 0)
    drawn = torch.empty(n, dimension).normal_(std=ID_SPREAD, generator=generator)
    return into_ball(drawn) * rated[:, None]


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
