"""Tasks that differ in the number of overlap users only: every row over that number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.data.card import Card
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.summary import Results, Row
from benchmark.reporting.tables import anchor, flags
from benchmark.running.manifest import TaskEntry

FEWEST = 3
"""Numbers that a curve needs."""
ABOUT = (
    "RMSE over the number of overlap users, the records of the other overlap users removed (as "
    "DML, Fig. 3; means over runs). Fewer overlap users leave fewer records: the rows that read "
    "one domain show what that costs."
)


@dataclass(frozen=True)
class OverlapSweep:
    """A pair of domains at several overlaps."""

    source: str
    target: str
    shared: Mapping[str, int]
    """The overlap users of each task, ascending."""
    domains: Mapping[str, Mapping[str, Results]]
    """What is measured, by scored domain and task."""

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.source}+{self.target}--overlap".replace("/", "-")

    @property
    def counts(self) -> list[str]:
        """The numbers of overlap users as they are shown."""
        return [f"{count:,}" for count in self.shared.values()]

    def rows(self, domain: str) -> dict[str, list[tuple[Results, Row] | None]]:
        """What a domain has at each overlap, by title; None where a row has no result."""
        measured = self.domains[domain]
        at = {
            task: {row.method.title: (results, row) for row in results.measured}
            for task, results in measured.items()
        }
        titles = dict.fromkeys(title for task in self.shared for title in at.get(task, {}))
        return {title: [at.get(task, {}).get(title) for task in self.shared] for title in titles}


def overlap_sweeps(results: Sequence[Results]) -> list[OverlapSweep]:
    """Every pair of domains that several tasks have, each with another overlap."""
    pairs: dict[tuple[str, str], dict[str, TaskEntry]] = {}
    for task in (result.task for result in results if result.task.card):
        pairs.setdefault((task.source, task.target), {})[task.name] = task
    sweeps = []
    for (source, target), tasks in pairs.items():
        shared = {name: shared_users(task) for name, task in tasks.items()}
        if len(tasks) < FEWEST or len(set(shared.values())) < len(tasks):
            continue
        domains: dict[str, dict[str, Results]] = {}
        for result in (r for r in results if r.task.name in tasks and r.measured):
            domains.setdefault(result.domain, {})[result.task.name] = result
        ascending = dict(sorted(shared.items(), key=lambda item: item[1]))
        sweeps.append(OverlapSweep(source, target, ascending, domains))
    return sweeps


def overlap_tables(results: Sequence[Results]) -> list[Table]:
    """A table for each scored domain of a sweep: methods by overlap users."""
    return [_table(sweep, domain) for sweep in overlap_sweeps(results) for domain in sweep.domains]


def _table(sweep: OverlapSweep, domain: str) -> Table:
    measured = list(sweep.domains[domain].values())
    of_scale = any(results.unit == "scale" for results in measured)
    return Table(
        f"{sweep.name}--{domain.replace('/', '-')}",
        f"{sweep.source} and {sweep.target}, {domain}: RMSE over the number of overlap users",
        [Column("Method"), *(Column(count, numeric=True) for count in sweep.counts)],
        [
            [Cell(title), *(_cell(found) for found in row)]
            for title, row in sweep.rows(domain).items()
        ],
        [ABOUT, *(["RMSE is of ratings divided by the scale's maximum."] if of_scale else [])],
        list(dict.fromkeys(flag for results in measured for flag in flags(results.task))),
    )


def _cell(found: tuple[Results, Row] | None) -> Cell:
    if found is None:
        return Cell("–", mark=Mark.NOTE)
    results, row = found
    value = row.metrics["rmse"]
    text = number(value.mean, results.decimals, sd=value.sd)
    return Cell(text, value.mean, link=anchor(results, row))


def shared_users(task: TaskEntry) -> int:
    """How many users both domains of a task have; only tasks with a card are asked."""
    assert task.card is not None, f"task {task.name!r} has no card"
    return Card.from_dict(task.card).shared_users
