"""Friedman and Nemenyi against Demšar's worked example."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.evaluation.ranks import friedman_nemenyi

# Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006, Table 6:
# AUC of C4.5 and three tunings of it on 14 data sets; mean ranks 3.143, 2.000, 2.893, 1.964.
# Section 3.2.2 has chi-squared 9.28 without the correction for ties, and CD = 1.25 at 0.05.
# Its ranks tell the last two of "voting" apart, both printed as 0.975.
METHODS = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_ranks_and_critical_difference_are_demsars() -> None:
    found = friedman_nemenyi("p@5", AUC, METHODS)
    assert found.mean_ranks.tolist() == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)
    uncorrected = 12 * 14 / 20 * (float(np.sum(found.mean_ranks**2)) - 25)
    assert uncorrected == pytest.approx(9.28, abs=0.02)
    # The correction of the example's ties: one of four and three of two.
    ties = 1 - ((4**3 - 4) + 3 * (2**3 - 2)) / (14 * 4 * (4**2 - 1))
    assert found.statistic == pytest.approx(uncorrected / ties)
    assert found.p == pytest.approx(stats.chi2.sf(uncorrected / ties, 3))
    assert found.significant() is True


def test_nemenyi_is_significant_just_where_ranks_differ_by_the_critical_difference() -> None:
    # Wide tables of few values, so that differences fall on both sides of it.
    scores = AUC @ np.diag([1.0, 1.02, 1.0, 1.03])
    found = friedman_nemenyi("p@5", scores, METHODS)
    apart = np.abs(found.mean_ranks[:, None] - found.mean_ranks)
    assert found.pairs is not None
    assert ((found.pairs < 0.05) == (apart > found.critical_difference)).all()
    assert (apart > found.critical_difference).any()
    se = math.sqrt(4 * 5 / (6 * 14))
    by_hand = stats.studentized_range.sf(apart / se * math.sqrt(2), 4, math.inf)
    assert found.pairs == pytest.approx(by_hand, abs=1e-6)


def test_errors_are_ranked_from_the_lowest() -> None:
    found = friedman_nemenyi("rmse", 1 - AUC, METHODS)
    same = friedman_nemenyi("p@5", AUC, METHODS)
    assert found.mean_ranks.tolist() == same.mean_ranks.tolist()


def test_one_data_set_decides_nothing() -> None:
    found = friedman_nemenyi("p@5", AUC[:1], METHODS)
    assert found.mean_ranks.tolist() == [4, 3, 2, 1]
    assert found.p is None
    assert found.significant() is None
    assert "one data set" in found.undecided


def test_methods_that_never_differ_are_not_tested() -> None:
    assert "the same" in friedman_nemenyi("p@5", np.ones((5, 4)), METHODS).undecided


def test_gaps_and_too_few_methods_are_refused() -> None:
    holes = AUC.copy()
    holes[3, 1] = math.nan
    with pytest.raises(ValueError, match=r"no score of C4.5\+m on data set 3"):
        friedman_nemenyi("p@5", holes, METHODS)
    with pytest.raises(ValueError, match="2 methods"):
        friedman_nemenyi("p@5", AUC[:, :2], METHODS[:2])
