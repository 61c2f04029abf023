"""What a fitted method keeps for figures: representations over epochs, weights, what it read.

Test rows are looked at only after all predictions have been made.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.recommender import (
    Explains,
    KeepsSnapshots,
    KeepsWeights,
    Pairs,
    Recommender,
    Side,
)

SAMPLED = 1000
"""Test rows of each domain that are represented (RecSys-DAN, section V-D6)."""
EXPLAINED = 20
"""Test rows of the target that are shown with what was read of them (as RecSys-DAN, Table V)."""


def artifacts(model: Recommender, task: Task, split: Split) -> dict[str, NDArray[Any]]:
    """Arrays by name, as far as the method offers them.

    ``snapshot-<epoch>`` (n, d) represents the pairs whose domains are ``snapshot-domain`` (n,),
    1 for the source and 0 for the target; ``weights-<name>`` are matrices; ``explanations`` (n,)
    are JSON objects with what was read of a pair, its prediction and its rating.
    """
    found: dict[str, NDArray[Any]] = {}
    if isinstance(model, KeepsSnapshots):
        pairs = {side: _sample(task, split, side, SAMPLED) for side in Side}
        for epoch, embeds in model.snapshots_.items():
            both = [embeds.embed(pairs[side][1]) for side in Side]
            found[f"snapshot-{epoch}"] = np.concatenate(both).astype(np.float32)
        found["snapshot-domain"] = np.repeat([1, 0], [len(pairs[side][1]) for side in Side])
    if isinstance(model, KeepsWeights):
        for name, weights in model.weights_.items():
            found[f"weights-{name}"] = np.asarray(weights, dtype=np.float32)
    if isinstance(model, Explains):
        rows, queried = _sample(task, split, Side.TARGET, EXPLAINED)
        ratings = task.target.ratings[rows]
        told = zip(model.explain(queried), model.predict(queried), ratings, strict=True)
        found["explanations"] = np.array(
            [
                json.dumps({**read, "prediction": predicted, "rating": rating})
                for read, predicted, rating in told
            ]
        )
    return found


def _sample(task: Task, split: Split, side: Side, n: int) -> tuple[NDArray[np.int64], Pairs]:
    """At most ``n`` test rows of a domain, spread over all of them."""
    rows = split.side(side).rows(TEST)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(np.int64))]
    numbered = task.side(side)
    return rows, Pairs(numbered.users[rows], numbered.items[rows], side)
