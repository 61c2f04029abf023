"""Errors by user against hand computation."""

from __future__ import annotations

import numpy as np

from benchmark.evaluation.user_errors import user_errors


def test_errors_are_means_over_each_users_rows() -> None:
    found = user_errors(np.array([7, 3, 7]), [5, 4, 1], [4, 4, 4])
    assert found.users.tolist() == [3, 7]
    assert found.rows.tolist() == [1, 2]
    assert found.squared.tolist() == [0, (1 + 9) / 2]
    assert found.absolute.tolist() == [0, (1 + 3) / 2]
