"""What stands beside a rating in the other domain: an item that the same user rated there."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from baselines.shared_users import rows_of_users
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, IntArray


@dataclass(frozen=True)
class Ratings:
    """Both domains' ratings, one below the other.

    ``users`` (n,) are rows of the common table of users; ``items`` (n,) are numbered on from the
    source's to the target's; ``side`` (n,) is 0 in the source and 1 in the target; ``values`` (n,)
    are in shares of the scale's maximum.
    """

    users: IntArray
    items: IntArray
    side: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.users)

    def rows(self, chosen: IntArray | NDArray[np.bool_]) -> Ratings:
        """Some of the ratings."""
        return Ratings(*(getattr(self, field.name)[chosen] for field in fields(self)))


def ratings_of_both(data: TrainingData) -> Ratings:
    """All training ratings, the source's first."""
    views, first_item = (data.source, data.target), (0, data.source.n_items)
    rows_of_user = rows_of_users(data)
    return Ratings(
        np.concatenate([rows[v.users] for rows, v in zip(rows_of_user, views, strict=True)]),
        np.concatenate([first + v.items for first, v in zip(first_item, views, strict=True)]),
        np.repeat((0, 1), [len(view.users) for view in views]),
        np.concatenate([view.ratings / view.scale[1] for view in views]),
    )


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
