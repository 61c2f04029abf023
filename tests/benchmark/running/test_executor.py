"""A cell that goes wrong costs that cell alone, and its record says what happened."""

from __future__ import annotations

import hashlib
import pickle
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from misbehaving import Misbehaving

from benchmark.data.catalog import Places
from benchmark.data.prepared import prepare
from benchmark.errors import CannotWriteError
from benchmark.running.cell import Job
from benchmark.running.executor import execute
from benchmark.running.plan import cells_of_task, rules
from benchmark.running.records import Record, Status, Store
from benchmark.running.suite import Limits, Suite, TaskSpec
from benchmark.running.variants import variants_of

PLANTED = {"users": [40, 30], "items": [20, 20], "shared_users": 5, "shared_items": 2}


@pytest.fixture(scope="module")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    suite = a_suite("well")
    spec = suite.tasks[0]
    prepared = prepare(
        spec.name,
        spec.source,
        spec.target,
        rules(suite, spec),
        Places(None, folder, False),
        planted=spec.planted,
    )
    path = folder / "task.pickle"
    path.write_bytes(pickle.dumps(prepared))
    return path


def a_suite(how: str) -> Suite:
    task = TaskSpec(
        name="t", source="synthetic/source", target="synthetic/target", planted=PLANTED
    )
    return Suite(
        name="s", title="S", seeds=[1], tasks=[task], settings={"misbehaving": {"how": how}}
    )


def jobs(how: str, prepared_file: Path, results: Path) -> list[Job]:
    suite = a_suite(how)
    prepared = pickle.loads(prepared_file.read_bytes())
    variants = variants_of(suite, [Misbehaving], [Misbehaving])
    cells = cells_of_task(suite, suite.tasks[0], prepared, variants, [1])
    Store(results, "s").create()
    made = {"python": "3", "versions": {}}
    return [Job(cell, prepared_file, results, suite.protocol, 1, made) for cell in cells]


def outcome(how: str, prepared_file: Path, results: Path, limits: Limits | None = None) -> Record:
    records: list[Record] = []
    found = jobs(how, prepared_file, results)
    execute(found, workers=2, limits=limits or Limits(), on_done=records.append)
    assert len(records) == 1
    assert Store(results, "s").get(records[0].key) == records[0]
    return records[0]


def test_a_cell_that_goes_well_stores_metrics_and_predictions(
    prepared_file: Path, tmp_path: Path
) -> None:
    record = outcome("well", prepared_file, tmp_path)
    assert record.status is Status.OK
    assert record.metrics["synthetic/target"]["mae"] > 0
    predicted = Store(tmp_path, "s").predicted(record.key)
    assert len(predicted) == record.counts["synthetic/target"]["test"]
    assert set(predicted) == {3.0}


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("raise", Status.FAILED, "ValueError: no such luck"),
        ("nan", Status.FAILED, "as NaN or infinite"),
        ("short", Status.FAILED, "predicted shape"),
        ("peek", Status.FAILED, "PeekError: method 'misbehaving' touched ratings"),
        ("crash", Status.FAILED, "ended with code 7"),
        ("no such file", Status.FAILED, "FileNotFoundError: .*/no/such/weights.bin"),
        ("diverge at last", Status.FAILED, r"ValueError: Out of range float values"),
        ("tell nothing", Status.FAILED, r"ValueError: facts\.words"),
        ("run out", Status.OUT_OF_MEMORY, "needs 99 GB"),
        ("torch runs out", Status.OUT_OF_MEMORY, "can't allocate memory: you tried to"),
        ("die", Status.OUT_OF_MEMORY, "killed by the system"),
        ("refuse", Status.NOT_APPLICABLE, "no shared items"),
    ],
)
def test_what_goes_wrong_is_a_record_with_its_reason(
    how: str, status: Status, reason: str, prepared_file: Path, tmp_path: Path
) -> None:
    record = outcome(how, prepared_file, tmp_path)
    assert record.status is status
    assert re.search(reason, record.reason)
    assert not record.metrics


def test_an_exception_leaves_its_traceback_in_the_record(
    prepared_file: Path, tmp_path: Path
) -> None:
    assert "no such luck" in outcome("raise", prepared_file, tmp_path).traceback


def test_predictions_in_single_precision_have_the_fingerprint_of_what_is_stored(
    prepared_file: Path, tmp_path: Path
) -> None:
    record = outcome("single precision", prepared_file, tmp_path)
    stored = Store(tmp_path, "s").predicted(record.key)
    assert hashlib.sha256(stored.tobytes()).hexdigest() == record.predictions["sha256"]


def test_a_run_that_fails_takes_nothing_from_one_that_went_well(
    prepared_file: Path, tmp_path: Path
) -> None:
    [job] = jobs("sleep", prepared_file, tmp_path)
    store = Store(tmp_path, "s")
    well = replace(outcome("well", prepared_file, tmp_path / "other"), key=job.cell.key, suite="s")
    store.put(well, np.ones(2))
    said: list[Record] = []
    execute([job], workers=1, limits=Limits(seconds=0.5), on_done=said.append)
    assert [record.status for record in said] == [Status.TIMEOUT]
    assert store.get(job.cell.key) == well
    assert store.predicted(job.cell.key).tolist() == [1, 1]


def test_a_cell_that_fails_when_run_again_for_its_artifacts_says_so_and_keeps_its_record(
    prepared_file: Path, tmp_path: Path
) -> None:
    [job] = jobs("raise", prepared_file, tmp_path)
    store = Store(tmp_path, "s")
    well = replace(outcome("well", prepared_file, tmp_path / "other"), key=job.cell.key)
    store.put(well, np.ones(2))
    said: list[Record] = []
    execute([job], workers=1, limits=Limits(), on_done=said.append)
    assert [record.status for record in said] == [Status.FAILED]
    assert said[0].reason.endswith("failed: ValueError: no such luck")
    assert store.get(job.cell.key) == well


@pytest.mark.parametrize("how", ["well", "raise", "crash"])
def test_a_record_that_cannot_be_stored_ends_the_run_in_words(
    how: str, prepared_file: Path, tmp_path: Path
) -> None:
    found = jobs(how, prepared_file, tmp_path)
    shutil.rmtree(tmp_path / "s" / "records")
    (tmp_path / "s" / "records").touch()
    with pytest.raises(CannotWriteError) as said:
        execute(found, workers=1, limits=Limits(), on_done=[].append)
    assert str(said.value) == (
        f"cannot write results to {tmp_path / 's'}: Not a directory; make room or let it be "
        "written there, then run again: what is finished is kept"
    )


def test_a_cell_that_cannot_even_log_ends_the_run_in_words(
    prepared_file: Path, tmp_path: Path
) -> None:
    found = jobs("well", prepared_file, tmp_path)
    shutil.rmtree(tmp_path / "s" / "logs")
    with pytest.raises(CannotWriteError, match=r"^cannot write results to .*/s; make room"):
        execute(found, workers=1, limits=Limits(), on_done=[].append)


def test_a_cell_whose_data_have_gone_fails_alone(prepared_file: Path, tmp_path: Path) -> None:
    [job] = jobs("well", prepared_file, tmp_path)
    said: list[Record] = []
    gone = replace(job, prepared=tmp_path / "gone.pickle")
    execute([gone], workers=1, limits=Limits(), on_done=said.append)
    assert said[0].status is Status.FAILED
    assert re.search("FileNotFoundError: .*gone.pickle", said[0].reason)


def test_a_cell_over_its_time_is_killed(prepared_file: Path, tmp_path: Path) -> None:
    record = outcome("sleep", prepared_file, tmp_path, Limits(seconds=2))
    assert record.status is Status.TIMEOUT
    assert "over the limit of 2 s" in record.reason


def test_a_cell_over_its_memory_is_killed(prepared_file: Path, tmp_path: Path) -> None:
    record = outcome("eat", prepared_file, tmp_path, Limits(gigabytes=2))
    assert record.status is Status.OUT_OF_MEMORY
    assert "over the limit of 2 GB" in record.reason
