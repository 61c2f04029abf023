"""Figures over a number that a suite varies: overlap users by task, a setting by variant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

from matplotlib.axes import Axes

from benchmark.data.card import Card
from benchmark.reporting import figures
from benchmark.reporting.illustration import Illustration, legend_below
from benchmark.reporting.summary import Results, Row
from benchmark.running.manifest import TaskEntry

Panel = Callable[[Axes], Axes]
_FEWEST = 3
"""Numbers that a curve needs."""


def sweep_figures(results: Sequence[Results]) -> list[Illustration]:
    """Errors over overlap users, and over the dimension or whatever else variants differ in."""
    return [*_over_overlap(results), *_over_settings(results)]


def _over_overlap(results: Sequence[Results]) -> Iterator[Illustration]:
    """One figure for each pair of domains that several tasks have with other overlaps."""
    pairs: dict[tuple[str, str], dict[str, TaskEntry]] = {}
    for task in (result.task for result in results if result.task.card):
        pairs.setdefault((task.source, task.target), {})[task.name] = task
    for (source, target), tasks in pairs.items():
        shared = {name: _shared_users(task) for name, task in tasks.items()}
        if len(tasks) < _FEWEST or len(set(shared.values())) < len(tasks):
            continue
        names = sorted(tasks, key=lambda name: shared[name])
        counts = [f"{shared[name]:,}" for name in names]
        domains: dict[str, dict[str, Results]] = {}
        for result in (r for r in results if r.task.name in tasks and r.measured):
            domains.setdefault(result.domain, {})[result.task.name] = result
        panels = [
            _panel(_curves(by_task, names), counts, "overlap users", domain)
            for domain, by_task in domains.items()
        ]
        if not panels:
            continue
        yield Illustration(
            f"{source}+{target}--overlap".replace("/", "-"),
            f"{source} and {target}: RMSE over the number of overlap users, the records of the "
            "other overlap users removed (as DML, Fig. 3; means over runs). Fewer overlap users "
            "leave fewer records: the rows that read one domain show what that costs.",
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
    if len(rows) < _FEWEST:
        return None
    settings = [row.done[0].hyperparameters for row in rows]
    different = [key for key in settings[0] if any(s[key] != settings[0][key] for s in settings)]
    if len(different) != 1:
        return None
    values = [s[different[0]] for s in settings]
    if not all(isinstance(value, int | float) for value in values):
        return None
    return different[0], sorted(zip(values, rows, strict=True), key=lambda pair: float(pair[0]))


def _curves(by_task: Mapping[str, Results], names: Sequence[str]) -> dict[str, list[float | None]]:
    """RMSE by row over the tasks of these names, None where there is none."""
    titles = dict.fromkeys(
        row.method.title for name in names if name in by_task for row in by_task[name].measured
    )
    return {
        title: [_error(by_task[name], title) if name in by_task else None for name in names]
        for title in titles
    }


def _error(results: Results, title: str) -> float | None:
    rows = (row for row in results.measured if row.method.title == title)
    return next((row.metrics["rmse"].mean for row in rows), None)


def _panel(
    curves: Mapping[str, Sequence[float | None]], places: Sequence[str], label: str, title: str
) -> Panel:
    return lambda ax: figures.steps(curves, places, ax, labels=(label, "RMSE"), title=title)


def _with_legend(panel: Panel, ax: Axes) -> Axes:
    return legend_below(panel(ax))


def _shared_users(task: TaskEntry) -> int:
    assert task.card is not None, "only tasks with a card are asked"
    return Card.from_dict(task.card).shared_users
