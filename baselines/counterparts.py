"""What stands beside a rating in the other domain: an item that the same user rated there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from baselines.merged_ratings import Ratings
from benchmark.recommender import IntArray


class Counterparts:
    """The items that each of ``n_users`` has rated in either domain."""

    def __init__(self, ratings: Ratings, n_users: int) -> None:
        self._n_users = n_users
        of = ratings.side * n_users + ratings.users
        self._items = ratings.items[np.argsort(of, kind="stable")]
        self._counts = np.bincount(of, minlength=2 * n_users)
        self._first = np.cumsum(self._counts) - self._counts

    def draw(
        self, users: IntArray, side: IntArray | int, rng: np.random.Generator
    ) -> tuple[IntArray, NDArray[np.bool_]]:
        """An item that each user (...) has rated on that side, and whether there is one."""
        of = side * self._n_users + users
        place = self._first[of] + (rng.random(users.shape) * self._counts[of]).astype(np.int64)
        found = self._counts[of] > 0
        return self._items[np.where(found, place, 0)], found
