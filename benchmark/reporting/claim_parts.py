"""A claim's parts: a number computed from a few cells of tables, and the range it must lie in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.recommender import FloatArray
from benchmark.reporting.printed import Cell, printed_table

Rows = list[str] | Literal["baselines"]
Statistic = Callable[[FloatArray], float]
"""A number from the values (c,) of a part's cells; signs are +1 where higher is better, or -1."""


@dataclass(frozen=True)
class Terms:
    """What the claims' words mean: the baseline rows by table, and the sign by metric."""

    baselines: dict[str, list[str]]
    signs: dict[str, float]

    def rows(self, rows: Rows, table: str) -> list[str]:
        """The rows themselves, or the baselines of the table."""
        return self.baselines[table] if rows == "baselines" else rows

    def places(self, table: str, domains: list[str], metrics: list[str]) -> list[tuple[str, str]]:
        """Domains and metrics of a table; where none are named, all that it prints."""
        cells = printed_table(table)
        return [
            (domain, metric)
            for domain in domains or dict.fromkeys(cell.domain for cell in cells)
            for metric in metrics or dict.fromkeys(cell.metric for cell in cells)
        ]


@dataclass(frozen=True)
class Part:
    """One number of a claim: ``statistic`` of the values of ``cells`` (c,), and its range."""

    label: str
    cells: Sequence[Cell]
    statistic: Statistic
    low: float = -math.inf
    high: float = math.inf
    strict: bool = False
    """Whether the ends of the range are outside it."""
    leeway: float = 0.0
    """How much wider the range is for measured numbers: that of a printed one covers rounding."""
    significantly: bool = False
    """Whether the claim is that a test shows the number to lie in the range."""

    def contains(self, value: float) -> bool:
        """Whether a value known exactly lies in the range."""
        if self.strict:
            return self.low < value < self.high
        return self.low <= value <= self.high


def states(
    label: str, cells: Sequence[Cell], statistic: Statistic, claimed: float, tolerance: float
) -> Part:
    """A part that states a percentage: measured, it may be off by half, at most by one point."""
    leeway = max(0.0, min(1.0, abs(claimed) / 2) - tolerance)
    return Part(label, cells, statistic, claimed - tolerance, claimed + tolerance, leeway=leeway)


def margin(sign: float, split: int = 1) -> Statistic:
    """By how much the best of the first ``split`` values is better than the best of the others."""
    return lambda values: sign * (_best(sign, values[:split]) - _best(sign, values[split:]))


def gain(sign: float, split: int = 1) -> Statistic:
    """:func:`margin` in percent of the best of the others."""
    better = margin(sign, split)
    return lambda values: 100 * better(values) / _best(sign, values[split:])


def mean_of(statistics: Sequence[tuple[Statistic, slice]]) -> Statistic:
    """The mean of statistics, each of its own slice of the values."""
    return lambda values: sum(of(values[part]) for of, part in statistics) / len(statistics)


def gap(sign: float, split: int) -> Statistic:
    """The difference of the best on both sides in percent of their mean (RecSys-DAN's Delta)."""

    def percent(values: FloatArray) -> float:
        a, b = _best(sign, values[:split]), _best(sign, values[split:])
        return 200 * abs(a - b) / (a + b)

    return percent


def spread(values: FloatArray) -> float:
    """Largest less smallest in percent of the mean."""
    return 100 * float(np.ptp(values)) / float(values.mean())


def larger_gain(sign: float) -> Statistic:
    """The margin of the first over the second value less that of the third over the fourth."""
    first, second = margin(sign), margin(sign)
    return lambda values: first(values[:2]) - second(values[2:])


def value(values: FloatArray) -> float:
    """The value of the only cell."""
    return float(values[0])


def _best(sign: float, values: FloatArray) -> float:
    return float(values.max() if sign > 0 else values.min())
