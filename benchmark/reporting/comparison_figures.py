"""Figures of tests: mean ranks with their critical difference, and gains with intervals."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from scikit_posthocs import critical_difference_diagram

from benchmark.evaluation.metrics import METRICS
from benchmark.evaluation.ranks import Ranks, friedman_nemenyi
from benchmark.reporting.contrasts import MARGIN, Contrast, Contrasts
from benchmark.reporting.figures import COLOURS
from benchmark.reporting.illustration import Illustration, legend_below
from benchmark.reporting.summary import Results
from benchmark.reporting.tables import table_name

_METRIC = "rmse"
_LINEAR = 5
_TICKS = (-500, -100, -20, -5, -2, 0, 2, 5, 20, 100)


@dataclass(frozen=True)
class Gain:
    """The system's gain over a row in percent of its error, with its interval over users."""

    label: str
    percent: float
    interval: tuple[float, float] | None
    is_shown: bool
    """Whether the difference is significant over runs and users."""


def critical_difference(data_sets: Sequence[Results]) -> list[Illustration]:
    """The mean ranks of the methods that all of independent data sets measure.

    None where :func:`unranked` says why.
    """
    ranks = ranked(data_sets)
    if ranks is None or ranks.pairs is None:
        return []
    significant = "differ" if ranks.significant() else "are not shown to differ"
    names = ", ".join(f"{result.task.name} into {result.domain}" for result in data_sets)
    return [
        Illustration(
            "critical-difference",
            f"Mean ranks by RMSE over {ranks.n} independent data sets, 1 best. A bar joins "
            f"methods that Nemenyi's test at 5 % does not tell apart (critical difference "
            f"{ranks.critical_difference:.2f}); by Friedman's test the methods {significant} "
            f"(p = {ranks.p:.2g}). Tasks with data in common count as one: {names}.",
            None,
            (6.4, 1.2 + 0.19 * len(ranks.methods)),
            [lambda ax: rank_diagram(ranks, ax)],
        )
    ]


def unranked(data_sets: Sequence[Results]) -> str:
    """Why methods are not ranked over independent data sets; nothing where they are."""
    if len(data_sets) < 2:
        return (
            "No diagram of mean ranks: tasks that share a domain are one set of data, and one "
            "decides nothing about ranks."
        )
    if len(everywhere := _everywhere(data_sets)) < 3:
        return (
            "No diagram of mean ranks: it needs three methods that are measured on all "
            f"{len(data_sets)} independent data sets, and there are {len(everywhere)}."
        )
    return ranks.undecided if (ranks := ranked(data_sets)) else ""


def ranked(data_sets: Sequence[Results]) -> Ranks | None:
    """The methods that all of independent data sets measure, ranked over these by RMSE."""
    everywhere = _everywhere(data_sets)
    if len(data_sets) < 2 or len(everywhere) < 3:
        return None
    scores = [[_errors(result)[title] for title in everywhere] for result in data_sets]
    return friedman_nemenyi(_METRIC, scores, everywhere)


def _everywhere(data_sets: Sequence[Results]) -> list[str]:
    errors = [_errors(result) for result in data_sets]
    first = errors[0] if errors else {}
    return [title for title in first if all(title in found for found in errors)]


def _errors(result: Results) -> dict[str, float]:
    return {row.method.title: row.metrics[_METRIC].mean for row in result.measured}


def rank_diagram(ranks: Ranks, ax: Axes) -> Axes:
    """Demšar's critical-difference diagram."""
    names = list(ranks.methods)
    drawn = critical_difference_diagram(
        dict(zip(names, ranks.mean_ranks, strict=True)),
        pd.DataFrame(ranks.pairs, names, names),
        ax=ax,
        color_palette=dict.fromkeys(names, "0.15"),
        label_fmt_left="{label} ({rank:.1f})  ",
        label_fmt_right="  ({rank:.1f}) {label}",
        label_props={"fontsize": 7},
        marker_props={"s": 10},
        crossbar_props={"color": COLOURS[3], "linewidth": 2},
    )
    # The library draws a bar through a set of names, whose order is another in each process.
    for [bar] in drawn["crossbars"]:
        bar.set_xdata(np.sort(bar.get_xdata()))
    ax.set_xlabel("mean rank by RMSE (1 is best)")
    ax.xaxis.set_label_position("top")
    # The library hides the others and takes for granted that this one is there.
    ax.spines["top"].set_visible(True)
    return ax


def gain_figures(results: Results, found: Contrasts) -> Iterator[Illustration]:
    """The system's gain over every other row, in percent of that row's error."""
    means = {row.method.name: row.metrics for row in results.measured}
    for metric, all_ in found.of.items():
        gains = [_gain(c, means[c.method.name][metric].mean) for c in all_]
        if not gains:
            continue
        title = METRICS[metric].title
        label = f"gain in {title} (% of the row's error)"
        yield Illustration(
            f"{table_name(results)}--gains-{metric}",
            f"{results.task.name}, {results.domain}: by how much {found.system.title} is better "
            f"than each row in {title}, with 95 % intervals of a paired bootstrap over users. "
            "Filled: significant over runs and users (Holm). Between the dotted lines the rows "
            f"are equivalent: {MARGIN:.1%}, the smallest gain that the papers claim.",
            results.task,
            (5.6, 1.3 + 0.2 * len(gains)),
            [functools.partial(_gain_panel, gains, label)],
        )


def _gain_panel(gains: Sequence[Gain], label: str, ax: Axes) -> Axes:
    return legend_below(gain_dots(gains, ax, label=label))


def gain_dots(gains: Sequence[Gain], ax: Axes, *, label: str) -> Axes:
    """Each gain with its interval, the zero line, and the margin of equivalence."""
    for place, gain in zip(np.arange(len(gains))[::-1], gains, strict=True):
        if gain.interval is not None:
            ax.plot(gain.interval, (place, place), "k-", label="95 % interval over users")
        told = "significant" if gain.is_shown else "not shown to differ"
        ax.plot(
            gain.percent,
            place,
            "o",
            color=COLOURS[0],
            markerfacecolor=COLOURS[0] if gain.is_shown else "white",
            markersize=5,
            label=told,
            zorder=3,
        )
    ax.axvline(0, color="0.3", linewidth=0.8)
    margin = f"equivalence margin, ±{MARGIN:.1%}"
    for end in (-MARGIN, MARGIN):
        ax.axvline(100 * end, color="0.3", linewidth=0.8, linestyle=":", label=margin)
    ax.set_yticks(np.arange(len(gains))[::-1], [f"over {gain.label}" for gain in gains])
    ax.set_xscale("symlog", linthresh=_LINEAR)
    ax.xaxis.set_major_locator(FixedLocator(_TICKS))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    # To the left there is room below the names, however narrow these make the axes.
    ax.set_xlabel(f"{label}, log scale beyond {_LINEAR}", loc="right")
    ax.margins(y=0.6 / len(gains))
    ax.grid(axis="y", visible=True)
    return ax


def _gain(contrast: Contrast, error: float) -> Gain:
    over_users = contrast.users
    interval = over_users.interval
    estimate = contrast.gain if over_users.estimate is None else over_users.estimate
    return Gain(
        contrast.method.title,
        100 * estimate / error,
        None if interval is None else (100 * interval[0] / error, 100 * interval[1] / error),
        bool(contrast.mark),
    )
