"""What a record says of the rows that were scored."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from misbehaving import Misbehaving

from benchmark.data.splits import TEST, Split
from benchmark.data.task import Numbered, Task
from benchmark.recommender import Side
from benchmark.running.scoring import _full_ranking, counts
from benchmark.running.suite import Protocol


def test_a_record_counts_the_users_whom_a_list_of_five_can_order(task: Task, split: Split) -> None:
    found = counts(task, split, Side.SOURCE)
    rows = split.source.rows(TEST)
    items_of = Counter(task.source.users[rows].tolist())
    assert found["test"] == len(rows) == sum(items_of.values())
    assert found["test_users"] == len(items_of)
    over = sum(count > 5 for count in items_of.values())
    assert 0 < over < len(items_of)
    assert found["test_users_with_over_5_rows"] == over


def test_a_full_ranking_without_a_relevant_item_is_undefined_and_no_failure(
    task: Task, split: Split
) -> None:
    protocol = Protocol(full_ranking_users=5, relevance=5)
    model = Misbehaving()
    assert set(_full_ranking(model, task, split, Side.TARGET, protocol)) == {
        "p@5-full",
        "r@5-full",
    }
    rows = task.target.domain.rows
    disliked = rows.assign(rating=rows["rating"].clip(upper=4))
    numbered: Numbered = replace(task.target, domain=replace(task.target.domain, rows=disliked))
    nobody = replace(task, target=numbered)
    assert _full_ranking(model, nobody, split, Side.TARGET, protocol) == {}
