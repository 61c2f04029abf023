"""Published text files, plain or gzipped, read so that a fault names the file and the line."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from benchmark.data.domain import rows_from
from benchmark.errors import DataError

UNREADABLE = (pa.ArrowException, OSError, UnicodeError)
"""What pyarrow raises for a damaged file; its messages give no line, so a slow reader follows."""


EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
"""The first second of the year 1 and the last of 9999: no calendar goes beyond."""


_WHOLE = re.compile(r"-?\d{1,18}")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers from 1.

    Raises:
        DataError: no text, not gzip though it is named so, or gzip data that end early.
    """
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
                if line.strip():
                    yield number, line
    except EOFError as error:
        raise DataError(
            f"{path}: the gzip data end in the middle, after line {number}; fetch the file again"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        if number == 0:
            raise DataError(
                f"{path}: line 1: not gzip, though the file is named .gz; fetch it again, or drop "
                ".gz from its name if it is plain text"
            ) from error
        raise DataError(
            f"{path}: the gzip data are damaged after line {number}; fetch the file again"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: line {number}: not UTF-8 text ({error.reason}); fetch the file again"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not number:
        raise DataError(f"{path}: the file is empty; fetch it again")


def checked_rating(value: object, scale: tuple[float, float], at: str) -> float:
    """The rating as a number on the scale; ``at`` names the file and the line.

    Raises:
        DataError: not a number, or outside the scale.
    """
    try:
        rating = float(value) if isinstance(value, (int, float, str)) else None
    except (ValueError, OverflowError):
        rating = None
    if rating is None or isinstance(value, bool):
        raise DataError(f"{at}: rating {value!r} is not a number; correct or remove the line")
    if not scale[0] <= rating <= scale[1]:
        raise DataError(
            f"{at}: rating {rating:g} is outside the scale {scale[0]:g} to {scale[1]:g}; "
            "correct or remove the line"
        )
    return rating


def checked_time(value: object, at: str) -> int:
    """The time in Unix seconds; ``at`` names the file and the line.

    Raises:
        DataError: not a whole number, or none of the years 1 to 9999, as if in milliseconds.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not _WHOLE.fullmatch(text):
        raise DataError(
            f"{at}: time {value!r} is not in whole seconds; correct or remove the line"
        )
    if not EARLIEST <= int(text) <= LATEST:
        raise DataError(
            f"{at}: time {text} is no time in seconds since 1970; correct or remove the line"
        )
    return int(text)


def read_ratings(
    path: Path,
    columns: tuple[str, ...],
    scale: tuple[float, float],
    *,
    delimiter: str,
    header: bool = False,
) -> pd.DataFrame:
    """Ratings as delimited text in the form of :attr:`Domain.rows`.

    ``columns`` names what stands in each: ``user``, ``item``, ``rating`` and perhaps ``time``;
    where there is a ``header``, it is not read.

    Raises:
        DataError: a row with other than ``len(columns)`` fields, an empty id, a rating that is
            no number on the scale, or a time that is not in whole seconds.
    """
    types = {"user": pa.string(), "item": pa.string(), "rating": pa.float64(), "time": pa.int64()}
    try:
        table = csv.read_csv(
            path,
            csv.ReadOptions(column_names=columns, skip_rows=int(header)),
            csv.ParseOptions(delimiter=delimiter, quote_char=False),
            csv.ConvertOptions(
                column_types={name: types[name] for name in columns}, null_values=[]
            ),
        )
        read = {name: table[name].to_numpy() for name in columns}
    except UNREADABLE:
        read = _ratings_by_line(path, columns, scale, delimiter, header)
    inside = (read["rating"] >= scale[0]) & (read["rating"] <= scale[1])
    if "time" in read:
        inside &= (read["time"] >= EARLIEST) & (read["time"] <= LATEST)
    if not len(inside) or not (inside & (read["user"] != "") & (read["item"] != "")).all():
        read = _ratings_by_line(path, columns, scale, delimiter, header)
    return rows_from(read)


def _ratings_by_line(
    path: Path,
    columns: tuple[str, ...],
    scale: tuple[float, float],
    delimiter: str,
    header: bool,
) -> dict[str, NDArray[Any]]:
    """The same, slowly, to find the line at fault; whatever only pyarrow rejects is read."""
    rows = []
    for number, line in islice(lines(path), int(header), None):
        at = f"{path}: line {number}"
        fields = line.split(delimiter)
        if len(fields) != len(columns):
            raise DataError(
                f"{at}: {len(fields)} fields instead of {len(columns)} ({', '.join(columns)}); "
                "correct or remove the line"
            )
        row: dict[str, Any] = dict(zip(columns, fields, strict=True))
        for name in ("user", "item"):
            if not row[name]:
                raise DataError(f"{at}: the {name} is missing; correct or remove the line")
        row["rating"] = checked_rating(row["rating"], scale, at)
        if "time" in row:
            row["time"] = checked_time(row["time"], at)
        rows.append(row)
    if not rows:
        raise DataError(f"{path}: holds no rating; fetch the file again")
    return {name: np.array([row[name] for row in rows]) for name in columns}
