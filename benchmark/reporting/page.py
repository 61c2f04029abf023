"""The page of a suite and the page of its records: offline, no server, escaped throughout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.data.card import Card, statistics, summary
from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.gathered import Gathered
from benchmark.reporting.illustration import Illustration
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.ledgers import budgets, failures, provenances, splits
from benchmark.reporting.reasons import portable
from benchmark.reporting.summary import Results, Row
from benchmark.reporting.tables import LEGEND, anchor, problems
from benchmark.reporting.templating import environment
from benchmark.reporting.verdicts import Verdict
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Record

_REST = ("hyperparameters", "trials", "budget", "facts", "fingerprints", "predictions")


@dataclass(frozen=True)
class _Section:
    task: TaskEntry
    unavailable: str
    tables: list[Table]
    tests: list[Table]
    problems: list[str]
    figures: list[Illustration]
    card: Table | None = None
    card_summary: list[str] = field(default_factory=list)


def render_page(gathered: Gathered) -> str:
    """``index.html``: claims, tables, figures, data, splits, budgets, failures, provenance."""
    found, results = gathered.found, gathered.results
    return (
        environment()
        .get_template("index.html")
        .render(
            title=found.title,
            suite=found.suite,
            caveats=found.caveats,
            protocol=found.protocol,
            legend=LEGEND,
            claims=gathered.claims,
            verdicts=list(Verdict),
            figures=[figure for figure in gathered.figures if figure.task is None],
            unranked=gathered.unranked,
            multiverse=gathered.multiverse,
            overlaps=gathered.overlaps,
            paper_tables=gathered.paper_tables,
            sections=[_section(task, gathered) for task in found.tasks],
            dataset_tables=gathered.dataset_tables,
            splits=splits(results),
            budgets=budgets(results),
            failures=failures(found, results),
            provenances=provenances(found, gathered.store),
        )
    )


def render_records(found: Manifest, results: Sequence[Results]) -> str:
    """``records.html``: every record under the anchor that its numbers lead to."""
    return (
        environment()
        .get_template("records.html")
        .render(
            title=found.title,
            places=[
                {
                    "anchor": anchor(result, row),
                    "title": f"{result.task.name}, {result.domain}: {row.method.title}",
                    "table": _runs(result, row),
                    "records": [_shown(record, result.domain) for record in row.records],
                }
                for result in results
                for row in result.rows
            ],
        )
    )


def _section(task: TaskEntry, gathered: Gathered) -> _Section:
    own = gathered.of(task)
    card = Card.from_dict(task.card) if task.card else None
    return _Section(
        task,
        portable(task.unavailable),
        [*gathered.comparisons(task), *gathered.kept_tables[task.name]],
        gathered.tests(task),
        list(dict.fromkeys(problem for result in own for problem in problems(result))),
        [figure for figure in gathered.figures if figure.task is task],
        _card_table(card) if card else None,
        [*card.flags, *_plain(summary(card)).split("\n\n")] if card else [],
    )


def _card_table(card: Card) -> Table:
    columns = [Column(""), Column(card.source.name, True), Column(card.target.name, True)]
    rows = [
        [Cell(label), *(_card_cell(figure) for figure in figures)]
        for label, *figures in statistics(card)
    ]
    return Table(f"{card.task}--card", "Data card", columns, rows, sortable=False)


def _card_cell(figure: str) -> Cell:
    return Cell(_plain(figure), mark=Mark.WARNING if "INCOMPLETE" in figure else Mark.NONE)


def _plain(markdown: str) -> str:
    return markdown.replace("**", "")


def _runs(results: Results, row: Row) -> Table:
    metrics = [m for m in METRICS if any(m in r.metrics.get(results.domain, {}) for r in row.done)]
    columns = [Column("Seed", True), Column("Fold", True), Column("Status")]
    columns += [Column(METRICS[metric].title, True) for metric in metrics]
    rows = []
    for record in row.records:
        measured = record.metrics.get(results.domain, {})
        rows.append(
            [
                Cell(str(record.seed), record.seed),
                Cell(str(record.fold), record.fold),
                Cell(record.status, mark=Mark.WARNING if record.status.is_failure else Mark.NONE),
                *(
                    Cell(number(measured[m], 4), measured[m]) if m in measured else Cell()
                    for m in metrics
                ),
            ]
        )
    return Table(f"{anchor(results, row)}--runs", row.method.title, columns, rows)


def _shown(record: Record, domain: str) -> dict[str, Any]:
    rest: dict[str, Any] = {"counts": record.counts.get(domain, {})}
    rest |= {name: getattr(record, name) for name in _REST}
    lines = (f"{name}: {json.dumps(v, ensure_ascii=False)}" for name, v in rest.items() if v)
    return {
        "key": record.key,
        "seed": record.seed,
        "fold": record.fold,
        "status": str(record.status),
        "reason": portable(record.reason),
        "rest": "\n".join(lines),
    }
