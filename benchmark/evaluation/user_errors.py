"""Rating errors of each user, the unit that tests over users resample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from benchmark.evaluation.metrics import rank
from benchmark.recommender import FloatArray, IntArray


@dataclass(frozen=True)
class UserErrors:
    """Mean errors (u,) over each user's test rows, ``users`` ascending.

    Weighted by ``rows`` they average to the squared RMSE and to the MAE over all rows.
    """

    users: IntArray
    rows: IntArray
    squared: FloatArray
    absolute: FloatArray


def user_errors(users: IntArray, truth: ArrayLike, prediction: ArrayLike) -> UserErrors:
    """Errors by user from test rows (n,) in any order, in stars.

    Raises:
        ValueError: there are no rows, their shapes differ, or a value is not a rating.
    """
    by_user = rank(users, truth, prediction)
    error = by_user.truth - by_user.prediction
    return UserErrors(
        by_user.users,
        by_user.sizes,
        np.add.reduceat(error**2, by_user.starts) / by_user.sizes,
        np.add.reduceat(np.abs(error), by_user.starts) / by_user.sizes,
    )
