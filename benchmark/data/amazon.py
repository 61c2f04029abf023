"""Amazon reviews and ratings of 2014 and 2018, read as published.

He, McAuley: Ups and Downs, WWW 2016; Ni, Li, McAuley: Justifying Recommendations using
Distantly-Labeled Reviews and Fine-Grained Aspects, EMNLP 2019.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from benchmark.data.amazon_items import read_image_features, read_items
from benchmark.data.domain import rows_from
from benchmark.data.entries import Part
from benchmark.data.parsed import Parsed
from benchmark.data.text_files import (
    EARLIEST,
    LATEST,
    UNREADABLE,
    checked_rating,
    checked_time,
    lines,
    read_ratings,
)
from benchmark.errors import DataError

RATING_COLUMNS = {
    2014: ("user", "item", "rating", "time"),
    2018: ("item", "user", "rating", "time"),
}
"""What stands in each column of a ratings file: the releases differ in the first two."""

_REVIEW = {
    "reviewerID": pa.string(),
    "asin": pa.string(),
    "overall": pa.float64(),
    "unixReviewTime": pa.int64(),
    "summary": pa.string(),
    "reviewText": pa.string(),
}
_REQUIRED = ("reviewerID", "asin", "overall", "unixReviewTime")
_COLUMN = dict(zip(_REVIEW, ("user", "item", "rating", "time", "summary", "body"), strict=True))
_BLOCK = 1 << 24
"""Bytes parsed at a time; no review is longer."""


def read(files: Mapping[Part, Path], scale: tuple[float, float], *, release: int) -> Parsed:
    """A category from its files by part: reviews, ratings or both, metadata and images if any.

    The rows are those of the fuller file; reviews that are fewer lend their text to the ratings.

    Raises:
        DataError: a file that is not in the published format, or reviews without a rating.
    """
    counts: dict[Part, int] = {}
    rows = reviews = None
    if "reviews" in files:
        rows = reviews = read_reviews(files["reviews"], scale)
        counts["reviews"] = len(reviews)
    if "ratings" in files:
        ratings = read_category_ratings(files["ratings"], scale, release=release)
        counts["ratings"] = len(ratings)
        if reviews is None:
            rows = ratings
        elif len(reviews) < len(ratings):
            rows = _with_text(ratings, reviews, files)
    assert rows is not None, "a category needs reviews or ratings"
    items = images = None
    if "metadata" in files:
        items = read_items(files["metadata"], rows["item"].unique(), release=release)
        counts["metadata"] = len(items)
    if "images" in files:
        images = read_image_features(files["images"], rows["item"].unique())
        counts["images"] = len(images.ids)
    return Parsed(rows, items, images, counts)


def read_reviews(path: Path, scale: tuple[float, float]) -> pd.DataFrame:
    """Reviews as JSON lines, plain or gzipped, in the form of :attr:`Domain.rows`.

    Raises:
        DataError: a line that is not JSON, lacks a field, or has a rating off the scale.
    """
    try:
        table = pyarrow.json.read_json(
            path,
            pyarrow.json.ReadOptions(block_size=_BLOCK),
            pyarrow.json.ParseOptions(
                explicit_schema=pa.schema(list(_REVIEW.items())),
                unexpected_field_behavior="ignore",
            ),
        )
        sound = _is_sound(table, scale)
        columns = _columns(table) if sound else {}
    except UNREADABLE:
        sound = False
    return rows_from(columns if sound else _reviews_by_line(path, scale))


def _is_sound(table: pa.Table, scale: tuple[float, float]) -> bool:
    complete = not any(table[name].null_count for name in _REQUIRED)
    named = not any(pc.any(_blank(table[name])).as_py() for name in ("reviewerID", "asin"))
    on_scale = pc.and_(
        pc.greater_equal(table["overall"], scale[0]), pc.less_equal(table["overall"], scale[1])
    )
    dated = pc.and_(
        pc.greater_equal(table["unixReviewTime"], EARLIEST),
        pc.less_equal(table["unixReviewTime"], LATEST),
    )
    return complete and named and all(bool(pc.all(test).as_py()) for test in (on_scale, dated))


def _blank(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.or_(pc.equal(texts, ""), pc.utf8_is_space(texts))


def _columns(table: pa.Table) -> dict[str, Any]:
    read = {}
    for name, column in _COLUMN.items():
        values = table[name]
        if column in ("summary", "body"):
            values = pc.if_else(_blank(values), pa.scalar(None, pa.string()), values)
        read[column] = values.to_numpy()
    return read


def _reviews_by_line(path: Path, scale: tuple[float, float]) -> dict[str, Any]:
    """The same, slowly, to find the line at fault; whatever only pyarrow rejects is read."""
    read: dict[str, list[Any]] = {column: [] for column in _COLUMN.values()}
    for number, line in lines(path):
        at = f"{path}: line {number}"
        review = _record(line, at)
        for name in _REQUIRED:
            if review.get(name) is None or not str(review[name]).strip():
                raise DataError(f"{at}: {name} is missing; correct or remove the line")
        if type(review["unixReviewTime"]) is not int:
            raise DataError(
                f"{at}: unixReviewTime {review['unixReviewTime']!r} is not in whole seconds; "
                "correct or remove the line"
            )
        checked_time(review["unixReviewTime"], at)
        review["overall"] = checked_rating(review["overall"], scale, at)
        for name, column in _COLUMN.items():
            value = review.get(name)
            read[column].append(_text(value) if _REVIEW[name] == pa.string() else value)
    if not read["user"]:
        raise DataError(f"{path}: holds no review; fetch the file again")
    return read


def _record(line: str, at: str) -> dict[str, Any]:
    try:
        review = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{at}: not JSON ({error}); correct or remove the line, or fetch the file again"
        ) from error
    if not isinstance(review, dict):
        raise DataError(f"{at}: not a JSON object; correct or remove the line")
    return review


def _text(value: object) -> str | None:
    # Half a surrogate pair is JSON but not Unicode, and could not be written to any file.
    text = "" if value is None else str(value)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text if text.strip() else None


def read_category_ratings(path: Path, scale: tuple[float, float], *, release: int) -> pd.DataFrame:
    """Ratings as CSV without header, in the form of :attr:`Domain.rows`.

    Raises:
        DataError: as :func:`read_ratings`, or users and items in the other release's order.
    """
    columns = RATING_COLUMNS[release]
    rows = read_ratings(path, columns, scale, delimiter=",")
    # An item's id has ten characters, hardly any user's has so few.
    if _share_of_ten(rows["item"]) < 0.5 < _share_of_ten(rows["user"]):
        raise DataError(
            f"{path}: line 1: the {release} ratings have {columns[0]} first and {columns[1]} "
            "second, and here it is the other way round; exchange the two columns"
        )
    return rows


def _share_of_ten(ids: pd.Series[str]) -> float:
    return float((ids.str.len() == 10).mean())


def _with_text(
    ratings: pd.DataFrame, reviews: pd.DataFrame, files: Mapping[Part, Path]
) -> pd.DataFrame:
    """The ratings with the text of the reviews that there are."""
    key = ["user", "item", "time"]
    # A pair rated twice at one time is told apart by its place among equals.
    keyed = [rows.assign(nth=rows.groupby(key).cumcount()) for rows in (ratings, reviews)]
    joined = (
        keyed[0]
        .drop(columns=["summary", "body"])
        .merge(keyed[1].drop(columns="rating"), how="left", on=[*key, "nth"], indicator="found")
    )
    lost = len(reviews) - int((joined["found"] == "both").sum())
    if lost:
        raise DataError(
            f"{files['reviews']}: {lost:,} of {len(reviews):,} reviews have no rating in "
            f"{files['ratings']}; the files are not of one release: fetch both again"
        )
    texts = joined[["summary", "body"]].astype(object)
    joined[["summary", "body"]] = texts.where(texts.notna(), None)
    return rows_from({name: list(joined[name]) for name in _COLUMN.values()})
