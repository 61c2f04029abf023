"""The figures, one function each: takes arrays and Axes, draws, returns the Axes.

Colours are the colour-blind safe ones of seaborn, and nothing is told by colour alone: hatches,
markers and line styles say the same in grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
)

from benchmark.recommender import FloatArray

COLOURS: list[tuple[float, float, float]] = sns.color_palette("colorblind")
HATCHES = ("", "////")
MARKERS = "osD^vPX*<>ph"
FILLS: tuple[Literal["full", "left", "top"], ...] = ("full", "left", "top")
"""How markers are filled when all have been used once, and twice."""
LINES = ("-", "--", ":", "-.")
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


@dataclass(frozen=True)
class Band:
    """A line: at places ``x`` (n,) its mean, lowest and highest value (n,)."""

    x: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray


def rating_histogram(histograms: Mapping[str, Mapping[float, int]], ax: Axes) -> Axes:
    """Share of ratings by stars, a bar a domain (RecSys-DAN, Fig. 1, right)."""
    stars = sorted({star for histogram in histograms.values() for star in histogram})
    width = 0.8 / len(histograms)
    for k, (name, histogram) in enumerate(histograms.items()):
        total = sum(histogram.values())
        ax.bar(
            np.arange(len(stars)) + (k - (len(histograms) - 1) / 2) * width,
            [histogram.get(star, 0) / total for star in stars],
            width,
            label=name,
            color=COLOURS[k],
            hatch=HATCHES[k],
            edgecolor="white",
        )
    ax.set_xticks(np.arange(len(stars)), [f"{star:g}" for star in stars])
    ax.set_xlabel("rating (stars)")
    ax.set_ylabel("share of ratings")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return ax


def sizes(counts: Mapping[str, Mapping[str, int]], ax: Axes) -> Axes:
    """Users, items and ratings on a log scale, a bar a domain (RecSys-DAN, Fig. 1, left)."""
    kinds = list(dict.fromkeys(kind for by_kind in counts.values() for kind in by_kind))
    width = 0.8 / len(counts)
    for k, (name, by_kind) in enumerate(counts.items()):
        bars = ax.bar(
            np.arange(len(kinds)) + (k - (len(counts) - 1) / 2) * width,
            [by_kind[kind] for kind in kinds],
            width,
            label=name,
            color=COLOURS[k],
            hatch=HATCHES[k],
            edgecolor="white",
        )
        ax.bar_label(bars, [_thousands(by_kind[kind]) for kind in kinds], padding=1, fontsize=6.5)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda count, _: _thousands(int(count))))
    ax.minorticks_off()
    ax.set_ylim(bottom=1, top=ax.get_ylim()[1] * 2)
    ax.set_xticks(np.arange(len(kinds)), kinds)
    ax.set_ylabel("count (log scale)")
    return ax


def curves(
    runs: Mapping[str, Sequence[Sequence[float]]],
    ax: Axes,
    *,
    unit: str,
    target: float | None = None,
) -> Axes:
    """Per-epoch curves by name: every run thin, their mean thick; ``target`` is a line to reach.

    RecSys-DAN, Figs. 4 and 5; DML, Fig. 6.
    """
    for (name, of_runs), colour, line in zip(runs.items(), COLOURS, cycle(LINES), strict=False):
        for run in of_runs if len(of_runs) > 1 else ():
            ax.plot(_epochs(run), run, color=colour, linewidth=0.6, alpha=0.4)
        # Runs may stop at different epochs; the mean is of those that all have reached.
        shared = min(map(len, of_runs))
        mean = np.mean([run[:shared] for run in of_runs], axis=0)
        marker = "o" if shared == 1 else ""
        ax.plot(_epochs(mean), mean, line, color=colour, label=name, linewidth=1.8, marker=marker)
    if target is not None:
        ax.axhline(target, color="0.4", linewidth=0.8, linestyle=(0, (1, 3)))
    ax.set_xlabel("epoch")
    ax.set_ylabel(unit)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if len(runs) > 1:
        ax.legend()
    return ax


def lines(
    bands: Mapping[str, Band],
    ax: Axes,
    *,
    labels: tuple[str, str, str],
    log: str = "",
    title: str = "",
) -> Axes:
    """Lines by name within their bands; ``labels`` are those of both axes and of the legend.

    ``log`` names the axes, x or y, that are logarithmic. DML, Figs. 3 to 5.
    """
    signs = zip(cycle(COLOURS), cycle(LINES), cycle(MARKERS), strict=False)
    for (name, band), (colour, line, marker) in zip(bands.items(), signs, strict=False):
        ax.plot(band.x, band.mean, line, color=colour, marker=marker, markersize=3.5, label=name)
        ax.fill_between(band.x, band.low, band.high, color=colour, alpha=0.15, linewidth=0)
    if "x" in log:
        ax.set_xscale("log")
        _plain_decades(ax.xaxis)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.xaxis.set_major_formatter(FuncFormatter(_counted))
    if "y" in log:
        ax.set_yscale("log")
        _plain_decades(ax.yaxis)
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    ax.set_title(title)
    if bands:
        ax.legend(title=labels[2], frameon=False)
    return ax


def steps(
    curves: Mapping[str, Sequence[float | None]],
    places: Sequence[str],
    ax: Axes,
    *,
    labels: tuple[str, str],
    title: str = "",
) -> Axes:
    """Curves over ``places`` at equal distances, with gaps at None; ``labels`` of both axes.

    DML, Figs. 3 and 4.
    """
    signs = zip(cycle(COLOURS), cycle(LINES), cycle(MARKERS), strict=False)
    for (name, values), (colour, line, marker) in zip(curves.items(), signs, strict=False):
        heights = [np.nan if value is None else value for value in values]
        ax.plot(heights, line, color=colour, marker=marker, markersize=4, label=name)
    ax.set_xticks(np.arange(len(places)), places)
    ax.tick_params(axis="x", labelrotation=45 if len(places) > 6 else 0)
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    ax.set_title(title)
    return ax


def _plain_decades(axis: Axis) -> None:
    """Labels 1, 2, 5, 10, … without formulas, which the figures do not parse."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1,) if high > 1000 * low else (1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(_counted))
    axis.set_minor_formatter(NullFormatter())


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
        ax.plot(
            point.seconds,
            point.score,
            MARKERS[point.place % len(MARKERS)],
            color=COLOURS[point.place % len(COLOURS)],
            fillstyle=FILLS[point.place // len(MARKERS) % len(FILLS)],
            markerfacecolor="white" if point.trivial else None,
            markerfacecoloralt="white",
            markeredgecolor="0.2",
            markeredgewidth=1 if point.trivial else 0.4,
            markersize=7,
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


def _epochs(run: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.arange(1, len(run) + 1)


def _counted(value: float, _: int) -> str:
    return _thousands(int(value)) if value >= 1000 else f"{value:g}"


def _thousands(count: int) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)
