"""Collective matrix factorisation against its objective, a loop, and a pair that transfers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from baselines.cmf import CMF
from benchmark.data.splits import TEST, TRAIN, DomainSplit, Split, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs, Side

Training = Callable[..., TrainingData]
Rows = Sequence[tuple[int, int, float]]


def random_rows(seed: int, n_users: int, n_items: int, share: float) -> Rows:
    """A share of all pairs, rated 1 to 5; every user and item has at least one."""
    rng = np.random.default_rng(seed)
    rated = rng.random((n_users, n_items)) < share
    rated[np.arange(n_users), rng.integers(n_items, size=n_users)] = True
    rated[rng.integers(n_users, size=n_items), np.arange(n_items)] = True
    return [(int(u), int(i), float(rng.integers(1, 6))) for u, i in np.argwhere(rated)]


@pytest.fixture
def overlapping(training: Training) -> TrainingData:
    """Users of 1 to 25 ratings, so that few and many both occur; half of the users are shared."""
    target, source = random_rows(1, 20, 30, 0.3), random_rows(2, 25, 40, 0.5)
    return training(target, source, shared_users=[(2 * u, u) for u in range(10)], unseen=1)


def test_the_objective_falls_with_every_sweep(overlapping: TrainingData) -> None:
    model = CMF(factors=6, l2=0.5, alpha=0.3, sweeps=40).fit(overlapping, seed=1)
    steps = np.diff(model.history_["objective"])
    assert len(steps) == 39
    assert (steps < 0).all()


@pytest.mark.parametrize("factors", [2, 12])
def test_it_ends_where_the_gradient_of_its_objective_is_nil(
    overlapping: TrainingData, factors: int
) -> None:
    """The objective is written anew, over dictionaries of users, and differentiated by torch."""
    alpha, l2 = 0.3, 1.0
    model = CMF(factors=factors, l2=l2, alpha=alpha, sweeps=3000).fit(overlapping, seed=1)
    shared = {int(t): int(s) for s, t in overlapping.shared_users}
    users, items = torch.tensor(model.users_), torch.tensor(model.items_)
    users.requires_grad_()
    items.requires_grad_()
    total = l2 * (users**2).sum() + l2 * (items**2).sum()
    for side, weight, view in (
        (Side.SOURCE, alpha, overlapping.source),
        (Side.TARGET, 1 - alpha, overlapping.target),
    ):
        d = 0 if side is Side.SOURCE else 1
        mean = view.ratings.mean()
        for u, i, rating in zip(view.users, view.items, view.ratings, strict=True):
            row = model.row_of_user_[d][u]
            if d and int(u) in shared:
                assert row == shared[int(u)]
            p, q = users[row], items[i + d * overlapping.source.n_items]
            score = mean + p[factors + d] + q[factors] + p[:factors] @ q[:factors]
            total = total + weight * (rating - score) ** 2
    total.backward()  # type: ignore[no-untyped-call]
    assert users.grad is not None
    assert items.grad is not None
    assert_allclose(total.item(), model.history_["objective"][-1])
    assert max(users.grad.abs().max().item(), items.grad.abs().max().item()) < 1e-5


def alone(rows: Rows, start: FloatArray, *, l2: float, sweeps: int) -> FloatArray:
    """One matrix factorised by loops and least squares on stacked rows; all its predictions."""
    n_users, n_items = (1 + max(row[axis] for row in rows) for axis in (0, 1))
    q, k = start, start.shape[1] - 1
    p = np.zeros((n_users, k + 1))
    mean = np.mean([rating for *_, rating in rows])

    def regress(x: list[FloatArray], y: list[float]) -> FloatArray:
        stacked = np.vstack([*x, np.sqrt(l2) * np.eye(k + 1)])
        return np.linalg.lstsq(stacked, np.append(y, np.zeros(k + 1)), rcond=None)[0]

    for _ in range(sweeps):
        for u in range(n_users):
            mine = [(i, rating) for user, i, rating in rows if user == u]
            x = [np.append(q[i, :k], 1.0) for i, _ in mine]
            p[u] = regress(x, [rating - mean - q[i, k] for i, rating in mine])
        for i in range(n_items):
            mine = [(u, rating) for u, item, rating in rows if item == i]
            x = [np.append(p[u, :k], 1.0) for u, _ in mine]
            q[i] = regress(x, [rating - mean - p[u, k] for u, rating in mine])
    return np.asarray(mean + p[:, k:] + q[:, k] + p[:, :k] @ q[:, :k].T)


def test_disjoint_users_make_two_separate_factorisations(training: Training) -> None:
    rows = {
        Side.SOURCE: random_rows(3, 15, 20, 0.4),
        Side.TARGET: random_rows(4, 12, 10, 0.4),
    }
    # Alpha weighs a domain as a whole: apart, it does no more than divide the penalty.
    model = CMF(factors=3, l2=0.5, alpha=0.2, sweeps=5)
    model.fit(training(rows[Side.TARGET], rows[Side.SOURCE]), seed=6)
    for d, (side, weight) in enumerate({Side.SOURCE: 0.2, Side.TARGET: 0.8}.items()):
        n_users, n_items = (1 + max(row[axis] for row in rows[side]) for axis in (0, 1))
        start = np.random.default_rng([6, d]).normal(0, 0.1, (n_items, 4))
        expected = alone(rows[side], start, l2=0.5 / weight, sweeps=5)
        every = Pairs(*np.divmod(np.arange(n_users * n_items), n_items), side)
        assert_allclose(model.predict(every), expected.ravel(), rtol=1e-9)


def test_without_shared_users_the_source_cannot_matter(training: Training) -> None:
    target = random_rows(5, 12, 10, 0.4)
    every = Pairs(*np.divmod(np.arange(120), 10))
    predictions = [
        CMF(factors=3, l2=0.5).fit(training(target, source), seed=1).predict(every)
        for source in (random_rows(6, 15, 20, 0.4), random_rows(7, 9, 30, 0.2))
    ]
    assert_array_equal(*predictions)


def test_a_large_penalty_leaves_each_domain_its_mean(overlapping: TrainingData) -> None:
    model = CMF(factors=3, l2=1e9).fit(overlapping, seed=1)
    for side in Side:
        pairs = Pairs(np.arange(5), np.arange(5), side)
        assert_allclose(model.predict(pairs), overlapping.side(side).ratings.mean(), rtol=1e-6)


def test_the_unseen_get_what_is_known_of_the_other(overlapping: TrainingData) -> None:
    model = CMF(factors=3, l2=0.5).fit(overlapping, seed=1)
    user, item = overlapping.target.n_users - 1, overlapping.target.n_items - 1
    both, new_user = model.predict(Pairs(np.array([user, user]), np.array([item, 4])))
    assert both == overlapping.target.ratings.mean()
    assert np.isfinite(new_user)
    assert new_user != both


@pytest.fixture(scope="module")
def transferable() -> tuple[Task, Split]:
    """All users are shared, with many ratings in the source and few in the target."""
    planted = Planted((200, 200), (100, 80), (30, 8), shared_users=200, noise=0.3)
    pair = planted_pair(planted)
    return (
        make_task("transferable", pair.source, pair.target),
        split_task(pair.source, pair.target, "80/10/10", seed=1),
    )


def rmse(task: Task, split: Split) -> float:
    data = training_data(CMF, task, split, text="summary")
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    predicted = CMF(factors=4, l2=0.5).fit(data, seed=1).predict(pairs)
    return float(np.sqrt(np.mean((predicted - task.target.ratings[rows]) ** 2)))


def test_shared_users_lower_the_target_error(transferable: tuple[Task, Split]) -> None:
    task, split = transferable
    nobody = replace(task, shared_users=np.empty((0, 2), dtype=np.int64))
    assert rmse(task, split) < 0.65 < 0.7 < rmse(nobody, split)


def test_users_without_target_ratings_are_known_from_the_source(
    transferable: tuple[Task, Split],
) -> None:
    task, split = transferable
    new = task.target.users < 40
    parts = np.where(new, TEST, TRAIN).astype(np.int8)
    cold = Split(split.source, DomainSplit(parts, "cold"))
    nobody = replace(task, shared_users=np.empty((0, 2), dtype=np.int64))
    assert rmse(task, cold) < 0.9 * rmse(nobody, cold)
