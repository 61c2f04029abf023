"""The claims ledger filled in: a verdict on each claim from the records of a suite."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmark.data.card import Card
from benchmark.recommender import FloatArray
from benchmark.reporting.agreement import Agreement, ranking_agreement
from benchmark.reporting.claim_kinds import Claim
from benchmark.reporting.claims import Ledger, PaperCheck, on_paper
from benchmark.reporting.published import METRIC_KEYS
from benchmark.reporting.summary import IN_STARS, Results, Row, place_of
from benchmark.reporting.tables import flags
from benchmark.reporting.verdicts import Finding, Judgement, Verdict, judge
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Status

_SHOWN = 4
"""Deciding numbers that are shown of a claim."""


@dataclass(frozen=True)
class Line:
    """A claim with both verdicts; ``warnings`` are incomplete files under its numbers."""

    claim: Claim
    judgement: Judgement
    paper: PaperCheck
    warnings: list[str]
    tasks: list[str] = field(default_factory=list)
    """The tasks whose records it was judged by."""

    @property
    def verdict(self) -> Verdict:
        """What the records say."""
        return self.judgement.verdict

    @property
    def numbers(self) -> list[str]:
        """What decided it."""
        deciding = [f for f in self.judgement.deciding if f.value is not None]
        shown = [_told(finding) for finding in deciding[:_SHOWN]]
        more = len(deciding) - len(shown)
        return shown + ([f"and {more} more"] if more else [])


@dataclass(frozen=True)
class Order:
    """Whether the measured order of methods in one column is the paper's."""

    column: str
    agreement: Agreement


@dataclass(frozen=True)
class Sheet:
    """All claims, those that were tested first, and the orders of methods."""

    lines: list[Line]
    orders: list[Order]

    def of(self, verdict: Verdict) -> list[Line]:
        """The claims of one verdict."""
        return [line for line in self.lines if line.verdict is verdict]

    @property
    def tested(self) -> list[Line]:
        """The claims that the records say anything about."""
        return [line for line in self.lines if line.verdict is not Verdict.NOT_TESTABLE]


def claim_sheet(
    ledger: Ledger, found: Manifest, results: Sequence[Results], *, test_train: float
) -> Sheet:
    """Judge every claim by the runs of a suite, whose folds overlap by ``test_train``."""
    places = _places(found, results)
    lookup = functools.cache(functools.partial(_runs, places, _counts(found)))
    lines = [
        Line(
            claim,
            judge(claim, ledger, lookup, test_train=test_train),
            on_paper(claim, ledger),
            list(dict.fromkeys(flag for task in tasks for flag in flags(task))),
            list(dict.fromkeys(task.name for task in tasks)),
        )
        for claim in ledger.claims
        for tasks in [_tasks(claim, ledger, places)]
    ]
    order = list(Verdict)
    lines.sort(key=lambda line: order.index(line.verdict))
    return Sheet(lines, _orders(places))


def _places(
    found: Manifest, results: Sequence[Results]
) -> dict[tuple[str, str], tuple[TaskEntry, Results]]:
    """The results that stand for a printed table's domain."""
    return {
        (place["table"], place["domain"]): (result.task, result)
        for result in results
        if (place := place_of(result.task, result.domain)) is not None
    }


def _runs(
    places: Mapping[tuple[str, str], tuple[TaskEntry, Results]],
    counts: Mapping[tuple[str, str], float],
    table: str,
    row: str,
    domain: str,
    metric: str,
) -> FloatArray | None:
    """The runs (n,) of a printed cell by fold and seed, NaN where one has failed."""
    if (counted := counts.get((table, domain))) is not None:
        return np.array([counted])
    if (table, domain) not in places:
        return None
    _, results = places[table, domain]
    name = results.published.rows.get(row) if results.published else None
    measured = next((r for r in results.rows if r.method.name == name and r.metrics), None)
    return None if measured is None else _by_run(results, measured, METRIC_KEYS[metric])


def _by_run(results: Results, row: Row, metric: str) -> FloatArray:
    runs = sorted({(r.fold, r.seed) for other in results.rows for r in other.records})
    values = {
        (record.fold, record.seed): record.metrics[results.domain].get(metric, math.nan)
        for record in row.records
        if record.status is Status.OK
    }
    divisor = results.divisor if metric in IN_STARS else 1.0
    return np.array([values.get(run, math.nan) / divisor for run in runs])


def _counts(found: Manifest) -> dict[tuple[str, str], float]:
    """Words and shared users by table and domain, where the files counted are complete."""
    counts: dict[tuple[str, str], float] = {}
    for task in found.tasks:
        card = Card.from_dict(task.card) if task.card else None
        if not task.published or card is None:
            continue
        place, sides = task.published[0], (card.source, card.target)
        if place["table"].startswith("recsysdan"):
            if not any(side.text_incomplete for side in sides):
                counts["recsysdan_table1", place["domain"]] = card.vocabulary
        elif not any(side.incomplete for side in sides):
            counts["dml_section5.1", place["pair"].partition(":")[2]] = card.shared_users
    return counts


def _tasks(
    claim: Claim,
    ledger: Ledger,
    places: Mapping[tuple[str, str], tuple[TaskEntry, Results]],
) -> list[TaskEntry]:
    cells = [cell for part in claim.parts(ledger.terms) for cell in part.cells]
    return [places[c.table, c.domain][0] for c in cells if (c.table, c.domain) in places]


def _orders(places: Mapping[tuple[str, str], tuple[TaskEntry, Results]]) -> list[Order]:
    orders = []
    for (_, domain), (task, results) in places.items():
        assert results.published is not None
        place = place_of(task, results.domain) or {}
        rows = {row.method.name: row for row in results.measured}
        for title, metric in METRIC_KEYS.items():
            printed = {
                name: values[metric].value
                for name in results.published.rows.values()
                if name and metric in (values := results.published.of(place["pair"], domain, name))
            }
            measured = {
                name: _by_run(results, rows[name], metric) for name in printed if name in rows
            }
            if len(measured) > 2:
                agreement = ranking_agreement(metric, printed, measured, seed=0)
                orders.append(Order(f"{results.paper}, {domain} {title}", agreement))
    return orders


def _told(finding: Finding) -> str:
    """A number with its interval and the range that is claimed."""
    assert finding.value is not None
    text = f"{finding.label}: {_number(finding.value)}"
    if finding.interval is not None:
        text += " [{}, {}]".format(*map(_number, finding.interval))
    if math.isinf(finding.high):
        return f"{text}, claimed above {_number(finding.low)}"
    if math.isinf(finding.low):
        return f"{text}, claimed below {_number(finding.high)}"
    return f"{text}, claimed {_number(finding.low)} to {_number(finding.high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
