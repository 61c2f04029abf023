"""What a suite's report is made of: its tasks, their cards, and the keys of all planned cells."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from benchmark.data.card import Card
from benchmark.errors import BenchError
from benchmark.recommender import Signal
from benchmark.running.checked import AS_WRITTEN, from_json, said
from benchmark.running.records import Store, write_atomically
from benchmark.running.run import PlannedTask
from benchmark.running.suite import Published, Suite
from benchmark.running.variants import Variant


@dataclass(frozen=True)
class MethodEntry:
    """What the tables say of a method beside its scores."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    name: str
    title: str
    target_data: str
    selection: str
    trivial: bool = False
    method: str = ""
    """The registered method that a variant is of; its own name where it is none."""
    source_data: str = ""
    shared: str = ""
    """Which shared identities it reads."""


@dataclass(frozen=True)
class TaskEntry:
    """A task as it was last planned; ``cells`` are keys of records, present or still to come."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    name: str
    source: str
    target: str
    score: str
    published: list[dict[str, Any]]
    largest: dict[str, float]
    """The largest rating of each domain's scale, in stars."""
    unavailable: str
    card: dict[str, Any] | None
    cells: list[str]
    protocol: dict[str, Any] = field(default_factory=dict)
    """The switches that hold for it."""
    without: list[str] = field(default_factory=list)
    """The methods that take no part in it."""


@dataclass(frozen=True)
class Manifest:
    """The last plan of a suite, enough to report without data or training."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    suite: str
    title: str
    protocol: dict[str, Any]
    methods: list[MethodEntry]
    tasks: list[TaskEntry]
    caveats: list[str] = field(default_factory=list)
    """What has to be kept in mind of every number."""

    def flipped(self, task: TaskEntry) -> dict[str, str]:
        """The switches of a task that are not the suite's."""
        return {
            switch: str(value)
            for switch, value in task.protocol.items()
            if self.protocol.get(switch, value) != value
        }


def manifest(
    suite: Suite,
    variants: Sequence[Variant],
    planned: Sequence[PlannedTask],
    cards: dict[str, Card],
    earlier: Manifest | None,
) -> Manifest:
    """The manifest of a plan; tasks not planned this time are kept as they were ``earlier``."""
    now = {task.spec.name: _task_entry(suite, task, cards) for task in planned}
    before = {task.name: task for task in earlier.tasks} if earlier else {}
    tasks = [
        now.get(spec.name) or before[spec.name]
        for spec in suite.tasks
        if spec.name in now or spec.name in before
    ]
    return Manifest(
        suite.name,
        suite.title,
        suite.protocol.model_dump(),
        [_method_entry(variant) for variant in variants],
        tasks,
        suite.caveats,
    )


def save(found: Manifest, store: Store) -> None:
    """Write the manifest beside the records."""
    write_atomically(_path(store.folder), json.dumps(asdict(found), indent=1).encode() + b"\n")


def load(store: Store) -> Manifest | None:
    """The manifest of the last run, or None before the first.

    Raises:
        BenchError: the file is there and cannot be read, is damaged, or was changed by hand.
    """
    path = _path(store.folder)
    try:
        found: Manifest = from_json(_schema(Manifest), path.read_text(encoding="utf-8"))
        for number, task in enumerate(found.tasks):
            _check(task, f"tasks.{number}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BenchError(
            f"cannot read {path}: {error.strerror}; choose another folder with --results-dir"
        ) from error
    except ValueError as error:
        raise BenchError(
            f"cannot read {path}: {error}; remove it and run the suite again, which keeps what is "
            "done"
        ) from error
    return found


@functools.cache
def _schema(of: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def _check(task: TaskEntry, place: str) -> None:
    """Look into what a task holds as plain values; a ValueError names what is wrong of them."""
    from_json(_schema(list[Published]), json.dumps(task.published), place=f"{place}.published")
    if task.card is not None:
        card = f"{place}.card"
        from_json(_schema(Card), json.dumps(task.card), place=card)
        try:
            Card.from_dict(task.card)
        except TypeError as error:  # A field that only another version has.
            raise ValueError(said(card, str(error))) from error
    for domain in (task.source, task.target) if task.cells else ():
        if domain not in task.largest:
            raise ValueError(said(f"{place}.largest", f"no rating of {domain}"))


def _path(folder: Path) -> Path:
    return folder / "manifest.json"


def _task_entry(suite: Suite, task: PlannedTask, cards: dict[str, Card]) -> TaskEntry:
    spec = task.spec
    return TaskEntry(
        spec.name,
        spec.source,
        spec.target,
        spec.score,
        [place.model_dump(mode="json") for place in spec.published],
        {
            domain.name: domain.scale[1]
            for domain in (task.prepared.task.source.domain, task.prepared.task.target.domain)
        }
        if task.prepared
        else {},
        task.unavailable,
        cards[spec.name].to_dict() if spec.name in cards else None,
        [cell.key for cell in task.cells],
        suite.protocol_of(spec).model_dump(),
        spec.without,
    )


def _method_entry(variant: Variant) -> MethodEntry:
    letters = {Signal.RATINGS: "R", Signal.REVIEWS: "T", Signal.IMAGES: "I", Signal.FEATURES: "F"}
    # The registry brings every method and torch with it, which a report from records can spare.
    from benchmark.registry import is_trivial

    method = variant.method

    def reads(signals: Signal) -> str:
        return " ".join(letters[signal] for signal in signals) or "–"

    return MethodEntry(
        variant.name,
        variant.title,
        reads(method.target_data),
        str(method.selection),
        is_trivial(method),
        method.name,
        reads(method.source_data),
        " and ".join(str(kind.name).lower() for kind in method.overlap) or "–",
    )
