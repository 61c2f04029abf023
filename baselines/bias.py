"""User and item biases about the mean: what ratings say before any interaction is modelled.

Y. Koren, "Factor in the neighbors: scalable and accurate collaborative filtering", ACM TKDD 4(1),
2010, section 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from benchmark.data.views import DomainView, TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class Bias(Recommender):
    r"""Predicts :math:`\mu + b_u + b_i`, the biases by regularised alternating least squares.

    The sweeps are those of scikit-surprise's BaselineOnly and end in the same numbers; as two
    weighted counts each they cost a tenth of the library's and nothing per predicted pair.
    """

    name: ClassVar[str] = "bias"
    paper: ClassVar[str] = (
        "Koren, Factor in the neighbors: scalable and accurate collaborative filtering, TKDD 2010"
    )
    title: ClassVar[str] = "User + item bias"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS

    l2_users: float = 15.0
    """Regularisation of the users' biases, in ratings; the library's default."""
    l2_items: float = 10.0
    """Regularisation of the items' biases, in ratings; the library's default."""
    sweeps: int = 10
    """Alternations between items and users; the library's default."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        return self.fit_view(data.target)

    def fit_view(self, view: DomainView) -> Self:
        """Learn from one domain's ratings."""
        self.mean_ = float(view.ratings.mean())
        residuals = view.ratings - self.mean_
        ratings_of_user = np.bincount(view.users, minlength=view.n_users)
        ratings_of_item = np.bincount(view.items, minlength=view.n_items)
        self.users_ = np.zeros(view.n_users)
        for _ in range(self.sweeps):
            rest = np.bincount(view.items, residuals - self.users_[view.users], view.n_items)
            self.items_ = rest / (self.l2_items + ratings_of_item)
            rest = np.bincount(view.users, residuals - self.items_[view.items], view.n_users)
            self.users_ = rest / (self.l2_users + ratings_of_user)
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return self.mean_ + self.users_[pairs.users] + self.items_[pairs.items]
