"""Tests of paired results, over seeds, folds or users; none of them decides on one replicate.

Every test reads differences oriented by :func:`gains`, so a positive estimate is always in favour
of ours, whatever the metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.multitest import multipletests

from benchmark.errors import suggestion
from benchmark.evaluation.intervals import Estimate
from benchmark.evaluation.metrics import METRICS
from benchmark.recommender import FloatArray

Key = TypeVar("Key", bound=Hashable)
_MEMORY = 4_000_000
"""How many values a resampling test holds at once (32 MB)."""


@dataclass(frozen=True)
class Evidence:
    """What a test says, or in ``undecided`` why it says nothing; there is never a NaN in it."""

    test: str
    n: int
    estimate: float | None
    interval: tuple[float, float] | None = None
    p: float | None = None
    confidence: float = 0.95
    undecided: str = ""

    def significant(self, alpha: float = 0.05) -> bool | None:
        """Whether the null hypothesis is rejected, None where the test cannot say."""
        return None if self.p is None else self.p < alpha


def gains(metric: str, ours: ArrayLike, theirs: ArrayLike) -> FloatArray:
    """By how much ours is better (n,) in each pair: ours - theirs, or theirs - ours for errors.

    Raises:
        ValueError: no such metric, or the arrays are not two of one shape (n,).
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}{suggestion(metric, METRICS)}")
    first, second = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"ours {first.shape} and theirs {second.shape} are no pairs of (n,)")
    return first - second if METRICS[metric].higher_is_better else second - first


def paired_t(gained: ArrayLike, *, confidence: float = 0.95) -> Evidence:
    """The papers' own test: Student's paired t over folds or seeds.

    Over folds it rejects too often, since their training sets overlap: see
    :func:`corrected_resampled_t`.
    """
    name = "paired t-test (the papers')"
    sample = sample_of(gained)
    if reason := no_spread(sample):
        return _undecided(name, sample, reason)
    result = stats.ttest_1samp(sample, 0.0)
    low, high = result.confidence_interval(confidence)
    return Evidence(
        name,
        len(sample),
        _mean(sample),
        (float(low), float(high)),
        float(result.pvalue),
        confidence,
    )


def corrected_resampled_t(
    gained: ArrayLike, *, test_train: float, confidence: float = 0.95
) -> Evidence:
    """Paired t over folds or random splits, its variance corrected for shared training rows.

    ``test_train`` is the number of test rows divided by that of training rows: 1/4 for 5 folds.
    Source: Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52, 2003.
    """
    name = "corrected resampled t-test (Nadeau-Bengio)"
    sample = sample_of(gained)
    if test_train <= 0:
        raise ValueError(f"test_train is {test_train:g}; give test rows / training rows, > 0")
    if reason := no_spread(sample):
        return _undecided(name, sample, reason)
    corrected = _mean_of(sample, test_train)
    return Evidence(
        name,
        len(sample),
        corrected.value,
        corrected.interval(confidence),
        corrected.p_beyond(0.0),
        confidence,
    )


def wilcoxon(gained: ArrayLike) -> Evidence:
    """Wilcoxon's signed-rank test over users, zeros ranked and then dropped (Pratt).

    The estimate is the matched rank-biserial correlation, from -1 (every user lost) to 1: the
    share of the rank sum that is in favour less the share against. Sources: Pratt, "Remarks on
    zeros and ties in the Wilcoxon signed rank procedures", JASA 54, 1959; Kerby, "The simple
    difference formula", Comprehensive Psychology 3, 2014.
    """
    name = "Wilcoxon signed-rank test"
    sample = sample_of(gained)
    if reason := _nothing_to_test(sample):
        return _undecided(name, sample, reason)
    in_favour = stats.wilcoxon(sample, zero_method="pratt", alternative="greater").statistic
    p = stats.wilcoxon(sample, zero_method="pratt").pvalue
    n, zeros = len(sample), int(np.sum(sample == 0))
    rank_sum = (n * (n + 1) - zeros * (zeros + 1)) / 2
    return Evidence(name, n, 2 * float(in_favour) / rank_sum - 1, p=float(p))


def paired_bootstrap(
    metric: str,
    ours: ArrayLike,
    theirs: ArrayLike,
    *,
    seed: int,
    weights: ArrayLike | None = None,
    resamples: int = 4_999,
    confidence: float = 0.95,
) -> Evidence:
    """Users (u,) drawn with replacement, both methods' values of a user together.

    ``ours`` and ``theirs`` are each user's precision or recall, mean absolute error (``mae``) or
    mean squared error (``rmse``, whose root is taken over all drawn rows). With ``weights`` a
    user counts that often: give the errors' numbers of rows. The interval is the percentile
    interval; p is twice the smaller share of resamples on either side of zero.
    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapters 13 and 15.
    """
    name = "paired bootstrap over users"
    gained = sample_of(gains(metric, ours, theirs))
    first, second = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    counts = np.ones(len(gained)) if weights is None else np.asarray(weights, dtype=np.float64)
    statistic = _difference_of_totals(metric)
    estimate = float(statistic(first, second, counts))
    if reason := _nothing_to_test(gained):
        return Evidence(name, len(gained), estimate, undecided=reason)
    drawn = stats.bootstrap(
        (first, second, counts),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, _MEMORY // len(gained)),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = drawn.confidence_interval
    values = drawn.bootstrap_distribution
    side = min(int(np.sum(values <= 0)), int(np.sum(values >= 0)))
    return Evidence(
        name,
        len(gained),
        estimate,
        (float(low), float(high)),
        min(1.0, 2 * (side + 1) / (resamples + 1)),
        confidence,
    )


def permutation_test(gained: ArrayLike, *, seed: int, resamples: int = 9_999) -> Evidence:
    """Fisher's randomisation test: the mean gain against that of random signs.

    All 2^n signs are taken where they are no more than ``resamples``. With 5 pairs p cannot be
    below 0.0625; with 20,000 it takes half a minute. Source: Fisher, "The design of experiments",
    1935, section 21.
    """
    name = "permutation test (signs)"
    sample = sample_of(gained)
    if reason := _nothing_to_test(sample):
        return _undecided(name, sample, reason)
    result = stats.permutation_test(
        (sample,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, _MEMORY // len(sample)),
        rng=np.random.default_rng(seed),
    )
    return Evidence(name, len(sample), _mean(sample), p=float(result.pvalue))


def equivalence(
    gained: ArrayLike, *, margin: float, test_train: float = 0.0, alpha: float = 0.05
) -> Evidence:
    """Two one-sided t-tests: whether the mean gain is shown to lie within ``margin`` of zero.

    ``test_train`` is as in :func:`corrected_resampled_t`, and 0 where runs are seeds on one split:
    without it folds would be called equivalent too often, as they are called different too often.
    ``significant`` here means equivalent. The interval has confidence 1 - 2 ``alpha``, so that it
    lies within the margin exactly if p < ``alpha``. Source: Schuirmann, "A comparison of the two
    one-sided tests procedure and the power approach", J. Pharmacokinet. Biopharm. 15, 1987.
    """
    name = f"equivalence within {margin:g} (TOST)"
    sample = sample_of(gained)
    if margin <= 0:
        raise ValueError(f"margin is {margin:g}; equivalence needs one > 0")
    if reason := no_spread(sample):
        return _undecided(name, sample, reason)
    mean = _mean_of(sample, test_train)
    confidence = 1 - 2 * alpha
    return Evidence(
        name,
        len(sample),
        mean.value,
        mean.interval(confidence),
        max(mean.p_above(-margin), mean.p_below(margin)),
        confidence,
    )


def holm(family: Mapping[Key, Evidence]) -> dict[Key, Evidence]:
    """The tests of one table, their p adjusted for their number; undecided ones do not count.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6,
    1979.
    """
    raw = {key: evidence.p for key, evidence in family.items() if evidence.p is not None}
    if not raw:
        return dict(family)
    adjusted = dict(zip(raw, multipletests(list(raw.values()), method="holm")[1], strict=True))
    return {
        key: replace(
            evidence, p=float(adjusted[key]), test=f"{evidence.test}, Holm over {len(raw)}"
        )
        if key in adjusted
        else evidence
        for key, evidence in family.items()
    }


def _difference_of_totals(metric: str) -> Callable[..., FloatArray]:
    """The gain in the metric over all drawn users, as scipy's bootstrap calls it."""
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0

    def total(values: FloatArray, counts: FloatArray, axis: int) -> FloatArray:
        mean = np.asarray((values * counts).sum(axis=axis) / counts.sum(axis=axis))
        return np.sqrt(mean) if metric == "rmse" else mean

    def difference(
        ours: FloatArray, theirs: FloatArray, counts: FloatArray, axis: int = -1
    ) -> FloatArray:
        return sign * (total(ours, counts, axis) - total(theirs, counts, axis))

    return difference


def sample_of(gained: ArrayLike) -> FloatArray:
    """The gains (n,) as floats.

    Raises:
        ValueError: they are none, not of the shape (n,), or not all finite.
    """
    sample = np.asarray(gained, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"gains {sample.shape} must have the shape (n,) with n >= 1")
    if not np.isfinite(sample).all():
        wrong = int(np.argmin(np.isfinite(sample)))
        raise ValueError(f"gain {wrong} of {len(sample)} is {sample[wrong]}, which is no number")
    return sample


def _nothing_to_test(sample: FloatArray) -> str:
    if len(sample) < 2:
        return "one replicate decides nothing; run more seeds or folds"
    if not sample.any():
        return f"all {len(sample)} differences are zero"
    return ""


def no_spread(sample: FloatArray) -> str:
    """Why a sample has no standard deviation to test against, or nothing."""
    if reason := _nothing_to_test(sample):
        return reason
    if np.ptp(sample) <= 1e-12 * float(np.abs(sample).max()):
        return f"all {len(sample)} differences are equal: that is one replicate, repeated"
    return ""


def _undecided(name: str, sample: FloatArray, reason: str) -> Evidence:
    return Evidence(name, len(sample), _mean(sample), undecided=reason)


def _mean_of(sample: FloatArray, test_train: float) -> Estimate:
    """The mean, its variance corrected for shared training rows (Nadeau and Bengio)."""
    n = len(sample)
    variance = (1 / n + test_train) * float(sample.var(ddof=1))
    return Estimate(_mean(sample), math.sqrt(variance), n)


def _mean(sample: FloatArray) -> float:
    return math.fsum(sample) / len(sample)
