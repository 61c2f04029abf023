"""When the gate passes, fails and rings the alarm, on results written by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.errors import BenchError
from benchmark.recommender import FloatArray
from benchmark.reporting import gate
from benchmark.reporting.gate import Finding, State, compare, lowest_honest, passes, tolerance
from benchmark.reporting.reference import Entry, Measured, Place, Snapshot, accept, load, save
from benchmark.running.scoring import metrics_of_rows
from benchmark.running.suite import Protocol, Suite, TaskSpec

HERE = Place("task", "domain", "knn")
READ = frozenset({"ratings of domain", "split of domain, fold 0"})


def entry(*rmse: float, **more: float) -> Entry:
    """A run a value, all with the same other metrics."""
    return Entry(
        trials=1,
        test_rows=100,
        runs={f"seed {i} fold 0": {"rmse": value, **more} for i, value in enumerate(rmse)},
    )


def snapshot(entries: dict[Place, Entry]) -> Snapshot:
    data = {"ratings of domain": "aa", "split of domain, fold 0": "bb", "images of domain": "cc"}
    tasks = {place.task for place in entries} | {"task"}
    return Snapshot("suite", {"refit": False}, {"numpy": "2"}, dict.fromkeys(tasks, data), entries)


def measured(entries: dict[Place, Entry], **more: dict[Place, dict[str, str]]) -> Measured:
    planned = {*entries, *more.get("missing", {})}
    return Measured(
        snapshot(entries), more.get("missing", {}), frozenset(), dict.fromkeys(planned, READ), {}
    )


def one(then: Entry, now: Entry) -> Finding:
    (finding,) = compare(snapshot({HERE: then}), measured({HERE: now}))
    return finding


def test_equal_results_pass() -> None:
    finding = one(entry(0.9, 0.91), entry(0.9, 0.91))
    assert finding.state is State.PASS
    assert passes([finding])


def test_a_deterministic_method_has_only_the_arithmetic_floor() -> None:
    assert one(entry(0.9, 0.9, 0.9), entry(0.9, 0.9, 0.9 + 1e-7)).state is State.PASS
    assert one(entry(0.9, 0.9, 0.9), entry(0.90001, 0.90001, 0.90001)).state is State.REGRESSED


def test_the_direction_is_the_metrics() -> None:
    higher = (entry(0.9, mae=0.5), entry(0.9, mae=0.49))
    found = compare(snapshot({HERE: higher[0]}), measured({HERE: higher[1]}))
    assert {f.metric: f.state for f in found} == {"rmse": State.PASS, "mae": State.IMPROVED}
    lower = {"p@5": 0.5, "r@5-full": 0.3}, {"p@5": 0.49, "r@5-full": 0.31}
    found = compare(
        snapshot({HERE: entry(0.9, **lower[0])}), measured({HERE: entry(0.9, **lower[1])})
    )
    states = {f.metric: f.state for f in found}
    assert states["p@5"] is State.REGRESSED
    assert states["r@5-full"] is State.IMPROVED


def test_a_move_within_the_spread_of_the_seeds_passes_and_one_beyond_it_does_not() -> None:
    then = entry(0.900, 0.904, 0.896, 0.902, 0.898)
    redrawn = entry(0.903, 0.897, 0.905, 0.899, 0.902)
    worse = entry(*(run["rmse"] + 0.03 for run in redrawn.runs.values()))
    assert one(then, redrawn).state is State.PASS
    finding = one(then, worse)
    assert finding.state is State.REGRESSED
    # t(0.999; 4) = 7.1732, s = 0.0031623 and n = 5.
    assert finding.tolerance == pytest.approx(7.1732 * 0.0031623 * math.sqrt(2 / 5), rel=1e-4)


def test_a_small_shift_common_to_all_folds_is_seen_although_folds_differ_more() -> None:
    folds = (0.85, 0.95, 0.90, 0.99, 0.81)
    shifted = [
        value + 0.004 + noise for value, noise in zip(folds, (0, 1e-4, 2e-4, 0, 0), strict=True)
    ]
    assert one(entry(*folds), entry(*shifted)).state is State.REGRESSED


def test_one_diverged_seed_cannot_hide_in_the_spread_that_it_makes() -> None:
    then = entry(0.900, 0.904, 0.896, 0.902, 0.898)
    assert one(then, entry(0.900, 0.904, 4.0, 0.902, 0.898)).state is State.REGRESSED


def test_an_error_that_grew_by_a_tenth_is_never_noise() -> None:
    assert one(entry(0.8, 1.0), entry(1.0, 1.0)).state is State.REGRESSED


def test_redrawing_every_seed_rarely_rings() -> None:
    random = np.random.default_rng(5)
    drawn = 1 + 0.004 * random.standard_normal((5_000, 2, 5))
    rings = np.mean(
        [now.mean() - then.mean() > tolerance(then, now, is_error=True) for then, now in drawn]
    )
    assert 0.0002 < rings < 0.005  # 0.002 in 400,000 draws.


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"protocol": {"refit": True}}, "other protocol: refit = False, True in the reference"),
        ({"data": {"task": {"ratings of domain": "xx"}}}, "other data: ratings of domain"),
        ({"entries": {HERE: replace(entry(0.9), trials=12)}}, "1 trials, 12 in the reference"),
        ({"entries": {}}, "not in the reference"),
        ({"entries": {HERE: entry(0.9, 0.9)}}, "seed 1 fold 0: not in the suite any more"),
        ({"entries": {HERE: entry(0.9, mae=0.5)}}, "1 of 1 runs lack it here"),
    ],
)
def test_what_cannot_be_compared_never_passes(change: dict[str, object], why: str) -> None:
    reference = replace(snapshot({HERE: entry(0.9)}), **change)  # type: ignore[arg-type]
    found = compare(reference, measured({HERE: entry(0.9)}))
    assert not passes(found)
    assert [why in f.reason for f in found if f.state is State.NOT_COMPARABLE] == [True]


def test_a_run_that_the_reference_does_not_have_never_passes_unseen() -> None:
    finding = one(entry(0.9, 0.91), entry(0.9, 0.91, 0.1))
    assert finding.state is State.NOT_COMPARABLE
    assert finding.reason == "seed 2 fold 0: not in the reference; bench check --accept adds it"


def test_data_that_a_method_does_not_read_may_change() -> None:
    reference = snapshot({HERE: entry(0.9)})
    data = {"task": {**reference.data["task"], "images of domain": "xx"}}
    assert passes(compare(replace(reference, data=data), measured({HERE: entry(0.9)})))


@pytest.mark.parametrize("known", [True, False])
def test_a_method_that_failed_never_passes(known: bool) -> None:
    reference = snapshot({HERE: entry(0.9)} if known else {})
    failed = measured({}, missing={HERE: {"seed 0 fold 0": "timeout: over the limit"}})
    (finding,) = compare(reference, failed)
    assert finding.state is State.NOT_COMPARABLE
    assert finding.reason == "seed 0 fold 0: timeout: over the limit"


def test_a_method_that_does_not_apply_is_missed_only_where_it_did() -> None:
    failed = measured({}, missing={HERE: {"seed 0 fold 0": "not-applicable: no shared users"}})
    does_not_apply = replace(failed, inapplicable=frozenset({HERE}))
    assert compare(snapshot({}), does_not_apply) == []
    (finding,) = compare(snapshot({HERE: entry(0.9)}), does_not_apply)
    assert finding.state is State.NOT_COMPARABLE


def test_data_gone_from_this_machine_is_not_comparable() -> None:
    gone = replace(measured({}), unavailable={"task": "no such file"})
    (finding,) = compare(snapshot({HERE: entry(0.9)}), gone)
    assert (finding.state, finding.reason) == (State.NOT_COMPARABLE, "no such file")


def test_nothing_compared_is_not_a_pass() -> None:
    assert not passes(compare(snapshot({}), measured({})))


def test_a_method_far_better_than_its_reference_is_suspect_and_slightly_better_is_not() -> None:
    assert one(entry(1.0, 1.0), entry(0.91, 0.91)).state is State.IMPROVED
    assert one(entry(1.0, 1.0), entry(0.89, 0.89)).state is State.SUSPECT


def test_a_method_that_finds_the_test_pairs_among_all_items_is_suspect() -> None:
    then, now = ({"p@5-full": value} for value in (0.05, 0.3))
    found = compare(snapshot({HERE: entry(1.0, **then)}), measured({HERE: entry(1.0, **now)}))
    assert {f.metric: f.state for f in found} == {"rmse": State.PASS, "p@5-full": State.SUSPECT}


def test_a_new_method_far_better_than_all_others_is_suspect() -> None:
    new = Place("task", "domain", "new")
    reference = snapshot({HERE: entry(0.9), Place("task", "domain", "nmf"): entry(0.8)})
    states = {
        rmse: [f.state for f in compare(reference, measured({new: entry(rmse)})) if f.place == new]
        for rmse in (0.73, 0.71)
    }
    assert states[0.73] == [State.NOT_COMPARABLE]
    assert states[0.71] == [State.SUSPECT, State.NOT_COMPARABLE]


def test_predictions_made_with_test_ratings_ring_and_the_best_honest_ones_do_not(
    task: Task, split: Split
) -> None:
    rows = split.target.rows(TEST)
    truth, ideal = task.target.ratings[rows], task.target.domain.ideal
    assert ideal is not None
    honest: FloatArray = ideal[rows]
    # Closes over the test ratings: knows a quarter of them, and the expected rating of the rest.
    leaked = np.where(np.arange(len(rows)) % 4 == 0, truth, honest)
    for predicted, rings in ((honest, False), (leaked, True)):
        metrics = metrics_of_rows(task.target, rows, predicted, Protocol(), is_first=False)
        found = compare(None, measured({HERE: Entry(1, len(rows), {"seed 1 fold 0": metrics})}))
        assert (found[0].state is State.SUSPECT) is rings


def test_luck_is_bounded_as_derived_at_the_deviation_that_gains_most_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "SIGMAS", 2.0)
    random = np.random.default_rng(3)
    n, sigma = 200, 0.6
    noise = sigma * random.standard_normal((20_000, n))
    deviation = np.full(n, 2.0 * sigma / math.sqrt(n))
    floor = np.sqrt((noise**2).mean(axis=1))
    rmse = np.sqrt(((noise - deviation) ** 2).mean(axis=1))
    rings = np.mean([r < lowest_honest(f, n) for r, f in zip(rmse, floor, strict=True)])
    assert rings == pytest.approx(0.0228, abs=0.004)  # One-sided p of two standard errors.


def test_few_rows_prove_nothing() -> None:
    assert lowest_honest(0.6, rows=10) == 0.0


def test_a_reference_survives_being_written_and_read(tmp_path: Path) -> None:
    original = snapshot({HERE: entry(0.9, 0.91), Place("task", "other", "nmf"): entry(0.8)})
    save(original, tmp_path / "reference.json")
    assert load(tmp_path / "reference.json") == original
    lines = (tmp_path / "reference.json").read_text().splitlines()
    assert sum('"rmse"' in line for line in lines) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"rmse": 0.9', '"rmse": NaN', "rmse: Input should be a finite number"),
        ('"rmse": 0.9', '"rmse": "0.9"', "rmse: Input should be a valid number"),
        ('{ "rmse": 0.9 }', "{}", "runs.seed 0 fold 0: Dictionary should have at least 1 item"),
        ('"trials": 1', '"trials": "many"', "knn.trials: Input should be a valid integer"),
        ('"suite": "suite"', '"siute": "suite"', "suite: Field required"),
        ('"schema": 1', '"schema": 2', "schema: Input should be 1"),
        ("{", "[", "Invalid JSON"),
    ],
)
def test_a_reference_that_nothing_can_be_compared_with_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "reference.json"
    save(snapshot({HERE: entry(0.9)}), path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BenchError, match="restore it from version control") as refused:
        load(path)
    assert said in str(refused.value)


def test_an_entry_without_runs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    save(snapshot({HERE: entry()}), path)
    with pytest.raises(BenchError, match=r"knn\.runs: Dictionary should have at least 1 item"):
        load(path)


def test_a_metric_that_nobody_computes_any_more_is_not_comparable() -> None:
    found = compare(snapshot({HERE: entry(0.9, **{"p@7": 0.5})}), measured({HERE: entry(0.9)}))
    assert {f.metric: f.state for f in found} == {
        "rmse": State.PASS, "p@7": State.NOT_COMPARABLE,
    }  # fmt: skip
    assert not passes(found)


def a_suite(*tasks: str) -> Suite:
    specs = [TaskSpec(name=name, source="synthetic/source", target="domain") for name in tasks]
    return Suite(name="suite", title="S", seeds=[1], tasks=specs)


def test_accepting_replaces_what_was_measured_and_keeps_what_was_not() -> None:
    elsewhere, gone = Place("elsewhere", "domain", "knn"), Place("task", "domain", "gone")
    old = snapshot({HERE: entry(0.9), elsewhere: entry(0.7), gone: entry(0.5)})
    now = replace(measured({HERE: entry(0.8)}), unavailable={"elsewhere": "no file"})
    new = accept(old, now, a_suite("task", "elsewhere"), {"knn"})
    assert new.entries == {HERE: entry(0.8), elsewhere: entry(0.7)}


def test_accepting_drops_what_was_measured_on_other_data() -> None:
    nmf = Place("task", "domain", "nmf")
    old = snapshot({HERE: entry(0.9), nmf: entry(0.7)})
    now = measured({HERE: entry(0.8)})
    assert nmf in accept(old, now, a_suite("task"), {"knn", "nmf"}).entries
    old = replace(old, data={"task": {"ratings of domain": "xx"}})
    assert nmf not in accept(old, now, a_suite("task"), {"knn", "nmf"}).entries


def test_a_reference_with_a_hole_is_not_accepted() -> None:
    failed = measured({}, missing={HERE: {"seed 0 fold 0": "failed: ValueError"}})
    with pytest.raises(BenchError, match="1 planned runs have no result"):
        accept(None, failed, a_suite("task"), {"knn"})
