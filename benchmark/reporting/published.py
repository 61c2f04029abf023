"""The papers' printed numbers, by the registered method and metric that they belong to."""

from __future__ import annotations

import csv
import functools
import tomllib
from dataclasses import dataclass

from benchmark.errors import BenchError
from benchmark.repository import PUBLISHED

# DML's precision and recall are those of its authors' code, not the standard ones.
_METRICS = {"RMSE": "rmse", "MAE": "mae", "Pre@5": "p@5-doml", "Rec@5": "r@5-doml"}


@dataclass(frozen=True)
class PublishedValue:
    """A printed number in its table's unit, with its standard deviation if one is printed."""

    value: float
    sd: float | None


@dataclass(frozen=True)
class PublishedTable:
    """One printed table: its title, unit ("stars" or "scale") and values by our method names."""

    title: str
    unit: str
    values: dict[tuple[str, str, str, str], PublishedValue]
    """By pair, domain, method and metric."""

    def of(self, pair: str, domain: str, method: str) -> dict[str, PublishedValue]:
        """What the paper prints of a method on a domain, by metric."""
        return {
            metric: value
            for (*place, metric), value in self.values.items()
            if place == [pair, domain, method]
        }


@functools.cache
def published_table(name: str) -> PublishedTable:
    """The table of ``results/published/<name>.csv``.

    Raises:
        BenchError: there is no such table.
    """
    described = tomllib.loads((PUBLISHED / "tables.toml").read_text(encoding="utf-8"))
    if name not in described:
        raise BenchError(f"no published table {name!r}; there are: {', '.join(described)}")
    about = described[name]
    values = {}
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if method := about["rows"][row["method"]]:
                key = (row["pair"], row["domain"], method, _METRICS[row["metric"]])
                sd = float(row["std"]) if row["std"] else None
                values[key] = PublishedValue(float(row["value"]), sd)
    return PublishedTable(about["title"], about["unit"], values)
