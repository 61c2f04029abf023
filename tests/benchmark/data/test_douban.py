"""Douban's files are read as in their repository: user, item and rating between tabs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.data import douban
from benchmark.data.domain import NO_TIME
from benchmark.errors import DataError


def read(path: Path, text: str) -> list[Any]:
    path.write_text(text)
    rows = douban.read({"ratings": path}, (1.0, 5.0)).rows
    return rows[["user", "item", "rating", "time", "body"]].to_dict("records")


def test_ratings_have_neither_time_nor_text(tmp_path: Path) -> None:
    assert read(tmp_path / "ratings.dat", "2\t3601\t3\n10\t7\t5") == [
        {"user": "10", "item": "7", "rating": 5.0, "time": NO_TIME, "body": None},
        {"user": "2", "item": "3601", "rating": 3.0, "time": NO_TIME, "body": None},
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2 3601 3", "1 fields instead of 3"),
        ("2\t3601\t3\t4", "4 fields instead of 3"),
        ("2\t3601\tfour", "rating 'four' is not a number"),
        ("2\t3601\t0", "rating 0 is outside the scale 1 to 5"),
    ],
)
def test_a_bad_line_is_named_with_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(DataError, match=rf"ratings\.dat: line 2: {says}"):
        read(tmp_path / "ratings.dat", f"1\t2\t3\n{line}\n")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"empty|no rating"):
        read(tmp_path / "ratings.dat", text)
