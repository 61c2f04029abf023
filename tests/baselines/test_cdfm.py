"""The factorisation machine against its sum over pairs, its gradient, and planted transfer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from baselines.cdfm import CDFM, source_rows
from baselines.gibbs_fm import GibbsFM, _colours, drawn
from benchmark.data.splits import TEST, TRAIN, DomainSplit, Split, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs

Training = Callable[..., TrainingData]

USERS, ITEMS, COLUMNS, K = 12, 9, 15, 3


@pytest.fixture
def machine() -> GibbsFM:
    """A user without auxiliary row, a column without user, a rating that stands there twice."""
    rng = np.random.default_rng(3)
    users, items = rng.integers(USERS - 1, size=60), rng.integers(ITEMS - 1, size=60)
    users[1], items[1] = users[0], items[0]
    rated = (rng.random((USERS, COLUMNS)) < 0.3) * rng.uniform(0.2, 1, (USERS, COLUMNS))
    rated[2], rated[:, 4] = 0, 0
    y = rng.integers(1, 6, size=60).astype(float)
    machine = GibbsFM(users, items, y, sparse.csr_matrix(rated), ITEMS, K, rng)
    for block in machine.blocks:
        block[:] = rng.normal(0, 0.5, block.shape)
    return machine


def design(machine: GibbsFM) -> FloatArray:
    """The rows written out: one-hot user, one-hot item, auxiliary (n, columns)."""
    users, items = machine.rows
    return np.hstack([np.eye(USERS)[users], np.eye(ITEMS)[items], machine.a.toarray()[users]])


def test_the_pairwise_term_is_the_sum_over_pairs_of_columns(machine: GibbsFM) -> None:
    w, v = np.split(np.vstack(machine.blocks), [1], axis=1)
    predicted = machine.predict(*machine.rows)
    for x, y in zip(design(machine), predicted, strict=True):
        pairs = sum(x[j] * x[m] * v[j] @ v[m] for j, m in combinations(range(len(x)), 2))
        assert_allclose(y, machine.w0 + w[:, 0] @ x + pairs)


def test_without_noise_the_updates_end_where_the_gradient_is_nil(machine: GibbsFM) -> None:
    """The posterior is written anew over the dense design and differentiated by torch."""
    machine.alpha = 2.0
    machine.precisions = np.random.default_rng(1).uniform(0.5, 3, (3, 1 + K))
    machine.means = np.random.default_rng(2).normal(0, 0.3, (3, 1 + K))
    for _ in range(400):
        machine.update(None)
    theta = [torch.tensor(block, requires_grad=True) for block in machine.blocks]
    x = torch.tensor(design(machine))
    w, v = torch.vstack(theta).split([1, K], dim=1)
    crossed = (x @ v) ** 2 - x**2 @ v**2
    y = machine.w0 + (x @ w)[:, 0] + crossed.sum(dim=1) / 2
    energy = machine.alpha / 2 * ((torch.tensor(machine.y) - y) ** 2).sum()
    for block, mean, precision in zip(theta, machine.means, machine.precisions, strict=True):
        energy = energy + (torch.tensor(precision) * (block - torch.tensor(mean)) ** 2).sum() / 2
    energy.backward()  # type: ignore[no-untyped-call]
    for block, seen in zip(theta, machine.seen, strict=True):
        assert block.grad is not None
        assert block.grad[seen].abs().max() < 1e-3


def test_draws_have_the_mean_and_the_covariance_of_their_normal() -> None:
    precision, rhs = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([1.0, -2.0])
    draws = drawn(
        np.tile(precision, (40_000, 1, 1)), np.tile(rhs, (40_000, 1)), np.random.default_rng(1)
    )
    assert_allclose(draws.mean(axis=0), np.linalg.solve(precision, rhs), atol=0.02)
    assert_allclose(np.cov(draws.T), np.linalg.inv(precision), atol=0.03)


def test_columns_of_one_colour_share_no_user_and_all_columns_have_one(machine: GibbsFM) -> None:
    warm = np.unique(machine.rows[0])
    drawn_columns = []
    for columns, starts, of, users, values in _colours(machine.a, warm):
        assert len(np.unique(users)) == len(users)
        assert_array_equal(starts, np.searchsorted(of, np.arange(len(columns))))
        assert_array_equal(values[:, 0], machine.a.toarray()[users, columns[of]])
        drawn_columns += columns.tolist()
    seen = np.flatnonzero(machine.a.toarray()[warm].any(axis=0))
    assert_array_equal(np.sort(drawn_columns), seen)


def test_the_chain_finds_the_noise_of_its_data() -> None:
    rng = np.random.default_rng(5)
    users, items = np.divmod(rng.permutation(60 * 50)[:2400], 50)
    p, q = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    y = 3 + (p[users] * q[items]).sum(axis=1) + rng.normal(0, 0.3, 2400)
    machine = GibbsFM(users, items, y, sparse.csr_matrix((60, 1)), 50, 2, rng)
    noise = []
    for sweep in range(60):
        machine.sweep(rng)
        if sweep >= 20:
            noise.append(machine.alpha**-0.5)
    assert np.mean(noise) == pytest.approx(0.3, abs=0.02)


def test_a_users_row_is_the_training_ratings_over_their_number(training: Training) -> None:
    source = [(0, 0, 4.0), (0, 2, 2.0), (1, 1, 5.0), (2, 2, 3.0), (0, 2, 2.0)]
    data = training([(0, 0, 3.0), (1, 0, 4.0), (2, 1, 1.0)], source, shared_users=[(0, 2), (2, 0)])
    expected = [[0, 0, 1.0 * 3], [0, 0, 0], [4 / 3, 0, 4 / 3]]
    assert_allclose(source_rows(data).toarray(), expected)


def test_without_shared_users_the_source_cannot_matter(training: Training) -> None:
    target = [(u, i, float(1 + (u * i) % 5)) for u in range(6) for i in range(5)]
    every = Pairs(*np.divmod(np.arange(30), 5))
    model = CDFM(factors=2, sweeps=5, burn_in=1)
    predictions = [
        model.fit(training(target, source), seed=1).predict(every)
        for source in ([(0, 0, 1.0), (1, 1, 2.0)], [(u, 0, 5.0) for u in range(4)])
    ]
    assert_array_equal(*predictions)


def test_whoever_has_no_rows_is_at_the_mean_of_the_others(machine: GibbsFM) -> None:
    machine.sweep(np.random.default_rng(1))
    for block, mean, unseen in zip(
        machine.blocks, machine.means, (USERS - 1, ITEMS - 1), strict=False
    ):
        assert_array_equal(block[unseen], mean)


def test_what_only_users_without_rows_have_rated_in_the_source_counts_for_nothing(
    machine: GibbsFM,
) -> None:
    machine.sweep(np.random.default_rng(1))
    assert_array_equal(machine.blocks[2][4], 0)
    assert machine.blocks[2][5].all()


def test_each_draw_is_cut_to_the_range_of_the_ratings(training: Training) -> None:
    target = [(u, i, float(2 + (u * i) % 3)) for u in range(6) for i in range(5)]
    every = Pairs(*np.divmod(np.arange(30), 5))
    model = CDFM(factors=2, sweeps=5, burn_in=1).fit(training(target), seed=1)
    model.users_ *= 100
    assert model.predict(every).min() >= 2
    assert model.predict(every).max() == 4


@pytest.fixture(scope="module")
def transferable() -> tuple[Task, Split]:
    """All users are shared, and the source is small enough to be known well."""
    planted = Planted((600, 600), (24, 40), (12, 12), shared_users=600, noise=0.3)
    pair = planted_pair(planted)
    return (
        make_task("transferable", pair.source, pair.target),
        split_task(pair.source, pair.target, "80/10/10", seed=1),
    )


def rmse(task: Task, split: Split) -> float:
    data = training_data(CDFM, task, split, text="summary")
    rows = split.target.rows(TEST)
    pairs = Pairs(task.target.users[rows], task.target.items[rows])
    predicted = CDFM(factors=4, sweeps=50).fit(data, seed=1).predict(pairs)
    return float(np.sqrt(np.mean((predicted - task.target.ratings[rows]) ** 2)))


def test_users_without_target_ratings_are_known_from_the_source(
    transferable: tuple[Task, Split],
) -> None:
    task, split = transferable
    parts = np.where(task.target.users < 100, TEST, TRAIN).astype(np.int8)
    cold = Split(split.source, DomainSplit(parts, "cold"))
    nobody = replace(task, shared_users=np.empty((0, 2), dtype=np.int64))
    assert rmse(task, cold) < 0.95 * rmse(nobody, cold)
