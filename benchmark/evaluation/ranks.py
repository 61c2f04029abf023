"""Methods ranked over data sets: Friedman's test and Nemenyi's comparison of all pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats

from benchmark.evaluation.metrics import METRICS
from benchmark.recommender import FloatArray


@dataclass(frozen=True)
class Ranks:
    """Mean ranks (k,), 1 best, over ``n`` data sets, and what may be concluded from them."""

    methods: tuple[str, ...]
    mean_ranks: FloatArray
    n: int
    critical_difference: float
    """Mean ranks that differ by less are not shown to differ, at ``alpha`` (Nemenyi)."""
    alpha: float
    statistic: float | None = None
    """Friedman's chi-squared, corrected for ties."""
    p: float | None = None
    pairs: FloatArray | None = None
    """Nemenyi's p (k, k) of each pair of methods, 1 on the diagonal."""
    undecided: str = ""
    test: str = "Friedman test with Nemenyi's comparisons"

    def significant(self) -> bool | None:
        """Whether any method differs, None where the test cannot say."""
        return None if self.p is None else self.p < self.alpha


def friedman_nemenyi(
    metric: str, scores: ArrayLike, methods: Sequence[str], *, alpha: float = 0.05
) -> Ranks:
    """Rank ``methods`` (k,) by ``scores`` (n, k), a row a data set, in the metric's direction.

    Source: Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7,
    2006, sections 3.2.2 and 3.2.4.

    Raises:
        ValueError: fewer than three methods, or scores that are not all finite or not (n, k).
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(methods) or not len(table):
        raise ValueError(f"scores {table.shape} are not (data sets, {len(methods)} methods)")
    if len(methods) < 3:
        raise ValueError(f"{len(methods)} methods cannot be ranked by Friedman's test; it needs 3")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise ValueError(f"no score of {methods[column]} on data set {row}; leave one of them out")
    sign = -1.0 if METRICS[metric].higher_is_better else 1.0
    mean_ranks = stats.rankdata(sign * table, axis=1).mean(axis=0)
    n, k = table.shape
    # The studentised range is in units of one mean, the difference of two ranks of sqrt(2) such.
    q = float(stats.studentized_range.ppf(1 - alpha, k, math.inf)) / math.sqrt(2)
    ranks = Ranks(tuple(methods), mean_ranks, n, q * math.sqrt(k * (k + 1) / (6 * n)), alpha)
    if reason := _undecided(table):
        return replace(ranks, undecided=reason)
    friedman = stats.friedmanchisquare(*table.T)
    pairs = posthoc_nemenyi_friedman(table).to_numpy(dtype=np.float64)
    return replace(
        ranks, statistic=float(friedman.statistic), p=float(friedman.pvalue), pairs=pairs
    )


def _undecided(table: FloatArray) -> str:
    if len(table) < 2:
        return "one data set decides nothing about ranks"
    if np.ptp(table, axis=1).max() == 0:
        return "all methods score the same on every data set"
    return ""
