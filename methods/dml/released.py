"""What DML's released code computes: two networks, each trained on its own domain alone.

https://github.com/lpworld/DOML at 13b24af: train.py, engine.py, data.py, mlp.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from benchmark.data.views import TrainingData
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
from methods.dml.dual import BATCHES_AT_ONCE, Ratings, batches, shuffled
from methods.dml.embedding import Embedder
from methods.dml.networks import Mlp
from methods.dml.networks.architecture import layer
from methods.dml.pair import NetworkPair
from methods.dml.scoring import rated_in_chunks


@dataclass
class DMLAsReleased(Recommender):
    """The public code's path from features to ratings; domain A is the source, B the target."""

    # Differs: there is no transfer. The code learns two maps between overlap users' embeddings,
    # with biases and a penalty for not being orthogonal; no rating is ever computed from them
    # (engine.py keeps the dual step in a string), so they are left out: ratings are the same.
    name: ClassVar[str] = "dml-as-released"
    paper: ClassVar[str] = (
        "Li and Tuzhilin, Dual metric learning for effective and efficient cross-domain "
        "recommendations, IEEE TKDE"
    )
    title: ClassVar[str] = "DML, as released"
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS | Signal.FEATURES
    target_data: ClassVar[Signal] = source_data
    optional: ClassVar[Signal] = Signal.REVIEWS | Signal.FEATURES
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH
    # Differs: the code prints test figures after each epoch and selects none; the last is taken.
    selection: ClassVar[Selection] = Selection.NONE
    smoke: ClassVar[dict[str, Any]] = {"epochs": 1, "autoencoder_steps": 20}

    dimension: int = 8
    """Of the embeddings (train.py); the paper says 16."""
    batch_size: int = 1024
    """Of ratings (train.py); the paper says 64."""
    epochs: int = 100
    """All of them (train.py)."""
    lr: float = 1e-3
    """Of SGD (train.py)."""
    hidden: int = 64
    """Units of the first hidden layer; the second has ``dimension`` (train.py)."""
    dropout: float = 0.1
    """Of all hidden units (mlp.py)."""
    detour: bool = True
    """Differs: in training, embeddings pass through random linear maps that are never learnt and
    that evaluation leaves out (engine.py: share_layer, metric_layer)."""
    truncated: bool = False
    """Differs: the code's evaluation reads embeddings as whole numbers (data.py: LongTensor), so
    that nearly all are 0 and a domain's pairs are all rated alike; the bug is off unless asked
    for."""
    columns: int = 256
    """Of features, as in DML."""
    autoencoder_steps: int = 2000
    """As in DML."""
    autoencoder_lr: float = 1e-3
    """As in DML."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        # Differs: the code's autoencoder reads nine categories as tokens and is trained by cross
        # entropy; there are no such features here. Its linear encoder and decoder and codes of
        # length 1 are kept, on DML's features and loss.
        embedder = Embedder(
            "linear",
            self.dimension,
            self.columns,
            folds=0,
            steps=self.autoencoder_steps,
            batch_size=self.batch_size,
            lr=self.autoencoder_lr,
        )
        seeds = np.random.SeedSequence(seed).generate_state(4).tolist()
        domains = [
            embedder.embed(view, seed=seed)
            for view, seed in zip((data.source, data.target), seeds, strict=False)
        ]
        generators = [torch.Generator().manual_seed(seed) for seed in seeds[2:]]
        mlp = Mlp(self.dimension, self.hidden)
        networks = NetworkPair(mlp, generators, partial(torch.optim.SGD, lr=self.lr))
        inputs = [
            _on_a_detour(domain.ratings, generator) if self.detour else domain.ratings
            for domain, generator in zip(domains, generators, strict=True)
        ]
        # Shuffled once, before the first epoch.
        rows = [
            shuffled(len(domain.ratings), self.batch_size, generator)
            for domain, generator in zip(domains, generators, strict=True)
        ]
        # Differs: the code trains on all ratings of overlap users, those to be tested among them.
        overlap = [
            torch.isin(ratings.users, torch.from_numpy(users)).nonzero()
            for ratings, users in zip(inputs, data.shared_users.T, strict=True)
        ]
        self.history_: dict[str, list[float]] = {}
        for _ in range(self.epochs):
            own = self._trained(networks, inputs, rows, generators)
            again = self._trained(networks, inputs, overlap, generators)
            names = ("L_A", "L_B", "L_A of overlap users", "L_B of overlap users")
            for name, loss in zip(names, [*own, *again], strict=True):
                self.history_.setdefault(name, []).append(loss)

        self.rate_ = mlp
        self.parameters_ = [networks.parameters(k) for k in (0, 1)]
        tables = [(domain.users, domain.items) for domain in domains]
        self.tables_ = [
            (users.trunc(), items.trunc()) if self.truncated else (users, items)
            for users, items in tables
        ]
        # Differs: by the scale's maximum, not by that of all ratings, tested ones among them.
        self.maxima_ = (data.source.scale[1], data.target.scale[1])
        self.facts_ = {"overlap users": len(data.shared_users), "epochs": self.epochs}
        return self

    def _trained(
        self,
        networks: NetworkPair,
        inputs: list[Ratings],
        rows: list[Tensor],
        generators: list[torch.Generator],
    ) -> list[float]:
        """One pass over batches of rows (n, b) of each domain, and its mean squared errors."""
        # Differs: the pass ends with the shorter domain, the rest of the longer is never seen, as
        # the code zips its loaders. Overlap users' ratings come one at a time, its batch size.
        n = min(map(len, rows))
        totals = torch.zeros(2)
        for start in range(0, n, BATCHES_AT_ONCE):
            orders = [order[start : min(start + BATCHES_AT_ONCE, n)] for order in rows]
            width = max(order.shape[1] for order in orders)
            parts = batches(
                inputs,
                [torch.nn.functional.pad(o, (0, width - o.shape[1]), value=-1) for o in orders],
                generators,
                networks.architecture.dropped,
                self.dropout,
            )
            errors = [networks.step((0, 1), *batch) for batch in zip(*parts, strict=True)]
            totals += (torch.stack(errors).square() * parts[-1]).sum(dim=(0, 2))
        return (totals / max(n, 1)).tolist()

    def predict(self, pairs: Pairs) -> FloatArray:
        side = int(pairs.side is Side.TARGET)
        return self.maxima_[side] * rated_in_chunks(pairs, partial(self._rated, side))

    def _rated(self, side: int, users: Tensor, items: Tensor) -> Tensor:
        """Ratings (n,) in shares of the maximum, of pairs of the domain ``side``."""
        # Differs: the code's dropout is active in evaluation too (mlp.py makes it anew in every
        # call), which would make ratings random; here it is not.
        all_users, all_items = self.tables_[side]
        pairs = torch.cat([all_users[users], all_items[items]], dim=1)
        return self.rate_(self.parameters_[side], pairs[None])[0]


def _on_a_detour(ratings: Ratings, generator: torch.Generator) -> Ratings:
    """The ratings with embeddings sent through a random linear map each."""
    d = ratings.user_table.shape[1]
    tables = []
    for table in (ratings.user_table, ratings.item_table):
        weights, biases = layer(d, d, generator)
        tables.append(table @ weights + biases)
    return replace(ratings, user_table=tables[0], item_table=tables[1])
