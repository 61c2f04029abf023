"""The methods of scikit-surprise against the library called in its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import surprise
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest

from baselines.bias import Bias
from baselines.knn import KNN
from baselines.nmf import NMF
from baselines.normal import Normal
from baselines.surprise_model import estimates, trainset
from baselines.svdpp import SVDpp
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.data.views import DomainView, TrainingData, training_data
from benchmark.recommender import Pairs, Recommender

Training = Callable[..., TrainingData]

# What each class should amount to, spelled out with the library's own arguments.
SAME: list[tuple[Recommender, Any]] = [
    (KNN(), surprise.KNNBasic(verbose=False)),
    (
        KNN(k=5, min_k=2, similarity="cosine"),
        surprise.KNNBasic(k=5, min_k=2, sim_options={"name": "cosine"}, verbose=False),
    ),
    (NMF(biased=False, n_epochs=10), surprise.NMF(n_epochs=10, random_state=7)),
    (
        NMF(reg=1e-3, lr=1e-2, n_epochs=10),
        surprise.NMF(
            n_epochs=10,
            biased=True,
            reg_pu=1e-3,
            reg_qi=1e-3,
            reg_bu=1e-3,
            reg_bi=1e-3,
            lr_bu=1e-2,
            lr_bi=1e-2,
            random_state=7,
        ),
    ),
    (SVDpp(n_epochs=3), surprise.SVDpp(n_epochs=3, random_state=7)),
    (
        SVDpp(n_factors=5, n_epochs=3, reg=1e-4, lr=5e-3),
        surprise.SVDpp(n_factors=5, n_epochs=3, reg_all=1e-4, lr_all=5e-3, random_state=7),
    ),
]


@pytest.fixture(scope="module")
def data(task: Task, split: Split) -> TrainingData:
    return training_data(SVDpp, task, split, text="summary")


@pytest.fixture(scope="module")
def pairs(task: Task, split: Split) -> Pairs:
    """The test pairs, then an unseen user, an unseen item, and both."""
    rows = split.target.rows(TEST)
    unseen_user, unseen_item = len(task.target.user_ids), len(task.target.item_ids)
    users = np.append(task.target.users[rows], [unseen_user, 0, unseen_user])
    items = np.append(task.target.items[rows], [0, unseen_item, unseen_item])
    return Pairs(users, items)


def library_trainset(view: DomainView) -> Any:
    """The library's own way, through a data frame and a reader."""
    frame = pd.DataFrame({"user": view.users, "item": view.items, "rating": view.ratings})
    reader = surprise.Reader(rating_scale=view.scale)
    return surprise.Dataset.load_from_df(frame, reader).build_full_trainset()


@pytest.mark.parametrize(("ours", "theirs"), SAME, ids=[str(ours) for ours, _ in SAME])
def test_predictions_are_the_library_s_bit_for_bit(
    ours: Recommender, theirs: Any, data: TrainingData, pairs: Pairs
) -> None:
    theirs.fit(library_trainset(data.target))
    expected = [
        theirs.predict(user, item, clip=False).est
        for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
    ]
    assert_array_equal(ours.fit(data, seed=7).predict(pairs), expected)


def test_biases_end_in_the_library_s_numbers(data: TrainingData, pairs: Pairs) -> None:
    seen = Pairs(pairs.users[:-3], pairs.items[:-3])
    library = surprise.BaselineOnly(verbose=False).fit(library_trainset(data.target))
    assert_allclose(Bias().fit(data, seed=7).predict(seen), estimates(library, seen), rtol=1e-12)


def test_the_training_set_is_the_library_s_with_duplicate_pairs(training: Training) -> None:
    view = training([(7, 3, 1), (2, 3, 5), (7, 0, 4), (7, 3, 2)]).target
    ours, theirs = trainset(view), library_trainset(view)
    assert list(ours.all_ratings()) == list(theirs.all_ratings())
    assert dict(ours.ir) == dict(theirs.ir)
    assert ours.n_ratings == theirs.n_ratings == 4
    assert ours.rating_scale == theirs.rating_scale
    assert [ours.to_inner_uid(user) for user in (7, 2)] == [0, 1]


def test_estimates_are_not_clipped(training: Training) -> None:
    class Seven(surprise.AlgoBase):  # type: ignore[misc]
        def estimate(self, *_: int) -> float:
            return 7.0

    model = Seven().fit(trainset(training([(0, 0, 4)]).target))
    assert estimates(model, Pairs(np.array([0]), np.array([0]))).tolist() == [7.0]


def test_the_seed_moves_factors_but_not_neighbours(data: TrainingData, pairs: Pairs) -> None:
    def differ(model: Recommender) -> bool:
        first, second = (model.fit(data, seed=seed).predict(pairs) for seed in (1, 2))
        return bool((first != second).any())

    assert differ(NMF(n_epochs=2))
    assert differ(SVDpp(n_epochs=2))
    assert not differ(KNN())


def test_the_learning_rate_of_nmf_matters_only_with_biases(
    data: TrainingData, pairs: Pairs
) -> None:
    def ratings(biased: bool, lr: float) -> list[float]:
        return NMF(biased=biased, lr=lr, n_epochs=3).fit(data, seed=1).predict(pairs).tolist()

    assert ratings(False, 5e-4) == ratings(False, 1e-2)
    assert ratings(True, 5e-4) != ratings(True, 1e-2)


def test_too_many_users_for_the_memory_are_refused_before_the_fit(data: TrainingData) -> None:
    n_users = len(np.unique(data.target.users))
    needed = 24e-9 * n_users**2
    KNN(max_gigabytes=1.01 * needed).fit(data, seed=1)
    with pytest.raises(MemoryError, match=rf"knn: .* {n_users} users .*raise it"):
        KNN(max_gigabytes=0.99 * needed).fit(data, seed=1)


def test_normal_draws_have_the_mean_and_deviation_of_training(data: TrainingData) -> None:
    grid = np.divmod(np.arange(40_000), 200)
    drawn = Normal().fit(data, seed=1).predict(Pairs(*grid))
    library = surprise.NormalPredictor().fit(library_trainset(data.target))
    mean, sd = library.trainset.global_mean, library.sigma
    assert_allclose([mean, sd], [data.target.ratings.mean(), data.target.ratings.std()])
    assert kstest((drawn - mean) / sd, "norm").pvalue > 0.01


def test_a_normal_draw_belongs_to_its_seed_user_and_item(data: TrainingData) -> None:
    there, back = Pairs(np.array([3]), np.array([8])), Pairs(np.array([8]), np.array([3]))
    one, two = Normal().fit(data, seed=1), Normal().fit(data, seed=2)
    draws = [one.predict(there), one.predict(back), two.predict(there), two.predict(back)]
    assert len(np.unique(draws)) == 4
    assert one.predict(there) == draws[0]


def test_neighbouring_seeds_users_and_items_draw_independently(data: TrainingData) -> None:
    users, items = np.divmod(np.arange(10_000), 100)
    draws = Normal().fit(data, seed=1).predict(Pairs(users, items))
    for shifted in (
        Normal().fit(data, seed=2).predict(Pairs(users, items)),
        Normal().fit(data, seed=1).predict(Pairs(users + 1, items)),
        Normal().fit(data, seed=1).predict(Pairs(users, items + 1)),
    ):
        assert abs(np.corrcoef(draws, shifted)[0, 1]) < 0.04
