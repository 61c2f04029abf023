"""Figures of methods' scores: beside the papers' and the trivial ones, and against their cost.

One function each: takes scores and Axes, draws, returns the Axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from benchmark.reporting.figures import COLOURS, MARKERS

FILLS: tuple[Literal["full", "left", "top"], ...] = ("full", "left", "top")
"""How markers are filled when all have been used once, and twice."""
_FILLED: dict[str, Any] = {"marker": "o", "linestyle": "", "color": COLOURS[0], "markersize": 5}
_OPEN: dict[str, Any] = {
    "marker": "s",
    "linestyle": "",
    "color": "0.2",
    "markerfacecolor": "white",
    "markersize": 5,
}
_CROSS: dict[str, Any] = {"marker": "x", "linestyle": "", "color": COLOURS[3], "markersize": 6}


@dataclass(frozen=True)
class Dot:
    """A method's score: its mean, interval if there is one, the printed value, and its kind."""

    label: str
    mean: float
    interval: tuple[float, float] | None = None
    paper: float | None = None
    trivial: bool = False


@dataclass(frozen=True)
class Cost:
    """What a method's score cost, in seconds of tuning and fit."""

    label: str
    seconds: float
    score: float
    place: int
    """Among all methods: the same colour and marker in every figure."""
    trivial: bool = False


def dots(
    scores: Sequence[Dot], ax: Axes, *, label: str, paper: str = "", floor: float | None = None
) -> Axes:
    """Every method's mean with its interval, first on top; the best trivial one is a line."""
    places = np.arange(len(scores))[::-1]
    for place, dot in zip(places, scores, strict=True):
        if dot.paper is not None:
            ax.plot(dot.paper, place, label=paper, zorder=2, **_CROSS)
        if dot.interval is not None:
            ax.plot(
                dot.interval, (place, place), "k-", label="95 % interval of the mean", zorder=3
            )
        told = "trivial row" if dot.trivial else "mean over runs"
        ax.plot(dot.mean, place, label=told, zorder=4, **(_OPEN if dot.trivial else _FILLED))
    if trivial := [dot.mean for dot in scores if dot.trivial]:
        ax.axvline(min(trivial), color="0.4", linestyle="--", label="best trivial row", zorder=1)
    if floor is not None:
        ax.axvline(floor, color=COLOURS[2], linestyle=":", label="best reachable", zorder=1)
    ax.set_yticks(places, [dot.label for dot in scores])
    ax.set_xlabel(label)
    ax.margins(y=0.6 / max(len(scores), 1))
    ax.grid(axis="y", visible=True)
    return ax


def near_the_best(scores: Sequence[Dot]) -> list[Dot]:
    """The scores in the lowest quarter of the range."""
    end = _lowest_quarter([dot.mean for dot in scores])
    return [dot for dot in scores if dot.mean <= end]


def shows_more_close_up(scores: Sequence[Dot]) -> bool:
    """Whether several scores but not all are near the best, and their intervals are short."""
    near = near_the_best(scores)
    return 3 <= len(near) < len(scores) and 2 * _span(near) <= _span(scores)


def _span(scores: Sequence[Dot]) -> float:
    reach: list[float] = [end for dot in scores for end in (dot.mean, *(dot.interval or ()))]
    return max(reach) - min(reach)


def _lowest_quarter(values: Sequence[float]) -> float:
    return min(values) + (max(values) - min(values)) / 4


def close_up(scores: Sequence[Dot], ax: Axes) -> Axes:
    """The part of :func:`dots` near the best, without the labels of its rows."""
    near = near_the_best(scores)
    reach = [end for dot in near for end in (dot.mean, *(dot.interval or ()))]
    margin = 0.08 * (max(reach) - min(reach)) or 0.01
    # A sign just beyond would be cut in two: it is taken in.
    cut = [dot.mean for dot in scores if abs(dot.mean - max(reach) - margin) < margin]
    ax.set_xlim(min(reach) - margin, max([*reach, *cut]) + margin)
    ax.set_yticklabels([])
    ax.xaxis.set_major_locator(MaxNLocator(4))
    return ax


def costs(points: Sequence[Cost], ax: Axes, *, label: str) -> Axes:
    """Score against seconds on a log scale; the line joins what nothing beats in both."""
    for point in points:
        marker = MARKERS[point.place % len(MARKERS)]
        ax.plot(
            point.seconds,
            point.score,
            marker,
            color=COLOURS[point.place % len(COLOURS)],
            fillstyle=FILLS[point.place // len(MARKERS) % len(FILLS)],
            markerfacecolor="white" if point.trivial else None,
            markerfacecoloralt="white",
            markeredgecolor="0.2",
            markeredgewidth=1 if point.trivial else 0.4,
            markersize=10 if marker == "*" else 7,  # Or how a star is filled is not to be seen.
            linestyle="none",
            label=point.label,
            zorder=3,
        )
    front = _front(points)
    ax.plot(*zip(*front, strict=True), color="0.5", linewidth=1, drawstyle="steps-post", zorder=1)
    ax.set_xscale("log")
    # Whole decades, so that at least two ticks have labels.
    seconds = np.log10([point.seconds for point in points])
    ax.set_xlim(10 ** np.floor(seconds.min() - 0.1), 10 ** np.ceil(seconds.max() + 0.1))
    ax.set_xlabel("tuning and fit (seconds, log scale)")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel(label)
    return ax


def costs_near_the_best(points: Sequence[Cost]) -> list[Cost]:
    """The points whose scores are in the lowest quarter of the range."""
    end = _lowest_quarter([point.score for point in points])
    return [point for point in points if point.score <= end]


def costs_close_up(points: Sequence[Cost], ax: Axes) -> Axes:
    """The part of :func:`costs` near the best, over the same seconds."""
    near = [point.score for point in costs_near_the_best(points)]
    margin = 0.08 * (max(near) - min(near)) or 0.01
    ax.set_ylim(min(near) - margin, max(near) + margin)
    return ax


def _front(points: Sequence[Cost]) -> list[tuple[float, float]]:
    """The points that no other beats in score at the same or lower cost, by rising cost."""
    front: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda p: (p.seconds, p.score)):
        if not front or point.score < front[-1][1]:
            front.append((point.seconds, point.score))
    return front
