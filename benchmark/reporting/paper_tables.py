"""The papers' tables of results as they print them: a row a method, ours above theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.published import PublishedTable, PublishedValue, published_table
from benchmark.reporting.reasons import in_a_cell, portable
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.reporting.tables import anchor, flags, marks
from benchmark.running.manifest import Manifest, MethodEntry, TaskEntry

NO_METHOD = "no such method here"
NOT_CHOSEN = "not in this suite"


@dataclass(frozen=True)
class _Place:
    """One domain of a printed table: what the paper calls it, and what was measured there."""

    task: TaskEntry
    pair: str
    domain: str
    metrics: list[str]
    results: Results | None

    @property
    def title(self) -> str:
        """The target of a pair that has a direction stands in the pair's name."""
        return self.pair.replace("->", "→") if "->" in self.pair else self.domain

    def row(self, method: str) -> Row | None:
        """The measured row of a method."""
        rows = self.results.rows if self.results else []
        return next((row for row in rows if row.method.name == method), None)


def paper_tables(found: Manifest, results: Sequence[Results]) -> list[Table]:
    """Every printed table that tasks of the suite stand for."""
    names = dict.fromkeys(place["table"] for task in found.tasks for place in task.published)
    return [_paper_table(name, found, results) for name in names]


def _paper_table(name: str, found: Manifest, results: Sequence[Results]) -> Table:
    table = published_table(name)
    places = [
        _place(table, task, place["pair"], place["domain"], getattr(task, place["side"]), results)
        for task in found.tasks
        for place in task.published
        if place["table"] == name
    ]
    trivial = [method for method in found.methods if method.trivial]
    listed = {method.name: method for method in found.methods}
    printed = [r for r in table.rows if any(table.printed(p.pair, p.domain, r) for p in places)]
    shown = {method.name for method in trivial} | {table.rows[row] for row in printed}
    mark = [_marks(place, shown, table.decimals) for place in places]
    rows = [[Cell(m.title), *_measured(places, mark, m, table.decimals)] for m in trivial]
    for row in printed:
        method = listed.get(table.rows[row])
        if method is None:
            why = NOT_CHOSEN if table.rows[row] else NO_METHOD
            ours = [Cell(why, mark=Mark.NOTE, span=sum(len(p.metrics) for p in places))]
        else:
            ours = _measured(places, mark, method, table.decimals)
        theirs = _theirs(table, places, row)
        rows += [[Cell(row), *ours], [Cell("paper (Δ)", mark=Mark.NOTE), *theirs]]
    columns = [
        Column(f"{place.title} {METRICS[metric].title}", True, place.title, METRICS[metric].title)
        for place in places
        for metric in place.metrics
    ]
    return Table(
        name,
        f"{table.title}: measured, and below it the printed value and measured minus printed",
        [Column("Method"), *columns],
        rows,
        _unavailable(places),
        [f"{place.title}: {flag}" for place in places for flag in flags(place.task)],
        rules=frozenset({len(trivial)} if trivial else ()),
        sortable=False,
    )


def _place(
    table: PublishedTable,
    task: TaskEntry,
    pair: str,
    domain: str,
    ours: str,
    results: Sequence[Results],
) -> _Place:
    metrics = dict.fromkeys(m for p, d, _, m in table.values if (p, d) == (pair, domain))
    measured = next((r for r in results if r.task is task and r.domain == ours), None)
    return _Place(task, pair, domain, list(metrics), measured)


def _unavailable(places: Sequence[_Place]) -> list[str]:
    """Why there is no data, once for all places of a task."""
    reasons: dict[str, list[str]] = {}
    for place in places:
        if place.task.unavailable:
            reasons.setdefault(portable(place.task.unavailable), []).append(place.title)
    return [f"{', '.join(titles)}: {reason}" for reason, titles in reasons.items()]


def _marks(place: _Place, shown: set[str], decimals: int) -> dict[str, dict[str, Mark]]:
    """Best and second among the rows that the table shows, by metric and method."""
    rows = [r for r in (place.results.rows if place.results else []) if r.method.name in shown]
    return {
        metric: marks(
            {row.method.name: row.metrics[metric] for row in rows if metric in row.metrics},
            metric,
            decimals,
        )
        for metric in place.metrics
    }


def _measured(
    places: Sequence[_Place],
    mark: Sequence[dict[str, dict[str, Mark]]],
    method: MethodEntry,
    decimals: int,
) -> list[Cell]:
    cells = []
    for place, mark_of in zip(places, mark, strict=True):
        row = place.row(method.name)
        if place.results is None or row is None or not row.metrics:
            why = "data unavailable" if place.results is None else row.why if row else NOT_CHOSEN
            cells.append(Cell(in_a_cell(why), mark=Mark.NOTE, span=len(place.metrics)))
            continue
        link = anchor(place.results, row)
        for metric in place.metrics:
            if (value := row.metrics.get(metric)) is None:
                cells.append(Cell("undefined", mark=Mark.NOTE))
                continue
            text = number(value.mean, decimals, sd=value.sd)
            cells.append(Cell(text, value.mean, mark_of[metric][method.name], link=link))
    return cells


def _theirs(table: PublishedTable, places: Sequence[_Place], row: str) -> list[Cell]:
    cells = []
    for place in places:
        printed = table.printed(place.pair, place.domain, row)
        measured = place.row(table.rows[row]) if table.rows[row] else None
        ours = measured.metrics if measured else {}
        cells += [
            _their_cell(printed.get(metric), ours.get(metric), table.decimals)
            for metric in place.metrics
        ]
    return cells


def _their_cell(printed: PublishedValue | None, ours: Measured | None, decimals: int) -> Cell:
    if printed is None:
        return Cell("–", mark=Mark.NOTE)
    text = number(printed.value, decimals, sd=printed.sd)
    if ours is not None:
        text += f" ({ours.mean - printed.value:+.{decimals}f})"
    return Cell(text, printed.value, Mark.NOTE)
