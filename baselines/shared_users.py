"""One table of users for two domains, in which a shared user has one row."""

from __future__ import annotations

import numpy as np

from benchmark.data.views import TrainingData
from benchmark.recommender import IntArray


def rows_of_users(data: TrainingData) -> tuple[IntArray, IntArray]:
    """The row of each source user (n,) and of each target user (m,) in the common table."""
    source = np.arange(data.source.n_users)
    target = np.full(data.target.n_users, -1)
    target[data.shared_users[:, 1]] = data.shared_users[:, 0]
    own = target < 0
    target[own] = len(source) + np.arange(own.sum())
    return source, target
