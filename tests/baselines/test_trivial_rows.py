"""The trivial rows of every table: target mean, always-maximum, and user and item biases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from baselines.always_max import AlwaysMax
from baselines.bias import Bias
from baselines.target_mean import TargetMean
from benchmark.data.views import TrainingData
from benchmark.recommender import Pairs

Training = Callable[..., TrainingData]
EVERY = Pairs(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))


def test_the_target_mean_is_that_of_the_training_ratings(training: Training) -> None:
    data = training([(0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 5)])
    assert TargetMean().fit(data, seed=0).predict(EVERY).tolist() == [2.75] * 4


def test_the_maximum_is_the_scale_s_and_not_the_highest_rating(training: Training) -> None:
    data = training([(0, 0, 1.0), (1, 1, 4.0)], scale=(0.0, 10.0))
    assert AlwaysMax().fit(data, seed=0).predict(EVERY).tolist() == [10.0] * 4


def test_a_bias_is_the_mean_residual_shrunk_by_the_penalty(training: Training) -> None:
    # The mean is 4, the item's residuals +1 and -1 cancel; each user has one, over 1 + 15.
    data = training([(0, 0, 5), (1, 0, 3)], unseen=1)
    predicted = Bias().fit(data, seed=0).predict(Pairs(np.array([0, 1, 2]), np.array([0, 0, 1])))
    assert_allclose(predicted, [4 + 1 / 16, 4 - 1 / 16, 4])


def test_biases_explain_ratings_that_are_sums(training: Training) -> None:
    data = training([(0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 4)])
    model = Bias(l2_users=0, l2_items=0).fit(data, seed=0)
    assert_allclose(model.predict(EVERY), [1, 2, 3, 4])


@pytest.mark.parametrize("method", [TargetMean, Bias])
def test_the_trivial_rows_ignore_the_seed(method: type[Bias], training: Training) -> None:
    data = training([(0, 0, 1), (0, 1, 2), (1, 0, 5)])
    first, second = (method().fit(data, seed=seed).predict(EVERY) for seed in (1, 2))
    assert first.tolist() == second.tolist()
