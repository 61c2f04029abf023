"""CoNet against plain towers, autograd, a usual training loop, and a pair that transfers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import Tensor, nn

from baselines.conet import CoNet
from baselines.counterparts import Counterparts
from baselines.cross_network import CrossNetwork, Instances, instances
from baselines.merged_ratings import Ratings
from baselines.target_mean import TargetMean
from benchmark.data.splits import TEST, TRAIN, DomainSplit, Split, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs, Side
from scripts.measure.conet_epoch import measure

Training = Callable[..., TrainingData]
N_USERS, N_ITEMS = 12, 9


@pytest.fixture
def network() -> CrossNetwork:
    """Towers 16-8-4-2-1 with parameters large enough for all of them to matter."""
    network = CrossNetwork(N_USERS, N_ITEMS, 2, torch.Generator().manual_seed(1))
    network.vector.normal_(0, 0.5, generator=torch.Generator().manual_seed(2))
    return network


@pytest.fixture
def rows() -> Instances:
    rng = np.random.default_rng(1)
    users, side = rng.integers(N_USERS, size=40), rng.integers(2, size=40)
    items, others = rng.integers(N_ITEMS, size=(2, 40))
    return instances(users, items, side, others, rng.random(40) < 0.6)


def towers(parts: list[Tensor], rows: Instances) -> Tensor:
    """Section 4.2, written out a tower at a time; ratings (2, n) of both items."""
    table_u, table_i, w1, b1, w2, b2, w3, b3, w4, b4, h1, h2 = parts
    a, b = (torch.cat([table_u[rows.users], table_i[rows.items[d]]], dim=1) for d in (0, 1))
    for w, bias, h in ((w1, b1, h1), (w2, b2, h2), (w3, b3, None), (w4, b4, None)):
        to_a, to_b = a @ w[0] + bias[0], b @ w[1] + bias[1]
        if h is not None:
            to_a, to_b = to_a + rows.crossed * (b @ h), to_b + rows.crossed * (a @ h)
        a, b = (to_a, to_b) if w is w4 else (to_a.relu(), to_b.relu())
    return torch.stack([a.squeeze(1), b.squeeze(1)])


def test_the_towers_are_those_of_the_authors_code() -> None:
    network = CrossNetwork(N_USERS, N_ITEMS, 8, torch.Generator().manual_seed(1))
    assert [tuple(part.shape) for part in network.parts[2::2]] == [
        (2, 64, 32),
        (2, 32, 16),
        (2, 16, 8),
        (2, 8, 1),
        (64, 32),
    ]
    assert [tuple(h.shape) for h in network.cross_units] == [(64, 32), (32, 16)]
    assert network.parts[0].shape == (N_USERS, 32)


def test_ratings_are_those_of_towers_written_out(network: CrossNetwork, rows: Instances) -> None:
    expected = towers(network.parts, rows)
    ours = network.rate(rows)
    assert_allclose(ours, torch.where(rows.rated[0] == 1, *expected), rtol=1e-5, atol=1e-6)


def test_zero_cross_units_make_two_multilayer_perceptrons(
    network: CrossNetwork, rows: Instances
) -> None:
    for h in network.cross_units:
        h.zero_()
    table_u, table_i, *layers = network.parts[:10]
    for d in (0, 1):
        parts: list[nn.Module] = []
        for w, b in zip(layers[::2], layers[1::2], strict=True):
            linear = nn.Linear(*w[d].shape)
            linear.weight.data, linear.bias.data = w[d].T.contiguous(), b[d, 0]
            parts += [linear, nn.ReLU()]
        perceptron = nn.Sequential(*parts[:-1])
        inputs = torch.cat([table_u[rows.users], table_i[rows.items[d]]], dim=1)
        of = rows.rated[d] == 1
        with torch.no_grad():
            assert_allclose(
                network.rate(rows)[of], perceptron(inputs)[of, 0], rtol=1e-6, atol=1e-6
            )


def test_where_nothing_crosses_the_other_item_does_not_matter(
    network: CrossNetwork, rows: Instances
) -> None:
    rolled = replace(
        rows, items=torch.where(rows.rated == 1, rows.items, rows.items.roll(1, dims=1))
    )
    same = network.rate(rows) == network.rate(rolled)
    assert same[rows.crossed[:, 0] == 0].all()
    assert not same[rows.crossed[:, 0] == 1].all()


@pytest.mark.parametrize("l1", [0.0, 0.01])
def test_the_gradient_is_autograds(network: CrossNetwork, rows: Instances, l1: float) -> None:
    values = torch.rand(len(rows), generator=torch.Generator().manual_seed(3))
    parts = [part.clone().requires_grad_() for part in network.parts]
    errors = (towers(parts, rows) - values) * rows.rated
    penalty = sum(h.abs().sum() for h in parts[-2:])
    loss = errors.square().sum() / len(rows) + l1 * penalty
    loss.backward()
    total = network.learn(rows, values, l1)
    assert_allclose(total, errors.square().sum().item(), rtol=1e-5)
    expected = torch.cat([part.grad.flatten() for part in parts if part.grad is not None])
    assert_allclose(network.gradient, expected, rtol=1e-4, atol=1e-6)


def test_an_epoch_is_that_of_the_usual_loop() -> None:
    _, apart = measure(600, 2, 64)
    assert apart < 1e-6


def test_a_rating_stands_beside_one_that_its_user_gave_in_the_other_domain() -> None:
    users, items = np.array([0, 0, 1, 0, 2]), np.array([0, 1, 1, 5, 6])
    side = np.array([0, 0, 0, 1, 1])
    counterparts = Counterparts(Ratings(users, items, side, np.ones(5)), n_users=4)
    rng = np.random.default_rng(1)
    others, found = counterparts.draw(users, 1 - side, rng)
    assert found.tolist() == [True, True, False, True, False]
    assert others[:2].tolist() == [5, 5]
    drawn, _ = counterparts.draw(np.zeros(50, dtype=np.int64), 0, rng)
    assert set(drawn.tolist()) == {0, 1}
    assert not counterparts.draw(np.array([3]), 1, rng)[1].any()


@pytest.fixture(scope="module")
def data(task: Task, split: Split) -> TrainingData:
    return training_data(CoNet, task, split, text="summary")


def rmse(model: CoNet | TargetMean, task: Task, split: Split) -> float:
    rows = split.target.rows(TEST)
    predicted = model.predict(Pairs(task.target.users[rows], task.target.items[rows]))
    return float(np.sqrt(np.mean((predicted - task.target.ratings[rows]) ** 2)))


def test_it_beats_the_target_mean(data: TrainingData, task: Task, split: Split) -> None:
    mean = rmse(TargetMean().fit(data, seed=1), task, split)
    assert rmse(CoNet(lr=3e-3, batch_size=32).fit(data, seed=1), task, split) < mean - 0.02


def some_pairs(data: TrainingData, users: FloatArray) -> Pairs:
    return Pairs(np.repeat(users, 5), np.tile(np.arange(5), len(users)), Side.TARGET)


def test_what_the_source_says_crosses_to_shared_users_only(training: Training) -> None:
    rng = np.random.default_rng(1)
    rows = [(u, i, float(rng.integers(1, 6))) for u in range(12) for i in rng.permutation(8)[:5]]
    data = training(rows, rows, shared_users=[(u, u) for u in range(6)])
    model = CoNet(epochs=1, batch_size=1000, held_out=0.05, lr=0.05).fit(data, seed=1)
    _, found = model.beside_[1]
    assert found[model.row_of_user_[1][:6]].all()
    assert not found[model.row_of_user_[1][6:]].any()
    own = some_pairs(data, np.arange(6, 12))
    shared = some_pairs(data, np.arange(6))
    before = [model.predict(pairs) for pairs in (own, shared)]
    model.network_.parts[1][:8] += 1.0  # The source's items.
    assert_array_equal(model.predict(own), before[0])
    assert np.abs(model.predict(shared) - before[1]).min() > 0


def test_without_crossing_no_item_of_the_source_matters(data: TrainingData) -> None:
    model = CoNet(epochs=1, cross=False).fit(data, seed=1)
    pairs = some_pairs(data, np.arange(20))
    before = model.predict(pairs)
    model.network_.parts[1][: data.source.n_items] += 1.0
    assert_array_equal(model.predict(pairs), before)


def test_the_penalty_thins_out_the_cross_units(data: TrainingData) -> None:
    def size(l1: float) -> float:
        model = CoNet(l1=l1, epochs=5, patience=5).fit(data, seed=1)
        return float(model.network_.cross_units[0].abs().sum())

    assert size(0.1) < 0.2 * size(0.0)


def test_the_best_epoch_is_kept(data: TrainingData, task: Task) -> None:
    model = CoNet(lr=5e-3).fit(data, seed=1)
    best = 1 + int(np.argmin(model.history_["held-out RMSE"]))
    assert model.facts_["best epoch"] == best
    short = CoNet(lr=5e-3, epochs=best).fit(data, seed=1)
    pairs = some_pairs(data, np.arange(30))
    assert_array_equal(short.predict(pairs), model.predict(pairs))


@pytest.mark.slow
def test_users_without_target_ratings_are_known_from_the_source() -> None:
    """All users are shared; a fifth of them have no ratings in the target to learn from."""
    planted = Planted((200, 200), (100, 80), (30, 20), shared_users=200, noise=0.3)
    pair = planted_pair(planted)
    task = make_task("transferable", pair.source, pair.target)
    split = split_task(pair.source, pair.target, "80/10/10", seed=1)
    parts = np.where(task.target.users < 40, TEST, TRAIN).astype(np.int8)
    cold = Split(split.source, DomainSplit(parts, "cold"))
    nobody = replace(task, shared_users=np.empty((0, 2), dtype=np.int64))
    together, apart = (
        rmse(
            CoNet(lr=3e-3, batch_size=32, epochs=10).fit(
                training_data(CoNet, known, cold, text="summary"), seed=1
            ),
            known,
            cold,
        )
        for known in (task, nobody)
    )
    assert together < 0.95 * apart
