"""DML's released code: no transfer, and its quirks one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import Tensor

from benchmark.data.splits import TRAIN, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs, Side
from methods.dml import DMLAsReleased
from methods.dml.dual import Ratings
from methods.dml.networks import Mlp

SMALL = DMLAsReleased(epochs=1, autoencoder_steps=20)


@pytest.fixture(scope="module")
def data(task: Task, split: Split) -> TrainingData:
    return training_data(DMLAsReleased, task, split, text="summary")


@pytest.fixture(scope="module")
def pairs(task: Task, split: Split) -> Pairs:
    rows = np.flatnonzero(split.target.parts != TRAIN)
    return Pairs(task.target.users[rows], task.target.items[rows], Side.TARGET)


def predicted(data: TrainingData, pairs: Pairs, **settings: Any) -> FloatArray:
    return replace(SMALL, **settings).fit(data, seed=1).predict(pairs)


def test_nothing_is_transferred(data: TrainingData, pairs: Pairs) -> None:
    source = replace(data.source, ratings=sum(data.source.scale) - data.source.ratings)
    poisoned = replace(data, source=source)
    assert_array_equal(predicted(data, pairs), predicted(poisoned, pairs))


def test_overlap_users_ratings_are_learnt_once_more(data: TrainingData, pairs: Pairs) -> None:
    nobody = replace(data, shared_users=data.shared_users[:0])
    assert np.abs(predicted(data, pairs) - predicted(nobody, pairs)).max() > 1e-3


def test_truncated_embeddings_rate_all_pairs_of_a_domain_alike(
    data: TrainingData, pairs: Pairs
) -> None:
    assert len(np.unique(predicted(data, pairs))) > 100
    assert len(np.unique(predicted(data, pairs, truncated=True))) == 1


def test_the_detour_is_taken_in_training_alone(data: TrainingData, pairs: Pairs) -> None:
    settings = {"epochs": 5, "lr": 0.02}
    target = data.target
    seen = Pairs(target.users, target.items, Side.TARGET)

    def error(detour: bool) -> float:
        miss = predicted(data, seen, detour=detour, **settings) - target.ratings
        return float(np.sqrt(np.mean(miss**2)))

    assert error(True) > error(False) + 0.02


class Counting:
    """A pair of networks that only counts what it is given."""

    def __init__(self) -> None:
        self.architecture = Mlp(2, 4)
        self.batches: list[Tensor] = []

    def step(
        self, networks: tuple[int, ...], pairs: Tensor, kept: Tensor, values: Tensor, w: Tensor
    ) -> Tensor:
        self.batches.append((w > 0).sum(dim=1))
        return torch.zeros_like(values)


def test_a_pass_ends_with_the_shorter_domain() -> None:
    generators = [torch.Generator().manual_seed(k) for k in (0, 1)]
    inputs = [
        Ratings(torch.rand(3, 2), torch.rand(3, 2), ids, ids, torch.rand(n))
        for n in (300, 10)
        for ids in [torch.zeros(n, dtype=torch.int64)]
    ]
    rows = [
        torch.arange(300).view(75, 4),
        torch.tensor([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, -1, -1]]),
    ]
    counting = Counting()
    SMALL._trained(counting, inputs, rows, generators)  # type: ignore[arg-type]
    assert [batch.tolist() for batch in counting.batches] == [[4, 4], [4, 4], [4, 2]]
