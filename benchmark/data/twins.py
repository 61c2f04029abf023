"""Ratings that both domains of a task hold: a product in two categories has its reviews twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmark.data.splits import LEFT_OUT, TRAIN, DomainSplit, Split
from benchmark.data.task import Task
from benchmark.recommender import IntArray, Side

_OF_ONE_RATING = ["user", "item", "time", "rating"]


def twins(task: Task) -> IntArray:
    """The rows (k, 2) of source and target that are one rating: user, item, time and stars."""
    if not (len(task.shared_users) and len(task.shared_items)):
        return np.empty((0, 2), dtype=np.int64)
    source, target = (
        task.side(side).domain.rows[_OF_ONE_RATING].reset_index(drop=True).reset_index()
        for side in Side
    )
    both = source.merge(target, on=_OF_ONE_RATING, suffixes=("", "_of_target"))
    return both[["index", "index_of_target"]].to_numpy(dtype=np.int64)


def without_twins(task: Task, split: Split) -> Split:
    """The split without the training rows whose twin is held out in the other domain.

    A hash divides equal rows alike, but for those at the borders of the parts; a cold or a
    temporal split divides the domains differently.
    """
    source, target = twins(task).T
    return Split(
        _without(split.source, source, split.target.parts[target]),
        _without(split.target, target, split.source.parts[source]),
    )


def _without(split: DomainSplit, rows: IntArray, parts_of_twins: IntArray) -> DomainSplit:
    parts = split.parts.copy()
    parts[rows[(parts[rows] == TRAIN) & (parts_of_twins != TRAIN)]] = LEFT_OUT
    return replace(split, parts=parts)
