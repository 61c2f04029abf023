"""CDFM against myFM's Gibbs sampler, on the same design matrix."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from scipy import sparse

from baselines.cdfm import CDFM, source_rows
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, IntArray, Pairs


def theirs(
    myfm: ModuleType, data: TrainingData, pairs: Pairs, *, factors: int, sweeps: int
) -> FloatArray:
    """The mean of myFM's draws after the first 20."""
    view, auxiliary = data.target, source_rows(data)
    sizes = view.n_users, view.n_items, auxiliary.shape[1]
    of_users, of_items = (sparse.identity(size, format="csr") for size in sizes[:2])

    def design(users: IntArray, items: IntArray) -> sparse.csr_matrix:
        blocks = [of_users[users], of_items[items], auxiliary[users]]
        joined: sparse.csr_matrix = sparse.hstack(blocks, format="csr")
        return joined

    machine = myfm.MyFMRegressor(rank=factors, init_stdev=0.1, random_seed=1)
    machine.fit(
        design(view.users, view.items),
        view.ratings,
        n_iter=sweeps,
        n_kept_samples=sweeps - 20,
        group_shapes=sizes,
    )
    return np.asarray(machine.predict(design(pairs.users, pairs.items)))


def test_cdfm_predicts_as_myfm_does(myfm: ModuleType, related: tuple[Task, Split]) -> None:
    """One posterior, two samplers: RMSE within 0.015 and a correlation of 0.98.

    Two seeds of one sampler differ by 0.001 and correlate by 0.992 after as many draws.
    """
    task, split = related
    data = training_data(CDFM, task, split, text="summary")
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    expected = theirs(myfm, data, pairs, factors=4, sweeps=400)
    ours = CDFM(factors=4, sweeps=400, kept=380).fit(data, seed=1).predict(pairs)
    own, other = (
        np.sqrt(np.mean((predicted - task.target.ratings[rows]) ** 2))
        for predicted in (ours, expected)
    )
    assert own == pytest.approx(other, abs=0.015)
    assert np.corrcoef(ours, expected)[0, 1] > 0.98
