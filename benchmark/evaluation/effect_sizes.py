"""How large a difference is, in standard deviations or in wins, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from benchmark.evaluation.intervals import jackknife
from benchmark.evaluation.metrics import METRICS
from benchmark.evaluation.significance import Evidence, gains, no_spread, sample_of
from benchmark.recommender import FloatArray

FEW = 30
"""Up to so many pairs the interval is the jackknife's, beyond it the percentile bootstrap's: for
d = 1 at 5 and 10 pairs, 95 % intervals hold it in 98 and 95 % of cases and in 76 and 80 %."""
_MEMORY = 2_000_000
"""How many values the bootstrap holds at once."""


def cohens_d(
    gained: ArrayLike, *, seed: int, resamples: int = 1_999, confidence: float = 0.95
) -> Evidence:
    """Cohen's d of paired differences (d_z): mean gain (n,) over its standard deviation (n - 1).

    Source: Cohen, "Statistical power analysis for the behavioral sciences", 1988, section 2.3.5.
    """
    sample = sample_of(gained)
    if reason := no_spread(sample):
        return Evidence("Cohen's d (paired)", len(sample), None, undecided=reason)
    return _effect("Cohen's d (paired)", _d, sample[None], seed, resamples, confidence)


def cliffs_delta(
    metric: str,
    ours: ArrayLike,
    theirs: ArrayLike,
    *,
    seed: int,
    resamples: int = 1_999,
    confidence: float = 0.95,
) -> Evidence:
    """Cliff's delta: P(ours is better) - P(theirs is better) over all pairs of values (n,).

    The interval keeps the two values of a run together. Over users it is slow (half a minute for
    20,000); the rank-biserial correlation of the Wilcoxon test says the same of pairs at once.
    Source: Cliff, "Dominance statistics", Psychological Bulletin 114(3), 1993.
    """
    sample_of(gains(metric, ours, theirs))
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    pair = sign * np.stack([np.asarray(v, dtype=np.float64) for v in (ours, theirs)])
    found = _effect("Cliff's delta", _delta, pair, seed, resamples, confidence)
    if found.interval is None:
        return found
    low, high = found.interval
    return Evidence(
        found.test, found.n, found.estimate, (max(low, -1.0), min(high, 1.0)), None, confidence
    )


def _effect(
    name: str,
    statistic: Callable[[FloatArray], FloatArray],
    runs: FloatArray,
    seed: int,
    resamples: int,
    confidence: float,
) -> Evidence:
    """The statistic over the last axis of ``runs`` (c, n), whose columns are resampled."""
    n, value = runs.shape[1], float(statistic(runs))
    if n > FEW:
        interval = stats.bootstrap(
            tuple(runs),
            lambda *drawn, axis: statistic(np.stack(drawn)),
            paired=True,
            vectorized=True,
            n_resamples=resamples,
            batch=max(1, _MEMORY // n),
            confidence_level=confidence,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        return Evidence(name, n, value, (float(interval[0]), float(interval[1])), None, confidence)
    if n < 3:
        return Evidence(name, n, value, undecided=f"{n} replicates give an effect no interval")
    estimate = jackknife(lambda part: float(statistic(part)), runs)
    if estimate.se == 0 or not math.isfinite(estimate.se):
        reason = f"leaving one of {n} replicates out moves nothing or leaves no spread"
        return Evidence(name, n, value, undecided=reason)
    return Evidence(name, n, value, estimate.interval(confidence), None, confidence)


def _d(runs: FloatArray) -> FloatArray:
    """Mean over standard deviation, infinite where the latter is zero and the former is not."""
    mean, sd = runs[0].mean(axis=-1), runs[0].std(axis=-1, ddof=1)
    flat = np.where(mean == 0, 0.0, np.copysign(np.inf, mean))
    return np.asarray(np.divide(mean, sd, out=flat, where=sd > 0), dtype=np.float64)


def _delta(runs: FloatArray) -> FloatArray:
    """2 U / n^2 - 1 with U of Mann and Whitney, in which a tie counts half."""
    n = runs.shape[-1]
    ranks = stats.rankdata(np.concatenate([runs[0], runs[1]], axis=-1), axis=-1)
    u = ranks[..., :n].sum(axis=-1) - n * (n + 1) / 2
    return np.asarray(2 * u / n**2 - 1)
