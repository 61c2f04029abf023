"""Records gathered into one row a method for each scored domain of each task."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from benchmark.reporting.published import PublishedValue, published_table
from benchmark.running.manifest import Manifest, MethodEntry, TaskEntry
from benchmark.running.records import Record, Status, Store

IN_STARS = ("rmse", "mae", "rmse-floor")
"""The metrics that have the unit of ratings."""


@dataclass(frozen=True)
class Measured:
    """The mean and standard deviation (n - 1) of a metric over runs, and the printed value."""

    mean: float
    sd: float | None
    n: int
    paper: float | None = None
    paper_sd: float | None = None

    @property
    def difference(self) -> float | None:
        """Measured minus printed."""
        return None if self.paper is None else self.mean - self.paper


@dataclass(frozen=True)
class Row:
    """One method on one domain: its metrics over runs, what it cost, and what went wrong."""

    method: MethodEntry
    metrics: dict[str, Measured]
    runs: int
    trials: int
    seconds: float
    problems: dict[str, str] = field(default_factory=dict)
    """Reason by status, for the cells that have no metrics."""


@dataclass(frozen=True)
class Results:
    """The rows of one scored domain of a task, in table order."""

    task: TaskEntry
    domain: str
    paper: str
    unit: str
    rows: list[Row]
    missing: list[str]
    """Titles of methods that have no record yet."""


def summarise(found: Manifest, store: Store) -> list[Results]:
    """Every scored domain of every task that has data."""
    results = []
    for task in found.tasks:
        records = [record for key in task.cells if (record := store.get(key)) is not None]
        scored = [task.target] if task.score == "target" else [task.source, task.target]
        results += [
            _domain_results(found, task, domain, records) for domain in scored if task.cells
        ]
    return results


def _domain_results(
    found: Manifest, task: TaskEntry, domain: str, records: Iterable[Record]
) -> Results:
    place = next((p for p in task.published if domain == getattr(task, p["side"])), None)
    table = published_table(place["table"]) if place else None
    divisor = task.largest[domain] if table and table.unit == "scale" else 1.0
    # A cell that failed before scoring stands under both domains that it could have scored.
    concerned = [
        r
        for r in records
        if domain in r.metrics or (not r.metrics and domain in (r.source, r.target))
    ]
    rows, missing = [], []
    for method in found.methods:
        own = [r for r in concerned if r.method == method.name]
        if not own:
            missing.append(method.title)
            continue
        printed = table.of(place["pair"], place["domain"], method.name) if table and place else {}
        rows.append(_row(method, own, domain, printed, divisor))
    return Results(
        task,
        domain,
        table.title if table else "",
        table.unit if table else "stars",
        rows,
        missing,
    )


def _row(
    method: MethodEntry,
    records: list[Record],
    domain: str,
    printed: Mapping[str, PublishedValue],
    divisor: float,
) -> Row:
    done = [record for record in records if record.status is Status.OK]
    metrics = {
        metric: _measured(
            [r.metrics[domain][metric] / (divisor if metric in IN_STARS else 1.0) for r in done],
            printed.get(metric),
        )
        for metric in (done[0].metrics[domain] if done else ())
    }
    spent = [r.budget["seconds_fit"] + r.budget["seconds_tuning"] for r in done]
    return Row(
        method,
        metrics,
        runs=len(done),
        trials=int(max((record.budget["trials"] for record in done), default=0)),
        seconds=statistics.median(spent) if spent else math.nan,
        problems={str(r.status): r.reason for r in records if r.status is not Status.OK},
    )


def _measured(values: list[float], printed: PublishedValue | None) -> Measured:
    return Measured(
        statistics.fmean(values),
        statistics.stdev(values) if len(values) > 1 else None,
        len(values),
        printed.value if printed else None,
        printed.sd if printed else None,
    )
