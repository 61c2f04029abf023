"""The paper's system against the other rows: a sign needs runs and users, and never one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import MUSIC, record

from benchmark.data.prepared import Prepared
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.evaluation.metrics import rmse
from benchmark.evaluation.power import study_power
from benchmark.evaluation.significance import (
    corrected_resampled_t,
    equivalence,
    gains,
    paired_t,
)
from benchmark.recommender import FloatArray
from benchmark.reporting import scored_rows
from benchmark.reporting.contrast_tables import contrast_tables
from benchmark.reporting.contrasts import Contrasts, contrasts, signed
from benchmark.reporting.published import published_table
from benchmark.reporting.scored_rows import ScoredRows, load, scored_ratings
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.reporting.tables import about_signs, comparison
from benchmark.running.manifest import MethodEntry, TaskEntry
from benchmark.running.records import Record, Store
from benchmark.running.run import PlannedTask
from benchmark.running.suite import TaskSpec

DOMAIN = MUSIC[1]
USERS = np.repeat(np.arange(60), 3)
RNG = np.random.default_rng(0)
TRUTH = RNG.integers(1, 6, len(USERS)).astype(np.float64)
TASK = TaskEntry("music", *MUSIC, "target", [], {DOMAIN: 5.0}, "", None, ["x"])
ERROR = {  # standard deviation of the prediction errors by method
    "dml": 0.5,
    "knn": 0.9,
    "nmf": 0.5,
    "bias": 0.2,
}


def store_with(folder: Path, predictions: Mapping[str, Sequence[FloatArray]]) -> Store:
    """A store with the test rows and with a record for each seed of each method."""
    store = Store(folder, "made")
    store.create()
    np.savez(
        _rows_path(store),
        users=USERS,
        truth=TRUTH,
        scale=np.array([1.0, 5.0]),
        split=np.array("b" * 64),
    )
    for method, of_seeds in predictions.items():
        for seed, predicted in enumerate(of_seeds):
            store.put(_record(method, seed, predicted), predicted)
    return store


def _rows_path(store: Store) -> Path:
    folder = store.folder / "test-rows"
    folder.mkdir(exist_ok=True)
    return folder / f"music--{DOMAIN.replace('/', '-')}--0.npz"


def _record(method: str, seed: int, predicted: FloatArray) -> Record:
    metrics = {
        "rmse": rmse(TRUTH, predicted),
        "mae": float(np.abs(TRUTH - predicted).mean()),
    }
    about = {"rows": {DOMAIN: len(predicted)}}
    return record(method, seed, MUSIC, {DOMAIN: metrics}, predictions=about)


def results_of(predictions: Mapping[str, Sequence[FloatArray]]) -> Results:
    rows = []
    for method, of_seeds in predictions.items():
        records = [_record(method, seed, each) for seed, each in enumerate(of_seeds)]
        metrics = {
            metric: Measured(
                float(np.mean([r.metrics[DOMAIN][metric] for r in records])), 0.1, len(records)
            )
            for metric in ("rmse", "mae")
        }
        rows.append(Row(MethodEntry(method, method.upper(), "R", "none"), metrics, records))
    return Results(TASK, DOMAIN, rows)


@pytest.fixture(scope="module")
def predictions() -> dict[str, list[FloatArray]]:
    rng = np.random.default_rng(1)
    return {
        method: [TRUTH + error * rng.normal(size=len(TRUTH)) for _ in range(5)]
        for method, error in ERROR.items()
    }


@pytest.fixture(scope="module")
def found(
    predictions: dict[str, list[FloatArray]], tmp_path_factory: pytest.TempPathFactory
) -> Contrasts:
    store = store_with(tmp_path_factory.mktemp("results"), predictions)
    contrasted = contrasts(results_of(predictions), store, test_train=0.0)
    assert contrasted is not None
    return contrasted


def test_the_paper_s_system_is_tested_against_every_other_row(found: Contrasts) -> None:
    assert found.system.name == "dml"
    assert [c.method.name for c in found.of["rmse"]] == ["knn", "nmf", "bias"]
    assert found.of.keys() == {"rmse", "mae"}


def test_signs_say_who_is_better_and_nothing_where_it_is_not_shown(found: Contrasts) -> None:
    assert found.signs["knn", "rmse"] == "†"
    assert found.signs["nmf", "rmse"] == ""
    assert found.signs["bias", "mae"] == "‡"


def test_the_p_of_a_sign_is_the_larger_one_adjusted_by_holm(found: Contrasts) -> None:
    worse = {c.method.name: c for c in found.of["rmse"]}
    larger = {name: max(c.runs.p or 1, c.users.p or 1) for name, c in worse.items()}
    order = sorted(larger, key=lambda name: larger[name])
    expected, floor = {}, 0.0
    for k, name in enumerate(order):
        floor = max(floor, min(1.0, (len(order) - k) * larger[name]))
        expected[name] = floor
    assert {name: c.p for name, c in worse.items()} == pytest.approx(expected)


def test_over_folds_the_test_is_the_corrected_one(
    predictions: dict[str, list[FloatArray]], tmp_path: Path
) -> None:
    results = results_of(predictions)
    store = store_with(tmp_path, predictions)
    contrasted = contrasts(results, store, test_train=0.25)
    assert contrasted is not None
    knn = contrasted.of["rmse"][0]
    ours, theirs = ([r.metrics[DOMAIN]["rmse"] for r in row.records] for row in results.rows[:2])
    gained = gains("rmse", ours, theirs)
    assert knn.runs == corrected_resampled_t(gained, test_train=0.25)
    assert knn.papers == paired_t(gained)
    half_a_percent = 0.005 * float(np.mean(theirs))
    assert knn.equivalent == equivalence(gained, margin=half_a_percent, test_train=0.25)
    assert knn.power == study_power(gained, effect=half_a_percent, test_train=0.25)


def test_runs_and_users_that_favour_opposite_sides_give_no_sign(tmp_path: Path) -> None:
    # DML is better in four runs of five, but over all rows the fifth outweighs them.
    errors = {"dml": [1.0, 1.0, 1.0, 1.0, 100.0], "knn": [1.02, 1.02, 1.02, 1.02, 99.999]}
    predictions = {name: [TRUTH + error for error in each] for name, each in errors.items()}
    store = store_with(tmp_path, predictions)
    contrasted = contrasts(results_of(predictions), store, test_train=0.0)
    assert contrasted is not None
    [knn] = contrasted.of["rmse"]
    assert knn.runs.significant()
    assert knn.users.significant()
    assert knn.mark == ""


def test_one_run_never_gives_a_sign(
    predictions: dict[str, list[FloatArray]], tmp_path: Path
) -> None:
    once = {method: each[:1] for method, each in predictions.items()}
    contrasted = contrasts(results_of(once), store_with(tmp_path, once), test_train=0.0)
    assert contrasted is not None
    assert set(contrasted.signs.values()) == {""}
    assert "one replicate decides nothing" in contrasted.of["rmse"][0].runs.undecided
    assert contrasted.of["rmse"][0].users.p is not None


def test_without_test_rows_runs_alone_give_no_sign(
    predictions: dict[str, list[FloatArray]], tmp_path: Path
) -> None:
    store = store_with(tmp_path, predictions)
    _rows_path(store).unlink()
    contrasted = contrasts(results_of(predictions), store, test_train=0.0)
    assert contrasted is not None
    assert contrasted.of["rmse"][0].users.undecided
    assert set(contrasted.signs.values()) == {""}


def test_the_system_is_of_the_paper_whose_table_it_is(
    predictions: dict[str, list[FloatArray]], tmp_path: Path
) -> None:
    printed = replace(results_of(predictions), published=published_table("recsysdan_table2"))
    store = store_with(tmp_path, predictions)
    assert contrasts(printed, store, test_train=0.0) is None


def test_the_tables_show_the_signs_and_what_they_mean(
    predictions: dict[str, list[FloatArray]], found: Contrasts
) -> None:
    results = signed(results_of(predictions), found)
    table = comparison(results)
    texts = {row[0].text: [cell.text for cell in row] for row in table.rows}
    assert any(text.endswith(" †") for text in texts["KNN"])
    assert not any("†" in text or "‡" in text for text in texts["NMF"])
    assert about_signs(results) in table.notes
    rmse_table, mae_table = contrast_tables(results, found)
    assert (rmse_table.name[-11:], mae_table.name[-9:]) == ("-tests-rmse", "tests-mae")
    assert [row[0].text for row in rmse_table.rows] == ["KNN", "NMF", "BIAS"]
    for row in rmse_table.rows:
        assert len(row) == len(rmse_table.columns)


def test_ratings_are_those_that_the_recorded_rmse_is_of(tmp_path: Path) -> None:
    rows = ScoredRows(USERS, TRUTH, (1.0, 5.0), "b" * 64)
    predicted = TRUTH + 0.7
    store = store_with(tmp_path, {"raw": [predicted], "clipped": [predicted]})
    raw, clipped = _record("raw", 0, predicted), _record("clipped", 0, np.clip(predicted, 1, 5))
    assert np.array_equal(_ratings(store, raw, rows), predicted)
    assert np.array_equal(_ratings(store, clipped, rows), np.clip(predicted, 1, 5))
    wrong = replace(raw, metrics={DOMAIN: {"rmse": 0.1}})
    assert scored_ratings(store, wrong, DOMAIN, rows) is None
    assert scored_ratings(store, raw, DOMAIN, replace(rows, split="c" * 64)) is None
    unkept = replace(raw, key="nowhere")
    assert scored_ratings(store, unkept, DOMAIN, rows) is None


def _ratings(store: Store, of: Record, rows: ScoredRows) -> FloatArray:
    found = scored_ratings(store, of, DOMAIN, rows)
    assert found is not None
    return found


def test_test_rows_are_kept_as_the_split_has_them(
    task: Task, split: Split, tmp_path: Path
) -> None:
    store = Store(tmp_path, "made")
    spec = TaskSpec(name=task.name, source="synthetic/source", target="synthetic/target")
    scored_rows.keep([PlannedTask(spec, Prepared(task, (split,), {}, {}))], store)
    kept = load(store, task.name, "synthetic/target", 0)
    assert kept is not None
    rows = split.target.rows(TEST)
    assert np.array_equal(kept.users, task.target.users[rows])
    assert np.array_equal(kept.truth, task.target.ratings[rows])
    assert (kept.scale, kept.split) == (task.target.domain.scale, split.target.fingerprint)
    assert load(store, task.name, "synthetic/target", 7) is None
