"""The papers' numbers stand with the methods and tasks of the repository, or none."""

from __future__ import annotations

import csv
import tomllib

import pytest

from benchmark.errors import BenchError
from benchmark.registry import by_name
from benchmark.reporting.claims import load_claims
from benchmark.reporting.published import METRIC_KEYS, PublishedValue, published_table
from benchmark.repository import PUBLISHED
from benchmark.running.suite import load_suite, shipped

TABLES = tomllib.loads((PUBLISHED / "tables.toml").read_text(encoding="utf-8"))


def test_every_method_that_a_printed_row_is_mapped_to_is_registered() -> None:
    mapped = {name for about in TABLES.values() for name in about["rows"].values() if name}
    variants = {variant.name for suite in shipped() for variant in load_suite(suite).variants}
    assert mapped
    assert mapped <= by_name().keys() | variants


def test_every_row_of_every_printed_table_is_listed_in_its_order() -> None:
    of_results = []
    for path in sorted(PUBLISHED.glob("*_table*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if {"method", "domain", "metric", "value"} <= rows[0].keys():
            of_results.append(path.stem)
            printed = dict.fromkeys(row["method"] for row in rows)
            methods = [name for name in printed if not name.endswith("_percent")]
            assert list(TABLES[path.stem]["rows"]) == methods, path.name
    without_numbers = {
        *("dml_figure3", "dml_figure4", "dml_ablation", "dml_ablation8"),
        "recsysdan_section5D7",
    }
    assert sorted(TABLES.keys() - without_numbers) == of_results
    assert without_numbers <= load_claims().experiments.keys()


def test_every_place_that_a_shipped_suite_names_is_printed() -> None:
    for name in shipped():
        for task in load_suite(name).tasks:
            for place in task.published:
                table = published_table(place.table)
                if not table.values:
                    continue
                found = table.printed(place.pair, place.domain, next(iter(table.rows)))
                assert set(found) <= set(METRIC_KEYS.values())
                assert "rmse" in found, (name, task.name, place)


def test_a_printed_value_comes_with_its_spread_if_there_is_one() -> None:
    normal = published_table("recsysdan_table2").of("DM->MI", "MI", "normal")
    assert normal == {"rmse": PublishedValue(1.165, 0.022), "mae": PublishedValue(0.843, 0.025)}
    dml = published_table("dml_table6").of("Amazon:Beauty-Fashion", "Beauty", "dml")
    assert dml["p@5-doml"] == PublishedValue(0.8354, None)


def test_a_method_that_is_not_printed_has_no_values() -> None:
    assert published_table("recsysdan_table2").of("DM->MI", "MI", "dml") == {}


def test_an_unknown_table_is_refused_with_those_there_are() -> None:
    with pytest.raises(BenchError, match="no published table 'table9'; there are: recsysdan_"):
        published_table("table9")
