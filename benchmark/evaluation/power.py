"""What a paired t-test can find: the smallest detectable effect, and the runs an effect needs.

Where runs are folds, whose training rows overlap, ``test_train`` is the ratio of test to training
rows (Nadeau and Bengio, 2003); it is 0 where they are seeds on one split.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import nctdtrinc

from benchmark.evaluation.significance import no_spread, sample_of

MANY = 1_000_000
"""Effects that need more runs than this are out of reach."""


@dataclass(frozen=True)
class Power:
    """Of ``n`` runs whose differences vary by ``sd``, at test level ``alpha`` and ``power``."""

    n: int
    sd: float | None
    alpha: float
    power: float
    detectable: float | None = None
    """The smallest mean difference found with that power, in the metric's unit."""
    effect: float | None = None
    """The mean difference that ``runs_needed`` is for."""
    runs_needed: int | None = None
    """How many runs find ``effect`` with that power; None where more than a million would."""
    undecided: str = ""


def study_power(
    gained: ArrayLike,
    *,
    effect: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    test_train: float = 0.0,
) -> Power:
    """The power of the paired t-test over gains (n,), for ``effect`` or the observed mean gain.

    Source: Cohen, "Statistical power analysis for the behavioral sciences", 1988, chapter 2.
    """
    sample = sample_of(gained)
    n = len(sample)
    if reason := no_spread(sample):
        return Power(n, None, alpha, power, undecided=reason)
    sd = float(sample.std(ddof=1))
    wanted = float(sample.mean()) if effect is None else effect
    return Power(
        n,
        sd,
        alpha,
        power,
        smallest_detectable(n, sd, power=power, alpha=alpha, test_train=test_train),
        wanted,
        runs_needed(wanted, sd, power=power, alpha=alpha, test_train=test_train),
    )


def smallest_detectable(
    n: int, sd: float, *, power: float = 0.8, alpha: float = 0.05, test_train: float = 0.0
) -> float:
    """The smallest mean difference that a paired t-test over ``n`` runs finds with ``power``.

    Raises:
        ValueError: there are fewer than two runs.
    """
    if n < 2:
        raise ValueError(f"{n} run detects no effect of any size; a t-test needs two or more")
    critical = stats.t.isf(alpha / 2, n - 1)
    return float(nctdtrinc(n - 1, 1 - power, critical)) * math.sqrt(1 / n + test_train) * sd


def runs_needed(
    effect: float,
    sd: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    test_train: float = 0.0,
) -> int | None:
    """How many runs a paired t-test needs to find ``effect`` with ``power``, None for too many.

    Folds that share training rows do not make an effect sure, however often they are drawn anew.
    """
    size, sizes = abs(effect) / sd, range(2, MANY + 1)
    found = bisect_left(
        sizes, power, key=lambda n: power_of_t(size, n, alpha=alpha, test_train=test_train)
    )
    return sizes[found] if found < len(sizes) else None


def power_of_t(size: float, n: int, *, alpha: float = 0.05, test_train: float = 0.0) -> float:
    """How often a two-sided paired t-test finds a gain of ``size`` standard deviations.

    Not through ``TTestPower`` of statsmodels 0.15, whose ``solve_power`` stops short without a
    word (2.45 instead of 2.78 deviations at n = 7, alpha = 0.001) or gives NaN.
    """
    noncentrality = size / math.sqrt(1 / n + test_train)
    return float(stats.nct.sf(stats.t.isf(alpha / 2, n - 1), n - 1, noncentrality))
