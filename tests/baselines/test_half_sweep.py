"""Half a sweep against least squares row by row."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from baselines import half_sweep
from baselines.half_sweep import HalfSweep


@pytest.mark.parametrize("at_once", [1, 40, 1 << 16])
def test_every_row_gets_its_ridge_regression(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of 0 to 40 ratings, in any order, one column twice; in one batch or in many."""
    monkeypatch.setattr(half_sweep, "_AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    rows = rng.permutation(np.repeat(np.arange(41), np.arange(41)))
    columns = rng.integers(15, size=len(rows))
    weights = rng.uniform(0.1, 2, len(rows))
    targets, known, l2 = rng.normal(size=len(rows)), rng.normal(size=(15, 6)), 0.3

    solution = HalfSweep(rows, columns, weights, 43).solve(known, targets, l2)

    assert (solution[[0, 41, 42]] == 0).all()
    for row in range(1, 41):
        mine = rows == row
        scale = np.sqrt(weights[mine])
        x = np.vstack([scale[:, None] * known[columns[mine]], np.sqrt(l2) * np.eye(6)])
        y = np.append(scale * targets[mine], np.zeros(6))
        assert_allclose(solution[row], np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-9)
