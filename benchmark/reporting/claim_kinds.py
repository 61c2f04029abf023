"""The kinds of claims that the papers make, as typed data; ``results/published/claims.toml``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmark.reporting import claim_parts
from benchmark.reporting.claim_parts import Part, Rows, Terms
from benchmark.reporting.printed import Cell, printed_table


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(_Data, ABC):
    """A falsifiable sentence of a paper; it holds if every one of its parts does.

    ``paper_value`` and ``paper_verdict`` are what its check gives on the paper's own printed
    numbers, kept as facts.
    """

    id: str = Field(pattern=r"^[RD]-\S+$")
    paper: Literal["RecSys-DAN", "DML"]
    where: str
    claim: str
    note: str = ""
    """How a loose word is made precise, or what else a reader should know."""
    paper_value: float | bool | None = None
    paper_verdict: Literal["holds", "fails", "needs-experiment"]
    is_number: ClassVar[bool] = False
    """Whether the claim states a number, its single part's value, rather than a yes or no."""

    @abstractmethod
    def parts(self, terms: Terms) -> list[Part]:
        """The numbers that decide the claim."""


class _InTables(Claim):
    """A claim about a table or several; ``domains`` and ``metrics`` left out mean all printed."""

    table: str | list[str]
    domains: list[str] = []
    metrics: list[str] = []

    def places(self, terms: Terms) -> Iterator[tuple[str, str, str, float]]:
        """Table, domain, metric and the metric's sign."""
        for table in [self.table] if isinstance(self.table, str) else self.table:
            for domain, metric in terms.places(table, self.domains, self.metrics):
                yield table, domain, metric, terms.signs[metric]


class RelativeGain(_InTables):
    """``row`` is better than the best of ``over`` by ``claimed`` percent, on average."""

    kind: Literal["relative-gain"]
    row: str
    over: Rows
    claimed: float
    tolerance: float
    is_number: ClassVar[bool] = True

    def parts(self, terms: Terms) -> list[Part]:
        cells: list[Cell] = []
        gains = []
        for table, domain, metric, sign in self.places(terms):
            start = len(cells)
            cells += _cells(table, [self.row, *terms.rows(self.over, table)], domain, metric)
            gains.append((claim_parts.gain(sign), slice(start, len(cells))))
        label = f"gain of {self.row} in percent"
        return [
            claim_parts.states(
                label, cells, claim_parts.mean_of(gains), self.claimed, self.tolerance
            )
        ]


class RelativeGap(_InTables):
    """The best of ``ours`` and of ``theirs`` are ``claimed`` percent of their mean apart."""

    kind: Literal["relative-gap"]
    ours: list[str]
    theirs: Rows
    claimed: float
    tolerance: float
    is_number: ClassVar[bool] = True

    def parts(self, terms: Terms) -> list[Part]:
        [(table, domain, metric, sign)] = self.places(terms)
        cells = _cells(table, [*self.ours, *terms.rows(self.theirs, table)], domain, metric)
        gap = claim_parts.gap(sign, len(self.ours))
        return [claim_parts.states("gap in percent", cells, gap, self.claimed, self.tolerance)]


class ImprovedRow(_InTables):
    """Each cell of the row ``improved`` is the gain of ``row`` over the best of ``over``."""

    kind: Literal["improved-row"]
    row: str
    over: Rows
    improved: str = "Improved_percent"
    tolerance: float

    def parts(self, terms: Terms) -> list[Part]:
        return [
            claim_parts.states(
                f"gain of {self.row} in percent, {domain} {metric}",
                _cells(table, [self.row, *terms.rows(self.over, table)], domain, metric),
                claim_parts.gain(sign),
                printed_table(table)[Cell(table, self.improved, domain, metric)],
                self.tolerance,
            )
            for table, domain, metric, sign in self.places(terms)
        ]


class Beats(_InTables):
    """Every one of ``ours`` is better than every one of ``theirs``, or than its own partner."""

    kind: Literal["beats"]
    ours: list[str]
    theirs: Rows
    theirs_table: str = ""
    """Where ``theirs`` stand, if elsewhere."""
    partners: bool = False
    """Whether the first of ``ours`` is to beat only the first of ``theirs``, and so on."""
    or_equals: bool = False
    significantly: bool = False
    """Whether the claim is that the paired t-test shows it at 5 %, as the papers' stars say."""

    def parts(self, terms: Terms) -> list[Part]:
        return [
            Part(
                self._label(ours, theirs),
                (ours, theirs),
                claim_parts.margin(terms.signs[ours.metric]),
                low=0.0,
                strict=not self.or_equals,
                significantly=self.significantly,
            )
            for ours, theirs in self._pairs(terms)
        ]

    def _label(self, ours: Cell, theirs: Cell) -> str:
        place = f"{ours.domain} {ours.metric}"
        if ours.table != theirs.table:
            return f"{ours.row} ({ours.table}) over {theirs.row} ({theirs.table}), {place}"
        if isinstance(self.table, str):
            return f"{ours.row} over {theirs.row}, {place}"
        return f"{ours.row} over {theirs.row}, {place} ({ours.table})"

    def _pairs(self, terms: Terms) -> Iterator[tuple[Cell, Cell]]:
        for table, domain, metric, _ in self.places(terms):
            ours = _cells(table, self.ours, domain, metric)
            other = self.theirs_table or table
            theirs = _cells(other, terms.rows(self.theirs, other), domain, metric)
            if self.partners:
                yield from zip(ours, theirs, strict=True)
            else:
                yield from ((a, b) for a in ours for b in theirs if a != b)


class BestBeats(_InTables):
    """The best of ``ours`` is better than the best of ``theirs``."""

    kind: Literal["best-beats"]
    ours: Rows
    theirs: Rows

    def parts(self, terms: Terms) -> list[Part]:
        found = []
        for table, domain, metric, sign in self.places(terms):
            ours, theirs = terms.rows(self.ours, table), terms.rows(self.theirs, table)
            cells = _cells(table, [*ours, *theirs], domain, metric)
            label = f"best over best, {domain} {metric}"
            found.append(
                Part(label, cells, claim_parts.margin(sign, len(ours)), low=0.0, strict=True)
            )
        return found


class Contest(_Data):
    """A domain of a table and the rows that count there as ours."""

    table: str
    domain: str
    ours: list[str]


class WithinPercent(Claim):
    """The best of ours is at most ``limit`` percent worse than each of ``theirs``, everywhere."""

    kind: Literal["within-percent"]
    contests: list[Contest]
    theirs: Rows
    metrics: list[str]
    limit: float

    def parts(self, terms: Terms) -> list[Part]:
        return [
            Part(
                f"best over {row} in percent, {at.domain} {metric}",
                _cells(at.table, [*at.ours, row], at.domain, metric),
                claim_parts.gain(terms.signs[metric], len(at.ours)),
                low=-self.limit,
            )
            for at in self.contests
            for row in terms.rows(self.theirs, at.table)
            for metric in self.metrics
        ]


class ChangeBelow(_InTables):
    """Every one of ``rows`` is better or worse than ``base`` by less than ``limit`` percent."""

    kind: Literal["change-below"]
    rows: list[str]
    base: str
    limit: float

    def parts(self, terms: Terms) -> list[Part]:
        return [
            Part(
                f"gain of {row} over {self.base} in percent, {domain} {metric}",
                _cells(table, [row, self.base], domain, metric),
                claim_parts.gain(sign),
                -self.limit,
                self.limit,
                strict=True,
            )
            for table, domain, metric, sign in self.places(terms)
            for row in self.rows
        ]


class SpreadBelow(_InTables):
    """The largest and smallest of ``rows`` differ by less than ``limit`` percent of their mean."""

    kind: Literal["spread-below"]
    rows: list[str]
    limit: float

    def parts(self, terms: Terms) -> list[Part]:
        return [
            Part(
                f"spread in percent, {domain} {metric}",
                _cells(table, self.rows, domain, metric),
                claim_parts.spread,
                high=self.limit,
                strict=True,
            )
            for table, domain, metric, _ in self.places(terms)
        ]


class LargerGain(_InTables):
    """The first of ``gain`` betters its second by more than the pair ``than`` does."""

    kind: Literal["larger-gain"]
    gain: tuple[str, str]
    than: tuple[str, str]

    def parts(self, terms: Terms) -> list[Part]:
        label = f"{' over '.join(self.gain)} against {' over '.join(self.than)}"
        return [
            Part(
                f"{label}, {domain} {metric}",
                _cells(table, [*self.gain, *self.than], domain, metric),
                claim_parts.larger_gain(sign),
                low=0.0,
                strict=True,
            )
            for table, domain, metric, sign in self.places(terms)
        ]


class Ordered(_InTables):
    """Each of ``rows`` is better than the one before it."""

    kind: Literal["ordered"]
    rows: list[str]

    def parts(self, terms: Terms) -> list[Part]:
        return [
            Part(
                f"{after} over {before}, {domain} {metric}",
                _cells(table, [after, before], domain, metric),
                claim_parts.margin(sign),
                low=0.0,
                strict=True,
            )
            for table, domain, metric, sign in self.places(terms)
            for before, after in zip(self.rows, self.rows[1:], strict=False)
        ]


class TableRow(_Data):
    """A row of a table."""

    table: str
    row: str


class Equal(Claim):
    """The rows are one system, so their numbers are the same."""

    kind: Literal["equal"]
    rows: list[TableRow]
    domains: list[str]
    metrics: list[str]

    def parts(self, terms: Terms) -> list[Part]:
        first = self.rows[0]
        return [
            Part(
                f"{row.row} ({row.table}) less {first.row} ({first.table}), {domain} {metric}",
                [Cell(at.table, at.row, domain, metric) for at in (row, first)],
                claim_parts.margin(1.0),
                low=0.0,
                high=0.0,
            )
            for row in self.rows[1:]
            for domain in self.domains
            for metric in self.metrics
        ]


class Bounded(_Data):
    """A cell and the range that its value must lie in, ends included."""

    table: str
    row: str
    domain: str
    metric: str
    low: float = -math.inf
    high: float = math.inf


class Between(Claim):
    """Each cell's value lies in its range."""

    kind: Literal["between"]
    cells: list[Bounded]

    def parts(self, terms: Terms) -> list[Part]:
        return [
            Part(
                f"{at.row}, {at.domain} {at.metric}",
                [Cell(at.table, at.row, at.domain, at.metric)],
                claim_parts.value,
                at.low,
                at.high,
            )
            for at in self.cells
        ]


AnyClaim = Annotated[
    RelativeGain
    | RelativeGap
    | ImprovedRow
    | Beats
    | BestBeats
    | WithinPercent
    | ChangeBelow
    | SpreadBelow
    | LargerGain
    | Ordered
    | Equal
    | Between,
    Field(discriminator="kind"),
]


def _cells(table: str, rows: list[str], domain: str, metric: str) -> list[Cell]:
    return [Cell(table, row, domain, metric) for row in rows]
