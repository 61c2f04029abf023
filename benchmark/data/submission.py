"""Predictions made elsewhere: a CSV or Parquet file with a rating for each test row."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.errors import DataError
from benchmark.evaluation.metrics import LARGEST
from benchmark.recommender import FloatArray

COLUMNS = ("user", "item", "rating")
_DAMAGED = (EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, tarfile.TarError)
"""What is raised for a compressed file that is cut off or none, beside OSError."""
_NAMED = 3
"""How many wrong rows a message names."""


def read_submission(path: Path, test: pd.DataFrame, *, item_prefix: str = "") -> FloatArray:
    """The predicted rating (n,) of each of the ``test`` rows (user, item).

    The file has the columns user, item and rating, a row for each user-item pair of the test, in
    any order; other columns are ignored. Items may stand without ``item_prefix``, as published.

    Raises:
        DataError: it is no such file, or its rows are not the test rows, each once, with a number.
    """
    given = _read(path)
    items = given["item"]
    given["item"] = items.where(items.str.startswith(item_prefix), item_prefix + items)
    pairs = pd.MultiIndex.from_frame(given[["user", "item"]])
    wanted = pd.MultiIndex.from_frame(test[["user", "item"]])
    ratings = pd.to_numeric(given["rating"], errors="coerce").to_numpy(dtype=np.float64)
    _refuse(path, "without a rating that is a finite number", pairs[~(np.abs(ratings) <= LARGEST)])
    _refuse(path, "given more than once", pairs[pairs.duplicated()])
    _refuse(path, "given that are not in the test", pairs[~pairs.isin(wanted)])
    _refuse(path, "of the test missing", wanted[~wanted.isin(pairs)].unique())
    return np.asarray(ratings[pairs.get_indexer(wanted)], dtype=np.float64)


def _read(path: Path) -> pd.DataFrame:
    """The three columns as text, so that no id is read as a number or as missing."""
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise DataError(f"cannot read {path}: No such file or directory") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, ImportError, *_DAMAGED) as error:
        kind = "Parquet" if path.suffix == ".parquet" else "CSV"
        said = " ".join(str(error).split())
        raise DataError(f"{path} is no {kind} file, or damaged: {said}") from error
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise DataError(
            f"{path} lacks the column(s) {', '.join(missing)}; it has "
            f"{', '.join(map(str, table.columns)) or 'none'}, and needs {', '.join(COLUMNS)}"
        )
    return table[list(COLUMNS)].astype(str)


def _refuse(path: Path, what: str, pairs: pd.MultiIndex) -> None:
    if len(pairs):
        named = ", ".join(f"user {user!r} item {item!r}" for user, item in pairs[:_NAMED])
        more = ", …" if len(pairs) > _NAMED else ""
        raise DataError(f"{path}: {len(pairs):,} rows {what}: {named}{more}")
