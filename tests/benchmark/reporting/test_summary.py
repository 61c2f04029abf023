"""Rows are what the records say, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import BEAUTY, MUSIC, failed, record, scores

from benchmark.errors import BenchError
from benchmark.reporting.reasons import in_a_cell, portable
from benchmark.reporting.summary import Measured, Results, Row, summarise
from benchmark.running import manifest as manifests
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Record, Store


def row(results: Results, method: str) -> Row:
    [found] = [row for row in results.rows if row.method.name == method]
    return found


def of_one_task(found: Manifest, task: TaskEntry, store: Store, *records: Record) -> list[Results]:
    for entry in records:
        store.put(entry)
    only = replace(task, cells=[entry.key for entry in records])
    return summarise(replace(found, tasks=[only]), store)


def test_a_row_is_the_mean_and_standard_deviation_beside_the_printed_value(
    results: list[Results],
) -> None:
    nmf = row(results[0], "nmf")
    rmse = nmf.metrics["rmse"]
    assert (rmse.mean, rmse.sd, rmse.n) == (pytest.approx(0.9), pytest.approx(0.1), 3)
    assert (rmse.paper, rmse.paper_sd) == (0.922, 0.009)
    assert rmse.difference == pytest.approx(-0.022)
    assert (nmf.runs, nmf.trials, nmf.seconds) == (3, 12, 3.0)


def test_errors_are_shown_on_the_scale_that_the_paper_prints(results: list[Results]) -> None:
    source, target = results[1:]
    assert (source.domain, target.domain) == BEAUTY
    assert row(source, "dml").metrics["rmse"].mean == pytest.approx(1.52 / 5)
    assert row(source, "dml").metrics["p@5-doml"].mean == 0.9
    assert row(target, "ncf").metrics["mae"].mean == pytest.approx(1.4 / 5)


def test_a_method_that_scores_both_domains_stands_in_both_with_one_record(
    results: list[Results],
) -> None:
    source, target = (row(found, "dml") for found in results[1:])
    assert [r.key for r in source.records] == [r.key for r in target.records]
    assert row(results[1], "ncf").records[0].key != row(results[2], "ncf").records[0].key


def test_what_failed_is_no_number_but_is_told(results: list[Results]) -> None:
    dml = row(results[0], "dml")
    assert (dml.runs, len(dml.records)) == (1, 2)
    assert dml.metrics["rmse"] == Measured(0.95, None, 1)
    assert dml.problems == {"failed": "no space in …/made"}
    assert row(results[0], "ncf").metrics == {}


def test_a_failure_stands_where_it_would_have_scored(
    found: Manifest, store: Store, tmp_path: object
) -> None:
    both = found.tasks[2]
    one_way = failed("ui-dan", 7, BEAUTY, "broken")
    source, target = of_one_task(found, both, store, one_way)
    assert len(row(source, "ui-dan").records) == len(row(target, "ui-dan").records) == 1
    back = record("ui-dan", 7, BEAUTY[::-1], {BEAUTY[0]: scores(1.5)})
    source, target = of_one_task(found, both, store, one_way, back)
    assert row(source, "ui-dan").problems == {}
    assert row(target, "ui-dan").problems == {"failed": "broken"}


def test_methods_without_a_record_have_not_run(results: list[Results]) -> None:
    assert results[0].missing == []
    assert "KNN" in results[1].missing
    assert row(results[1], "knn").why == "not run yet"


def test_methods_that_a_task_leaves_out_have_no_row_in_it(found: Manifest, store: Store) -> None:
    task = replace(found.tasks[0], without=["knn"])
    [results] = of_one_task(found, task, store, record("bias", 1, MUSIC, {MUSIC[1]: scores(0.9)}))
    listed = [row.method.name for row in results.rows]
    assert listed == [method.name for method in found.methods if method.name != "knn"]


def test_a_metric_that_a_run_lacks_is_left_out(found: Manifest, store: Store) -> None:
    short = {k: v for k, v in scores(0.9).items() if k != "p@5"}
    runs = [
        record("knn", 8, MUSIC, {MUSIC[1]: scores(0.9)}),
        record("knn", 9, MUSIC, {MUSIC[1]: short}),
    ]
    [results] = of_one_task(found, found.tasks[0], store, *runs)
    assert "p@5" not in row(results, "knn").metrics
    assert row(results, "knn").metrics["r@5"].n == 2


def test_an_interval_is_students_t_and_wider_over_folds() -> None:
    measured = Measured(0.9, 0.1, 3)
    low, high = measured.interval(test_train=0.0) or (0, 0)
    # t(0.975, 2) = 4.3027; 0.1 / sqrt(3) = 0.057735.
    assert (low, high) == (
        pytest.approx(0.9 - 0.24841, abs=1e-5),
        pytest.approx(1.14841, abs=1e-5),
    )
    wide = measured.interval(test_train=0.25) or (0, 0)
    assert wide[1] - 0.9 == pytest.approx(4.30265 * 0.1 * (1 / 3 + 1 / 4) ** 0.5, abs=1e-5)
    assert Measured(0.9, None, 1).interval(test_train=0.0) is None


def test_users_with_many_test_items_are_summed_over_folds(found: Manifest, store: Store) -> None:
    folds = [
        record("knn", 1, MUSIC, {MUSIC[1]: scores(0.9)}, key=f"fold-{k}", fold=k) for k in (0, 1)
    ]
    [results] = of_one_task(found, found.tasks[0], store, *folds)
    assert results.test_users == (4, 2000)
    counts = {MUSIC[1]: {"test": 10}}
    older = record("knn", 1, MUSIC, {MUSIC[1]: scores(0.9)}, key="older", counts=counts)
    [results] = of_one_task(found, found.tasks[0], store, older)
    assert results.test_users is None


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("cannot read /home/a/b c.json", "cannot read …/b c.json"),
        ("no x in /srv/data/ or C:\\Users\\me\\data", "no x in …/data or …/data"),
        ("fetch https://example.org/a/b/c.gz", "fetch https://example.org/a/b/c.gz"),
        ("needs text/plain and a/b", "needs text/plain and a/b"),
        ("'/root/.cache/cdrbench/x.npy' is short", "'…/x.npy' is short"),
    ],
)
def test_reasons_name_no_folder_of_a_machine(reason: str, shown: str) -> None:
    assert portable(reason) == shown


def test_a_reason_in_a_cell_is_one_short_line() -> None:
    assert in_a_cell("two\nlines") == "two lines"
    assert len(in_a_cell("word " * 100)) <= 70
    assert in_a_cell("word " * 100).endswith("word…")


def test_a_plan_of_another_version_is_refused_in_words(found: Manifest, tmp_path: Path) -> None:
    store = Store(tmp_path, "made")
    store.create()
    cards = [{**task.card, "source": {"name": "x"}} for task in found.tasks if task.card]
    manifests.save(replace(found, tasks=[replace(found.tasks[0], card=cards[0])]), store)
    with pytest.raises(
        BenchError, match=r"tasks\.0\.card\.source\.users: .* required; remove it "
    ):
        manifests.load(store)


def test_a_plan_is_read_as_it_was_written(found: Manifest, tmp_path: Path) -> None:
    store = Store(tmp_path, "made")
    store.create()
    manifests.save(found, store)
    before = (store.folder / "manifest.json").read_bytes()
    again = manifests.load(store)
    assert again is not None
    manifests.save(again, store)
    assert (store.folder / "manifest.json").read_bytes() == before


def _set(values: Any, steps: Sequence[str | int], value: object) -> None:
    for step in steps[:-1]:
        values = values[step]
    if value is None:
        del values[steps[-1]]
    else:
        values[steps[-1]] = value


@pytest.mark.parametrize(
    ("steps", "value", "said"),
    [
        (("title",), None, "title: Field required"),
        (("methods",), "all", "methods: Input should be a valid array"),
        (("methods", 0, "trivial"), "yes", "methods.0.trivial: Input should be a valid boolean"),
        (("tasks", 0, "cells"), [1], "tasks.0.cells.0: Input should be a valid string"),
        (("tasks", 0, "cards"), {}, "tasks.0.cards: Unexpected keyword argument"),
        (("tasks", 0, "largest"), {}, "tasks.0.largest: no rating of amazon2014"),
        (
            ("tasks", 0, "published", 0, "side"),
            "left",
            "tasks.0.published.0.side: Input should be",
        ),
        (("tasks", 0, "published", 0, "pair"), None, "tasks.0.published.0.pair: Field required"),
        (("tasks", 0, "card", "vocabulary"), "many", "tasks.0.card.vocabulary: Input should be"),
        (("tasks", 0, "card", "words"), 3, "tasks.0.card: Card.__init__() got an unexpected"),
        (("caveats",), ["ok", 3], "caveats.1: Input should be a valid string"),
    ],
)
def test_a_plan_that_was_changed_by_hand_is_refused_by_the_field(
    found: Manifest, tmp_path: Path, steps: tuple[str | int, ...], value: object, said: str
) -> None:
    store = Store(tmp_path, "made")
    store.create()
    manifests.save(found, store)
    path = store.folder / "manifest.json"
    values = json.loads(path.read_text())
    _set(values, steps, value)
    path.write_text(json.dumps(values))
    with pytest.raises(BenchError) as refused:
        manifests.load(store)
    line = str(refused.value)
    assert line.startswith(f"cannot read {path}: {said}")
    assert line.endswith("; remove it and run the suite again, which keeps what is done")
    assert "\n" not in line


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"suite": "made"', "\x00"])
def test_a_plan_that_is_no_plan_is_refused_in_a_line(text: str, tmp_path: Path) -> None:
    store = Store(tmp_path, "made")
    store.create()
    (store.folder / "manifest.json").write_text(text)
    with pytest.raises(BenchError, match="remove it and run the suite again") as refused:
        manifests.load(store)
    assert "\n" not in str(refused.value)
