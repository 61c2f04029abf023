"""The means that committed reports hold, as documents print them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.reporting.layout import number
from benchmark.repository import REPORTS

_HEADER = ("task", "domain", "method", "metric", "unit", "mean", "sd", "n", "paper")


@dataclass(frozen=True)
class Value:
    """A metric's mean and standard deviation over runs, and the printed value."""

    mean: float
    sd: float | None
    runs: int
    unit: str
    paper: float | None


@dataclass(frozen=True)
class MeasuredMean:
    """What a report says of a method on a scored domain, by metric."""

    suite: str
    task: str
    domain: str
    method: str
    title: str
    target_data: str
    values: Mapping[str, Value]

    @property
    def runs(self) -> int:
        """How many runs the means are of."""
        return max((value.runs for value in self.values.values()), default=0)

    @property
    def paper(self) -> str:
        """The printed RMSE and MAE, if any."""
        shown = [
            number(value.paper, self.decimals)
            for metric in ("rmse", "mae")
            if (value := self.values.get(metric)) is not None and value.paper is not None
        ]
        return " / ".join(shown)

    @property
    def decimals(self) -> int:
        """Four for shares of the scale's maximum, three for stars."""
        return 4 if any(value.unit == "scale" for value in self.values.values()) else 3

    def text(self, metric: str) -> str:
        """Mean ± standard deviation, or nothing."""
        value = self.values.get(metric)
        return "" if value is None else number(value.mean, self.decimals, sd=value.sd)


def reported(suite: str, reports: Path = REPORTS) -> list[MeasuredMean]:
    """What a suite's committed report measures, by table and row; nothing where there is none."""
    found = []
    for path in sorted((reports / suite / "tables").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ())[: len(_HEADER)] == _HEADER:
                found += _of_table(suite, list(reader))
    return found


def _of_table(suite: str, rows: Sequence[Mapping[str, str]]) -> list[MeasuredMean]:
    by_place: dict[tuple[str, str, str, str, str], dict[str, Value]] = {}
    for row in rows:
        place = (row["task"], row["domain"], row["method"], row["title"], row["target_data"])
        values = by_place.setdefault(place, {})
        if row["metric"]:
            values[row["metric"]] = Value(
                float(row["mean"]),
                _number(row["sd"]),
                int(row["n"]),
                row["unit"],
                _number(row["paper"]),
            )
    return [MeasuredMean(suite, *place, values) for place, values in by_place.items()]


def _number(text: str) -> float | None:
    return float(text) if text else None
