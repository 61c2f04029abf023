"""The claims ledger filled in: a verdict on each claim from the records of a suite."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmark.data.card import Card
from benchmark.recommender import FloatArray
from benchmark.reporting.agreement import Agreement, ranking_agreement
from benchmark.reporting.claim_kinds import Claim
from benchmark.reporting.claim_parts import Part
from benchmark.reporting.claims import Ledger, PaperCheck, on_paper
from benchmark.reporting.experiments import Measurement
from benchmark.reporting.printed import Cell
from benchmark.reporting.published import METRIC_KEYS, published_table
from benchmark.reporting.summary import IN_STARS, Results, Row
from benchmark.reporting.tables import flags
from benchmark.reporting.verdicts import Finding, Judgement, Verdict, judge
from benchmark.running.manifest import Manifest
from benchmark.running.records import Status

_SHOWN = 4
"""Deciding numbers that are shown of a claim."""


@dataclass(frozen=True)
class Line:
    """A claim with both verdicts; ``warnings`` are what has to be kept in mind of its numbers."""

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

    @property
    def not_recomputed(self) -> list[str]:
        """The paper's own numbers that lie outside what it claims of them."""
        return [
            f"{each.part.label}: {_number(each.value)}{_range(each.part)}"
            for each in self.paper.parts
            if not each.inside
        ]


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
    ledger: Ledger,
    found: Manifest,
    results: Sequence[Results],
    *,
    test_train: float,
    beyond: Mapping[Cell, Measurement] | None = None,
) -> Sheet:
    """Judge every claim by the runs of a suite, whose folds overlap by ``test_train``.

    ``beyond`` are the cells that no table holds.
    """
    apart = beyond or {}
    places = _places(found, results)
    runs = _runs_of(results)
    tables = functools.cache(functools.partial(_values, places, runs, _counts(found)))
    why = {cell: known.absent for cell, known in apart.items() if known.absent}

    def lookup(*cell: str) -> FloatArray | None:
        known = apart.get(Cell(*cell))
        if known is None:
            return tables(*cell)
        return None if known.absent else known.values

    lines = [
        Line(
            claim,
            judge(claim, ledger, lookup, test_train=test_train, why=why),
            on_paper(claim, ledger),
            _caveats(sources, found),
            list(dict.fromkeys(source.place.results.task.name for source in sources)),
        )
        for claim in ledger.claims
        for sources in [_sources(claim, ledger, places, apart)]
    ]
    order = list(Verdict)
    lines.sort(key=lambda line: order.index(line.verdict))
    return Sheet(lines, _orders(places))


@dataclass(frozen=True)
class _Place:
    """The results that stand for a printed table's domain, or for one of its rows there."""

    results: Results
    published: Mapping[str, Any]
    """How the task declares it."""

    @property
    def caveats(self) -> list[str]:
        """What has to be said beside every verdict from here."""
        flagged = flags(self.results.task)
        if not self.published.get("stand_in"):
            return flagged
        stand_in = (
            f"Stand-in data: {self.results.domain} for {self.published['domain']} of "
            f"{self.published['pair']}"
        )
        return [stand_in, *flagged]


@dataclass(frozen=True)
class _Source:
    """The row of results that a printed row is measured by; none where it is no row of a table."""

    place: _Place
    row: Row | None = None

    @property
    def incomplete(self) -> str:
        """How many of the task's runs the row has, if not all."""
        if self.row is None:
            return ""
        results = self.place.results
        runs = len(_runs_of([results]))
        own = len({(record.fold, record.seed) for record in self.row.done})
        if own == runs:
            return ""
        return f"{self.row.method.title} has {own} of {runs} runs on {results.domain}"


_Places = Mapping[tuple[str, str, str], _Place]
"""By table, domain, and row where a row is a task, "" where rows are methods."""


def _places(found: Manifest, results: Sequence[Results]) -> _Places:
    measured = {(result.task.name, result.domain): result for result in results}
    places: dict[tuple[str, str, str], _Place] = {}
    for task in found.tasks:
        for published in task.published:
            result = measured.get((task.name, getattr(task, published["side"])))
            if result is not None:
                key = (published["table"], published["domain"], published.get("row", ""))
                # Of tasks that differ in switches only, the first is the one that counts.
                places.setdefault(key, _Place(result, published))
    return places


def _place(places: _Places, table: str, row: str, domain: str) -> tuple[_Place, str] | None:
    """Where a printed row is measured, and which method it is there."""
    if (place := places.get((table, domain, row))) is not None:
        return place, published_table(table).systems[0]
    if (place := places.get((table, domain, ""))) is not None:
        return place, published_table(table).rows.get(row, "")
    return None


def _source(places: _Places, table: str, row: str, domain: str) -> _Source | None:
    """The measured row of a printed one, or None where nothing has measured it."""
    if (found := _place(places, table, row, domain)) is None:
        return None
    place, name = found
    return next((_Source(place, r) for r in place.results.measured if r.method.name == name), None)


def _runs_of(results: Sequence[Results]) -> list[tuple[int, int]]:
    """Fold and seed of every run that any row has a record of."""
    rows = (row for each in results for row in each.rows)
    return sorted({(record.fold, record.seed) for row in rows for record in row.records})


def _values(
    places: _Places,
    runs: Sequence[tuple[int, int]],
    counts: Mapping[tuple[str, str], float],
    table: str,
    row: str,
    domain: str,
    metric: str,
) -> FloatArray | None:
    """A printed cell (n,) by run, the same runs of any cell, NaN where it has none."""
    if (counted := counts.get((table, domain))) is not None:
        return np.array([counted])
    if (source := _source(places, table, row, domain)) is None or source.row is None:
        return None
    return _by_run(source.place.results, source.row, METRIC_KEYS[metric], runs)


def _by_run(
    results: Results, row: Row, metric: str, runs: Sequence[tuple[int, int]]
) -> FloatArray:
    values = {
        (record.fold, record.seed): record.metrics[results.domain].get(metric, math.nan)
        for record in row.records
        if record.status is Status.OK
    }
    divisor = results.divisor if metric in IN_STARS else 1.0
    return np.array([values.get(run, math.nan) / divisor for run in runs])


def _counts(found: Manifest) -> dict[tuple[str, str], float]:
    """Words and shared users by table and domain, where the files counted are complete.

    As everywhere, of tasks that differ in switches only, the first is the one that counts.
    """
    counts: dict[tuple[str, str], float] = {}
    for task in found.tasks:
        card = Card.from_dict(task.card) if task.card else None
        own = [place for place in task.published if not place.get("stand_in")]
        if not own or card is None:
            continue
        place, sides = own[0], (card.source, card.target)
        if place["table"].startswith("recsysdan"):
            if not any(side.text_incomplete for side in sides):
                counts.setdefault(("recsysdan_table1", place["domain"]), card.vocabulary)
        elif not any(side.incomplete for side in sides):
            pair = place["pair"].partition(":")[2]
            counts.setdefault(("dml_section5.1", pair), card.shared_users)
    return counts


def _caveats(sources: Sequence[_Source], found: Manifest) -> list[str]:
    """What has to be said of numbers from these sources; of no numbers, nothing."""
    if not sources:
        return []
    data = (caveat for source in sources for caveat in source.place.caveats)
    runs = (source.incomplete for source in sources if source.incomplete)
    return list(dict.fromkeys([*data, *runs, *found.caveats]))


def _sources(
    claim: Claim, ledger: Ledger, places: _Places, apart: Mapping[Cell, Measurement]
) -> list[_Source]:
    """What the cells of a claim are measured by, each row once."""
    found: dict[tuple[str, ...], _Source | None] = {}
    for cell in (cell for part in claim.parts(ledger.terms) for cell in part.cells):
        known = apart.get(cell)
        if known is None:
            found[cell[:3]] = _source(places, *cell[:3])
        elif known.results is not None and not known.absent:
            found[cell] = _Source(_Place(known.results, known.published))
    return [source for source in found.values() if source is not None]


def _orders(places: _Places) -> list[Order]:
    orders = []
    for (table, domain, row), place in places.items():
        published = published_table(table)
        if row or not published.values:
            continue
        rows = {row.method.name: row for row in place.results.measured}
        for title, metric in METRIC_KEYS.items():
            printed = {
                name: values[metric].value
                for name in published.rows.values()
                if name
                and metric in (values := published.of(place.published["pair"], domain, name))
            }
            measured = {
                name: _by_run(place.results, rows[name], metric, _runs_of([place.results]))
                for name in printed
                if name in rows
            }
            if len(measured) > 2:
                agreement = ranking_agreement(metric, printed, measured, seed=0)
                caveat = " (stand-in data)" if place.published.get("stand_in") else ""
                orders.append(Order(f"{published.title}, {domain} {title}{caveat}", agreement))
    return orders


def _told(finding: Finding) -> str:
    """A number with its interval and the range that is claimed."""
    assert finding.value is not None
    text = f"{finding.label}: {_number(finding.value)}"
    if finding.interval is not None:
        text += " [{}, {}]".format(*map(_number, finding.interval))
    return text + _range(finding)


def _range(claimed: Finding | Part) -> str:
    low, high = _number(claimed.low), _number(claimed.high)
    if math.isinf(claimed.high):
        return f", claimed {'above' if claimed.strict else 'at least'} {low}"
    if math.isinf(claimed.low):
        return f", claimed {'below' if claimed.strict else 'at most'} {high}"
    return f", claimed {low}" if low == high else f", claimed {low} to {high}"


def _number(value: float) -> str:
    # Adding zero takes the sign of a negative zero away.
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value + 0.0:.4g}"
