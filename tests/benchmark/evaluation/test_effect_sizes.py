"""Effect sizes against hand computation and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.nonparametric import rank_compare_2indep

from benchmark.evaluation.effect_sizes import cliffs_delta, cohens_d


def test_cohens_d_of_pairs_is_t_over_root_n() -> None:
    gained = np.array([0.3, -0.1, 0.4, 0.2, 0.35])
    assert cohens_d(gained, seed=0).estimate == pytest.approx(
        stats.ttest_1samp(gained, 0).statistic / math.sqrt(5)
    )
    assert cohens_d([1, 2, 3], seed=0).estimate == pytest.approx(2.0)


@pytest.mark.parametrize(("n", "repeats"), [(5, 400), (60, 100)])
def test_the_interval_of_cohens_d_holds_it_as_often_as_it_says(n: int, repeats: int) -> None:
    rng, held = np.random.default_rng(n), 0
    for _ in range(repeats):
        interval = cohens_d(rng.normal(1, 1, n), seed=0, resamples=499).interval
        assert interval is not None
        held += interval[0] <= 1 <= interval[1]
    assert held / repeats > 0.9


def test_cliffs_delta_is_wins_less_losses_by_hand() -> None:
    # Of the nine pairs of (1, 2, 3) and (2, 1, 6), four are lower, three higher, two equal.
    assert cliffs_delta("rmse", [1, 2, 3], [2, 1, 6], seed=0).estimate == pytest.approx(1 / 9)
    assert cliffs_delta("p@5", [1, 2, 3], [2, 1, 6], seed=0).estimate == pytest.approx(-1 / 9)


def test_cliffs_delta_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.integers(0, 5, 40), rng.integers(1, 5, 40)
    found = cliffs_delta("p@5", ours, theirs, seed=0)
    assert found.estimate == pytest.approx(2 * rank_compare_2indep(ours, theirs).prob1 - 1)
    assert found.interval is not None
    assert found.estimate is not None
    assert -1 <= found.interval[0] < found.estimate < found.interval[1] <= 1


def test_effects_that_no_run_left_out_can_move_have_no_interval() -> None:
    apart = cliffs_delta("rmse", [1, 2, 3, 4], [5, 6, 7, 8], seed=0)
    assert (apart.estimate, apart.interval) == (1.0, None)
    assert "moves nothing" in apart.undecided
    assert cohens_d([1, 1, 2], seed=0).interval is None
