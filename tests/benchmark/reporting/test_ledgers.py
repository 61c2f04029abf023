"""Budgets, failures, splits and provenance as the records have them."""

from __future__ import annotations

from dataclasses import replace

from conftest import BEAUTY, HOSTILE

from benchmark.data.fingerprints import committed
from benchmark.reporting.layout import Table
from benchmark.reporting.ledgers import budgets, failures, provenances, splits
from benchmark.reporting.summary import Results
from benchmark.running.manifest import Manifest
from benchmark.running.records import Status, Store


def rows(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_a_budget_is_what_a_row_was_given_and_took(results: list[Results]) -> None:
    [nmf] = [row for row in rows(budgets(results)) if row[2] == "NMF"]
    assert nmf[3:] == ["3", "12", "–", "1.0", "2.0", "0.1", "0.50"]
    [dan] = [row for row in rows(budgets(results)) if row[2] == "UI-DAN (a, u)"]
    assert dan[5] == "4 adversarial"


def test_every_failure_is_listed_once_with_its_reason(
    found: Manifest, results: list[Results]
) -> None:
    listed = rows(failures(found, results))
    assert [row[2:] for row in listed] == [
        ["NCF", "1", "0", "failed", HOSTILE],
        ["DML", "2", "0", "failed", "no space in …/made"],
        ["all", "all", "all", "unavailable", listed[2][-1]],
    ]
    assert "/home" not in listed[2][-1]


def test_cells_that_fail_for_one_reason_are_one_line(
    found: Manifest, results: list[Results]
) -> None:
    row = results[0].rows[0]
    failed = [
        replace(row.records[0], key=str(n), seed=n, status=Status.FAILED, reason=reason)
        for n, reason in ((2, "no space"), (1, "no space"), (3, "too slow"))
    ]
    alone = [replace(results[0], rows=[replace(row, records=failed)])]
    listed = rows(failures(replace(found, tasks=[]), alone))
    assert [line[3:] for line in listed] == [
        ["1, 2", "0", "failed", "no space"],
        ["3", "0", "failed", "too slow"],
    ]


def test_the_splits_that_were_scored_on_are_compared_with_the_committed(
    results: list[Results],
) -> None:
    found = rows(splits(results))
    assert ["music", "amazon2014-5core/musical-instruments", "0", "b" * 16, "no"] in found
    known = next(iter(committed().values()))
    row = results[0].rows[0]
    record = replace(
        row.records[0], fingerprints={"source split": "a" * 64, "target split": known}
    )
    [source, target] = rows(splits([replace(results[0], rows=[replace(row, records=[record])])]))
    assert (source[3:], target[3:]) == (["a" * 16, "no"], [known[:16], "yes"])


def test_two_fingerprints_of_one_split_are_both_shown(results: list[Results]) -> None:
    # NCF is fitted in both directions, so both its domains have been source and target.
    prints = [row[3][:1] for row in rows(splits(results)) if row[:2] == ["beauty", BEAUTY[0]]]
    assert sorted(prints) == ["a", "b"]


def test_provenance_is_told_once_with_its_number_of_records(found: Manifest, store: Store) -> None:
    [(count, made)] = provenances(found, store)
    assert count == sum(len(task.cells) for task in found.tasks)
    assert made["versions"] == {"numpy": "2.0"}
