"""The results of a suite in a form small enough to commit, and this machine's in the same form."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import ConfigDict, Field, TypeAdapter

from benchmark.data.prepared import Prepared
from benchmark.errors import BenchError
from benchmark.recommender import Side
from benchmark.running.checked import AS_WRITTEN, from_json
from benchmark.running.plan import Cell
from benchmark.running.records import Record, Status, Store, write_atomically
from benchmark.running.run import PlannedTask
from benchmark.running.suite import Suite

SCHEMA = 1
_DIGITS = 9
"""Decimals kept of a metric: far below what the gate tolerates."""
_PRINT = 16
"""Hexadecimal digits kept of a fingerprint."""


class Place(NamedTuple):
    """A method on one scored domain of a task."""

    task: str
    domain: str
    method: str


@dataclass(frozen=True)
class Entry:
    """Metrics of each run, which is named by seed and fold; ``test_rows`` in the smallest fold."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    trials: int
    test_rows: int
    # Without a run, or a metric of it, there would be nothing to compare and nothing to ring.
    runs: Annotated[
        dict[str, Annotated[dict[str, float], Field(min_length=1)]], Field(min_length=1)
    ]


@dataclass(frozen=True)
class Snapshot:
    """A suite's results; ``data`` are fingerprints by task, of splits and of what is read."""

    suite: str
    protocol: dict[str, Any]
    versions: dict[str, str]
    data: dict[str, dict[str, str]]
    entries: dict[Place, Entry]

    def only(self, tasks: Collection[str], methods: Collection[str]) -> Snapshot:
        """The entries of these tasks and methods."""
        kept = {
            place: entry
            for place, entry in self.entries.items()
            if place.task in tasks and place.method in methods
        }
        return replace(self, entries=kept)


@dataclass(frozen=True)
class _Task:
    """A task as the file has it: fingerprints, and entries by domain and method."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    data: dict[str, str]
    domains: dict[str, dict[str, Entry]]


@dataclass(frozen=True)
class _File:
    """The reference as it is written."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    schema: Literal[1]  # SCHEMA
    suite: str
    protocol: dict[str, Any]
    versions: dict[str, str]
    tasks: dict[str, _Task]


@dataclass(frozen=True)
class Measured:
    """This machine's results of what a suite plans, and why any are missing."""

    snapshot: Snapshot
    missing: dict[Place, dict[str, str]]
    """By run, why it has no metrics."""
    inapplicable: frozenset[Place]
    """Where a method does not apply, which is no failure."""
    reads: dict[Place, frozenset[str]]
    """Every planned place, and which of its task's ``data`` its results depend on."""
    unavailable: dict[str, str]
    """By task, why it has no data here."""


def measure(
    suite: Suite, planned: Sequence[PlannedTask], store: Store, methods: Collection[str]
) -> Measured:
    """What the records of ``store`` say of the planned cells of ``methods``.

    The plan is made from the code and data as they are, so a record of other code or other data
    is not found and its run is missing.
    """
    found: dict[Place, list[tuple[str, Record]]] = {}
    missing: dict[Place, dict[str, str]] = {}
    reads: dict[Place, frozenset[str]] = {}
    inapplicable: set[Place] = set()
    for task in planned:
        for cell in (cell for cell in task.cells if cell.name in methods):
            record = store.read(cell.key)
            for place in places(cell):
                reads[place] = reads.get(place, frozenset()) | _reads(cell)
                if record is not None and record.status is Status.OK:
                    found.setdefault(place, []).append((_run(cell), record))
                    continue
                if record is not None and record.status is Status.NOT_APPLICABLE:
                    inapplicable.add(place)
                why = f"{record.status}: {record.reason}" if record else "no record; run it first"
                missing.setdefault(place, {})[_run(cell)] = why
    snapshot = Snapshot(
        suite.name,
        _protocol(suite),
        _versions(record for runs in found.values() for _, record in runs),
        {task.spec.name: _data(task.prepared) for task in planned if task.prepared},
        {place: _entry(place.domain, runs) for place, runs in found.items()},
    )
    unavailable = {task.spec.name: task.unavailable for task in planned if task.unavailable}
    return Measured(snapshot, missing, frozenset(inapplicable), reads, unavailable)


def _protocol(suite: Suite) -> dict[str, Any]:
    """The suite's switches, and those that a task has otherwise, by the task's name."""
    changed = {
        f"{task.name}: {switch}": value
        for task in suite.tasks
        for switch, value in task.protocol.items()
    }
    return suite.protocol.model_dump() | changed


def places(cell: Cell) -> list[Place]:
    """Where the results of a cell stand, one place a scored domain."""
    domains = {Side.SOURCE: cell.source, Side.TARGET: cell.target}
    return [Place(cell.task, domains[side], cell.name) for side in cell.scored]


def accept(old: Snapshot | None, measured: Measured, suite: Suite, methods: set[str]) -> Snapshot:
    """The reference with this machine's results in place of those that they replace.

    Kept is what was not measured this time, as long as the suite still has its task and its
    method (``methods`` are all the suite's) and it was measured under the same protocol and data.

    Raises:
        BenchError: a planned run has no result, so the reference would have a hole; or none has,
            so it would be empty.
    """
    holes = [
        f"{', '.join(place)}, {run}: {why}"
        for place, runs in measured.missing.items()
        if place not in measured.inapplicable
        for run, why in runs.items()
    ]
    if holes:
        raise BenchError(
            f"nothing accepted: {len(holes)} planned runs have no result ({holes[0]}); run them, "
            "or choose what to accept with --tasks and --methods"
        )
    new = measured.snapshot
    if not new.entries:
        why = next(iter(measured.unavailable.values()), "no chosen method applies")
        raise BenchError(
            "nothing accepted: no chosen task has results here; say with --data-dir where data "
            f"are ({why})"
        )
    if old is None or old.protocol != new.protocol:
        return new
    judged = {place.method for place in measured.reads}
    tasks = {task.name for task in suite.tasks}
    kept = {
        place: entry
        for place, entry in old.entries.items()
        if place.task in tasks
        and place.method in methods
        and not (place.task in new.data and place.method in judged)
        and old.data[place.task] == new.data.get(place.task, old.data[place.task])
    }
    data = {task: old.data[task] for task in dict.fromkeys(place.task for place in kept)}
    versions = _joined([old.versions, new.versions]) if kept else new.versions
    return Snapshot(
        new.suite, new.protocol, versions, {**data, **new.data}, {**kept, **new.entries}
    )


def load(path: Path) -> Snapshot | None:
    """The reference in a file, or None where there is none.

    Raises:
        BenchError: the file is there and is no reference that this version reads.
    """
    try:
        found = from_json(_file(), path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BenchError(
            f"cannot read the reference {path}: {error.strerror}; name another with --reference"
        ) from error
    except ValueError as error:
        raise BenchError(
            f"cannot read the reference {path}: {error}; restore it from version control, or "
            "remove it and write a new one with bench check --accept"
        ) from error
    entries = {
        Place(task, domain, method): entry
        for task, about in found.tasks.items()
        for domain, methods in about.domains.items()
        for method, entry in methods.items()
    }
    data = {task: about.data for task, about in found.tasks.items()}
    return Snapshot(found.suite, found.protocol, found.versions, data, entries)


@functools.cache
def _file() -> TypeAdapter[_File]:
    return TypeAdapter(_File)


def save(snapshot: Snapshot, path: Path) -> None:
    """Write the reference, a run a line, in an order that does not depend on when it was run.

    Raises:
        BenchError: it cannot be written.
    """
    tasks: dict[str, Any] = {
        task: {"data": snapshot.data[task], "domains": {}}
        for task in sorted({place.task for place in snapshot.entries})
    }
    for place, entry in sorted(snapshot.entries.items()):
        domain = tasks[place.task]["domains"].setdefault(place.domain, {})
        domain[place.method] = asdict(entry)
    values = {
        "schema": SCHEMA,
        "suite": snapshot.suite,
        "protocol": snapshot.protocol,
        "versions": snapshot.versions,
        "tasks": tasks,
    }
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (_INNERMOST.sub(_on_one_line, text) + "\n").encode())


_INNERMOST = re.compile(r"\{[^{}]*\}")


def _on_one_line(found: re.Match[str]) -> str:
    return re.sub(r"\n\s*", " ", found[0])


def _run(cell: Cell) -> str:
    return f"seed {cell.seed} fold {cell.fold}"


def _entry(domain: str, runs: list[tuple[str, Record]]) -> Entry:
    return Entry(
        trials=int(max(record.budget["trials"] for _, record in runs)),
        test_rows=min(record.counts[domain]["test"] for _, record in runs),
        runs={
            run: {
                metric: round(value, _DIGITS) for metric, value in record.metrics[domain].items()
            }
            for run, record in runs
        },
    )


def _data(prepared: Prepared) -> dict[str, str]:
    prints = {}
    for side in Side:
        domain = prepared.task.side(side).domain.name
        for signal, print in prepared.contents[side].items():
            prints[f"{signal} of {domain}"] = print[:_PRINT]
        for fold, split in enumerate(prepared.splits):
            prints[_split(domain, fold)] = split.side(side).fingerprint[:_PRINT]
    return prints


def _reads(cell: Cell) -> frozenset[str]:
    declared = ((cell.source, cell.method.source_data), (cell.target, cell.method.target_data))
    return frozenset(
        [_split(domain, cell.fold) for domain, _ in declared]
        + [
            f"{str(signal.name).lower()} of {domain}"
            for domain, signals in declared
            for signal in signals
        ]
    )


def _split(domain: str, fold: int) -> str:
    return f"split of {domain}, fold {fold}"


def _versions(records: Iterable[Record]) -> dict[str, str]:
    return _joined(
        {"python": record.provenance["python"], **record.provenance["versions"]}
        for record in records
    )


def _joined(versions: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Each library's version, or all of them where results were made with several."""
    several: dict[str, set[str]] = {}
    for found in versions:
        for name, version in found.items():
            several.setdefault(name, set()).update(version.split(", "))
    return {name: ", ".join(sorted(versions)) for name, versions in several.items()}
