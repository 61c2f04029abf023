"""Tables over the number of overlap users: a column each, of tasks that differ in it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import MUSIC, record

from benchmark.reporting import overlap_sweeps
from benchmark.reporting.layout import Mark
from benchmark.reporting.overlap_sweeps import overlap_tables
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.running.manifest import MethodEntry, TaskEntry


@pytest.fixture(autouse=True)
def _overlap_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap_sweeps, "shared_users", lambda task: int(task.name[2:]))
    monkeypatch.setattr(overlap_sweeps, "flags", lambda task: ["Stand-in data"])


def at(shared: int, **errors: float) -> Results:
    task = TaskEntry(f"t@{shared}", *MUSIC, "target", [], {MUSIC[1]: 5.0}, "", {"a": "card"}, [])
    rows = [
        Row(
            MethodEntry(name, name.upper(), "R", "none", method=name),
            {"rmse": Measured(error, 0.01, 2)},
            [record(name, 1, MUSIC, {MUSIC[1]: {"rmse": error}})],
        )
        for name, error in errors.items()
    ]
    return Results(task, MUSIC[1], rows)


def test_columns_are_overlaps_in_order_and_rows_methods() -> None:
    [table] = overlap_tables([at(64, cmf=0.8), at(0, cmf=1.0, dml=0.9), at(1000, dml=0.7)])
    assert [column.title for column in table.columns] == ["Method", "0", "64", "1,000"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["CMF", "1.000 ± 0.010", "0.800 ± 0.010", "–"],
        ["DML", "0.900 ± 0.010", "–", "0.700 ± 0.010"],
    ]
    assert table.rows[0][3].mark is Mark.NOTE
    assert table.warnings == ["Stand-in data"]


def test_each_number_leads_to_the_records_of_its_own_task() -> None:
    [table] = overlap_tables([at(shared, cmf=1.0) for shared in (0, 8, 64)])
    links = [cell.link for cell in table.rows[0][1:]]
    assert len(set(links)) == 3
    assert all(links)


def test_two_overlaps_or_tasks_of_one_overlap_make_no_table() -> None:
    assert overlap_tables([at(0, cmf=1.0), at(8, cmf=1.0)]) == []
    eight = at(8, cmf=1.0)
    alike = replace(eight, task=replace(eight.task, name="t@08"))
    assert overlap_tables([at(0, cmf=1.0), eight, alike]) == []
