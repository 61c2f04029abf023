"""The jackknife against the t interval, and by how often it holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.evaluation.intervals import expanded, jackknife
from benchmark.evaluation.significance import corrected_resampled_t, paired_t

SAMPLE = np.array([0.3, -0.1, 0.4, 0.2, 0.35])


def test_jackknife_of_a_mean_is_the_paired_t_test() -> None:
    estimate, test = jackknife(lambda runs: float(runs.mean()), SAMPLE[None]), paired_t(SAMPLE)
    assert estimate.value == pytest.approx(test.estimate)
    assert estimate.interval() == pytest.approx(test.interval)
    assert estimate.p_beyond(0.0) == pytest.approx(test.p)


def test_jackknife_over_folds_is_the_corrected_t_test() -> None:
    estimate = jackknife(lambda runs: float(runs.mean()), SAMPLE[None], test_train=0.25)
    test = corrected_resampled_t(SAMPLE, test_train=0.25)
    assert estimate.interval() == pytest.approx(test.interval)
    assert estimate.p_beyond(0.0) == pytest.approx(test.p)


@pytest.mark.parametrize("n", [2, 5])
def test_the_interval_of_a_relative_drop_holds_it_as_often_as_it_says(n: int) -> None:
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(1000):
        runs = np.array([[1.0], [0.9]]) + rng.normal(0, 0.02, (2, n)) + rng.normal(0, 0.01, n)
        low, high = jackknife(lambda r: 1 - r[1].mean() / r[0].mean(), runs).interval()
        held += low <= 0.1 <= high
    assert 0.92 < held / 1000 < 0.98


def test_one_run_has_no_interval() -> None:
    with pytest.raises(ValueError, match="a jackknife over 1 run"):
        jackknife(lambda runs: float(runs.mean()), SAMPLE[None, :1])


def test_nothing_is_known_where_leaving_a_run_out_gives_infinity() -> None:
    estimate = jackknife(lambda runs: math.inf if runs.shape[1] < 5 else 1.0, SAMPLE[None])
    assert estimate.interval() == (-math.inf, math.inf)
    assert estimate.p_beyond(0.0) == 1.0


def test_an_exact_value_is_a_point() -> None:
    estimate = jackknife(lambda runs: 0.5, SAMPLE[None])
    assert estimate.interval() == (0.5, 0.5)
    assert (estimate.p_beyond(0.5), estimate.p_beyond(0.4)) == (1.0, 0.0)


def test_expansion_makes_the_normal_interval_of_a_bootstrap_the_t_interval() -> None:
    n = 5
    z = stats.norm.ppf((1 + expanded(0.95, n)) / 2)
    assert z * math.sqrt((n - 1) / n) == pytest.approx(stats.t.ppf(0.975, n - 1))
    assert expanded(0.95, 100_000) == pytest.approx(0.95, abs=1e-5)
