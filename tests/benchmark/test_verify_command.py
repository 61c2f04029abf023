"""Finished cells give the same bytes again, and one that does not is said."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from small_suite import Small

from benchmark.running.records import Record, Store


@pytest.fixture
def store(small: Small) -> Store:
    return Store(small.results, "small")


def of_bias(store: Store) -> list[Record]:
    found = [store.get(path.stem) for path in sorted(store.records.glob("*.json"))]
    return [record for record in found if record is not None and record.method == "bias"]


def test_cells_run_again_are_equal_and_the_results_are_left_alone(small: Small) -> None:
    before = {path: path.read_bytes() for path in small.results.rglob("*.*")}
    done = small.bench("verify", "--cells", 2, "--seed", 1)
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.output.splitlines()] == ["equal", "equal"]
    assert before == {path: path.read_bytes() for path in small.results.rglob("*.*")}


def test_predictions_that_were_changed_are_told_from_the_record(
    small: Small, store: Store
) -> None:
    for record in of_bias(store):
        np.save(store.predictions / f"{record.key}.npy", store.predicted(record.key) + 0.25)
    done = small.bench("verify", "--methods", "bias", "--cells", 1)
    assert done.exit_code == 1
    assert "the predictions on disk are not those of the record" in done.output


def test_a_cell_that_gives_other_predictions_differs_and_by_how_much(
    small: Small, store: Store
) -> None:
    # As if made by a library that computes otherwise: the record agrees with its predictions.
    for record in of_bias(store):
        values = record.__dict__ | {"predictions": dict(record.predictions)}
        shifted = store.predicted(record.key) + 0.25
        values["predictions"]["sha256"] = sha256(shifted)
        store.put(Record(**values), shifted)
    done = small.bench("verify", "--methods", "bias", "--cells", 99)
    assert done.exit_code == 1
    assert done.output.count("DIFFERS") == 4
    assert "by at most 0.25 stars" in done.output


def sha256(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()


def test_without_finished_cells_there_is_nothing_to_verify(small: Small, tmp_path: Path) -> None:
    empty = Small(tmp_path / "empty")
    empty.folder.mkdir()
    empty.suite.write_text(small.suite.read_text())
    done = empty.bench("verify")
    assert done.exit_code == 2
    assert "no finished cell of suite 'small'" in done.output
