"""DML: two domains' recommenders, trained in turn on each other's users through an orthogonal map.

P. Li and A. Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain
Recommendations", IEEE TKDE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from torch import Tensor

from benchmark.data.views import DomainView, TrainingData
from benchmark.errors import BenchError, suggestion
from benchmark.recommender import (
    FloatArray,
    Overlap,
    Pairs,
    Recommender,
    Scores,
    Selection,
    Side,
    Signal,
)
from benchmark.space import Choice, Real, Space
from methods.dml.autoencoder import embeddings
from methods.dml.dual import DualKind, DualLearning, Ratings
from methods.dml.features import Features, item_features, user_features
from methods.dml.networks import Mlp, NetworkPair
from methods.dml.orthogonal import LatentMap, MapKind

ScoreKind = Literal["own", "averaged"]
"""Who rates in the end: the domain's own network, or also the one that rates mapped users."""

_CHUNK = 1024
"""Pairs rated at once, the last chunk padded: a product's rows may depend on their number."""


@dataclass
class DML(Recommender):
    """Domain A is the task's source, domain B its target; either can be queried."""

    name: ClassVar[str] = "dml"
    paper: ClassVar[str] = (
        "Li and Tuzhilin, Dual metric learning for effective and efficient cross-domain "
        "recommendations, IEEE TKDE"
    )
    title: ClassVar[str] = "DML"
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS | Signal.FEATURES
    target_data: ClassVar[Signal] = source_data
    optional: ClassVar[Signal] = Signal.REVIEWS | Signal.FEATURES
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH
    selection: ClassVar[Selection] = Selection.TARGET
    # Silent: the space of the Bayesian optimisation (§5.4). Dimension and batch size, which it
    # chose in the paper, keep the values that the paper states.
    space: ClassVar[Space] = {
        "lr": Real(1e-4, 1e-2, log=True),
        "hidden": Choice((32, 64, 128)),
        "dropout": Real(0.0, 0.5),
        "alpha": Real(0.01, 0.5, log=True),
    }
    smoke: ClassVar[dict[str, Any]] = {"epochs": 2, "autoencoder_steps": 30}

    dimension: int = 16
    """Of the embeddings (§5.4)."""
    batch_size: int = 64
    """Of autoencoders, networks and map (§5.4)."""
    epochs: int = 100
    """At most (§6.8)."""
    tolerance: float = 1e-5
    """Training ends when an epoch changes the loss by less (§6.8)."""
    dual: DualKind = "swap"
    """Algorithm 1's form; ``same`` is that of Eqs. (5) and (6)."""
    map: MapKind = "gs"
    """Gram-Schmidt (§5.4)."""
    score: ScoreKind = "own"
    """Silent; the released code rates by the domain's own network and the user as he is."""
    alpha: float = 0.5
    """Weight of what is transferred, against 1 - alpha (Eq. 7); Algorithm 1 weighs alike: 0.5."""
    hidden: int = 64
    """Width of the network's first hidden layer; silent, the released code's."""
    dropout: float = 0.1
    """Silent; the released code's."""
    lr: float = 1e-3
    """Adam's learning rate for the networks; silent, the released code's."""
    map_lr: float = 0.5
    """Step of X; silent. Embeddings being in the unit ball, none larger is always stable."""
    penalty: float = 1e-6
    """Weight of ``map = soft``; the released code's."""
    columns: int = 256
    """Most columns that history or text is hashed to; silent, 64 to 1,024 made no difference."""
    autoencoder_steps: int = 2000
    """Batches each autoencoder is trained for; silent, 1,000 to 10,000 made no difference."""
    autoencoder_lr: float = 1e-3
    """Adam's learning rate for the autoencoders; silent, Adam's default."""

    def __post_init__(self) -> None:
        for field, kinds in (("dual", DualKind), ("map", MapKind), ("score", ScoreKind)):
            value = getattr(self, field)
            if value not in get_args(kinds):
                raise BenchError(
                    f"dml: {field} = {value!r} is unknown{suggestion(value, get_args(kinds))}"
                )
        if self.dual == "off" and self.score == "averaged":
            raise BenchError(
                "dml: score = 'averaged' needs a network that has rated mapped users; "
                "set dual to 'swap' or 'same'"
            )

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        seeds = iter(np.random.SeedSequence(seed).generate_state(7).tolist())
        views = (data.source, data.target)
        features = [
            (user_features(v, self.columns), item_features(v, self.columns)) for v in views
        ]
        # §3.1: users and items of each domain on their own, lest information leak between domains.
        tables = [[self._embedded(side, next(seeds)) for side in domain] for domain in features]
        # A user of whom one domain knows nothing has no embedding there to learn X from.
        known = [np.isin(data.shared_users[:, k], features[k][0].seen) for k in (0, 1)]
        shared = torch.from_numpy(data.shared_users[known[0] & known[1]])

        generators = [torch.Generator().manual_seed(next(seeds)) for _ in range(3)]
        networks = NetworkPair(Mlp(self.dimension, self.hidden), generators[:2], lr=self.lr)
        latent_map = LatentMap(
            self.map, self.dimension, lr=self.map_lr, penalty=self.penalty, generator=generators[2]
        )
        self.history_ = DualLearning(
            networks,
            latent_map,
            (_ratings(views[0], tables[0]), _ratings(views[1], tables[1])),
            (tables[0][0][shared[:, 0]], tables[1][0][shared[:, 1]]),
            (generators[0], generators[1]),
            dual=self.dual,
            alpha=self.alpha,
            dropout=self.dropout,
            batch_size=self.batch_size,
        ).run(epochs=self.epochs, tolerance=self.tolerance)

        self.rate_ = networks.architecture
        self.parameters_ = [networks.parameters(k) for k in (0, 1)]
        self.users_ = [users for users, _ in tables]
        self.items_ = [items for _, items in tables]
        self.mapped_ = [
            latent_map.to_target(self.users_[0]),
            latent_map.to_source(self.users_[1]),
        ]
        self.map_: FloatArray = latent_map.matrix.numpy()
        self.maxima_ = [view.scale[1] for view in views]
        self.facts_ = {
            "overlap users": len(shared),
            "epochs": len(self.history_["training loss"]),
        }
        return self

    def _embedded(self, features: Features, seed: int) -> Tensor:
        return embeddings(
            features,
            self.dimension,
            steps=self.autoencoder_steps,
            batch_size=self.batch_size,
            lr=self.autoencoder_lr,
            seed=seed,
        )

    def predict(self, pairs: Pairs) -> FloatArray:
        side = int(pairs.side is Side.TARGET)
        users, items = (
            torch.from_numpy(np.pad(column, (0, -len(pairs) % _CHUNK))).split(_CHUNK)
            for column in (pairs.users, pairs.items)
        )
        chunks = [self._rated(side, u, i) for u, i in zip(users, items, strict=True)]
        return self.maxima_[side] * torch.cat(chunks)[: len(pairs)].double().numpy()

    def _rated(self, side: int, users: Tensor, items: Tensor) -> Tensor:
        """Ratings (n,) in shares of the maximum, of pairs of the domain ``side``."""

        def rated(network: int, table: Tensor) -> Tensor:
            pairs = torch.cat([table[users], self.items_[side][items]], dim=1)
            return self.rate_(self.parameters_[network], pairs[None], None)[0]

        own = rated(side, self.users_[side])
        if self.score == "own":
            return own
        transferred = rated(1 - side if self.dual == "swap" else side, self.mapped_[side])
        return (1 - self.alpha) * own + self.alpha * transferred


def _ratings(view: DomainView, tables: Sequence[Tensor]) -> Ratings:
    """Ratings in shares of the scale's maximum, never of the data's: a constant, as is 0."""
    return Ratings(
        user_table=tables[0],
        item_table=tables[1],
        users=torch.from_numpy(view.users),
        items=torch.from_numpy(view.items),
        values=torch.from_numpy(view.ratings / view.scale[1]).float(),
    )
