"""Downloads that go on where they stopped, are checked, and take their name only when whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
import urllib3

from benchmark.errors import BenchError, DataError, UnavailableError

try:
    import fcntl
except ImportError:  # Windows: two downloads of one file at a time are not kept apart there.
    fcntl = None  # type: ignore[assignment]

Progress = Callable[[int, int | None], None]
"""Called with the bytes there are and the bytes there will be, None where that is unknown."""

CONNECT_SECONDS = 10
STALL_SECONDS = 60
ATTEMPTS = 3
PAUSE_SECONDS = 1.0
_CHUNK = 1 << 18


class _Stopped(Exception):
    """A transfer that ended early; what has come is kept."""


def download(
    address: str,
    path: Path,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch ``address`` to ``path`` by way of ``path.part``, from which a later call goes on.

    Raises:
        UnavailableError: no network, no such address, or a transfer that keeps stopping.
        DataError: the checksum is wrong; the part is removed.
        BenchError: the file cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            # Another process may have fetched it while this one waited.
            if not path.exists():
                _fetch(address, part, progress or (lambda done, total: None))
                _check(address, part, sha256)
                os.replace(part, path)
    except OSError as error:
        raise BenchError(f"cannot write {part}: {error.strerror or error}") from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps other processes from writing to the same part."""
    lock = path.with_name(f"{path.name}.lock")
    with lock.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
        lock.unlink(missing_ok=True)


def _fetch(address: str, part: Path, progress: Progress) -> None:
    attempts = ATTEMPTS
    while True:
        before = _size(part)
        try:
            return _transfer(address, part, progress)
        except _Stopped as stop:
            # A transfer that got further has earned another attempt.
            attempts = ATTEMPTS if _size(part) > before else attempts - 1
            if attempts == 0:
                raise UnavailableError(
                    f"cannot download {address}: {stop}; {_size(part):,} bytes are kept in "
                    f"{part}, and the same command goes on from there"
                ) from stop
            time.sleep(PAUSE_SECONDS)


def _transfer(address: str, part: Path, progress: Progress) -> None:
    start = _size(part)
    # The files are gzipped themselves; another layer would be undone before they are stored.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        with requests.get(
            address, headers=headers, stream=True, timeout=(CONNECT_SECONDS, STALL_SECONDS)
        ) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable and start:
                if _total(answer) == start:
                    return  # Stopped between the last byte and the renaming.
                part.unlink()
                raise _Stopped("the part was longer than the file, and was removed")
            if not answer.ok:
                raise UnavailableError(
                    f"{address} answers {answer.status_code} {answer.reason}; the file may have "
                    "moved: look for it at the data's home page"
                )
            if answer.status_code != requests.codes.partial_content:
                start = 0  # The server sends all of it, whatever was asked for.
            total = _total(answer)
            _store(answer, part, start, total, progress)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _Stopped(_reason(error)) from error
    if total is not None and _size(part) != total:
        raise _Stopped(f"the connection closed after {_size(part):,} of {total:,} bytes")


def _store(
    answer: requests.Response, part: Path, start: int, total: int | None, progress: Progress
) -> None:
    done = start
    with part.open("ab" if start else "wb") as file:
        for chunk in answer.raw.stream(_CHUNK, decode_content=False):
            file.write(chunk)
            done += len(chunk)
            progress(done, total)


def _total(answer: requests.Response) -> int | None:
    """The bytes of the whole file, whichever part of it is answered."""
    described = re.fullmatch(r"bytes .*/(\d+)", answer.headers.get("Content-Range", ""))
    length = described[1] if described else answer.headers.get("Content-Length")
    return int(length) if length is not None and length.isdecimal() else None


def _reason(error: Exception) -> str:
    """What went wrong, in one line: the innermost message says it best."""
    while error.__context__ is not None:
        error = error.__context__  # type: ignore[assignment]
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _check(address: str, part: Path, sha256: str | None) -> None:
    if sha256 is None:
        return
    with part.open("rb") as file:
        measured = hashlib.file_digest(file, "sha256").hexdigest()
    if measured != sha256:
        part.unlink()
        raise DataError(
            f"{address} is not the file the catalog knows: its sha256 is {measured}, expected "
            f"{sha256}; the download was removed: try again, or correct the catalog if the "
            "publisher has changed the file"
        )
