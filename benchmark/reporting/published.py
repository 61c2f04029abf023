"""The papers' printed numbers, by the registered method and metric that they belong to."""

from __future__ import annotations

import csv
import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmark.errors import BenchError
from benchmark.repository import PUBLISHED

METRIC_KEYS = {"RMSE": "rmse", "MAE": "mae", "Pre@5": "p@5-doml", "Rec@5": "r@5-doml"}
"""Ours by the papers' names; DML's precision and recall are those of its authors' code."""


@dataclass(frozen=True)
class PublishedValue:
    """A printed number in its table's unit, with its standard deviation if one is printed."""

    value: float
    sd: float | None


@dataclass(frozen=True)
class PublishedTable:
    """One printed table of results: its title, unit ("stars" or "scale"), rows and values."""

    title: str
    unit: str
    rows: dict[str, str]
    """Our method's name by row as printed, in printed order; "" where there is no such method."""
    systems: tuple[str, ...]
    """The methods that the paper proposes."""
    values: dict[tuple[str, str, str, str], PublishedValue]
    """By pair, domain, row and metric."""

    @property
    def decimals(self) -> int:
        """How many the paper prints."""
        return 4 if self.unit == "scale" else 3

    def of(self, pair: str, domain: str, method: str) -> dict[str, PublishedValue]:
        """What the paper prints of a method on a domain, by metric."""
        row = next((row for row, name in self.rows.items() if name == method), None)
        return {} if row is None else self.printed(pair, domain, row)

    def printed(self, pair: str, domain: str, row: str) -> dict[str, PublishedValue]:
        """What the paper prints in a row on a domain, by metric."""
        return {
            metric: value
            for (*place, metric), value in self.values.items()
            if place == [pair, domain, row]
        }


@functools.cache
def published_table(name: str) -> PublishedTable:
    """The table of ``results/published/<name>.csv``.

    Raises:
        BenchError: there is no such table.
    """
    described = _described()
    if name not in described:
        raise BenchError(f"no published table {name!r}; there are: {', '.join(described)}")
    about = described[name]
    systems = tuple(about["rows"][row] for row in about["systems"] if about["rows"][row])
    return PublishedTable(
        about["title"], about["unit"], about["rows"], systems, dict(_values(name))
    )


def system_names(table: PublishedTable | None) -> set[str]:
    """The methods that the paper of a table proposes; with no table, those of both papers."""
    tables = [table] if table else [published_table(name) for name in _described()]
    return {name for each in tables for name in each.systems}


def printed_rows(method: str) -> list[tuple[str, str]]:
    """The tables and rows in which a method is printed: their titles and the row's name."""
    return [
        (table.title, row)
        for table in map(published_table, _described())
        for row, name in table.rows.items()
        if name == method and table.values
    ]


@functools.cache
def _described() -> dict[str, Any]:
    return tomllib.loads((PUBLISHED / "tables.toml").read_text(encoding="utf-8"))


def _values(name: str) -> Iterator[tuple[tuple[str, str, str, str], PublishedValue]]:
    path = PUBLISHED / f"{name}.csv"
    if not path.is_file():
        return  # What the paper shows as a figure alone.
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            # Rows like Improved_percent compare other rows and are no method's.
            if not row["method"].endswith("_percent"):
                key = (row["pair"], row["domain"], row["method"], METRIC_KEYS[row["metric"]])
                sd = float(row["std"]) if row["std"] else None
                yield key, PublishedValue(float(row["value"]), sd)
