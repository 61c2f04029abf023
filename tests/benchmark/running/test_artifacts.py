"""What figures need is taken of the fitted method, from test rows, and comes back as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import assert_array_equal

from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.recommender import FloatArray, Pairs, Side
from benchmark.running.artifacts import artifacts
from benchmark.running.records import Record, Status, Store


class Telling:
    """Represents a pair by its indices times the epoch."""

    def __init__(self, epoch: int = 1) -> None:
        self.epoch = epoch

    @property
    def snapshots_(self) -> dict[int, Telling]:
        return {0: Telling(0), 3: Telling(3)}

    @property
    def weights_(self) -> dict[str, FloatArray]:
        return {"source": np.eye(2)}

    def embed(self, pairs: Pairs) -> FloatArray:
        return self.epoch * np.column_stack([pairs.users, pairs.items]).astype(float)

    def explain(self, pairs: Pairs) -> list[dict[str, str]]:
        return [{"user": f"words of {user}"} for user in pairs.users]

    def predict(self, pairs: Pairs) -> FloatArray:
        return np.full(len(pairs), 2.5)


def test_snapshots_are_of_test_rows_of_both_domains(task: Task, split: Split) -> None:
    found = artifacts(Telling(), task, split)  # type: ignore[arg-type]
    source = found["snapshot-3"][found["snapshot-domain"] == 1] / 3
    rows = split.source.rows(TEST)
    pairs = set(zip(task.source.users[rows], task.source.items[rows], strict=True))
    assert {(int(user), int(item)) for user, item in source} <= pairs
    assert not found["snapshot-0"].any()
    assert_array_equal(found["weights-source"], np.eye(2))


def test_explanations_stand_beside_prediction_and_rating(task: Task, split: Split) -> None:
    told = [json.loads(text) for text in artifacts(Telling(), task, split)["explanations"]]  # type: ignore[arg-type]
    rows = split.side(Side.TARGET).rows(TEST)
    assert told[0]["user"] == f"words of {task.target.users[rows[0]]}"
    assert told[0]["prediction"] == 2.5
    assert told[0]["rating"] == task.target.ratings[rows[0]]


def test_a_method_that_offers_nothing_keeps_nothing(task: Task, split: Split) -> None:
    class Silent:
        pass

    assert artifacts(Silent(), task, split) == {}  # type: ignore[arg-type]


def test_artifacts_come_back_as_they_were_put(tmp_path: Path) -> None:
    store = Store(tmp_path, "s")
    store.create()
    values: dict[str, Any] = dict.fromkeys(("task", "source", "target", "method"), "x")
    record = Record(key="k", suite="s", seed=1, fold=0, status=Status.OK, **values)
    assert store.artifacts_of("k") == {}
    assert not store.has_artifacts("k")
    store.put(record, artifacts={"a": np.arange(3)})
    assert store.has_artifacts("k")
    assert_array_equal(store.artifacts_of("k")["a"], np.arange(3))
