"""What a record counts of the rows that were scored."""

from __future__ import annotations

from collections import Counter

from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.recommender import Side
from benchmark.running.cell import _counts


def test_a_record_counts_the_users_whom_a_list_of_five_can_order(task: Task, split: Split) -> None:
    counts = _counts(task, split, Side.SOURCE)
    rows = split.source.rows(TEST)
    items_of = Counter(task.source.users[rows].tolist())
    assert counts["test"] == len(rows) == sum(items_of.values())
    assert counts["test_users"] == len(items_of)
    over = sum(count > 5 for count in items_of.values())
    assert 0 < over < len(items_of)
    assert counts["test_users_with_over_5_rows"] == over
