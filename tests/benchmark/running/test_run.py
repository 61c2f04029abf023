"""What a run leaves out, and what it does once for two tasks."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_suite import SUITE, Small

from benchmark.arguments import contestants
from benchmark.data.catalog import Places
from benchmark.errors import BenchError
from benchmark.reporting.summary import summarise
from benchmark.running.manifest import manifest
from benchmark.running.records import Status, Store
from benchmark.running.run import pending, plan
from benchmark.running.suite import load_suite

# Without ratings that differ, what reads ratings alone cannot tell this task from the other.
TWICE = SUITE + "\n" + SUITE[SUITE.index("[[tasks]]") :].replace('"small"', '"again"')


def test_a_cell_of_two_tasks_runs_once_and_is_a_row_of_both(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.suite.write_text(TWICE, encoding="utf-8")
    suite = load_suite(str(small.suite))
    variants = contestants(suite)
    planned = plan(suite, variants, Places(None, tmp_path))
    store = Store(small.results, suite.name)
    assert sum(len(task.cells) for task in planned) == 2 * len(pending(planned, store, ()))
    small.run()
    assert not pending(planned, store, ())
    results = summarise(manifest(suite, variants, planned, {}, None), store)
    assert {result.task.name for result in results} == {"small", "again"}
    for result in results:
        assert {row.method.name: row.runs for row in result.rows} == {
            "target-mean": 2,
            "bias": 2,
            "normal": 2,
        }


def test_a_task_that_is_the_way_back_of_another_is_refused(tmp_path: Path) -> None:
    small = Small(tmp_path)
    there, back = SUITE, TWICE[len(SUITE) :].replace('score = "both"', 'score = "target"')
    back = back.replace('"synthetic/source"', '"-"').replace(
        '"synthetic/target"', '"synthetic/source"'
    )
    small.suite.write_text(there + back.replace('"-"', '"synthetic/target"'), encoding="utf-8")
    suite = load_suite(str(small.suite))
    with pytest.raises(
        BenchError, match="task 'again' of suite 'small' is the way back of 'small'"
    ):
        plan(suite, contestants(suite), Places(None, tmp_path))


def test_a_failed_cell_is_left_out_until_it_is_to_be_tried_again(small: Small) -> None:
    suite = load_suite(str(small.suite))
    planned = plan(suite, contestants(suite), Places(None, small.folder))
    store = Store(small.results, suite.name)
    path = next(store.records.glob("*.json"))
    path.write_text(path.read_text(encoding="utf-8").replace('"ok"', '"failed"'), encoding="utf-8")
    assert not pending(planned, store, ())
    assert [cell.key for cell in pending(planned, store, [Status.FAILED])] == [path.stem]
