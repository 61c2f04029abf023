"""Results of one suite that are results of another: a key says all that determines a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark.data.splits import TEST
from benchmark.errors import BenchError
from benchmark.recommender import FloatArray
from benchmark.running.cell import Outcome
from benchmark.running.plan import Cell
from benchmark.running.records import Record, Status, Store, fingerprint_of
from benchmark.running.run import PlannedTask
from benchmark.running.scoring import metrics_of_ratings
from benchmark.running.suite import Suite

Place = tuple[Store, str]
"""A suite's results and the key that a cell has there."""


def found_elsewhere(cells: Sequence[Cell], store: Store) -> dict[str, Place]:
    """Where other suites of the same results folder have finished these cells, by key.

    A variant that another suite has as its method itself, with the same settings, is found there.
    Cells that keep artifacts are taken only from where these are kept too.
    """
    others = [
        Store(folder.parent, folder.name)
        for folder in sorted(store.folder.parent.glob("*/"))
        if folder != store.folder and (folder / "records").is_dir()
    ]
    found = {}
    for cell in cells:
        places = ((other, key) for key in dict.fromkeys((cell.key, cell.twin)) for other in others)
        place = next((place for place in places if _finished(cell, place) is not None), None)
        if place is not None:
            found[cell.key] = place
    return found


def take_over(
    cells: Sequence[Cell],
    found: dict[str, Place],
    store: Store,
    suite: Suite,
    planned: Sequence[PlannedTask],
) -> None:
    """Copy what was found into ``store``, under the names and with the metrics that it has there.

    Raises:
        CannotWriteError: it cannot be written.
    """
    tasks = {task.spec.name: task for task in planned}
    for cell in (cell for cell in cells if cell.key in found):
        finished = _finished(cell, found[cell.key])
        assert finished is not None, "found a moment ago"
        record, predictions, artifacts = finished
        named = replace(
            record,
            key=cell.key,
            suite=cell.suite,
            task=cell.task,
            method=cell.name,
            metrics=_measured(cell, record, predictions, suite, tasks[cell.task]),
        )
        store.put(named, predictions, artifacts)


def _measured(
    cell: Cell, record: Record, predictions: FloatArray | None, suite: Suite, task: PlannedTask
) -> dict[str, dict[str, float]]:
    """The metrics of a record as this suite has them.

    P@5 (DOML) knows a first domain of a pair, and which one that is stands in no key: the other
    suite may have the pair the other way round.
    """
    assert task.prepared is not None, "a task with cells has data"
    assert predictions is not None, "a finished cell has predictions"
    prepared = task.prepared.reversed() if cell.reverse else task.prepared
    protocol = suite.protocol_of(task.spec)
    model = cell.method(**cell.variant.settings)
    split = prepared.splits[cell.fold]
    ends = np.cumsum([len(split.side(side).rows(TEST)) for side in cell.scored])[:-1]
    metrics = dict(record.metrics)
    for side, ratings in zip(cell.scored, np.split(predictions, ends), strict=True):
        name = prepared.task.side(side).domain.name
        metrics[name] = record.metrics[name] | metrics_of_ratings(
            cell, model, prepared.task, split, side, ratings, protocol
        )
    return metrics


def _finished(cell: Cell, place: Place) -> Outcome | None:
    """A cell's record with all that it must have, if it went well and all can be read.

    Users and items are numbered by their domain's name: of other names, the same rows may give
    other predictions.
    """
    store, key = place
    record = store.get(key)
    if record is None or record.status is not Status.OK:
        return None
    if (record.source, record.target) != (cell.source, cell.target):
        return None
    try:
        predictions = store.predicted(key)
        artifacts = store.artifacts_of(key) if cell.artifacts else None
    except (OSError, BenchError):
        return None
    if fingerprint_of(predictions) != record.predictions.get("sha256"):
        return None
    return None if artifacts == {} else (record, predictions, artifacts)
