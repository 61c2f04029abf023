"""One switch at a time: which verdicts and which orders of methods flip with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.reporting.claims import load_claims
from benchmark.reporting.layout import Mark, Table
from benchmark.reporting.multiverse import multiverse_tables, universes
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Store

SWITCHES = {"split": "80/10/10", "text": "summary"}


def with_switch(
    found: Manifest, base: Results, name: str, switches: dict[str, str], gain: float
) -> tuple[TaskEntry, Results]:
    """The task under other switches, and its results with UI-DAN's errors moved by ``gain``."""
    task = replace(base.task, name=name, protocol=switches)
    rows = [moved(row, gain) if row.method.name == "ui-dan" else row for row in base.rows]
    return task, replace(base, task=task, rows=rows)


def moved(row: Row, gain: float) -> Row:
    records = [
        replace(r, metrics={d: {m: v + gain for m, v in s.items()} for d, s in r.metrics.items()})
        for r in row.records
    ]
    metrics = {
        metric: Measured(value.mean + gain, value.sd, value.n, value.paper, value.paper_sd)
        for metric, value in row.metrics.items()
    }
    return Row(row.method, metrics, records)


@pytest.fixture(scope="module")
def tables(found: Manifest, results: list[Results], store: Store) -> list[Table]:
    base_task, base = with_switch(found, results[0], "base", SWITCHES, 0.0)
    other_task, other = with_switch(
        found, results[0], "other", {**SWITCHES, "text": "reviewText"}, 1.0
    )
    suite = replace(found, protocol=SWITCHES, tasks=[other_task, base_task])
    [compared] = universes(suite, [other, base], store, load_claims())
    return multiverse_tables(compared)


def test_the_task_that_keeps_the_suite_s_switches_is_the_base(tables: list[Table]) -> None:
    assert [column.title for column in tables[0].columns] == [
        "Claim",
        "as in the other suites",
        "text = reviewText",
    ]


def test_a_verdict_that_flips_is_marked_and_counted(tables: list[Table]) -> None:
    verdicts, _ = tables
    flipped = [row for row in verdicts.rows if row[2].mark is Mark.WARNING]
    assert flipped
    for row in verdicts.rows:
        assert (row[1].text != row[2].text) == (row[2].mark is Mark.WARNING)
        assert {row[1].text, row[2].text} != {"not testable here"}
    assert verdicts.notes[0].startswith(f"{len(flipped)} of {len(verdicts.rows)} verdicts differ")


def test_the_order_of_methods_is_compared_with_the_base(tables: list[Table]) -> None:
    base, other = ([cell.text for cell in row] for row in tables[1].rows)
    assert base[1:4] == ["as in the other suites", "UI-DAN (a, u)", "0.860"]
    assert base[5] == "1.00"
    assert other[2] == "Target mean"
    # UI-DAN was better than the five others and is worse than all of them now.
    assert other[4] == "9 of 14"  # Two methods are level.
    assert float(other[5]) < 1


def test_claims_that_curves_decide_are_compared_too(
    found: Manifest, results: list[Results], store: Store
) -> None:
    base_task, base = with_switch(found, results[0], "base", SWITCHES, 0.0)
    other_task, other = with_switch(found, results[0], "other", {**SWITCHES, "clip": "all"}, 0.0)
    trained = [
        replace(
            result,
            rows=[
                replace(
                    row,
                    records=[
                        replace(r, history={"Df accuracy": [level + 0.001 * r.seed] * 110})
                        for r in row.records
                    ],
                )
                for row in result.rows
            ],
        )
        for result, level in ((base, 0.5), (other, 0.9))
    ]
    suite = replace(found, protocol={**SWITCHES, "clip": "paper"}, tasks=[base_task, other_task])
    [compared] = universes(suite, trained, store, load_claims())
    verdicts, _ = multiverse_tables(compared)
    [row] = [row for row in verdicts.rows if row[0].text.startswith("Df accuracy reaches 50%")]
    assert [cell.text for cell in row[1:]] == ["inconclusive", "fails"]


def test_tasks_on_other_data_are_not_compared(
    found: Manifest, results: list[Results], store: Store
) -> None:
    assert universes(found, results, store, load_claims()) == []
