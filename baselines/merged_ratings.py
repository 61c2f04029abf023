"""The training ratings of both domains as one table, users merged and items apart."""

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


def sizes_of_both(data: TrainingData) -> tuple[int, int]:
    """How many users and how many items there are in all, with and without ratings."""
    n_users = data.source.n_users + data.target.n_users - len(data.shared_users)
    return n_users, data.source.n_items + data.target.n_items
