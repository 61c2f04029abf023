"""CMF and EMCDR's factorisation against cmfrec, on the same split."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from baselines.cmf import CMF
from baselines.emcdr import EMCDR
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs

FACTORS, L2 = 8, 3.0


def theirs(
    cmfrec: ModuleType, data: TrainingData, pairs: Pairs, *, sweeps: int, with_source: bool
) -> FloatArray:
    """Alternating least squares by cmfrec; the source's ratings are users' side information."""
    view, source = data.target, data.source
    model = cmfrec.CMF(
        k=FACTORS,
        lambda_=L2,
        method="als",
        use_cg=False,
        niter=sweeps,
        verbose=False,
        nthreads=1,
        random_state=1,
    )
    rated = pd.DataFrame({"UserId": view.users, "ItemId": view.items, "Rating": view.ratings})
    target_of = dict(data.shared_users.tolist())
    told = pd.DataFrame(
        {
            "UserId": [target_of[user] for user in source.users.tolist()],
            "ColumnId": source.items,
            "Value": source.ratings,
        }
    )
    model.fit(rated, U=told if with_source else None)
    return np.asarray(model.predict(pairs.users, pairs.items))


def test_emcdr_factorises_as_cmfrec_does(cmfrec: ModuleType, related: tuple[Task, Split]) -> None:
    """One objective, which has one minimum at this penalty: the same predictions."""
    task, split = related
    data = training_data(EMCDR, task, split, text="summary")
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    ours = EMCDR(factors=FACTORS, l2=L2, sweeps=200, steps=1).fit(data, seed=1).predict(pairs)
    expected = theirs(cmfrec, data, pairs, sweeps=200, with_source=False)
    assert_allclose(ours, expected, atol=1e-3)


def test_cmf_gains_from_the_source_what_cmfrec_gains(
    cmfrec: ModuleType, related: tuple[Task, Split]
) -> None:
    """Not one objective: cmfrec centres the source by item and gives it no biases.

    The band is a correlation of 0.98 and an RMSE within 0.015, where the source is worth 0.08.
    """
    task, split = related
    data = training_data(CMF, task, split, text="summary")
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    # Both of CMF's losses weigh a half, which doubles its penalty.
    ours = CMF(factors=FACTORS, l2=L2 / 2, alpha=0.5, sweeps=25).fit(data, seed=1).predict(pairs)
    joint, alone = (
        theirs(cmfrec, data, pairs, sweeps=25, with_source=with_source)
        for with_source in (True, False)
    )
    own, other, single = (
        np.sqrt(np.mean((predicted - task.target.ratings[rows]) ** 2))
        for predicted in (ours, joint, alone)
    )
    assert own == pytest.approx(other, abs=0.015)
    assert max(own, other) < single - 0.05
    assert np.corrcoef(ours, joint)[0, 1] > 0.98
