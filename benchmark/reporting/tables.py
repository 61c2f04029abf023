"""Comparison tables: measured, printed, difference, and what each row saw and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmark.data.card import Card, about_tested_text, about_text
from benchmark.evaluation.metrics import METRICS
from benchmark.recommender import Selection
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.reasons import in_a_cell
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.running.manifest import TaskEntry

SHOWN = ("rmse", "mae", "p@5", "r@5", "p@5-full", "r@5-full")
WITH_PAPER = ("p@5-doml", "r@5-doml")
LEGEND = (
    "Target data: what of the target domain a method reads (R ratings, T review text, I images, "
    "F features). Selected on: which data chose hyperparameters and the stopping point (target: "
    "its validation part; source: rows held out of its training part; –: none). Trials: how many "
    "settings were tried. RMSE and MAE over all test rows, lower is better; P@5 and R@5 over each "
    "user's test items, averaged over users, higher is better. ± is the standard deviation over "
    "runs; Δ is measured minus printed. Seconds: tuning and fit, median. Bold is best, underlined "
    "second."
)
_SELECTED = {Selection.NONE: "–", Selection.SOURCE: "source", Selection.TARGET: "target"}


@dataclass(frozen=True)
class _Field:
    column: Column
    cell: Callable[[Row], Cell]


def table_name(results: Results) -> str:
    """The file stem of a scored domain's table."""
    return f"{results.task.name}--{results.domain.replace('/', '-')}"


def anchor(results: Results, row: Row) -> str:
    """Where the records page has what a row is made of."""
    return f"{table_name(results)}--{row.method.name}"


def comparison(results: Results) -> Table:
    """The table of one scored domain: every method of the suite, or why it has no result."""
    who = [
        _Field(Column("Method"), lambda row: Cell(row.method.title, link=anchor(results, row))),
        _Field(Column("Target data"), lambda row: Cell(row.method.target_data)),
        _Field(Column("Selected on"), lambda row: Cell(_selected(row))),
        _Field(Column("Trials", numeric=True), _trials),
    ]
    what = [
        *(field for metric in _metrics_of(results) for field in _metric_fields(results, metric)),
        _Field(Column("Runs", numeric=True), _runs),
        _Field(
            Column("Seconds", numeric=True), lambda row: Cell(f"{row.seconds:.1f}", row.seconds)
        ),
    ]
    rows = [
        [field.cell(row) for field in who]
        + (
            [field.cell(row) for field in what]
            if row.metrics
            else [Cell(in_a_cell(row.why), mark=Mark.NOTE, span=len(what))]
        )
        for row in results.rows
    ]
    columns = [field.column for field in (*who, *what)]
    return Table(
        table_name(results),
        f"{results.task.name}: {results.domain}{results.beside}",
        columns,
        rows + _floor_row(results, columns),
        notes(results),
        flags(results.task),
        after_trivial(results.rows),
    )


def measured_text(results: Results, row: Row, metric: str) -> str:
    """Mean ± sd, and the mark of the test against the paper's system."""
    value = row.metrics[metric]
    text = number(value.mean, results.decimals, sd=value.sd)
    sign = results.signs.get((row.method.name, metric))
    return f"{text} {sign}" if sign else text


_ALMOST_NO = 0.1
"""The share of users up to which P@5 and R@5 are said to separate nothing."""


def notes(results: Results) -> list[str]:
    """What a reader has to know of the numbers."""
    lines = [about_signs(results)] if results.system else []
    if results.unit == "scale":
        lines.append("RMSE and MAE are of ratings divided by the scale's maximum, as printed.")
    if any("p@5" in row.metrics for row in results.rows):
        lines.append(_about_ranking(results.test_users))
    if results.task.card and any("T" in row.method.target_data.split() for row in results.rows):
        card = Card.from_dict(results.task.card)
        lines += filter(None, [about_text(card), about_tested_text(card, results.domain)])
    return lines


def flags(task: TaskEntry) -> list[str]:
    """What is amiss with a task's data: incomplete files, and a source that knows the future."""
    if not task.card:
        return []
    card = Card.from_dict(task.card)
    spans = card.source.span, card.target.span
    later = spans[0] and spans[1] and spans[0][1] > spans[1][0]
    if task.protocol.get("split") != "temporal" or not later:
        return list(card.flags)
    return [
        *card.flags,
        "Each domain is divided by its own time: the source's training rows may be later than the "
        "target's test rows.",
    ]


def problems(results: Results) -> list[str]:
    """A line for each method with cells that gave no metrics, and why."""
    return [
        f"{row.method.title}: {status}: {reason}"
        for row in results.rows
        for status, reason in row.problems.items()
    ]


def marks(values: dict[str, Measured], metric: str, decimals: int) -> dict[str, Mark]:
    """Best and second by the mean as shown; equal means share a place, unless all are equal."""
    means = {name: round(value.mean, decimals) for name, value in values.items()}
    order = sorted(set(means.values()), reverse=METRICS[metric].higher_is_better)
    if len(order) == 1 < len(means):
        return dict.fromkeys(means, Mark.NONE)
    place = dict(zip(order, (Mark.BEST, Mark.SECOND), strict=False))
    return {name: place.get(mean, Mark.NONE) for name, mean in means.items()}


def after_trivial(rows: Iterable[Row]) -> frozenset[int]:
    """A line below the trivial rows, where they come first."""
    trivial = [row.method.trivial for row in rows]
    return frozenset({trivial.index(False)} if any(trivial) and not all(trivial) else ())


def _metrics_of(results: Results) -> list[str]:
    shown = [m for m in SHOWN if any(m in row.metrics for row in results.rows)]
    return shown + [m for m in WITH_PAPER if _is_printed(results, m)]


def _is_printed(results: Results, metric: str) -> bool:
    return any(
        row.metrics[metric].paper is not None for row in results.rows if metric in row.metrics
    )


def _metric_fields(results: Results, metric: str) -> list[_Field]:
    title, decimals = METRICS[metric].title, results.decimals
    found = {row.method.name: row.metrics[metric] for row in results.rows if metric in row.metrics}
    mark = marks(found, metric, decimals)

    def measured(row: Row) -> Cell:
        if (value := row.metrics.get(metric)) is None:
            return Cell("undefined", mark=Mark.NOTE)
        text = measured_text(results, row, metric)
        return Cell(text, value.mean, mark[row.method.name], link=anchor(results, row))

    def paper(row: Row) -> Cell:
        value = row.metrics.get(metric)
        if value is None or value.paper is None:
            return Cell()
        return Cell(number(value.paper, decimals, sd=value.paper_sd), value.paper)

    def difference(row: Row) -> Cell:
        value = row.metrics.get(metric)
        if value is None or value.difference is None:
            return Cell()
        return Cell(f"{value.difference:+.{decimals}f}", value.difference)

    if not _is_printed(results, metric):
        return [_Field(Column(title, numeric=True), measured)]
    return [
        _Field(Column(title, True, title, "measured"), measured),
        _Field(Column(f"{title}, paper", True, title, "paper"), paper),
        _Field(Column(f"Δ {title}", True, title, "Δ"), difference),
    ]


def _selected(row: Row) -> str:
    return _SELECTED[Selection(row.method.selection)]


def _trials(row: Row) -> Cell:
    return Cell(str(row.trials), row.trials) if row.metrics else Cell()


def _runs(row: Row) -> Cell:
    total = len(row.records)
    text = str(row.runs) if row.runs == total else f"{row.runs} of {total}"
    return Cell(text, row.runs)


def _floor_row(results: Results, columns: list[Column]) -> list[list[Cell]]:
    if results.floor is None:
        return []
    value = results.floor.mean
    known = {
        "Method": Cell("Best reachable", mark=Mark.NOTE),
        "RMSE": Cell(number(value, results.decimals), value, Mark.NOTE),
    }
    return [[known.get(column.title, Cell()) for column in columns]]


def about_signs(results: Results) -> str:
    """What the signs beside the numbers mean."""
    if any(results.signs.values()):
        return (
            f"† {results.system} is significantly better, ‡ significantly worse than the row: "
            "over runs (folds: Nadeau-Bengio; seeds: paired t) and over users (paired bootstrap), "
            "the larger p, adjusted by Holm within the column, below 0.05. No sign: not shown."
        )
    return (
        f"No row is shown to differ from {results.system} over both runs and users (Holm within "
        "the column, 0.05)."
    )


def _about_ranking(test_users: tuple[int, int] | None) -> str:
    """Measured by us on Musical Instruments: the range is of all orders that there are."""
    here = ""
    if test_users is not None:
        over, users = test_users
        share = f"{over:,} of {users:,} users, {over / users:.1%}"
        if over / users > _ALMOST_NO:
            return (
                "P@5 and R@5 over a user's own test items tell methods apart by the users alone "
                f"who have more than 5 of them: {share}."
            )
        here = f" (here {share})"
    return (
        "P@5 and R@5 over a user's own test items cannot separate methods where almost no user "
        f"has more than 5 of them{here}: on Amazon's Musical Instruments the worst possible order "
        "of all scores .2803 and .9996, the best .2806 and 1.0000."
    )
