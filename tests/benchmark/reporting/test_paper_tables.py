"""The papers' tables in their own layout: ours above theirs, or why there is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import MUSIC

from benchmark.reporting.dataset_tables import dataset_tables
from benchmark.reporting.layout import Cell, Mark, Table
from benchmark.reporting.paper_tables import paper_tables
from benchmark.reporting.summary import Results
from benchmark.running.manifest import Manifest


@pytest.fixture(scope="module")
def tables(found: Manifest, results: list[Results]) -> dict[str, Table]:
    return {table.name: table for table in paper_tables(found, results)}


def pair_of_rows(table: Table, method: str) -> tuple[list[Cell], list[Cell]]:
    index = [row[0].text for row in table.rows].index(method)
    return table.rows[index], table.rows[index + 1]


def texts(row: list[Cell]) -> list[str]:
    return [cell.text for cell in row]


def test_there_is_one_table_for_each_that_tasks_stand_for(tables: dict[str, Table]) -> None:
    assert list(tables) == ["recsysdan_table2", "dml_table6"]
    columns = [column.title for column in tables["recsysdan_table2"].columns]
    assert columns == ["Method", "DM→MI RMSE", "DM→MI MAE", "HK→OP RMSE", "HK→OP MAE"]
    assert tables["dml_table6"].groups() == [("", 1), ("Beauty", 4), ("Fashion", 4)]


def test_what_is_measured_stands_above_what_is_printed(tables: dict[str, Table]) -> None:
    ours, theirs = pair_of_rows(tables["recsysdan_table2"], "UI-DAN (a, u)")
    assert texts(ours)[1:3] == ["0.860 ± 0.010", "0.660 ± 0.010"]
    assert ours[1].mark is Mark.BEST
    assert texts(theirs)[:3] == [
        "paper (Δ)",
        "0.920 ± 0.223 (-0.060)",
        "0.674 ± 0.021 (-0.014)",
    ]


def test_only_rows_of_the_table_compete(tables: dict[str, Table], results: list[Results]) -> None:
    """DML, at 0.95, is no row of RecSys-DAN's table, and the best of all would not be either."""
    shown = texts([row[0] for row in tables["recsysdan_table2"].rows])
    assert "DML" not in shown
    best = [row[0].text for row in tables["dml_table6"].rows for c in row if c.mark is Mark.BEST]
    assert set(best) == {"DML"}


def test_a_cell_without_data_says_why(tables: dict[str, Table]) -> None:
    table = tables["recsysdan_table2"]
    ours, theirs = pair_of_rows(table, "KNN")
    assert (ours[3].text, ours[3].span) == ("data unavailable", 2)
    assert texts(theirs)[3:] == ["0.957 ± 0.000", "0.710 ± 0.000"]
    assert texts(pair_of_rows(table, "SVD++")[0])[1:] == ["not in this suite"]
    assert table.notes == ["HK→OP: the data of office are not at hand."]
    assert table.warnings[0].startswith("DM→MI: INCOMPLETE: 6,908 of 64,706 rows")


def test_the_gap_of_the_best_is_taken_from_what_is_measured(tables: dict[str, Table]) -> None:
    ours, theirs = pair_of_rows(tables["recsysdan_table2"], "Gap, % of the mean")
    # UI-DAN at 0.86 and NMF at 0.9: 2 * 0.04 / 1.76.
    assert texts(ours)[1] == "4.55"
    assert texts(theirs)[1:] == ["5.16", "11.78", "7.64", "5.52"]
    assert texts(ours)[3:] == ["–", "–"]
    improved, printed = pair_of_rows(tables["dml_table6"], "Improved, %")
    # DML at 1.52 and NCF at 1.6.
    assert texts(improved)[1] == "5.00"
    assert float(printed[1].text) > 0


def test_the_gap_is_that_of_the_rows_that_the_paper_takes(
    found: Manifest, results: list[Results]
) -> None:
    """Table II: the best unimodal instance, whatever the multimodal ones do."""
    music = next(result for result in results if result.task.name == "music")
    own = next(row for row in music.rows if row.method.name == "ui-dan")
    halved = {name: replace(value, mean=value.mean / 2) for name, value in own.metrics.items()}
    images = replace(own, method=replace(own.method, name="ui-dan-m"), metrics=halved)
    table = paper_tables(found, [replace(music, rows=[*music.rows, images])])[0]
    assert texts(pair_of_rows(table, "Gap, % of the mean")[0])[1] == "4.55"


def test_trivial_rows_come_first_and_have_nothing_printed(tables: dict[str, Table]) -> None:
    first = tables["recsysdan_table2"].rows[:2]
    assert texts(first[0])[:2] == ["Target mean", "0.900 ± 0.000"]
    assert first[1][0].text == "Normal"


def test_every_row_fills_every_column(tables: dict[str, Table], found: Manifest) -> None:
    for table in (*tables.values(), *dataset_tables(found)):
        for row in table.rows:
            assert sum(cell.span for cell in row) == len(table.columns)


def test_sizes_of_the_data_stand_beside_the_printed_ones(found: Manifest) -> None:
    recsysdan, dml = dataset_tables(found)
    assert (recsysdan.name, dml.name) == ("recsysdan_table1", "dml_table2")
    target = next(row for row in recsysdan.rows if row[0].text == MUSIC[1])
    assert texts(target)[1:7] == ["1,429", "1,429", "×1.00", "900", "891", "×1.01"]
    shared = next(row for row in recsysdan.rows if row[0].text == "shared by music")
    assert texts(shared)[1:4] == ["23", "23", "×1.00"]
    assert texts(shared)[-3:] == ["1,500", "4,696", "×0.32"]
    assert [column.title for column in dml.columns if column.short == "measured"] == [
        "Users", "Items", "Ratings", "Density",
    ]  # fmt: skip


def test_sizes_of_incomplete_and_of_missing_files_are_marked(found: Manifest) -> None:
    recsysdan, _ = dataset_tables(found)
    source, target = recsysdan.rows[:2]
    assert (source[7].mark, target[7].mark) == (Mark.WARNING, Mark.NONE)
    office = next(row for row in recsysdan.rows if row[0].text.endswith("office-products"))
    assert texts(office)[1:4] == ["unavailable", "4,773", ""]


def test_a_domain_of_several_pairs_stands_once(found: Manifest) -> None:
    beauty = found.tasks[2]
    twice = replace(found, tasks=[beauty, replace(beauty, name="again")])
    [table] = dataset_tables(twice)
    assert len(table.rows) == 2


def test_a_printed_density_that_its_counts_do_not_give_is_named(found: Manifest) -> None:
    place = {"table": "dml_table3", "pair": "Imhonet:Book-Music", "domain": "Music"}
    names = {"source": "imhonet/book", "target": "imhonet/music", "published": [place]}
    [table] = dataset_tables(replace(found, tasks=[replace(found.tasks[2], **names)]))
    assert table.notes == [
        "The printed density of imhonet/book is not that of the printed counts: ratings over "
        "users × items are 0.1518%, printed is 0.0157%."
    ]
