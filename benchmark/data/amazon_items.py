"""What Amazon's releases tell of items: metadata of 2014 and 2018, and image features of 2014.

McAuley, Targett, Shi, van den Hengel: Image-based Recommendations on Styles and Substitutes,
SIGIR 2015 (metadata and the 4,096 image features of each item).
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.domain import ItemImages
from benchmark.data.text_files import lines
from benchmark.errors import DataError

_ASIN = re.compile(r"""['"]asin['"]: ['"]([^'"]+)['"]""")
_PRICE = re.compile(r"\$([\d,]+(?:\.\d+)?)")
_FEATURES = np.dtype([("asin", "S10"), ("values", "<f4", (4096,))])
_CHUNK = 512
"""Image records read at a time: 8 MB."""


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
            items[item["asin"]] = _described(item)
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
    except ValueError as error:
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

    A record is ten bytes of id and 4,096 floats of four bytes.

    Raises:
        DataError: a file that ends within a record, or that holds none of the items.
    """
    size = path.stat().st_size
    if size == 0 or size % _FEATURES.itemsize:
        raise DataError(
            f"{path}: {size:,} bytes are not a whole number of records of "
            f"{_FEATURES.itemsize:,}: it ends within record {size // _FEATURES.itemsize + 1:,}; "
            "fetch the file again"
        )
    ids = np.array(sorted(wanted), dtype="S10")
    found: dict[bytes, Any] = {}
    with path.open("rb") as file:
        while len(records := np.fromfile(file, dtype=_FEATURES, count=_CHUNK)):
            for record in records[np.isin(records["asin"], ids)]:
                found.setdefault(bytes(record["asin"]), record["values"].copy())
    if not found:
        raise DataError(f"{path}: holds no item of this category; is it another's?")
    order = sorted(found)
    names = np.array([asin.decode() for asin in order])
    return ItemImages(names, np.stack([found[asin] for asin in order]).astype(np.float32))
