"""The catalog at work: finding, downloading, reading and checking the data it lists."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.data import amazon, douban, imhonet, parsed
from benchmark.data.domain import Domain, SourceFile, cut_by_time
from benchmark.data.download import download
from benchmark.data.entries import (
    GENERATED,
    Entry,
    Part,
    PublishedFile,
    describe,
    entries,
    resolve,
)
from benchmark.data.parsed import Parsed
from benchmark.data.synthetic import DEFAULT, Planted, planted_pair
from benchmark.errors import BenchError, DataError, UnavailableError

__all__ = ["Entry", "Places", "at_hand", "describe", "entries", "fetch", "load", "verify"]

Reader = Callable[[Mapping[Part, Path], tuple[float, float]], Parsed]
FetchProgress = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes there are and the bytes there will be, if known."""

READERS: Mapping[str, Reader] = {
    "amazon2014": partial(amazon.read, release=2014),
    "amazon2018": partial(amazon.read, release=2018),
    "douban": douban.read,
    "imhonet": imhonet.read,
}
FETCHED: tuple[Part, ...] = ("reviews", "metadata")
"""What is downloaded unless asked otherwise: image features take gigabytes, and ratings are
needed only where there are no reviews."""


@dataclass(frozen=True)
class Places:
    """Where files are looked for, in this order: ``data_dir``, ``cache_dir``, the publisher."""

    data_dir: Path | None
    cache_dir: Path
    download: bool = False
    progress: FetchProgress | None = None

    @property
    def folders(self) -> list[Path]:
        """The local places.

        Raises:
            BenchError: the data folder is none.
        """
        if self.data_dir is None:
            return [self.cache_dir]
        if not self.data_dir.is_dir():
            problem = "is not a folder" if self.data_dir.exists() else "does not exist"
            raise BenchError(
                f"data folder {self.data_dir} {problem}; name an existing one with --data-dir or "
                "BENCH_DATA"
            )
        return [self.data_dir, self.cache_dir]

    def unnamed(self, message: str) -> str:
        """The message with the folders called what they are here, not where: records travel."""
        called = {str(self.cache_dir): "the cache"}
        if self.data_dir is not None:
            called[str(self.data_dir)] = "the data folder"
        for path in sorted(called, key=len, reverse=True):
            # Only where a path stands alone or begins: addresses hold the same names.
            message = re.sub(rf"(?<!\S){re.escape(path)}(?=[/;,\s]|$)", called[path], message)
        return message


def load(name: str, places: Places, *, planted: Planted = DEFAULT) -> Domain:
    """The domain ``edition/domain``, or its earlier or later half, ``edition/domain@early|late``.

    ``planted`` says what the synthetic domains hold.

    Raises:
        BenchError: no such name, or a folder that is none.
        UnavailableError: a file is on no place searched; the message says what to do.
        DataError: a file is not in the published format.
    """
    entry, period = resolve(name)
    if entry.reader == GENERATED:
        pair = planted_pair(planted)
        domain = pair.source if entry.name.endswith("/source") else pair.target
    else:
        domain = _read(entry, _files(entry, places), places.cache_dir)
    return cut_by_time(domain, period) if period else domain


def fetch(name: str, places: Places, parts: Collection[Part] = FETCHED) -> dict[str, Path]:
    """Download the files of a domain that no local place has; returns all by name.

    Raises:
        BenchError: no such name, or a folder that is none.
        UnavailableError: a file without an address, or that cannot be downloaded.
    """
    entry = describe(name)
    if entry.held:
        raise UnavailableError(_held(entry))
    wanted = [file for file in entry.files if file.part in parts]
    if entry.file("reviews") is None:
        wanted += [file for file in entry.files if file.part == "ratings" and file not in wanted]
    return {file.name: _find(file, places) or _download(file, places) for file in wanted}


def at_hand(entry: Entry, places: Places) -> bool:
    """Whether any file of a domain lies in a local place; none is opened.

    Raises:
        BenchError: a folder that is none.
    """
    return any(_find(file, places) for file in entry.files)


def _files(entry: Entry, places: Places) -> dict[Part, Path]:
    """The files by part: what lies in local places, or downloads where nothing needed does."""
    found = {file.part: path for file in entry.files if (path := _find(file, places))}
    if "reviews" in found or "ratings" in found:
        return found
    if entry.held:
        raise UnavailableError(_held(entry))
    file = entry.file("reviews") or entry.file("ratings")
    assert file is not None, f"{entry.name} has neither reviews nor ratings in the catalog"
    if not places.download:
        raise UnavailableError(_missing(entry, file, places))
    try:
        found[file.part] = _download(file, places)
    except UnavailableError as error:
        raise UnavailableError(f"{error}; {_missing(entry, file, places)}") from error
    metadata = entry.file("metadata")
    if metadata and "metadata" not in found:
        # Ratings do not need them: without metadata the domain merely offers no features.
        with contextlib.suppress(UnavailableError):
            found["metadata"] = _download(metadata, places)
    return found


def _find(file: PublishedFile, places: Places) -> Path | None:
    for path in (folder / name for folder in places.folders for name in file.names):
        try:
            if path.is_file():
                return path
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return None


def _download(file: PublishedFile, places: Places) -> Path:
    if file.address is None:
        raise UnavailableError(f"{file.name} has no public address")
    path = places.cache_dir / file.name
    progress = places.progress and partial(places.progress, file.name)
    download(file.address, path, sha256=file.sha256, progress=progress)
    return path


def _held(entry: Entry) -> str:
    names = ", ".join(file.name for file in entry.files)
    return (
        f"{entry.name} is {entry.held}; tasks that need it cannot run here. Who has a copy puts "
        f"{names} below the data folder, in the layout of benchmark/data/{entry.reader}.py"
    )


def _missing(entry: Entry, file: PublishedFile, places: Places) -> str:
    size = f" ({file.size / 1e6:.1f} MB)" if file.size else ""
    where = (
        str(places.data_dir / file.name)
        if places.data_dir
        else f"{file.name} below a folder named by --data-dir or BENCH_DATA"
    )
    ratings = entry.file("ratings")
    instead = f" or {ratings.name}" if ratings and ratings is not file else ""
    return (
        f"{entry.name}: no {file.name}{instead} in {' or '.join(map(str, places.folders))}; "
        f"download {file.address}{size} and put it at {where}, or let "
        f"`bench data fetch {entry.name}` do so"
    )


def _read(entry: Entry, files: Mapping[Part, Path], cache_dir: Path) -> Domain:
    digests = {part: parsed.file_digest(path, cache_dir) for part, path in files.items()}
    assert entry.reader is not None, f"{entry.name} has files in the catalog but no reader"
    folder = cache_dir / "parsed" / parsed.cache_key(entry.reader, digests)
    contents = parsed.load(folder)
    if contents is None:
        contents = READERS[entry.reader](files, entry.scale)
        with contextlib.suppress(OSError):  # A cache that cannot be written costs time, no more.
            parsed.save(contents, folder)
    published = {file.part: file for file in entry.files}
    rows, items = contents.rows, contents.items
    if entry.item_prefix:
        rows = rows.assign(item=entry.item_prefix + rows["item"])
        items = None if items is None else items.set_axis(entry.item_prefix + items.index)
    return Domain(
        name=entry.name,
        rows=rows,
        scale=entry.scale,
        users=contents.users,
        items=items,
        images=contents.images,
        files=tuple(
            SourceFile(published[part].name, digests[part], count, published[part].rows)
            for part, count in contents.counts.items()
        ),
    )


@dataclass(frozen=True)
class FileCheck:
    """What was found of one published file; ``problem`` is empty when nothing is wrong."""

    name: str
    path: Path | None
    size: int | None
    sha256: str | None
    rows: int | None
    published: PublishedFile
    problem: str
    note: str


@dataclass(frozen=True)
class Verification:
    """What was found of a domain: its files, and its counts as (measured, published)."""

    name: str
    files: tuple[FileCheck, ...]
    counts: Mapping[str, tuple[int, int | None]]
    problem: str

    @property
    def ok(self) -> bool:
        """Whether all that was found is as published."""
        return not self.problem and not any(file.problem for file in self.files)


def verify(name: str, places: Places) -> Verification:
    """Compare what lies in local places with what is published: size, sha256, rows, users, items.

    Nothing is downloaded.

    Raises:
        BenchError: no such name, or a folder that is none.
    """
    entry = describe(name)
    paths = {file.part: _find(file, places) for file in entry.files}
    rows: dict[str, int] = {}
    counts: dict[str, tuple[int, int | None]] = {}
    problem = ""
    try:
        domain = load(entry.name, Places(places.data_dir, places.cache_dir))
    except BenchError as error:
        problem = str(error)
    else:
        rows = {file.name: file.rows for file in domain.files}
        counts = {
            "rows": (len(domain.rows), entry.rows),
            "users": (domain.rows["user"].nunique(), entry.users),
            "items": (domain.rows["item"].nunique(), entry.items),
        }
        off = [
            f"{ours:,} {what}, published {theirs:,}"
            for what, (ours, theirs) in counts.items()
            if theirs is not None and ours != theirs
        ]
        problem = "; ".join(off)
    checks = tuple(
        check_file(file, paths[file.part], rows.get(file.name), places.cache_dir)
        for file in entry.files
    )
    return Verification(entry.name, checks, counts, problem)


def check_file(
    file: PublishedFile, path: Path | None, rows: int | None, cache_dir: Path
) -> FileCheck:
    if path is None:
        return FileCheck(file.name, None, None, None, None, file, "", "not here")
    size, sha256 = path.stat().st_size, parsed.file_digest(path, cache_dir)
    problem = note = ""
    if rows is not None and file.rows is not None and rows != file.rows:
        problem = f"INCOMPLETE: {rows:,} of {file.rows:,} rows"
        if rows > file.rows:
            problem = f"{rows:,} rows, published {file.rows:,}"
    elif sha256 in file.copies:
        note = "a known copy: the published rows, other bytes"
    elif file.sha256 is not None:
        problem = "" if sha256 == file.sha256 else f"sha256 is not the published {file.sha256}"
        note = "" if problem else "the published bytes"
    elif file.size is not None and size != file.size:
        problem = f"{size:,} bytes, published {file.size:,}"
    return FileCheck(file.name, path, size, sha256, rows, file, problem, note)
