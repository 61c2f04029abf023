"""What a reader has made of published files, kept as parquet so that it is read but once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from benchmark.data.domain import ItemImages
from benchmark.data.entries import Part
from benchmark.errors import DataError

READER = 1
"""The version of what the readers make of a file; raise it when that changes."""

_ROWS = pa.schema(
    [
        ("user", pa.string()),
        ("item", pa.string()),
        ("rating", pa.float64()),
        ("time", pa.int64()),
        ("summary", pa.string()),
        ("body", pa.string()),
    ]
)
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Parsed:
    """The rows of a domain, its items, images and users if any, and the rows of each part."""

    rows: pd.DataFrame
    items: pd.DataFrame | None
    images: ItemImages | None
    counts: dict[Part, int]
    users: pd.DataFrame | None = None


def cache_key(reader: str, digests: Mapping[Part, str]) -> str:
    """What the parsed files depend on: the reader, its version and the files' sha256 by part."""
    described = json.dumps([reader, READER, sorted(digests.items())])
    return hashlib.sha256(described.encode()).hexdigest()


def save(parsed: Parsed, folder: Path) -> None:
    """Write ``folder`` so that it is there whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:16]}-"))
    try:
        _write(pa.Table.from_pandas(parsed.rows, _ROWS, preserve_index=False), draft / "rows")
        if parsed.items is not None:
            _write(pa.Table.from_pandas(parsed.items, preserve_index=True), draft / "items")
        if parsed.users is not None:
            _write(pa.Table.from_pandas(parsed.users, preserve_index=True), draft / "users")
        if parsed.images is not None:
            np.savez(draft / "images.npz", ids=parsed.images.ids, values=parsed.images.values)
        (draft / "counts.json").write_text(json.dumps(parsed.counts), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load(folder: Path) -> Parsed | None:
    """What :func:`save` wrote, or None when it is not there or is damaged."""
    try:
        counts = json.loads((folder / "counts.json").read_text(encoding="utf-8"))
        rows = _read(folder / "rows")
        frame = pd.DataFrame({name: _column(rows[name].to_numpy(), name) for name in _ROWS.names})
        items = images = users = None
        if "users" in counts or "answers" in counts:
            users = _read(folder / "users").to_pandas()
        if "metadata" in counts:
            items = _read(folder / "items").to_pandas()
        if "images" in counts:
            with (folder / "images.npz").open("rb") as file, np.load(file) as archive:
                images = ItemImages(archive["ids"], archive["values"])
    except _DAMAGED:
        return None
    return Parsed(frame, items, images, counts, users)


def _write(table: pa.Table, path: Path) -> None:
    parquet.write_table(table, path, compression="zstd", write_page_checksum=True)


def _read(path: Path) -> pa.Table:
    return parquet.read_table(path, page_checksum_verification=True)


def _column(values: NDArray[Any], name: str) -> pd.Series[Any]:
    """The types of :func:`~benchmark.data.domain.rows_from`: texts are objects, None if absent."""
    series = pd.Series(values, dtype=values.dtype)
    return series.astype(str) if name in ("user", "item") else series


def file_digest(path: Path, cache_dir: Path) -> str:
    """The sha256 of a file, remembered for as long as its size and time stay the same.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        return _file_digest(path, cache_dir)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def _file_digest(path: Path, cache_dir: Path) -> str:
    status = path.stat()
    place = str(path.resolve())
    stamp = [place, status.st_size, status.st_mtime_ns]
    memo = cache_dir / "digests" / hashlib.sha256(place.encode()).hexdigest()
    try:
        known = json.loads(memo.read_text(encoding="utf-8"))
        if known[:3] == stamp:
            return str(known[3])
    except (OSError, ValueError, TypeError):
        pass
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with contextlib.suppress(OSError):  # A cache that cannot be written costs time, no more.
        memo.parent.mkdir(parents=True, exist_ok=True)
        draft = tempfile.NamedTemporaryFile("w", dir=memo.parent, delete=False, encoding="utf-8")
        with draft:
            json.dump([*stamp, digest], draft)
        os.replace(draft.name, memo)
    return digest
