"""Tests of significance against published worked examples, enumeration and a second library."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from statsmodels.stats.weightstats import ttost_paired

from benchmark.evaluation.effect_sizes import cliffs_delta, cohens_d
from benchmark.evaluation.metrics import METRICS
from benchmark.evaluation.significance import (
    Evidence,
    corrected_resampled_t,
    equivalence,
    gains,
    holm,
    paired_bootstrap,
    paired_t,
    permutation_test,
    wilcoxon,
)
from benchmark.evaluation.user_errors import user_errors

# Darwin's 15 pairs of crossed and self-fertilised maize, differences of height in eighths of an
# inch, of Fisher, "The design of experiments", 1935, sections 17 and 21: t = 2.148 on 14 degrees;
# 1726 of the 32768 sums of random signs are at least as large as 314 either way.
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)

TESTS: dict[str, Callable[[ArrayLike], Evidence]] = {
    "paired t": paired_t,
    "corrected t": lambda gained: corrected_resampled_t(gained, test_train=0.25),
    "wilcoxon": wilcoxon,
    "permutation": lambda gained: permutation_test(gained, seed=0),
    "equivalence": lambda gained: equivalence(gained, margin=1.0),
    "bootstrap": lambda gained: paired_bootstrap(
        "p@5", np.asarray(gained), np.zeros(len(np.asarray(gained))), seed=0
    ),
    "cohen": lambda gained: cohens_d(gained),
    "cliff": lambda gained: cliffs_delta(
        "p@5", np.asarray(gained), np.zeros(len(np.asarray(gained)))
    ),
}


@pytest.mark.parametrize("metric", METRICS)
def test_a_gain_is_positive_where_ours_is_better_by_the_metrics_own_direction(metric: str) -> None:
    better, worse = (0.9, 0.8) if METRICS[metric].higher_is_better else (0.8, 0.9)
    assert gains(metric, [better], [worse])[0] > 0 > gains(metric, [worse], [better])[0]


def test_gains_of_what_is_no_metric_or_no_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown metric 'rsme'; did you mean 'rmse'"):
        gains("rsme", [1.0], [1.0])
    with pytest.raises(ValueError, match=r"ours \(2,\) and theirs \(1,\)"):
        gains("rmse", [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="gain 1 of 2 is nan"):
        paired_t([1.0, math.nan])


def test_paired_t_is_fishers_of_darwins_maize() -> None:
    found = paired_t(DARWIN)
    assert found.n == 15
    assert found.estimate == pytest.approx(314 / 15)
    assert found.p == pytest.approx(0.0497, abs=5e-5)
    assert found.interval is not None
    assert found.interval == pytest.approx((0.03, 41.84), abs=0.005)
    assert found.significant() is True
    assert found.significant(0.01) is False


def test_permutation_is_fishers_of_darwins_maize() -> None:
    assert permutation_test(DARWIN, seed=0, resamples=2**15).p == pytest.approx(1726 / 32768)
    drawn = permutation_test(DARWIN, seed=0)
    assert drawn.p == pytest.approx(1726 / 32768, abs=0.005)
    assert drawn == permutation_test(DARWIN, seed=0)


def test_permutation_of_five_pairs_cannot_be_significant_at_5_percent() -> None:
    assert permutation_test([1, 2, 3, 4, 5], seed=0).p == pytest.approx(2 / 32)


@pytest.mark.parametrize(
    ("sample", "in_favour", "against"),
    [(DARWIN, 96, 24), (np.array([0.0, 1, 2, -3]), 5, 4), (np.array([0.0, 0, 4, 5]), 7, 0)],
)
def test_wilcoxon_ranks_zeros_and_counts_the_rest(
    sample: np.ndarray, in_favour: int, against: int
) -> None:
    assert wilcoxon(sample).estimate == pytest.approx(
        (in_favour - against) / (in_favour + against)
    )


def test_wilcoxon_of_darwins_maize_is_the_share_of_all_signs() -> None:
    ranks = stats.rankdata(np.abs(DARWIN))
    sums = [float(np.dot(signs, ranks)) for signs in product([0, 1], repeat=15)]
    as_extreme = np.mean([min(s, 120 - s) <= 24 for s in sums])
    assert wilcoxon(DARWIN).p == pytest.approx(as_extreme)
    assert wilcoxon(DARWIN).p == pytest.approx(0.0413, abs=5e-5)


def test_corrected_t_is_that_of_scikit_learns_example() -> None:
    # "Statistical comparison of models using grid search": 100 differences with t = 2.611 become
    # t = 0.750 with 20 test and 180 training rows, and p = 0.227 on one side.
    spread = np.random.default_rng(0).normal(size=100)
    spread = (spread - spread.mean()) / spread.std(ddof=1)
    sample = spread + 2.611 / math.sqrt(100)
    found = corrected_resampled_t(sample, test_train=20 / 180)
    assert found.p == pytest.approx(2 * 0.227, abs=0.001)
    assert found.interval is not None
    assert sum(found.interval) / 2 == pytest.approx(found.estimate)
    low, high = found.interval
    assert (high - low) / 2 == pytest.approx(1.984 * 0.2611 / 0.750, rel=0.001)


def test_corrected_t_is_wider_than_the_papers() -> None:
    plain, corrected = paired_t(DARWIN), corrected_resampled_t(DARWIN, test_train=0.25)
    assert plain.p is not None
    assert corrected.p is not None
    assert corrected.p > plain.p
    with pytest.raises(ValueError, match="test_train is 0"):
        corrected_resampled_t(DARWIN, test_train=0)


def test_corrected_t_errs_seldom_on_resampled_rows_where_the_papers_errs_often() -> None:
    # Two methods that differ by noise on each of 50 rows, compared on 15 random fifths of them.
    rng, wrong = np.random.default_rng(0), {"paper": 0, "corrected": 0}
    for _ in range(200):
        rows = rng.normal(size=50)
        gained = [float(rng.choice(rows, 10, replace=False).mean()) for _ in range(15)]
        wrong["paper"] += bool(paired_t(gained).significant())
        wrong["corrected"] += bool(corrected_resampled_t(gained, test_train=0.25).significant())
    assert wrong["corrected"] < 0.08 * 200
    assert wrong["paper"] > 0.25 * 200


def test_equivalence_is_two_one_sided_tests_and_its_interval_agrees() -> None:
    for margin in (30.0, 37.0, 39.0, 60.0):
        found = equivalence(DARWIN, margin=margin)
        sides = (
            stats.ttest_1samp(DARWIN, -margin, alternative="greater").pvalue,
            stats.ttest_1samp(DARWIN, margin, alternative="less").pvalue,
        )
        assert found.p == pytest.approx(max(sides))
        assert found.interval is not None
        within = -margin < found.interval[0] and found.interval[1] < margin
        assert found.significant() is within
        theirs = ttost_paired(DARWIN, np.zeros(len(DARWIN)), -margin, margin)
        assert found.p == pytest.approx(theirs[0])
    with pytest.raises(ValueError, match="margin is 0"):
        equivalence(DARWIN, margin=0)


def test_folds_are_called_equivalent_no_more_often_than_alpha_says() -> None:
    # The mean of 50 rows lies just at the margin, and is estimated by 15 random fifths of them.
    rng, wrong = np.random.default_rng(0), {0.0: 0, 0.25: 0}
    for _ in range(200):
        rows = 0.3 + rng.normal(size=50)
        gained = [float(rng.choice(rows, 10, replace=False).mean()) for _ in range(15)]
        for ratio in wrong:
            wrong[ratio] += bool(equivalence(gained, margin=0.3, test_train=ratio).significant())
    assert wrong[0.25] < 0.08 * 200
    assert wrong[0.0] > 0.12 * 200


def test_the_corrected_equivalence_test_agrees_with_its_interval_and_the_corrected_t() -> None:
    found = equivalence(DARWIN, margin=60.0, test_train=0.25)
    corrected = corrected_resampled_t(DARWIN, test_train=0.25, confidence=0.9)
    assert found.interval == pytest.approx(corrected.interval)
    assert found.p is not None
    assert found.p > (equivalence(DARWIN, margin=60.0).p or 0)


def test_holm_is_the_textbook_example_and_leaves_the_undecided_out() -> None:
    # Four p-values of the usual example: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02.
    raw = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    family = {key: Evidence("t", 5, 1.0, p=p) for key, p in raw.items()}
    family["e"] = paired_t([1.0])
    adjusted = holm(family)
    assert [adjusted[k].p for k in "abcd"] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted["e"] == family["e"]
    assert adjusted["a"].test == "t, Holm over 4"
    assert holm({"e": family["e"]}) == {"e": family["e"]}


@pytest.mark.parametrize("name", TESTS)
def test_one_replicate_never_gives_a_verdict(name: str) -> None:
    found = TESTS[name]([0.25])
    assert found.undecided
    assert found.p is None
    assert found.interval is None
    assert found.significant() is None
    assert found.estimate is None or math.isfinite(found.estimate)


@pytest.mark.parametrize("name", sorted(set(TESTS) - {"cliff"}))
def test_equal_results_give_no_verdict(name: str) -> None:
    found = TESTS[name](np.zeros(6))
    assert "zero" in found.undecided
    assert found.significant() is None


@pytest.mark.parametrize("name", ["paired t", "corrected t", "equivalence", "cohen"])
def test_one_replicate_repeated_is_one_replicate(name: str) -> None:
    found = TESTS[name](np.full(5, 0.1))
    assert "one replicate, repeated" in found.undecided
    assert found.significant() is None


def test_bootstrap_resamples_users_so_that_totals_are_those_over_rows() -> None:
    rng = np.random.default_rng(0)
    users = rng.integers(300, size=4000)
    truth = rng.integers(1, 6, size=4000).astype(float)
    ours, theirs = truth + rng.normal(0, 0.9, 4000), truth + rng.normal(0, 1.0, 4000)
    first, second = user_errors(users, truth, ours), user_errors(users, truth, theirs)
    found = paired_bootstrap("rmse", first.squared, second.squared, weights=first.rows, seed=1)
    assert found.estimate == pytest.approx(
        root_mean_squared_error(truth, theirs) - root_mean_squared_error(truth, ours)
    )
    assert found.n == len(np.unique(users))
    assert found.interval is not None
    assert found.interval[0] < 0.1 < found.interval[1]
    assert found.p is not None
    assert found.p < 0.01
    found = paired_bootstrap("mae", first.absolute, second.absolute, weights=first.rows, seed=1)
    assert found.estimate == pytest.approx(
        mean_absolute_error(truth, theirs) - mean_absolute_error(truth, ours)
    )


def test_bootstrap_of_many_users_agrees_with_the_t_test() -> None:
    gained = np.random.default_rng(0).normal(0.02, 0.2, 800)
    drawn, t = paired_bootstrap("r@5", gained, np.zeros(800), seed=3), paired_t(gained)
    assert drawn.interval == pytest.approx(t.interval, abs=0.001)
    assert drawn.p == pytest.approx(t.p, abs=0.01)
    assert drawn == paired_bootstrap("r@5", gained, np.zeros(800), seed=3)


def test_bootstrap_of_many_users_fits_in_memory_and_a_few_seconds() -> None:
    rng = np.random.default_rng(0)
    found = paired_bootstrap("p@5", rng.random(50_000), rng.random(50_000), seed=0, resamples=199)
    assert found.n == 50_000
