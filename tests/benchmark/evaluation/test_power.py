"""Power against Cohen's table and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from benchmark.evaluation.power import (
    power_of_t,
    runs_needed,
    smallest_detectable,
    study_power,
)


def test_a_medium_effect_takes_34_pairs() -> None:
    # Faul et al., G*Power 3, 2007: d_z = 0.5, alpha 0.05 two-sided, power 0.8 needs 34 pairs.
    assert runs_needed(0.5, 1.0) == 34
    assert runs_needed(-0.5, 1.0) == 34
    assert runs_needed(0.2, 0.4) == 34


@pytest.mark.parametrize("n", [5, 10, 30, 100])
def test_power_agrees_with_statsmodels(n: int) -> None:
    solved = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    assert smallest_detectable(n, 1.0) == pytest.approx(solved, rel=1e-4)
    assert smallest_detectable(n, 0.01) == pytest.approx(0.01 * solved, rel=1e-4)
    size = 2.8 / n**0.5
    assert power_of_t(size, n) == pytest.approx(TTestPower().power(size, n, 0.05), abs=0.001)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("n", [2, 3, 5, 7, 30, 1000])
def test_the_smallest_detectable_effect_needs_just_these_runs(n: int, alpha: float) -> None:
    size = smallest_detectable(n, 1.0, alpha=alpha)
    assert power_of_t(size, n, alpha=alpha) == pytest.approx(0.8, abs=1e-4)
    assert runs_needed(size * 1.0002, 1.0, alpha=alpha) == n
    assert (runs_needed(size * 0.97, 1.0, alpha=alpha) or 0) > n


def test_folds_that_overlap_see_less_than_as_many_seeds() -> None:
    # Nadeau and Bengio: (1/5 + 1/4) / (1/5) = 1.5 squared times the variance.
    folds = smallest_detectable(5, 1.0, test_train=0.25)
    assert folds == pytest.approx(1.5 * smallest_detectable(5, 1.0))
    assert power_of_t(folds, 5, test_train=0.25) == pytest.approx(0.8, abs=1e-4)
    assert (runs_needed(2.0, 1.0, test_train=0.25) or 0) > (runs_needed(2.0, 1.0) or 0)
    # Half a standard deviation is one unit of what all folds share: no number of them shows it.
    assert runs_needed(0.5, 1.0, test_train=0.25) is None


def test_no_number_of_runs_finds_nothing() -> None:
    assert runs_needed(0.0, 1.0) is None
    assert runs_needed(1e-9, 1.0) is None


def test_a_study_says_what_it_can_see_and_what_it_would_take() -> None:
    gained = np.array([0.3, -0.1, 0.4, 0.2, 0.35])
    study = study_power(gained)
    sd = gained.std(ddof=1)
    assert study.n == 5
    assert study.effect == pytest.approx(gained.mean())
    assert study.detectable == pytest.approx(1.682 * sd, rel=1e-3)
    assert study.runs_needed == runs_needed(float(gained.mean()), float(sd))
    assert study_power(gained, effect=10.0).runs_needed == 2


def test_one_run_has_no_power_to_compute() -> None:
    assert study_power([0.3]).detectable is None
    assert "one replicate" in study_power([0.3]).undecided
    with pytest.raises(ValueError, match="1 run detects no effect"):
        smallest_detectable(1, 1.0)
