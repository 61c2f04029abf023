"""Whether the measured order of methods is the paper's: Kendall's tau, and pairs that changed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from benchmark.evaluation.intervals import expanded
from benchmark.evaluation.metrics import METRICS
from benchmark.recommender import FloatArray


@dataclass(frozen=True)
class Agreement:
    """The order of ``methods``, the paper's best first, beside the measured one."""

    methods: tuple[str, ...]
    runs: int
    held: int
    """Printed orderings of two methods that are measured so, of ``orderings`` in all."""
    orderings: int
    changed: tuple[tuple[str, str], ...]
    """The others: the paper's better method, then the one that is measured as good or better."""
    left_out: tuple[str, ...]
    """Printed methods without a measurement."""
    tau: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    """Of there being no relation between the orders, exact where nothing is tied."""
    undecided: str = ""

    @property
    def sentence(self) -> str:
        """``17 of 21 orderings hold``."""
        return f"{self.held} of {self.orderings} orderings hold"


def ranking_agreement(
    metric: str,
    printed: Mapping[str, float],
    measured: Mapping[str, ArrayLike],
    *,
    seed: int,
    resamples: int = 1_999,
    confidence: float = 0.95,
) -> Agreement:
    """Kendall's tau-b between the printed numbers of a column and the means of runs (n,).

    Both are by method; the runs of all methods are in one order of seeds, NaN where one failed,
    and only seeds that none failed count. The interval is the expanded percentile bootstrap over
    runs: it tells what other seeds would give for these methods. Methods that the paper prints as
    equal have no ordering to hold.

    Raises:
        ValueError: methods differ in their number of runs.
    """
    sign = -1.0 if METRICS[metric].higher_is_better else 1.0
    methods = sorted((m for m in printed if m in measured), key=lambda m: sign * printed[m])
    columns = {m: np.atleast_1d(np.asarray(measured[m], dtype=np.float64)) for m in methods}
    if len({len(values) for values in columns.values()}) > 1:
        counts = ", ".join(f"{m} {len(values)}" for m, values in columns.items())
        raise ValueError(f"methods differ in their number of runs: {counts}")
    runs = np.array(list(columns.values())) if methods else np.empty((0, 0))
    runs = runs[:, np.isfinite(runs).all(axis=0)]
    n = runs.shape[1]
    means = dict(zip(methods, sign * runs.mean(axis=1), strict=True)) if n else {}
    ordered = [(a, b) for a, b in combinations(means, 2) if printed[a] != printed[b]]
    changed = tuple((a, b) for a, b in ordered if means[b] <= means[a])
    left_out = tuple(m for m in printed if m not in measured)
    found = Agreement(
        tuple(methods), n, len(ordered) - len(changed), len(ordered), changed, left_out
    )
    if methods and not n:
        return replace(found, undecided="no run of all the methods measured has succeeded")
    if not ordered:
        return replace(found, undecided="the paper orders no two of the methods measured")
    told = np.array([printed[m] for m in methods])
    if np.ptp(runs.mean(axis=1)) == 0:
        return replace(found, undecided="all methods measure the same")
    kendall = stats.kendalltau(told, runs.mean(axis=1))
    found = replace(found, tau=float(kendall.statistic), p=float(kendall.pvalue))
    if n < 2:
        return replace(found, undecided="one run gives tau no interval; run more seeds or folds")
    return replace(found, interval=_interval(told, runs, seed, resamples, confidence))


def _interval(
    told: FloatArray, runs: FloatArray, seed: int, resamples: int, confidence: float
) -> tuple[float, float]:
    n = runs.shape[1]

    @functools.cache  # Few runs have few distinct resamples: 126 of five.
    def tau(drawn: tuple[int, ...]) -> float:
        means = runs[:, drawn].mean(axis=1)
        if not np.ptp(means):
            return 0.0
        return float(stats.kendalltau(told, means, method="asymptotic").statistic)

    def statistic(drawn: NDArray[np.int64]) -> float:
        return tau(tuple(sorted(int(i) for i in drawn)))

    low, high = stats.bootstrap(
        (np.arange(n),),
        statistic,
        vectorized=False,
        n_resamples=resamples,
        confidence_level=expanded(confidence, n),
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(low), float(high)
