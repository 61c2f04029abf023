"""The test rows that a suite scores, kept beside its records so that tests need no data."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.splits import TEST
from benchmark.errors import BenchError
from benchmark.evaluation.metrics import rmse
from benchmark.recommender import FloatArray, IntArray, Side
from benchmark.running.records import DAMAGED, Record, Store, write_atomically
from benchmark.running.run import PlannedTask

_SAME = 1e-9
"""How far the RMSE of stored predictions may be from the recorded one, in stars."""


@dataclass(frozen=True)
class ScoredRows:
    """One domain's test rows (n,) of one fold: user indices, true ratings, scale, fingerprint."""

    users: IntArray
    truth: FloatArray
    scale: tuple[float, float]
    split: str


def keep(planned: Iterable[PlannedTask], store: Store) -> None:
    """Write the test rows of every planned task that has data.

    Raises:
        BenchError: they cannot be written.
    """
    for prepared in (task.prepared for task in planned if task.prepared is not None):
        for fold, split in enumerate(prepared.splits):
            for side in Side:
                numbered, own = prepared.task.side(side), split.side(side)
                rows = own.rows(TEST)
                buffer = io.BytesIO()
                np.savez_compressed(
                    buffer,
                    users=numbered.users[rows].astype(np.int32),
                    truth=numbered.ratings[rows],
                    scale=np.array(numbered.domain.scale, dtype=np.float64),
                    split=np.array(own.fingerprint),
                )
                path = _path(store, prepared.task.name, numbered.domain.name, fold)
                write_atomically(path, buffer.getvalue())


def load(store: Store, task: str, domain: str, fold: int) -> ScoredRows | None:
    """The kept rows, or None where there are none.

    Raises:
        BenchError: the file is damaged.
    """
    path = _path(store, task, domain, fold)
    try:
        with path.open("rb") as file, np.load(file) as found:
            low, high = found["scale"]
            return ScoredRows(
                found["users"].astype(np.int64),
                found["truth"],
                (float(low), float(high)),
                str(found["split"]),
            )
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise BenchError(
            f"cannot read {path}: {error}; remove it and run the suite again"
        ) from error


def scored_ratings(
    store: Store, record: Record, domain: str, rows: ScoredRows
) -> FloatArray | None:
    """The ratings (n,) that a record's metrics are of: its predictions, clipped if they were.

    None where predictions were not kept, are of other rows, or do not give the recorded RMSE:
    then nothing that is computed from them would be about the record.
    """
    side = Side.SOURCE if domain == record.source else Side.TARGET
    if record.fingerprints.get(f"{side} split") != rows.split:
        return None
    predicted = predictions_of(store, record, domain)
    if predicted is None:
        return None
    for ratings in (predicted, np.clip(predicted, *rows.scale)):
        if abs(rmse(rows.truth, ratings) - record.metrics[domain]["rmse"]) <= _SAME:
            return ratings
    return None


def predictions_of(store: Store, record: Record, domain: str) -> FloatArray | None:
    """A record's predictions (n,) for one domain, as the method made them, if they were kept."""
    try:
        whole = store.predicted(record.key)
    except OSError:
        return None
    start = 0
    for name, count in record.predictions["rows"].items():
        if name == domain:
            return whole[start : start + count]
        start += count
    return None


def _path(store: Store, task: str, domain: str, fold: int) -> Path:
    name = f"{task}--{domain.replace('/', '-')}--{fold}.npz"
    return store.folder / "test-rows" / name
