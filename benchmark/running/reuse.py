"""Results of one suite that are results of another: a key says all that determines a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.errors import BenchError
from benchmark.running.cell import Outcome
from benchmark.running.plan import Cell
from benchmark.running.records import Status, Store

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


def take_over(cells: Sequence[Cell], found: dict[str, Place], store: Store) -> None:
    """Copy what was found into ``store``, under the names that it has there.

    Raises:
        CannotWriteError: it cannot be written.
    """
    for cell in (cell for cell in cells if cell.key in found):
        finished = _finished(cell, found[cell.key])
        assert finished is not None, "found a moment ago"
        record, predictions, artifacts = finished
        named = replace(record, key=cell.key, suite=cell.suite, task=cell.task, method=cell.name)
        store.put(named, predictions, artifacts)


def _finished(cell: Cell, place: Place) -> Outcome | None:
    """A cell's record with all that it must have, if it went well and all can be read."""
    store, key = place
    record = store.get(key)
    if record is None or record.status is not Status.OK:
        return None
    try:
        predictions = store.predicted(key)
        artifacts = store.artifacts_of(key) if cell.artifacts else None
    except (OSError, BenchError):
        return None
    return None if artifacts == {} else (record, predictions, artifacts)
