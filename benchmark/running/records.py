"""Records: one JSON and one predictions file a cell, written atomically, never edited."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter

from benchmark.errors import BenchError, CannotWriteError
from benchmark.recommender import FloatArray
from benchmark.running.checked import AS_WRITTEN, from_json, said

SCHEMA = 1
DAMAGED = (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What numpy raises for a file of arrays that is cut off or none."""
TRY_AGAIN = "make room or let it be written there, then run again: what is finished is kept"
"""What to do where something cannot be written."""
_OF_A_FIT = {
    "budget": (
        "trials",
        "seconds_tuning",
        "seconds_fit",
        "seconds_predict",
        "peak_gigabytes",
    ),
    "fingerprints": ("source split", "target split"),
    "provenance": ("python", "versions"),
}
"""What the record of a cell that went well holds, and reports rely on."""
# Temporary files are their owner's alone; what takes their place is as readable as any other.
_UMASK = os.umask(0)
os.umask(_UMASK)


class Status(StrEnum):
    """How a cell ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    UNAVAILABLE = "unavailable"
    NOT_APPLICABLE = "not-applicable"

    @property
    def is_failure(self) -> bool:
        """Whether something went wrong, rather than not being called for."""
        return self in (Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY)


@dataclass(frozen=True)
class Record:
    """What is known of a finished cell; ``metrics`` by scored domain, then by metric."""

    __pydantic_config__: ClassVar[ConfigDict] = AS_WRITTEN

    key: str
    suite: str
    task: str
    source: str
    target: str
    method: str
    seed: int
    fold: int
    status: Status
    reason: str = ""
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    budget: dict[str, float] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, float | int | str] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    predictions: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    traceback: str = ""
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record that :meth:`to_json` wrote.

        Raises:
            ValueError: it is none, or was changed since; says which field is wrong.
        """
        from_json(_fields(), text)
        values = json.loads(text)
        found = cls(**{**values, "status": Status(values["status"])})
        if found.schema != SCHEMA:
            raise ValueError(said("schema", f"{found.schema}, where {SCHEMA} is read"))
        if found.status is Status.OK and (missing := found._missing()):
            raise ValueError(said(missing, "missing"))
        return found

    def to_json(self) -> str:
        """The record as JSON, keys in a fixed order."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def _missing(self) -> str:
        """What a cell that went well has, and this does not; nothing if all is there."""
        for name, keys in _OF_A_FIT.items():
            for key in keys:
                if key not in getattr(self, name):
                    return f"{name}.{key}"
        if not self.metrics:
            return "metrics"
        for domain, measured in self.metrics.items():
            if "rmse" not in measured:
                return f"metrics.{domain}.rmse"
            if "test" not in self.counts.get(domain, {}):
                return f"counts.{domain}.test"
        return ""


def fingerprint_of(predictions: FloatArray) -> str:
    """What a record says of its predictions (n,), to know them again."""
    return hashlib.sha256(predictions.tobytes()).hexdigest()


@functools.cache
def _fields() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


class Store:
    """The records and predictions of one suite on this machine, a folder each."""

    def __init__(self, results: Path, suite: str) -> None:
        self.folder = results / suite
        self.records = self.folder / "records"
        self.predictions = self.folder / "predictions"
        self.artifacts = self.folder / "artifacts"
        self.tuning = self.folder / "tuning"
        self.logs = self.folder / "logs"

    def create(self) -> None:
        """Make the folders.

        Raises:
            BenchError: one of them cannot be written to.
        """
        for folder in (self.records, self.predictions, self.artifacts, self.logs):
            make_writable(folder, "results", option="--results-dir")

    def get(self, key: str) -> Record | None:
        """The record of a cell, or None when there is none or it is to be made again."""
        try:
            return self.read(key)
        except BenchError:
            return None

    def read(self, key: str) -> Record | None:
        """The record of a cell, or None when there is none.

        Raises:
            BenchError: it is damaged, or was changed by hand.
        """
        path = self.records / f"{key}.json"
        try:
            found = Record.from_json(path.read_text(encoding="utf-8"))
            if found.key != key:
                raise ValueError(f"key: {found.key!r}, where the file's name is expected")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BenchError(
                f"cannot read {path}: {error}; put back what was there, or remove the file and "
                "run the suite again"
            ) from error
        return found

    def put(
        self,
        record: Record,
        predictions: FloatArray | None = None,
        artifacts: Mapping[str, NDArray[Any]] | None = None,
    ) -> bool:
        """Write arrays, then the record: a record present means that all of it is there.

        Returns whether it was written. A cell that went well has its record for good, should it
        fail in a run at the same time, or when it is run again for its artifacts.

        Raises:
            CannotWriteError: it cannot be written; nothing that was there is lost.
        """
        if record.status is not Status.OK:
            known = self.get(record.key)
            if known is not None and known.status is Status.OK:
                return False
        with writing(f"results to {self.folder}"):
            if predictions is not None:
                with _atomic(self.predictions / f"{record.key}.npy") as file:
                    np.save(file, predictions)
            if artifacts is not None:
                with _atomic(self.artifacts / f"{record.key}.npz") as file:
                    np.savez_compressed(file, **artifacts)  # type: ignore[arg-type]
            with _atomic(self.records / f"{record.key}.json") as file:
                file.write(record.to_json().encode())
        return True

    def predicted(self, key: str) -> FloatArray:
        """A cell's predictions (n,) in test order, the scored domains one after the other.

        Raises:
            OSError: none are there.
            BenchError: the file is damaged.
        """
        path = self.predictions / f"{key}.npy"
        try:
            return np.asarray(np.load(path), dtype=np.float64)
        except DAMAGED as error:
            raise BenchError(
                f"cannot read {path}: {error}; remove it and {self.records / f'{key}.json'}, "
                "then run the suite again"
            ) from error

    def has_artifacts(self, key: str) -> bool:
        """Whether a cell has kept what figures need."""
        return (self.artifacts / f"{key}.npz").is_file()

    def artifacts_of(self, key: str) -> dict[str, NDArray[Any]]:
        """What a cell has kept for figures, by name; nothing where it has kept nothing.

        Raises:
            BenchError: the file is damaged.
        """
        path = self.artifacts / f"{key}.npz"
        try:
            with path.open("rb") as file, np.load(file) as found:
                return dict(found)
        except FileNotFoundError:
            return {}
        except DAMAGED as error:
            raise BenchError(
                f"cannot read {path}: {error}; remove it and run the suite again"
            ) from error

    def journal(self, key: str) -> Path:
        """Where a cell's search writes down each trial, to go on from when it is stopped."""
        return self.tuning / f"{key}.journal"

    def forget(self, key: str) -> None:
        """Remove a record, so that its cell runs again."""
        (self.records / f"{key}.json").unlink(missing_ok=True)


def make_writable(folder: Path, what: str, *, option: str) -> None:
    """Make a folder and try to write, so that what could not be kept is never begun.

    Raises:
        BenchError: it cannot be written to; names the ``option`` that chooses it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        raise BenchError(
            f"cannot write {what} to {folder}: {error.strerror}; choose another folder with "
            f"{option}"
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Give ``path`` its new content at once or not at all.

    Raises:
        CannotWriteError: it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _atomic(path) as file:
            file.write(content)


@contextmanager
def writing(what: object) -> Iterator[None]:
    """Say what could not be written, where the system refuses to.

    Raises:
        CannotWriteError: it refused.
    """
    try:
        yield
    except OSError as error:
        raise CannotWriteError(f"cannot write {what}: {error.strerror}; {TRY_AGAIN}") from error


@contextmanager
def _atomic(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only once it is whole and on disk."""
    file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False)
    try:
        with file:
            yield file  # type: ignore[misc]
            file.flush()
            os.fsync(file.fileno())
        os.chmod(file.name, 0o666 & ~_UMASK)
        os.replace(file.name, path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
