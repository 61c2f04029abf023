"""Records are whole or absent, and come back as they were written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BenchError, CannotWriteError
from benchmark.running.records import Record, Status, Store, write_atomically


def record(**changes: object) -> Record:
    values = {
        "key": "k",
        "suite": "s",
        "task": "t",
        "source": "a",
        "target": "b",
        "method": "m",
        "seed": 1,
        "fold": 0,
        "status": Status.OK,
        "metrics": {"b": {"rmse": 0.5}},
        "counts": {"b": {"test": 9}},
        "budget": {
            "trials": 1,
            "seconds_tuning": 0,
            "seconds_fit": 1.5,
            "seconds_predict": 0.1,
            "peak_gigabytes": 0.3,
        },
        "fingerprints": {"source split": "0", "target split": "1"},
        "provenance": {"python": "3.12", "versions": {}},
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path, "s")
    store.create()
    return store


def test_a_record_and_its_predictions_come_back(store: Store) -> None:
    written = record(metrics={"b": {"rmse": 1 / 3}}, reason="ä")
    store.put(written, np.array([1.5, 2.5]))
    assert store.get("k") == written
    assert store.predicted("k").tolist() == [1.5, 2.5]


def test_equal_predictions_are_equal_bytes(store: Store) -> None:
    for key in ("k", "l"):
        store.put(record(key=key), np.linspace(1, 5, 7))
    first, second = ((store.predictions / f"{key}.npy").read_bytes() for key in "kl")
    assert first == second


def test_a_failure_while_writing_leaves_what_was_there_and_no_rubbish(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(record(reason="before"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CannotWriteError, match="No space"):
        store.put(record(reason="after"))
    monkeypatch.undo()
    kept = store.get("k")
    assert kept is not None
    assert kept.reason == "before"
    assert [path.name for path in store.records.iterdir()] == ["k.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "odd"}', '{"unknown": 1}'])
def test_a_damaged_record_counts_as_absent(text: str, store: Store) -> None:
    (store.records / "k.json").write_text(text)
    assert store.get("k") is None
    with pytest.raises(BenchError, match=r"cannot read .*k\.json: .*; .*remove the file and run"):
        store.read("k")


def test_a_record_that_is_not_there_is_no_error(store: Store) -> None:
    assert store.read("k") is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget": {"trials": 1}}, r"budget\.seconds_tuning: missing"),
        ({"fingerprints": {}}, r"fingerprints\.source split: missing"),
        ({"metrics": {}}, "metrics: missing"),
        ({"metrics": {"b": {"mae": 1.0}}}, r"metrics\.b\.rmse: missing"),
        ({"metrics": {"b": {"rmse": "0.9"}}}, r"metrics\.b\.rmse: .*valid number"),
        ({"metrics": {"b": {"rmse": None}}}, r"metrics\.b\.rmse: .*valid number"),
        ({"metrics": [0.9]}, "metrics: .*object"),
        ({"counts": {}}, r"counts\.b\.test: missing"),
        ({"seed": "1"}, "seed: .*valid integer"),
        ({"status": "fine"}, "status: .*'ok'"),
        ({"schema": 2}, "schema: 2, where 1 is read"),
        ({"extra": 1}, "extra: "),
        ({"key": "other"}, "key: 'other', where the file's name"),
    ],
)
def test_what_was_changed_in_a_record_is_named_by_its_field(
    changes: dict[str, object], said: str, store: Store
) -> None:
    values = {**json.loads(record().to_json()), **changes}
    (store.records / "k.json").write_text(json.dumps(values))
    with pytest.raises(BenchError, match=rf"cannot read .*k\.json: {said}"):
        store.read("k")


def test_a_metric_that_is_infinite_is_refused(store: Store) -> None:
    (store.records / "k.json").write_text(record().to_json().replace("0.5", "Infinity"))
    with pytest.raises(BenchError, match=r"metrics\.b\.rmse: .*finite"):
        store.read("k")


def test_a_record_of_what_went_wrong_needs_no_budget(store: Store) -> None:
    store.put(record(status=Status.FAILED, metrics={}, budget={}, fingerprints={}))
    assert store.read("k") is not None


def test_a_metric_that_is_not_a_number_is_never_stored(store: Store) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.put(record(metrics={"b": {"rmse": float("nan")}}))
    assert store.get("k") is None


def test_a_results_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file")
    with pytest.raises(BenchError, match=r"cannot write results to .*--results-dir"):
        Store(tmp_path, "s").create()


def test_writing_below_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write"):
        write_atomically(tmp_path / "file" / "x", b"")


def test_what_is_written_is_as_readable_as_any_other_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "atomic", b"x")
    (tmp_path / "plain").write_bytes(b"x")
    modes = [(tmp_path / name).stat().st_mode for name in ("atomic", "plain")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("keep", [0, 10, -3])
def test_damaged_arrays_are_named_with_what_to_do(keep: int, store: Store) -> None:
    store.put(record(), np.linspace(1, 5, 70), {"a": np.arange(70)})
    predictions, artifacts = store.predictions / "k.npy", store.artifacts / "k.npz"
    for path in (predictions, artifacts):
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BenchError, match=r"cannot read .*k\.npy: .*; remove it and .*k\.json"):
        store.predicted("k")
    with pytest.raises(BenchError, match=r"cannot read .*k\.npz: .*; remove it and run"):
        store.artifacts_of("k")
