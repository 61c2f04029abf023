"""Comparison tables in Markdown and CSV: measured, printed, difference, and what each row cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.summary import IN_STARS, Measured, Results, Row

SHOWN = ("rmse", "mae", "p@5", "r@5", "p@5-full", "r@5-full")
WITH_PAPER = ("p@5-doml", "r@5-doml")
_DECIMALS = 3


@dataclass(frozen=True)
class Table:
    """Headers and cells as text; ``numeric`` says which columns align right."""

    headers: list[str]
    numeric: list[bool]
    rows: list[list[str]]


def comparison(results: Results) -> Table:
    """The table of one scored domain; the best measured value is bold, the second underlined."""
    metrics = [m for m in (*SHOWN, *WITH_PAPER) if _is_shown(results, m)]
    best = {metric: _places(results.rows, metric) for metric in metrics}
    columns: list[tuple[str, bool, Callable[[Row], str]]] = [
        ("Method", False, lambda row: row.method.title),
        ("Target data", False, lambda row: row.method.target_data),
        ("Selected on", False, lambda row: row.method.selection),
        ("Trials", True, lambda row: str(row.trials) if row.runs else ""),
    ]
    for metric in metrics:
        columns += _metric_columns(results, metric, best[metric])
    columns += [
        ("Runs", True, lambda row: str(row.runs)),
        ("Seconds", True, lambda row: f"{row.seconds:.1f}" if row.runs else ""),
    ]
    rows = [[value(row) for _, _, value in columns] for row in results.rows]
    rows += _floor_row(results, [header for header, _, _ in columns])
    return Table([h for h, _, _ in columns], [numeric for _, numeric, _ in columns], rows)


def to_markdown(table: Table) -> str:
    """The table as a Markdown pipe table."""
    lines = [_line(table.headers), _line(["---:" if right else "---" for right in table.numeric])]
    return "\n".join([*lines, *(_line(row) for row in table.rows)]) + "\n"


def to_csv(results: Results) -> str:
    """Every metric of every row in long form, unrounded."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        [
            "task",
            "domain",
            "method",
            "metric",
            "unit",
            "mean",
            "sd",
            "n",
            "paper",
            "paper_sd",
            "difference",
        ]
    )
    for row in results.rows:
        for metric, value in row.metrics.items():
            unit = results.unit if metric in IN_STARS else ""
            writer.writerow(
                [results.task.name, results.domain, row.method.name, metric, unit]
                + [
                    _plain(v)
                    for v in (
                        value.mean,
                        value.sd,
                        value.n,
                        value.paper,
                        value.paper_sd,
                        value.difference,
                    )
                ]
            )
    return buffer.getvalue()


def problems(results: Results) -> list[str]:
    """A line for each method with cells that gave no metrics, and why."""
    return [
        f"{row.method.title}: {status}: {reason}"
        for row in results.rows
        for status, reason in row.problems.items()
    ]


def _is_shown(results: Results, metric: str) -> bool:
    values = [row.metrics[metric] for row in results.rows if metric in row.metrics]
    if metric in WITH_PAPER:
        return any(value.paper is not None for value in values)
    return bool(values)


def _metric_columns(
    results: Results, metric: str, places: dict[str, int]
) -> list[tuple[str, bool, Callable[[Row], str]]]:
    title = METRICS[metric].title

    def measured(row: Row) -> str:
        if (value := row.metrics.get(metric)) is None:
            return "; ".join(row.problems) if metric == "rmse" else ""
        text = _mean_sd(value.mean, value.sd)
        marks = {1: f"**{text}**", 2: f"<u>{text}</u>"}
        return marks.get(places.get(row.method.name, 0), text)

    columns: list[tuple[str, bool, Callable[[Row], str]]] = [(title, True, measured)]
    if any(row.metrics[metric].paper is not None for row in results.rows if metric in row.metrics):
        columns += [
            (f"{title}, paper", True, lambda row: _paper(row.metrics.get(metric))),
            (f"Δ {title}", True, lambda row: _difference(row.metrics.get(metric))),
        ]
    return columns


def _places(rows: list[Row], metric: str) -> dict[str, int]:
    """First and second place by the mean; equal means share a place."""
    means = {
        row.method.name: round(row.metrics[metric].mean, _DECIMALS)
        for row in rows
        if metric in row.metrics
    }
    order = sorted(set(means.values()), reverse=METRICS[metric].higher_is_better)
    return {name: order.index(mean) + 1 for name, mean in means.items()}


def _floor_row(results: Results, headers: list[str]) -> list[list[str]]:
    floors = [row.metrics["rmse-floor"] for row in results.rows if "rmse-floor" in row.metrics]
    if not floors:
        return []
    known = {"Method": "*Best reachable*", "RMSE": f"*{floors[0].mean:.{_DECIMALS}f}*"}
    return [[known.get(header, "") for header in headers]]


def _mean_sd(mean: float, sd: float | None) -> str:
    text = f"{mean:.{_DECIMALS}f}"
    return text if sd is None else f"{text} ± {sd:.{_DECIMALS}f}"


def _paper(value: Measured | None) -> str:
    return "" if value is None or value.paper is None else _mean_sd(value.paper, value.paper_sd)


def _difference(value: Measured | None) -> str:
    if value is None or value.difference is None:
        return ""
    return f"{value.difference:+.{_DECIMALS}f}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)
