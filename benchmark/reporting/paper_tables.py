"""The papers' tables of results as they print them: a row a method, ours above theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.claim_kinds import RelativeGap
from benchmark.reporting.claim_parts import gain, gap
from benchmark.reporting.claims import load_claims
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.printed import Cell as PrintedCell
from benchmark.reporting.printed import printed_table
from benchmark.reporting.published import (
    METRIC_KEYS,
    PublishedTable,
    PublishedValue,
    published_table,
)
from benchmark.reporting.reasons import in_a_cell
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.reporting.tables import about_signs, anchor, flags, marks, measured_text
from benchmark.running.manifest import Manifest, MethodEntry, TaskEntry

_PERCENT = {"Delta_percent": "Gap, % of the mean", "Improved_percent": "Improved, %"}
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
    stand_in: str
    """The domain that stands in here for the paper's, if one does."""

    @property
    def title(self) -> str:
        """The target of a pair that has a direction stands in the pair's name."""
        title = self.pair.replace("->", "→") if "->" in self.pair else self.domain
        return f"{title} (here {self.stand_in})" if self.stand_in else title

    def row(self, method: str) -> Row | None:
        """The measured row of a method."""
        rows = self.results.rows if self.results else []
        return next((row for row in rows if row.method.name == method), None)


def paper_tables(found: Manifest, results: Sequence[Results]) -> list[Table]:
    """Every printed table that tasks of the suite stand for."""
    names = dict.fromkeys(place["table"] for task in found.tasks for place in task.published)
    return [_paper_table(name, found, results) for name in names if published_table(name).values]


def _paper_table(name: str, found: Manifest, results: Sequence[Results]) -> Table:
    table = published_table(name)
    declared: dict[tuple[str, str, bool], _Place] = {}
    for task in found.tasks:
        for place in task.published:
            if place["table"] == name:
                key = (place["pair"], place["domain"], bool(place.get("stand_in")))
                # Of tasks that differ in switches only, the first is the one that counts.
                declared.setdefault(key, _place(table, task, place, results))
    places = list(declared.values())
    trivial = [method for method in found.methods if method.trivial]
    listed = {method.name: method for method in found.methods}
    printed = [r for r in table.rows if any(table.printed(p.pair, p.domain, r) for p in places)]
    shown = {method.name for method in trivial} | {table.rows[row] for row in printed}
    mark = [_marks(place, shown, table.decimals) for place in places]
    rows = [[Cell(m.title), *_measured(places, mark, m)] for m in trivial]
    for row in printed:
        method = listed.get(table.rows[row])
        if method is None:
            why = NOT_CHOSEN if table.rows[row] else NO_METHOD
            ours = [Cell(why, mark=Mark.NOTE, span=sum(len(p.metrics) for p in places))]
        else:
            ours = _measured(places, mark, method)
        theirs = _theirs(table, places, row)
        rows += [[Cell(row), *ours], [Cell("paper (Δ)", mark=Mark.NOTE), *theirs]]
    rows += _percent_rows(name, table, places)
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
        [*_about_tests(places), *_unavailable(places)],
        [*_stand_ins(places), *(f"{p.title}: {flag}" for p in places for flag in flags(p.task))],
        rules=frozenset({len(trivial)} if trivial else ()),
        sortable=False,
    )


def _place(
    table: PublishedTable,
    task: TaskEntry,
    place: Mapping[str, Any],
    results: Sequence[Results],
) -> _Place:
    pair, domain, ours = place["pair"], place["domain"], getattr(task, place["side"])
    metrics = dict.fromkeys(m for p, d, _, m in table.values if (p, d) == (pair, domain))
    measured = next((r for r in results if r.task is task and r.domain == ours), None)
    stand_in = ours if place.get("stand_in") else ""
    return _Place(task, pair, domain, list(metrics), measured, stand_in)


def _unavailable(places: Sequence[_Place]) -> list[str]:
    """The tasks without data; what is missing and where to get it is said where they stand."""
    titles: dict[str, list[str]] = {}
    for place in places:
        if place.task.unavailable:
            titles.setdefault(place.task.name, []).append(place.title)
    return [f"{', '.join(of)}: the data of {task} are not at hand." for task, of in titles.items()]


def _stand_ins(places: Sequence[_Place]) -> list[str]:
    return [
        f"{place.domain} of {place.pair} is not to be had: {place.stand_in} stands in for it, so "
        "only orders and relative gains can be compared"
        for place in places
        if place.stand_in
    ]


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
            text = measured_text(place.results, row, metric)
            cells.append(Cell(text, value.mean, mark_of[metric][method.name], link=link))
    return cells


def _percent_rows(name: str, table: PublishedTable, places: Sequence[_Place]) -> list[list[Cell]]:
    """The rows that compare others, from what is measured of them, and as printed."""
    printed = printed_table(name)
    rows = []
    for row in dict.fromkeys(cell.row for cell in printed if cell.row.endswith("_percent")):
        ours, theirs = [], []
        for place in places:
            for title, metric in METRIC_KEYS.items():
                if metric not in place.metrics:
                    continue
                value = _percent(row, name, table, place, metric)
                told = printed.get(PrintedCell(name, row, place.domain, title))
                why = Cell("–", mark=Mark.NOTE)
                ours.append(why if value is None else Cell(f"{value:.2f}", value))
                theirs.append(why if told is None else Cell(f"{told:.2f}", told, Mark.NOTE))
        rows += [
            [Cell(_PERCENT[row]), *ours],
            [Cell("paper", mark=Mark.NOTE), *theirs],
        ]
    return rows


def _percent(
    row: str, name: str, table: PublishedTable, place: _Place, metric: str
) -> float | None:
    """Of the best system over the best baseline, as far as they are measured here."""
    ledger = load_claims()
    ours = next(
        (
            [table.rows[printed] for printed in claim.ours]
            for claim in ledger.claims
            if isinstance(claim, RelativeGap) and claim.table == name
        ),
        table.systems,
    )
    sides = [
        [
            measured.metrics[metric].mean
            for method in methods
            if (measured := place.row(method)) is not None and metric in measured.metrics
        ]
        for methods in (ours, [table.rows[printed] for printed in ledger.baselines[name]])
    ]
    if not all(sides):
        return None
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    statistic = {"Delta_percent": gap, "Improved_percent": gain}[row](sign, len(sides[0]))
    return statistic(np.array([*sides[0], *sides[1]]))


def _about_tests(places: Sequence[_Place]) -> list[str]:
    """What the signs mean, once for the places that say the same."""
    said: dict[str, list[str]] = {}
    for place in places:
        if place.results is not None and place.results.system:
            said.setdefault(about_signs(place.results), []).append(place.title)
    return [f"{', '.join(titles)}: {text}" for text, titles in said.items()]


def _theirs(table: PublishedTable, places: Sequence[_Place], row: str) -> list[Cell]:
    cells = []
    for place in places:
        printed = table.printed(place.pair, place.domain, row)
        measured = place.row(table.rows[row]) if table.rows[row] else None
        # A difference between data sets would say nothing of the method.
        ours = measured.metrics if measured and not place.stand_in else {}
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
