"""Effect sizes against hand computation and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.effect_size import _noncentrality_t
from statsmodels.stats.nonparametric import rank_compare_2indep

from benchmark.evaluation.effect_sizes import cliffs_delta, cohens_d
from benchmark.evaluation.significance import corrected_resampled_t, paired_t


def test_cohens_d_of_pairs_is_t_over_root_n() -> None:
    gained = np.array([0.3, -0.1, 0.4, 0.2, 0.35])
    assert cohens_d(gained).estimate == pytest.approx(
        stats.ttest_1samp(gained, 0).statistic / math.sqrt(5)
    )
    assert cohens_d([1, 2, 3]).estimate == pytest.approx(2.0)


def test_the_interval_of_cohens_d_agrees_with_statsmodels() -> None:
    gained = np.array([0.3, -0.1, 0.4, 0.2, 0.35])
    found = cohens_d(gained)
    noncentral = _noncentrality_t(stats.ttest_1samp(gained, 0).statistic, 4)
    assert found.interval == pytest.approx(noncentral.confint / math.sqrt(5), rel=1e-4)


@pytest.mark.parametrize("n", [2, 5, 60])
def test_the_interval_of_cohens_d_holds_it_as_often_as_it_says(n: int) -> None:
    rng, held = np.random.default_rng(n), 0
    for _ in range(1_000):
        interval = cohens_d(rng.normal(1, 1, n)).interval
        assert interval is not None
        held += interval[0] <= 1 <= interval[1]
    assert 0.93 < held / 1_000 < 0.97


@pytest.mark.parametrize("test_train", [0.0, 0.25])
def test_the_interval_of_cohens_d_excludes_0_just_where_the_t_test_does(test_train: float) -> None:
    rng = np.random.default_rng(0)
    for shift in np.linspace(0, 3, 50):
        gained = rng.normal(shift, 1, 5)
        interval = cohens_d(gained, test_train=test_train).interval
        p = (
            corrected_resampled_t(gained, test_train=test_train)
            if test_train
            else paired_t(gained)
        ).p
        assert interval is not None
        assert p is not None
        assert (interval[0] > 0 or interval[1] < 0) == (p < 0.05)


def test_folds_that_overlap_widen_both_intervals() -> None:
    ours, theirs = np.array([3.0, 1.0, 4.0, 2.0, 5.5]), np.array([2.5, 1.2, 3.0, 1.0, 4.5])
    for seeds, folds in (
        (cohens_d(ours - theirs), cohens_d(ours - theirs, test_train=0.25)),
        (
            cliffs_delta("p@5", ours, theirs),
            cliffs_delta("p@5", ours, theirs, test_train=0.25),
        ),
    ):
        assert seeds.estimate == folds.estimate
        assert seeds.interval is not None
        assert folds.interval is not None
        assert folds.interval[0] < seeds.interval[0]
        assert folds.interval[1] >= seeds.interval[1]


def test_cliffs_delta_is_wins_less_losses_by_hand() -> None:
    # Of the nine pairs of (1, 2, 3) and (2, 1, 6), four are lower, three higher, two equal.
    assert cliffs_delta("rmse", [1, 2, 3], [2, 1, 6]).estimate == pytest.approx(1 / 9)
    assert cliffs_delta("p@5", [1, 2, 3], [2, 1, 6]).estimate == pytest.approx(-1 / 9)


def test_cliffs_delta_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.integers(0, 5, 40), rng.integers(1, 5, 40)
    found = cliffs_delta("p@5", ours, theirs)
    assert found.estimate == pytest.approx(2 * rank_compare_2indep(ours, theirs).prob1 - 1)
    assert found.interval is not None
    assert found.estimate is not None
    assert -1 <= found.interval[0] < found.estimate < found.interval[1] <= 1


def test_effects_that_no_run_left_out_can_move_have_no_interval() -> None:
    apart = cliffs_delta("rmse", [1, 2, 3, 4], [5, 6, 7, 8])
    assert (apart.estimate, apart.interval) == (1.0, None)
    assert "moves nothing" in apart.undecided
