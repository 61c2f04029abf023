"""Collaborative cross networks with ratings for clicks: the CoNet row of DML (section 5.3).

G. Hu, Y. Zhang and Q. Yang, "CoNet: collaborative cross networks for cross-domain recommendation",
CIKM 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from baselines.counterparts import Counterparts
from baselines.cross_network import CrossNetwork, instances
from baselines.merged_ratings import Ratings, ratings_of_both, sizes_of_both
from baselines.shared_users import rows_of_users
from benchmark.data.views import TrainingData
from benchmark.recommender import (
    FloatArray,
    IntArray,
    Overlap,
    Pairs,
    Recommender,
    Scores,
    Selection,
    Side,
    Signal,
)
from benchmark.space import Choice, Real, Space

_CHUNK = 1024
"""Pairs rated at once, the last chunk padded: rows of a product may depend on their number."""


@dataclass
class CoNet(Recommender):
    """A tower a domain over one table of users, crossed where a user has rated in both.

    Users with ratings in one domain only are rated by its tower alone.
    """

    name: ClassVar[str] = "conet"
    paper: ClassVar[str] = (
        "Hu, Zhang and Yang, CoNet: collaborative cross networks for cross-domain recommendation, "
        "CIKM 2018"
    )
    title: ClassVar[str] = "CoNet"
    source_data: ClassVar[Signal] = Signal.RATINGS
    target_data: ClassVar[Signal] = Signal.RATINGS
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH
    selection: ClassVar[Selection] = Selection.TARGET
    space: ClassVar[Space] = {
        "factors": Choice((4, 8, 16)),
        "batch_size": Choice((64, 128, 256)),
        "lr": Real(1e-4, 5e-3, log=True),
        "l1": Choice((0.0, 1e-5, 1e-4, 1e-3, 1e-2)),
    }
    smoke: ClassVar[dict[str, int]] = {"epochs": 2}

    factors: int = 8
    """Width of the last hidden layer; the tower is 8, 4, 2, 1 times as wide: 64-32-16-8."""
    batch_size: int = 128
    """The authors' code."""
    lr: float = 1e-3
    """Adam's learning rate; the authors' code."""
    l1: float = 0.0
    """Penalty on the absolute values of the cross units; above 0 this is SCoNet."""
    cross: bool = True
    """Whether anything crosses; otherwise the towers have their users in common, nothing else."""
    epochs: int = 50
    """At most; the authors' code."""
    # Silent: when to stop; as for NCF, the epoch with the lowest error on rows held out of
    # training is kept.
    held_out: float = 0.1
    """Share of the training rows of both domains that choose the epoch."""
    patience: int = 5
    """Epochs without a new lowest error before training stops."""
    # Silent: which item of the other domain stands beside a pair to be rated.
    counterparts: int = 8
    """Drawn from the user's items there, the rating being the mean over them."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        rng = np.random.default_rng(seed)
        self.maxima_ = (data.source.scale[1], data.target.scale[1])
        self.row_of_user_, self.first_item_ = rows_of_users(data), (0, data.source.n_items)
        n_users, n_items = sizes_of_both(data)
        self.network_ = CrossNetwork(
            n_users, n_items, self.factors, torch.Generator().manual_seed(seed)
        )
        ratings = ratings_of_both(data)
        order = rng.permutation(len(ratings))
        held, train = np.split(order, [max(1, round(self.held_out * len(order)))])
        counterparts = Counterparts(ratings.rows(train), n_users)
        every_user = np.repeat(np.arange(n_users)[:, None], self.counterparts, axis=1)
        self.beside_ = [counterparts.draw(every_user, 1 - d, rng) for d in (0, 1)]
        self._learn(ratings.rows(train), ratings.rows(held), counterparts, rng)
        return self

    def _learn(
        self,
        train: Ratings,
        held: Ratings,
        counterparts: Counterparts,
        rng: np.random.Generator,
    ) -> None:
        network = self.network_
        # Differs: outputs start at the mean ratings and not at 0, lest the first epochs, of which
        # one is the best, go into moving every embedding towards them.
        for d in np.unique(train.side):
            network.output_bias[d] = float(train.values[train.side == d].mean())
        adam = network.adam(lr=self.lr)
        losses: list[float] = []
        errors: list[float] = []
        best, kept = 0, network.vector.clone()
        while len(errors) < self.epochs and len(errors) < best + self.patience:
            # Differs: the code puts the k-th row of one domain's batch beside the k-th of the
            # other's, whosever they are. Section 4.2 crosses what is one user's, so a rating
            # stands beside an item that its user rated in the other domain, drawn anew each epoch.
            # Each rating counts once an epoch, in its own domain's tower.
            rows = train.rows(rng.permutation(len(train)))
            others, found = counterparts.draw(rows.users, 1 - rows.side, rng)
            epoch = instances(rows.users, rows.items, rows.side, others, found & self.cross)
            values = torch.from_numpy(rows.values.astype(np.float32))
            losses.append(
                network.epoch(epoch, values, adam, batch_size=self.batch_size, l1=self.l1)
            )
            errors.append(self._error(held))
            if errors[-1] == min(errors):
                best = len(errors)
                kept.copy_(network.vector)
        network.vector.copy_(kept)
        self.history_ = {"loss": losses, "held-out RMSE": errors}
        self.facts_ = {"epochs": len(errors), "best epoch": best}

    def _error(self, held: Ratings) -> float:
        """The root mean squared error of held-out rows, in shares of the highest rating."""
        predicted = np.empty(len(held))
        for d in (0, 1):
            of = held.side == d
            predicted[of] = self._rated(held.users[of], held.items[of], d)
        return float(np.sqrt(np.mean((predicted - held.values) ** 2)))

    def predict(self, pairs: Pairs) -> FloatArray:
        d = 0 if pairs.side is Side.SOURCE else 1
        users, items = self.row_of_user_[d][pairs.users], self.first_item_[d] + pairs.items
        return self.maxima_[d] * self._rated(users, items, d)

    def _rated(self, users: IntArray, items: IntArray, side: int) -> FloatArray:
        """Ratings (n,) of items of one domain, in shares of the highest one."""
        others, found = self.beside_[side]
        result = np.empty(len(users))
        for start in range(0, len(users), _CHUNK):
            n = min(_CHUNK, len(users) - start)
            chunk, of = (np.pad(c[start : start + n], (0, _CHUNK - n)) for c in (users, items))
            rows = instances(
                np.repeat(chunk, self.counterparts),
                np.repeat(of, self.counterparts),
                np.full(_CHUNK * self.counterparts, side),
                others[chunk].ravel(),
                found[chunk].ravel() & self.cross,
            )
            ratings = self.network_.rate(rows).view(_CHUNK, self.counterparts)
            result[start : start + n] = ratings[:n].mean(dim=1).numpy()
        return result
