"""Figures of data and of curves, one function each: takes arrays and Axes, returns the Axes.

Colours are the colour-blind safe ones of seaborn, and nothing is told by colour alone: hatches,
markers and line styles say the same in grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

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
LINES = ("-", "--", ":", "-.")


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


def _epochs(run: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.arange(1, len(run) + 1)


def _counted(value: float, _: int) -> str:
    return _thousands(int(value)) if value >= 1000 else f"{value:g}"


def _thousands(count: int) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)
