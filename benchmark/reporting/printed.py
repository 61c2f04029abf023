"""The papers' printed cells, row by row as they stand in ``results/published/<table>.csv``."""

from __future__ import annotations

import csv
import functools
from typing import NamedTuple

from benchmark.repository import PUBLISHED


class Cell(NamedTuple):
    """A number's place: file stem, row, domain and metric, all in the paper's own words."""

    table: str
    row: str
    domain: str
    metric: str

    def __str__(self) -> str:
        return f"{self.row!r}, {self.domain} {self.metric} ({self.table})"


@functools.cache
def printed_table(table: str) -> dict[Cell, float]:
    """The printed cells of a table, in its order; none where the paper prints no such table."""
    path = PUBLISHED / f"{table}.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not {"method", "domain", "metric", "value"} <= set(reader.fieldnames or ()):
            return {}
        return {
            Cell(table, row["method"], row["domain"], row["metric"]): float(row["value"])
            for row in reader
        }


def printed(cell: Cell) -> float | None:
    """The printed number, or None where the paper has none."""
    return printed_table(cell.table).get(cell)
