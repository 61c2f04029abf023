"""Figures over a number that a suite varies: overlap users by task, a setting by variant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

from matplotlib.axes import Axes

from benchmark.reporting import figures
from benchmark.reporting.illustration import Illustration, legend_below
from benchmark.reporting.overlap_sweeps import ABOUT, FEWEST, OverlapSweep, overlap_sweeps
from benchmark.reporting.summary import Results, Row

Panel = Callable[[Axes], Axes]


def sweep_figures(results: Sequence[Results]) -> list[Illustration]:
    """Errors over overlap users, and over the dimension or whatever else variants differ in."""
    return [*_over_overlap(results), *_over_settings(results)]


def _over_overlap(results: Sequence[Results]) -> Iterator[Illustration]:
    """One figure for each pair of domains that several tasks have with other overlaps."""
    for sweep in overlap_sweeps(results):
        panels = [
            _panel(_curves(sweep, domain), sweep.counts, "overlap users", domain)
            for domain in sweep.domains
        ]
        if not panels:
            continue
        yield Illustration(
            sweep.name,
            f"{sweep.source} and {sweep.target}: {ABOUT}",
            None,
            (3.2 * len(panels), 3.8),
            [*panels[:-1], functools.partial(_with_legend, panels[-1])],
        )


def _over_settings(results: Sequence[Results]) -> Iterator[Illustration]:
    """One figure for each task and method whose variants differ in one number only."""
    tasks = {result.task.name: result.task for result in results}
    for task in tasks.values():
        of_task = [result for result in results if result.task is task and result.measured]
        for method in dict.fromkeys(row.method.method for r in of_task for row in r.rows):
            swept = [(result, found) for result in of_task if (found := _sweep(result, method))]
            if not swept:
                continue
            setting = swept[0][1][0]
            panels = [
                _panel(
                    {method: [row.metrics["rmse"].mean for _, row in rows]},
                    [f"{value:g}" for value, _ in rows],
                    setting,
                    result.domain,
                )
                for result, (_, rows) in swept
            ]
            yield Illustration(
                f"{task.name}--{method}--{setting}",
                f"{task.name}: RMSE of {method} over {setting} (as DML, Fig. 4; means over runs).",
                task,
                (3.2 * len(panels), 3.0),
                panels,
            )


def _sweep(results: Results, method: str) -> tuple[str, list[tuple[float, Row]]] | None:
    """The only number in which a method and its variants differ, and its rows by that number."""
    rows = [row for row in results.rows if row.method.method == method and row.metrics]
    if len(rows) < FEWEST:
        return None
    settings = [row.done[0].hyperparameters for row in rows]
    different = [key for key in settings[0] if any(s[key] != settings[0][key] for s in settings)]
    if len(different) != 1:
        return None
    values = [s[different[0]] for s in settings]
    if not all(isinstance(value, int | float) for value in values):
        return None
    return different[0], sorted(zip(values, rows, strict=True), key=lambda pair: float(pair[0]))


def _curves(sweep: OverlapSweep, domain: str) -> dict[str, list[float | None]]:
    """RMSE by row over the overlaps, None where there is none."""
    return {
        title: [found and found[1].metrics["rmse"].mean for found in row]
        for title, row in sweep.rows(domain).items()
    }


def _panel(
    curves: Mapping[str, Sequence[float | None]], places: Sequence[str], label: str, title: str
) -> Panel:
    return lambda ax: figures.steps(curves, places, ax, labels=(label, "RMSE"), title=title)


def _with_legend(panel: Panel, ax: Axes) -> Axes:
    return legend_below(panel(ax))
