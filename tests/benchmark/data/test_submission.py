"""Predictions from elsewhere are matched to the test rows, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.data.submission import read_submission
from benchmark.errors import DataError

TEST = pd.DataFrame({"user": ["u1", "u2", "u1"], "item": ["7", "7", "08"]})
GOOD = "user,item,rating\nu1,08,3.5\nu1,7,1\nu2,7,4\n"


def submitted(folder: Path, content: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def test_rows_may_come_in_any_order_and_ids_are_text(tmp_path: Path) -> None:
    assert read_submission(submitted(tmp_path, GOOD), TEST).tolist() == [1, 4, 3.5]


def test_parquet_with_numbers_as_ids_and_more_columns_is_read(tmp_path: Path) -> None:
    test = pd.DataFrame({"user": ["1", "2"], "item": ["5", "5"]})
    path = tmp_path / "mine.parquet"
    pd.DataFrame(
        {"why": ["", ""], "item": [5, 5], "user": [2, 1], "rating": [2.5, 1.5]}
    ).to_parquet(path)
    assert read_submission(path, test).tolist() == [1.5, 2.5]


def test_items_may_stand_without_the_prefix_that_keeps_domains_apart(tmp_path: Path) -> None:
    test = TEST.assign(item="music " + TEST["item"])
    plain = read_submission(submitted(tmp_path, GOOD), test, item_prefix="music ")
    prefixed = "user,item,rating\nu1,music 08,3.5\nu1,music 7,1\nu2,music 7,4\n"
    assert plain.tolist() == [1, 4, 3.5]
    same = read_submission(submitted(tmp_path, prefixed), test, item_prefix="music ")
    assert same.tolist() == plain.tolist()


def test_a_pair_rated_twice_in_the_test_is_given_once(tmp_path: Path) -> None:
    repeated = pd.concat([TEST, TEST.iloc[:1]])
    assert read_submission(submitted(tmp_path, GOOD), repeated).tolist() == [1, 4, 3.5, 1]


def test_an_id_that_looks_like_a_missing_value_is_an_id(tmp_path: Path) -> None:
    test = pd.DataFrame({"user": ["NA"], "item": ["null"]})
    path = submitted(tmp_path, "user,item,rating\nNA,null,3\n")
    assert read_submission(path, test).tolist() == [3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user,item\nu1,7\n", "lacks the column(s) rating; it has user, item, and needs"),
        ("user\titem\trating\nu1\t7\t1\n", "lacks the column(s) user, item, rating"),
        ("", "is no CSV file"),
        (GOOD.replace("u1,7,1", "u1,7,"), "1 rows without a rating that is a finite number"),
        (GOOD.replace("u1,7,1", "u1,7,nan"), "finite number: user 'u1' item '7'"),
        (GOOD.replace("u1,7,1", "u1,7,inf"), "finite number: user 'u1' item '7'"),
        (GOOD.replace("u1,7,1", "u1,7,good"), "finite number: user 'u1' item '7'"),
        (GOOD + "u2,7,4\n", "1 rows given more than once: user 'u2' item '7'"),
        (GOOD + "u3,7,4\n", "1 rows given that are not in the test: user 'u3' item '7'"),
        (GOOD.replace("u1,08,", "u1,8,"), "not in the test: user 'u1' item '8'"),
        (GOOD.replace("u1,7,1\n", ""), "1 rows of the test missing: user 'u1' item '7'"),
    ],
)
def test_what_is_wrong_is_counted_and_named(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        read_submission(submitted(tmp_path, content), TEST)
    assert message in str(refused.value)


def test_of_many_wrong_rows_three_are_named(tmp_path: Path) -> None:
    more = "".join(f"u9,{item},1\n" for item in range(5000))
    with pytest.raises(DataError, match=r"5,000 rows given that are not .* item '2', …$"):
        read_submission(submitted(tmp_path, GOOD + more), TEST)


@pytest.mark.parametrize("name", ["absent.csv", "absent.parquet"])
def test_a_file_that_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        read_submission(tmp_path / name, TEST)


def test_a_file_that_is_not_parquet_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no Parquet file"):
        read_submission(submitted(tmp_path, GOOD, "mine.parquet"), TEST)


@pytest.mark.parametrize("name", ["mine.csv.gz", "mine.csv.zip", "mine.csv.xz", "mine.csv.tar"])
def test_a_compressed_file_that_is_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    pd.DataFrame({"user": ["u1"] * 999, "item": "7", "rating": 1}).to_csv(path, index=False)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=f"{name} is no CSV file, or damaged: "):
        read_submission(path, TEST)


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet"])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"cannot read .*{name}: No such file"):
        read_submission(tmp_path / name, TEST)
