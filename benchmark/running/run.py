"""A run of a suite: prepare the tasks, plan the cells, run those without a record."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.card import Card, card
from benchmark.data.catalog import Places
from benchmark.data.prepared import Prepared, prepare
from benchmark.data.splits import TEST, TRAIN
from benchmark.errors import BenchError, UnavailableError
from benchmark.recommender import Side
from benchmark.running.cell import Job
from benchmark.running.executor import execute
from benchmark.running.plan import Cell, cells_of_task, rules
from benchmark.running.provenance import provenance
from benchmark.running.records import Record, Status, Store, writing
from benchmark.running.suite import Suite, TaskSpec
from benchmark.running.variants import Variant


@dataclass(frozen=True)
class PlannedTask:
    """A task of a suite with its data and cells, or the reason why it has none."""

    spec: TaskSpec
    prepared: Prepared | None
    cells: list[Cell] = field(default_factory=list)
    wanting: tuple[str, ...] = ()
    """What to do about each of the data that are not here."""

    @property
    def unavailable(self) -> str:
        """Why there are no cells, in a line."""
        return "; ".join(self.wanting)


def plan(
    suite: Suite,
    variants: Sequence[Variant],
    places: Places,
    *,
    on_task: Callable[[str], None] = lambda name: None,
) -> list[PlannedTask]:
    """Prepare every task of a suite and lay out its cells.

    Raises:
        BenchError: data that cannot be read, or whose split is not the committed one, a relevance
            that is off their scale, or a task that is another's way back.
    """
    planned = []
    for spec in suite.tasks:
        on_task(spec.name)
        try:
            prepared = prepare(
                spec.name,
                spec.source,
                spec.target,
                rules(suite, spec),
                places,
                planted=spec.planted,
            )
        except UnavailableError as error:
            wanting = tuple(map(places.unnamed, error.wanting))
            planned.append(PlannedTask(spec, None, wanting=wanting))
            continue
        _check_relevance(suite, spec, prepared)
        _check_rows(suite, spec, prepared)
        cells = cells_of_task(suite, spec, prepared, variants, suite.seeds)
        planned.append(PlannedTask(spec, prepared, cells))
    _check_directions(suite, planned)
    return planned


def _scored(spec: TaskSpec) -> tuple[Side, ...]:
    return (Side.TARGET,) if spec.score == "target" else tuple(Side)


def _check_relevance(suite: Suite, spec: TaskSpec, prepared: Prepared) -> None:
    """Refuse before anything is fitted what could not be scored afterwards."""
    relevance = suite.protocol_of(spec).relevance
    for side in _scored(spec):
        domain = prepared.task.side(side).domain
        low, high = domain.scale
        if not low <= relevance <= high:
            raise BenchError(
                f"protocol.relevance = {relevance:g} of task {spec.name!r} in suite "
                f"{suite.name!r} is outside the scale of {domain.name}, {low:g} to {high:g}; "
                "give it in stars"
            )


def _check_rows(suite: Suite, spec: TaskSpec, prepared: Prepared) -> None:
    """Refuse before anything is fitted a split that leaves nothing to learn from or to score."""
    for split in prepared.splits[: suite.folds or None]:
        for part, what, sides in ((TRAIN, "training", tuple(Side)), (TEST, "test", _scored(spec))):
            for side in sides:
                if not len(split.side(side).rows(part)):
                    domain = prepared.task.side(side).domain
                    raise BenchError(
                        f"task {spec.name!r} in suite {suite.name!r}: split "
                        f"{suite.protocol_of(spec).split} leaves {domain.name}, which has "
                        f"{len(domain.rows):,} ratings, no {what} row; choose another split or "
                        "larger data"
                    )


def _check_directions(suite: Suite, planned: Sequence[PlannedTask]) -> None:
    """Refuse two tasks with one cell whose domain is the first of one pair, of the other not.

    P@5 (DOML) treats the first domain differently, and a cell has one record.
    """
    found: dict[str, Cell] = {}
    for cell in (cell for task in planned for cell in task.cells):
        other = found.setdefault(cell.key, cell)
        if other.reverse != cell.reverse:
            raise BenchError(
                f"task {cell.task!r} of suite {suite.name!r} is the way back of {other.task!r}; "
                'keep one of them, with score = "both"'
            )


def pending(planned: Sequence[PlannedTask], store: Store, retry: Collection[Status]) -> list[Cell]:
    """The cells without a record, or one of a status to be tried again, or without artifacts.

    A cell that is of two tasks, since its method reads nothing in which they differ, comes once.
    """
    cells = {cell.key: cell for task in planned for cell in task.cells}
    records = {key: store.get(key) for key in cells}
    return [
        cell
        for cell in cells.values()
        if (record := records[cell.key]) is None
        or record.status in retry
        or (cell.artifacts and record.status is Status.OK and not store.has_artifacts(cell.key))
    ]


def run(
    suite: Suite,
    planned: Sequence[PlannedTask],
    cells: Sequence[Cell],
    store: Store,
    *,
    workers: int,
    on_done: Callable[[Record], None],
) -> None:
    """Run ``cells``, which are some of those planned, and write down what is unavailable.

    Raises:
        CannotWriteError: results cannot be written.
    """
    made = provenance(suite.limits.threads)
    with tempfile.TemporaryDirectory(prefix="cdrbench-") as scratch:
        files = _dump(planned, {cell.task for cell in cells}, Path(scratch))
        protocols = {task.spec.name: suite.protocol_of(task.spec) for task in planned}
        jobs = [
            Job(
                cell,
                files[cell.task],
                store.folder.parent,
                protocols[cell.task],
                suite.limits.threads,
                made,
            )
            for cell in cells
        ]
        execute(jobs, workers=workers, limits=suite.limits, on_done=on_done)
    for task in planned:
        if task.unavailable:
            store.put(_unavailable(suite, task))


def cards(suite: Suite, planned: Sequence[PlannedTask]) -> dict[str, Card]:
    """The measured card of every task that has data."""
    return {
        task.spec.name: card(
            task.prepared.task,
            split=task.prepared.splits[0],
            text=suite.protocol_of(task.spec).text,
            repeated=task.prepared.repeated,
            published=[
                (place.table, place.pair) for place in task.spec.published if not place.stand_in
            ],
        )
        for task in planned
        if task.prepared is not None
    }


def _dump(
    planned: Sequence[PlannedTask], needed: Collection[str], folder: Path
) -> dict[str, Path]:
    """Each needed task's data in a file, so that a cell's process reads what was prepared once."""
    files = {}
    for number, task in enumerate(planned):
        if task.spec.name in needed:
            files[task.spec.name] = path = folder / f"{number}.pickle"
            with writing(path):
                path.write_bytes(pickle.dumps(task.prepared, protocol=pickle.HIGHEST_PROTOCOL))
    return files


def _unavailable(suite: Suite, task: PlannedTask) -> Record:
    key = hashlib.sha256(f"{suite.name}\t{task.spec.name}\tunavailable".encode()).hexdigest()[:24]
    return Record(
        key=key,
        suite=suite.name,
        task=task.spec.name,
        source=task.spec.source,
        target=task.spec.target,
        method="*",
        seed=0,
        fold=0,
        status=Status.UNAVAILABLE,
        reason=task.unavailable,
        protocol=suite.protocol_of(task.spec).model_dump(),
    )
