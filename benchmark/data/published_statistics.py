"""The statistics that the papers print of their data: RecSys-DAN, Table I; DML, Tables 1 and 2."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from benchmark.recommender import Side
from benchmark.repository import PUBLISHED


def published_statistics(table: str, pair: str) -> Iterator[tuple[str, str, float]]:
    """What a paper prints of a pair's data: of which side or the task, which statistic, its value.

    ``table`` is where the paper prints results for ``pair``; other papers print nothing.
    """
    if table.startswith("recsysdan"):
        yield from _recsysdan_statistics(pair)
    elif table.startswith("dml"):
        dataset, _, domains = pair.partition(":")
        source, _, target = domains.partition("-")
        yield from _dml_statistics(dataset, [source, target])


def _recsysdan_statistics(pair: str) -> Iterator[tuple[str, str, float]]:
    rows = {row["domain"]: row for row in _table("recsysdan_table1") if row["pair"] == pair}
    if not rows:
        return
    source, target = pair.split("->")
    for side, domain in ((Side.SOURCE, source), (Side.TARGET, target)):
        for statistic, column in (("users", "users"), ("items", "items"), ("ratings", "samples")):
            yield side, statistic, float(rows[domain][column])
    for statistic in ("users", "items"):
        yield "task", f"shared {statistic}", float(rows[f"{source}&{target}"][statistic])
    yield "task", "vocabulary", float(rows[source]["voc_pair"])


def _dml_statistics(dataset: str, domains: list[str]) -> Iterator[tuple[str, str, float]]:
    names = {"Users": "users", "Items": "items", "Records": "ratings", "Sparsity": "density"}
    rows = _table("dml_table1" if dataset == "Imhonet" else "dml_table2")
    for side, domain in zip(Side, domains, strict=True):
        for row in rows:
            if (row["dataset"], row["domain"]) == (dataset, domain):
                unit = 100 if row["unit"] == "percent" else 1
                yield side, names[row["statistic"]], float(row["value"]) / unit


def _table(name: str) -> list[dict[str, str]]:
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
