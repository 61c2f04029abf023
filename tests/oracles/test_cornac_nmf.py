"""NMF against Cornac's, with and without biases, on the same split."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from baselines.nmf import NMF
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.data.views import training_data
from benchmark.recommender import Pairs


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("biased", [False, True])
def test_the_error_is_within_one_percent_of_cornac_s(
    cornac: ModuleType, task: Task, split: Split, biased: bool
) -> None:
    data = training_data(NMF, task, split, text="summary")
    view = data.target
    triplets = zip(view.users.tolist(), view.items.tolist(), view.ratings.tolist(), strict=True)
    dataset = cornac.data.Dataset.from_uir(list(triplets))
    penalties = dict.fromkeys(("lambda_u", "lambda_v", "lambda_bu", "lambda_bi"), 0.06)
    theirs = cornac.models.NMF(
        k=15, max_iter=50, learning_rate=0.005, use_bias=biased, seed=1, **penalties
    ).fit(dataset)
    ours = NMF(biased=biased).fit(data, seed=1)

    rows = split.target.rows(TEST)
    users, items = task.target.users[rows], task.target.items[rows]
    known = np.isin(users, view.users) & np.isin(items, view.items)
    users, items, truth = users[known], items[known], task.target.ratings[rows][known]
    scores = [
        theirs.score(dataset.uid_map[user], dataset.iid_map[item])
        for user, item in zip(users.tolist(), items.tolist(), strict=True)
    ]
    errors = [
        np.sqrt(np.mean((np.clip(rated, *view.scale) - truth) ** 2))
        for rated in (ours.predict(Pairs(users, items)), np.array(scores))
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.01)
