"""Records gathered into one row a method for each scored domain of each task."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.evaluation.intervals import Estimate
from benchmark.reporting.published import PublishedTable, PublishedValue, published_table
from benchmark.reporting.reasons import portable
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

    def interval(self, *, test_train: float) -> tuple[float, float] | None:
        """The mean's 95 % interval, None for a single run.

        ``test_train`` is the ratio of test to training rows where runs are folds, whose training
        rows overlap (Nadeau and Bengio, 2003), and 0 for seeds on one split.
        """
        if self.sd is None:
            return None
        se = self.sd * math.sqrt(1 / self.n + test_train)
        return Estimate(self.mean, se, self.n).interval()


@dataclass(frozen=True)
class Row:
    """One method on one domain: its metrics over runs, and the records they come from."""

    method: MethodEntry
    metrics: dict[str, Measured]
    records: list[Record]
    """Those with and those without metrics, by fold and seed; none if it has not run yet."""

    @property
    def done(self) -> list[Record]:
        """The records with metrics."""
        return [record for record in self.records if record.status is Status.OK]

    @property
    def runs(self) -> int:
        """How many records have metrics."""
        return len(self.done)

    @property
    def trials(self) -> int:
        """How many settings were tried at most."""
        return int(max((record.budget["trials"] for record in self.done), default=0))

    @property
    def seconds(self) -> float:
        """Tuning and fit, median over runs."""
        spent = [r.budget["seconds_fit"] + r.budget["seconds_tuning"] for r in self.done]
        return statistics.median(spent) if spent else math.nan

    @property
    def problems(self) -> dict[str, str]:
        """Reason by status, for the records without metrics."""
        return {
            str(r.status): portable(r.reason) for r in self.records if r.status is not Status.OK
        }

    @property
    def why(self) -> str:
        """Why there are no metrics."""
        if not self.records:
            return "not run yet"
        return "; ".join(
            f"{status}: {reason}" if reason else status for status, reason in self.problems.items()
        )


@dataclass(frozen=True)
class Results:
    """The rows of one scored domain of a task, in table order."""

    task: TaskEntry
    domain: str
    rows: list[Row]
    published: PublishedTable | None = None
    """The paper's table that stands beside."""
    stand_in: bool = False
    """Whether these data stand in for those of the paper's table."""
    system: str = ""
    """Title of the paper's system that the other rows are tested against, if they are."""
    signs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By method and metric, † or ‡ where the system is significantly better or worse."""

    @property
    def paper(self) -> str:
        """The title of the paper's table, or nothing."""
        return self.published.title if self.published else ""

    @property
    def beside(self) -> str:
        """What a caption says of the paper's table."""
        if not self.paper:
            return ""
        return (
            f", in place of the data of {self.paper}"
            if self.stand_in
            else f", beside {self.paper}"
        )

    @property
    def unit(self) -> str:
        """Of RMSE and MAE: stars, or the scale where the paper prints ratings over the largest."""
        return self.published.unit if self.published else "stars"

    @property
    def divisor(self) -> float:
        """What RMSE and MAE in stars are divided by to be in the unit."""
        return self.task.largest[self.domain] if self.unit == "scale" else 1.0

    @property
    def decimals(self) -> int:
        """How many are shown: as many as the paper prints."""
        return self.published.decimals if self.published else 3

    @property
    def measured(self) -> list[Row]:
        """The rows with metrics."""
        return [row for row in self.rows if row.metrics]

    @property
    def missing(self) -> list[str]:
        """Titles of methods that have no record yet."""
        return [row.method.title for row in self.rows if not row.records]

    @property
    def floor(self) -> Measured | None:
        """The best reachable RMSE, where the data are planted."""
        floors = (row.metrics.get("rmse-floor") for row in self.rows)
        return next((floor for floor in floors if floor is not None), None)

    @property
    def test_users(self) -> tuple[int, int] | None:
        """Users with more than 5 test items, and all users in test; None in older records.

        Summed over folds.
        """
        of_fold: dict[int, tuple[int, int]] = {}
        for record in (record for row in self.rows for record in row.done):
            counts = record.counts.get(self.domain, {})
            if "test_users" in counts:
                over = counts["test_users_with_over_5_rows"]
                of_fold[record.fold] = (over, counts["test_users"])
        if not of_fold:
            return None
        over, users = map(sum, zip(*of_fold.values(), strict=True))
        return over, users


def summarise(found: Manifest, store: Store) -> list[Results]:
    """Every scored domain of every task that has data."""
    results = []
    for task in found.tasks:
        records = [record for key in task.cells if (record := store.read(key)) is not None]
        scored = [task.target] if task.score == "target" else [task.source, task.target]
        results += [
            _domain_results(found, task, domain, records) for domain in scored if task.cells
        ]
    return results


def test_train(task: TaskEntry) -> float:
    """Test over training rows where runs are folds; 0 where they are seeds on one split."""
    return 1 / 4 if task.protocol.get("split") == "5-fold" else 0.0


def place_of(task: TaskEntry, domain: str) -> dict[str, Any] | None:
    """Where a paper prints results for a scored domain: table, pair and its own name for it."""
    return next((p for p in task.published if domain == getattr(task, p["side"])), None)


def _domain_results(
    found: Manifest, task: TaskEntry, domain: str, records: Sequence[Record]
) -> Results:
    place = place_of(task, domain)
    table = published_table(place["table"]) if place else None
    stand_in = bool(place and place.get("stand_in"))
    results = Results(task, domain, [], table, stand_in)
    for method in found.methods:
        if method.name in task.without:
            continue
        every = [record for record in records if record.method == method.name]
        # A method that runs once in each direction scores the target alone, others both domains.
        one_way = len({record.target for record in every}) == 1
        own = [
            r
            for r in every
            if domain in r.metrics
            or (not r.metrics and (domain == r.target or (one_way and domain == r.source)))
        ]
        printed = {}
        if table and place and not stand_in:
            printed = table.of(place["pair"], place["domain"], method.name)
        results.rows.append(Row(method, _metrics(own, domain, printed, results.divisor), own))
    return results


def _metrics(
    records: list[Record], domain: str, printed: Mapping[str, PublishedValue], divisor: float
) -> dict[str, Measured]:
    done = [record.metrics[domain] for record in records if record.status is Status.OK]
    return {
        metric: _measured(
            [metrics[metric] / (divisor if metric in IN_STARS else 1.0) for metrics in done],
            printed.get(metric),
        )
        for metric in (done[0] if done else ())
        # A fold without a relevant test item has no precision.
        if all(metric in metrics for metrics in done)
    }


def _measured(values: list[float], printed: PublishedValue | None) -> Measured:
    return Measured(
        statistics.fmean(values),
        statistics.stdev(values) if len(values) > 1 else None,
        len(values),
        printed.value if printed else None,
        printed.sd if printed else None,
    )
