"""Adapter to scikit-surprise: a view as its training set, and its predictions of pairs.

N. Hug, "Surprise: a Python library for recommender systems", JOSS 5(52), 2020.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from surprise import AlgoBase, Trainset

from benchmark.data.views import DomainView
from benchmark.recommender import FloatArray, Pairs


def trainset(view: DomainView) -> Trainset:
    """The training rows as the library would hold them, without its files and data frames.

    Users and items are numbered by first appearance, which is the library's own order: the same
    seed then gives the factors that it would give on its own.
    """
    users, user_ids = pd.factorize(view.users)
    items, item_ids = pd.factorize(view.items)
    by_user: dict[int, list[tuple[int, float]]] = defaultdict(list)
    by_item: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for u, i, rating in zip(users.tolist(), items.tolist(), view.ratings.tolist(), strict=True):
        by_user[u].append((i, rating))
        by_item[i].append((u, rating))
    return Trainset(
        by_user,
        by_item,
        len(user_ids),
        len(item_ids),
        len(users),
        view.scale,
        {raw: inner for inner, raw in enumerate(user_ids.tolist())},
        {raw: inner for inner, raw in enumerate(item_ids.tolist())},
    )


def estimates(model: AlgoBase, pairs: Pairs) -> FloatArray:
    """The library's predictions (n,), not clipped; its own default for unseen users and items."""
    predictions = (
        model.predict(user, item, clip=False).est
        for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
    )
    return np.fromiter(predictions, dtype=np.float64, count=len(pairs))
