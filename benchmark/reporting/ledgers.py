"""What stands behind the tables: budgets, failures, splits and where the runs were made."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.data.fingerprints import committed
from benchmark.reporting.layout import Cell, Column, Mark, Table
from benchmark.reporting.reasons import portable
from benchmark.reporting.summary import Results, Row
from benchmark.reporting.tables import anchor
from benchmark.running.manifest import Manifest
from benchmark.running.records import Record, Status, Store


def budgets(results: Sequence[Results]) -> Table:
    """What every row was given and took."""
    columns = [Column("Task"), Column("Domain"), Column("Method")]
    columns += [Column("Runs", True), Column("Trials", True), Column("Epochs")]
    columns += [
        Column(f"Seconds, {stage}", True, "Seconds, median", stage)
        for stage in ("tuning", "fit", "predict")
    ]
    columns += [Column("Peak memory, GB", True)]
    rows = [
        [Cell(result.task.name), Cell(result.domain), *_budget(result, row)]
        for result in results
        for row in result.measured
    ]
    return Table("budgets", "Budgets", columns, rows)


def failures(found: Manifest, results: Sequence[Results]) -> Table:
    """Every cell without metrics, those of one reason together, and every task without data."""
    titles = ("Task", "Direction", "Method", "Seeds", "Folds", "Status", "Reason")
    # A method that scores both domains stands in two rows, its record in one.
    failed = {
        record.key: (result, row, record)
        for result in results
        for row in result.rows
        for record in row.records
        if record.status is not Status.OK
    }
    alike: dict[tuple[str, ...], list[tuple[Results, Row, Record]]] = {}
    for result, row, record in failed.values():
        what = (record.status, portable(record.reason))
        place = (result.task.name, record.source, record.target, row.method.name)
        alike.setdefault((*place, *what), []).append((result, row, record))
    rows = [
        [
            Cell(task),
            Cell(f"{source} → {target}"),
            Cell(row.method.title, link=anchor(result, row)),
            _all_of(record.seed for _, _, record in same),
            _all_of(record.fold for _, _, record in same),
            Cell(status, mark=Mark.WARNING if Status(status).is_failure else Mark.NONE),
            Cell(reason),
        ]
        for (task, source, target, _, status, reason), same in alike.items()
        for result, row, _ in same[:1]
    ]
    rows += [
        [
            Cell(task.name),
            Cell(f"{task.source} → {task.target}"),
            *(Cell("all", mark=Mark.NOTE) for _ in range(3)),
            Cell(Status.UNAVAILABLE),
            Cell(portable(task.unavailable)),
        ]
        for task in found.tasks
        if task.unavailable
    ]
    return Table("failures", "Cells without a result", [Column(title) for title in titles], rows)


def splits(results: Sequence[Results]) -> Table:
    """The fingerprint of every split that was scored on, and whether it is the committed one."""
    known = set(committed().values())
    found: dict[tuple[str, str, int, str], None] = {}
    for result in results:
        for record in _done(result.rows):
            for side, domain in (("source", record.source), ("target", record.target)):
                place = (result.task.name, domain, record.fold)
                found[*place, record.fingerprints[f"{side} split"]] = None
    rows = [
        [
            Cell(task),
            Cell(domain),
            Cell(str(fold), fold),
            Cell(fingerprint[:16]),
            Cell("yes" if fingerprint in known else "no"),
        ]
        for task, domain, fold, fingerprint in found
    ]
    columns = [Column("Task"), Column("Domain"), Column("Fold", True)]
    columns += [Column("Fingerprint (sha256, first 16 digits)"), Column("Committed")]
    return Table("splits", "Splits", columns, rows)


def provenances(found: Manifest, store: Store) -> list[tuple[int, dict[str, Any]]]:
    """With what and where the records were made, and how many of them."""
    counts: dict[str, int] = {}
    for key in (key for task in found.tasks for key in task.cells):
        if (record := store.read(key)) is not None:
            made = json.dumps(record.provenance, sort_keys=True)
            counts[made] = counts.get(made, 0) + 1
    return [(count, json.loads(made)) for made, count in sorted(counts.items())]


def _all_of(numbers: Iterable[int]) -> Cell:
    return Cell(", ".join(map(str, sorted(set(numbers)))))


def _done(rows: Iterable[Row]) -> Iterable[Record]:
    return (record for row in rows for record in row.done)


def _budget(result: Results, row: Row) -> list[Cell]:
    seconds = [
        statistics.median(record.budget[f"seconds_{stage}"] for record in row.done)
        for stage in ("tuning", "fit", "predict")
    ]
    memory = max(record.budget["peak_gigabytes"] for record in row.done)
    return [
        Cell(row.method.title, link=anchor(result, row)),
        Cell(str(row.runs), row.runs),
        Cell(str(row.trials), row.trials),
        Cell(_epochs(row.done)),
        *(Cell(f"{value:.1f}", value) for value in seconds),
        Cell(f"{memory:.2f}", memory),
    ]


def _epochs(records: Sequence[Record]) -> str:
    """What methods call epochs among the facts of their fits, median over runs."""
    spent: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.facts.items():
            if name.endswith("epochs") and not isinstance(value, str):
                spent.setdefault(name.removesuffix("epochs").strip(), []).append(value)
    shown = (f"{statistics.median(values):g} {name}".strip() for name, values in spent.items())
    return ", ".join(shown) or "–"
