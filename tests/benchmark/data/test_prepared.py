"""A task is made ready as its suite declares it, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_array_equal

from benchmark.data.catalog import Places
from benchmark.data.prepared import Rules, prepare, split_names
from benchmark.data.splits import TEST, TRAIN
from benchmark.data.synthetic import Planted
from benchmark.errors import BenchError

PLANTED = Planted(users=(40, 30), items=(20, 15), shared_users=5, shared_items=2)


def prepared(folder: Path, source: str, target: str, split: Any = "80/10/10") -> Any:
    rules = Rules(split, 1, "last", 0)
    return prepare("t", source, target, rules, Places(None, folder), planted=PLANTED)


def test_each_side_is_the_domain_that_is_named(tmp_path: Path) -> None:
    task = prepared(tmp_path, "synthetic/target", "synthetic/source").task
    assert task.source.domain.name == "synthetic/target"
    assert len(task.source.user_ids) == 30
    assert len(task.target.user_ids) == 40


def test_a_domain_may_be_its_own_source_and_keeps_its_test_rows_out(tmp_path: Path) -> None:
    ready = prepared(tmp_path, "synthetic/target", "synthetic/target")
    (split,) = ready.splits
    assert_array_equal(split.source.rows(TRAIN), split.target.rows(TRAIN))
    assert not set(split.source.rows(TRAIN)) & set(split.target.rows(TEST))
    assert_array_equal(ready.task.source.users, ready.task.target.users)


@pytest.mark.parametrize("split", ["cold-user", "cold-item"])
def test_no_domain_is_its_own_source_where_that_would_show_test_rows(
    tmp_path: Path, split: str
) -> None:
    with pytest.raises(BenchError, match="its own source, and a cold-"):
        prepared(tmp_path, "synthetic/target", "synthetic/target", split)


def test_a_synthetic_domain_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="unknown data 'synthetic/sauce'; did you mean"):
        prepared(tmp_path, "synthetic/sauce", "synthetic/target")


def test_a_split_is_named_by_what_is_planted_otherwise_than_by_default(tmp_path: Path) -> None:
    found = prepared(tmp_path, "synthetic/source", "synthetic/target")
    told = "users=(40, 30) items=(20, 15) shared_users=5 shared_items=2"
    assert list(split_names(found, Rules("80/10/10", 1, "last", 0), PLANTED)) == [
        f"synthetic/{side} 80/10/10 seed=1 fold=0 duplicates=last {told}"
        for side in ("source", "target")
    ]


def test_tasks_of_one_pair_do_not_change_each_other(tmp_path: Path) -> None:
    def row_counts(folder: Path, overlap_users: int | None) -> list[int]:
        rules = Rules("80/10/10", 1, "last", 0, overlap_users)
        names = ("synthetic/source", "synthetic/target")
        task = prepare("t", *names, rules, Places(None, folder), planted=PLANTED).task
        return [len(task.source.domain.rows), len(task.target.domain.rows)]

    overlaps = (2, None, 0, 5)
    apart = [row_counts(tmp_path / str(number), n) for number, n in enumerate(overlaps)]
    assert [row_counts(tmp_path, n) for n in overlaps] == apart
    assert apart[2] < apart[0] < apart[1] == apart[3]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("synthetic/target", "synthetic/target@late"),
        ("synthetic/target@early", "synthetic/target"),
        ("amazon2014-full/musical-instruments", "amazon2014-5core/musical-instruments"),
        ("amazon2014-5core/musical-instruments@early", "amazon2014-full/musical-instruments@late"),
    ],
)
def test_no_source_holds_ratings_of_its_target(tmp_path: Path, source: str, target: str) -> None:
    with pytest.raises(BenchError, match=f"{source} holds ratings of {target}"):
        prepared(tmp_path, source, target)


def test_the_halves_of_a_domain_hold_nothing_of_each_other(tmp_path: Path) -> None:
    task = prepared(tmp_path, "synthetic/target@early", "synthetic/target@late").task
    assert len(task.source.domain.rows) + len(task.target.domain.rows) > 0
