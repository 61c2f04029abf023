"""What Amazon's releases tell of items: metadata of 2014 and 2018, and image features of 2014.

McAuley, Targett, Shi, van den Hengel: Image-based Recommendations on Styles and Substitutes,
SIGIR 2015 (metadata and the 4,096 image features of each item).
"""

from __future__ import annotations

import ast
import gzip
import html
import itertools
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.data.domain import ItemImages
from benchmark.data.text_files import lines
from benchmark.errors import DataError

_ASIN = re.compile(r"""['"]asin['"]: ['"]([^'"]+)['"]""")
_PRICE = re.compile(r"\$([\d,]+(?:\.\d+)?)")
_RECORD = 10 + 4 * 4096
"""Bytes of an item's image features: its id and 4,096 numbers."""


def read_items(path: Path, wanted: Iterable[str], *, release: int) -> pd.DataFrame:
    """Metadata of the wanted items, indexed by id: title, category, brand, price, description.

    ``category`` is the first path, joined by " > "; ``price`` is in dollars, NaN where it is not
    one amount. A column that no item fills is left out. The lines are Python literals (2014) or
    JSON (2018).

    Raises:
        DataError: a line of a wanted item that is neither, or no wanted item at all.
    """
    waiting = set(wanted)
    items: dict[str, dict[str, Any]] = {}
    for number, line in lines(path):
        # Most lines are of items that nobody rated here, and a literal is slow to read.
        found = _ASIN.search(line)
        if found and found[1] not in waiting:
            continue
        item = _literal(line, path, number) if release == 2014 else _json(line, path, number)
        if not isinstance(item, dict) or not isinstance(item.get("asin"), str):
            raise DataError(f"{path}: line {number}: asin is missing; correct or remove the line")
        if item["asin"] in waiting:
            waiting.remove(item["asin"])
            try:
                items[item["asin"]] = _described(item)
            except (TypeError, KeyError, OverflowError) as error:
                raise DataError(
                    f"{path}: line {number}: the categories or the price of {item['asin']} are "
                    "not of the published form; correct or remove the line"
                ) from error
    if not items:
        raise DataError(f"{path}: describes no item of this category; is it another's?")
    table = pd.DataFrame.from_dict(items, orient="index").sort_index()
    return table.dropna(axis="columns", how="all")


def _literal(line: str, path: Path, number: int) -> Any:
    try:
        return ast.literal_eval(line)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise DataError(
            f"{path}: line {number}: not a Python literal; correct or remove the line, or fetch "
            "the file again"
        ) from error


def _json(line: str, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: line {number}: not JSON ({error}); correct or remove the line, or fetch "
            "the file again"
        ) from error


def _described(item: dict[str, Any]) -> dict[str, Any]:
    categories = item.get("categories") or item.get("category") or []
    path = categories[0] if categories and isinstance(categories[0], list) else categories
    return {
        "title": _text(item.get("title")),
        "category": _text(" > ".join(map(str, path))),
        "brand": _text(item.get("brand")),
        "price": _price(item.get("price")),
        "description": _text(item.get("description")),
    }


def _text(value: object) -> str | None:
    """The text with HTML entities resolved; the parts of a list are joined."""
    joined = " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    # Entities may name half a surrogate pair, which no file could hold.
    text = html.unescape(joined).encode("utf-8", "replace").decode("utf-8").strip()
    return text or None


def _price(value: object) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    amount = _PRICE.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(amount[1].replace(",", "")) if amount else float("nan")


def read_image_features(path: Path, wanted: Iterable[str]) -> ItemImages:
    """The 4,096 image features of the wanted items (n, 4096), of a file of any size.

    A record is ten bytes of id and 4,096 floats of four bytes, the least significant first; a name
    that ends in .gz is of gzip data. Of an item that has several records the first counts.

    Raises:
        DataError: a file that ends within a record, features that are no numbers, or none of the
            items.
    """
    # An id of any other form is in no record, and cut to ten bytes might pass for one that is.
    keys = {item.encode(): item for item in wanted if item.isascii() and len(item) == 10}
    found: dict[str, NDArray[np.float32]] = {}
    for number, record in _records(path):
        item = keys.pop(record[:10], None)
        if item is None:
            continue
        values = np.frombuffer(record, dtype="<f4", offset=10).astype(np.float32)
        if not np.isfinite(values).all():
            raise DataError(
                f"{path}: record {number:,}: a feature of {item} is not a finite number; fetch "
                "the file again"
            )
        found[item] = values
    if not found:
        raise DataError(f"{path}: holds no item of this category; is it another's?")
    order = sorted(found)
    return ItemImages(np.array(order), np.stack([found[item] for item in order]))


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """The records of a file of image features one by one, with their numbers from 1."""
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number in itertools.count(1):
                record = file.read(_RECORD)
                if not record:
                    break
                if len(record) < _RECORD:
                    raise EOFError
                yield number, record
    except EOFError as error:
        raise DataError(
            f"{path}: record {number:,}: the file ends before its {_RECORD:,} bytes do; fetch the "
            "file again"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: record {number:,}: not gzip data, or damaged; fetch the file again"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if number == 1:
        raise DataError(f"{path}: the file is empty; fetch it again")
