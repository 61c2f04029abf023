"""What a cell's record says of its predictions: metrics and counts of the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.data.splits import TEST, TRAIN, Split
from benchmark.data.task import Numbered, Task
from benchmark.evaluation.metrics import full_ranking, rmse, score
from benchmark.recommender import FloatArray, IntArray, Pairs, Recommender, Side
from benchmark.running.plan import Cell
from benchmark.running.suite import Protocol


def check_finite(cell: Cell, task: Task, split: Split, predicted: Sequence[FloatArray]) -> None:
    """Refuse what cannot be scored.

    Raises:
        ValueError: not one rating for each test row.
        FloatingPointError: a rating is no number or infinite.
    """
    for side, ratings in zip(cell.scored, predicted, strict=True):
        expected = len(split.side(side).rows(TEST))
        if ratings.shape != (expected,):
            raise ValueError(
                f"{cell.method.name} predicted shape {ratings.shape} for {expected} test rows "
                f"of {task.side(side).domain.name}"
            )
        if bad := int((~np.isfinite(ratings)).sum()):
            raise FloatingPointError(
                f"{cell.method.name} predicted {bad} of {expected} test rows of "
                f"{task.side(side).domain.name} as NaN or infinite"
            )


def clipped(
    model: Recommender, ratings: FloatArray, task: Task, side: Side, protocol: Protocol
) -> FloatArray:
    """Ratings (n,) cut off at the ends of the scale, where the protocol has it so."""
    if protocol.clip == "all" or (protocol.clip == "paper" and model.clips):
        return np.clip(ratings, *task.side(side).domain.scale)
    return ratings


def metrics_of_cell(
    cell: Cell,
    model: Recommender,
    task: Task,
    split: Split,
    side: Side,
    ratings: FloatArray,
    protocol: Protocol,
) -> dict[str, float]:
    """The metrics of what a fitted model predicts (n,) for one domain's test rows."""
    metrics = metrics_of_ratings(cell, model, task, split, side, ratings, protocol)
    if protocol.full_ranking_users:
        metrics |= _full_ranking(model, task, split, side, protocol)
    return metrics


def metrics_of_ratings(
    cell: Cell,
    model: Recommender,
    task: Task,
    split: Split,
    side: Side,
    ratings: FloatArray,
    protocol: Protocol,
) -> dict[str, float]:
    """Those metrics that need no more of a model, fitted or not, than whether it clips."""
    return metrics_of_rows(
        task.side(side),
        split.side(side).rows(TEST),
        clipped(model, ratings, task, side, protocol),
        protocol,
        is_first=(side is Side.SOURCE) != cell.reverse,
    )


def metrics_of_rows(
    numbered: Numbered, rows: IntArray, ratings: FloatArray, protocol: Protocol, *, is_first: bool
) -> dict[str, float]:
    """The metrics of one domain's test rows (n,), ratings clipped before or not.

    ``is_first`` says whether it is the first domain of the suite's pair, which the code of DML's
    authors treats differently from the second.
    """
    truth = numbered.ratings[rows]
    metrics = score(
        numbered.users[rows],
        truth,
        ratings,
        scale=numbered.domain.scale,
        relevance=protocol.relevance,
        undefined_precision=1.0 if is_first else 0.0,
    )
    if numbered.domain.ideal is not None:
        metrics["rmse-floor"] = rmse(truth, numbered.domain.ideal[rows])
    return metrics


def _full_ranking(
    model: Recommender, task: Task, split: Split, side: Side, protocol: Protocol
) -> dict[str, float]:
    """P@5 and R@5 when a user's every unseen item is ranked, for the first users by number.

    Numbers follow a hash of the id, so the first ones are a random sample that never changes.
    """
    numbered = task.side(side)
    test, train = split.side(side).rows(TEST), split.side(side).rows(TRAIN)
    liked = test[numbered.ratings[test] >= protocol.relevance]
    users = np.unique(numbered.users[liked])[: protocol.full_ranking_users]
    n_items = len(numbered.item_ids)
    if not len(users):
        return {}  # Undefined, as the metrics over rated items are then.
    every = Pairs(np.repeat(users, n_items), np.tile(np.arange(n_items), len(users)), side)
    per_user = full_ranking(
        model.predict(every).reshape(len(users), n_items),
        seen=_mask(users, n_items, numbered.users[train], numbered.items[train]),
        relevant=_mask(users, n_items, numbered.users[liked], numbered.items[liked]),
        k=5,
    )
    if not len(per_user):
        return {}  # What they like in the test they have all rated in training as well.
    result = per_user.mean()
    return {"p@5-full": result.precision, "r@5-full": result.recall}


def _mask(users: IntArray, n_items: int, row_users: IntArray, row_items: IntArray) -> Any:
    mask = np.zeros((len(users), n_items), dtype=bool)
    position = np.searchsorted(users, row_users).clip(max=len(users) - 1)
    inside = users[position] == row_users
    mask[position[inside], row_items[inside]] = True
    return mask


def counts(task: Task, split: Split, side: Side) -> dict[str, int]:
    """How many rows and users one domain's metrics rest on."""
    numbered = task.side(side)
    train, test = (split.side(side).rows(part) for part in (TRAIN, TEST))
    test_rows_of_user = np.bincount(numbered.users[test])
    return {
        "train": len(train),
        "test": len(test),
        "test_users": int((test_rows_of_user > 0).sum()),
        # With k items or fewer, every order of them has the same precision and recall at k.
        "test_users_with_over_5_rows": int((test_rows_of_user > 5).sum()),
        "test_rows_of_unseen_users": int(
            (~np.isin(numbered.users[test], numbered.users[train])).sum()
        ),
        "test_rows_of_unseen_items": int(
            (~np.isin(numbered.items[test], numbered.items[train])).sum()
        ),
    }
