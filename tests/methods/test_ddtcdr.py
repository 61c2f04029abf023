"""DDTCDR: its hybrid loss against autograd, and what the released code makes of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from benchmark.data.splits import TRAIN, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, training_data
from benchmark.errors import BenchError
from benchmark.recommender import FloatArray, Pairs, Side
from methods.ddtcdr import DDTCDR
from methods.ddtcdr.transfer import DualTransfer
from methods.dml import DML
from methods.dml.dual import Ratings
from methods.dml.networks import Mlp
from methods.dml.pair import NetworkPair

SMALL = DDTCDR(epochs=1, batch_size=128, autoencoder_steps=50)
ALPHA = 0.3


@pytest.fixture(scope="module")
def data(task: Task, split: Split) -> TrainingData:
    return training_data(DML, task, split, text="summary")


def held_out(task: Task, split: Split, side: Side) -> tuple[Pairs, FloatArray]:
    numbered, rows = task.side(side), np.flatnonzero(split.side(side).parts != TRAIN)
    return Pairs(numbered.users[rows], numbered.items[rows], side), numbered.ratings[rows]


def domain(n: int, seed: int, dimension: int = 3) -> Ratings:
    """So many ratings of as many users and items."""
    draw = torch.Generator().manual_seed(seed)
    tables = [torch.randn(n, dimension, generator=draw) for _ in range(2)]
    rows = torch.arange(n)
    return Ratings(*tables, rows, rows, torch.rand(n, generator=draw))


def transfer(a: Ratings, b: Ratings, alpha: float | None = ALPHA) -> DualTransfer:
    """Without dropout, in batches that hold either domain whole."""
    first, second = (torch.Generator().manual_seed(seed) for seed in (1, 2))
    adam = partial(torch.optim.Adam, lr=1e-3)
    networks = NetworkPair(Mlp(3, 8), (first, second), adam)
    return DualTransfer(networks, (a, b), (first, second), alpha, 0.0, 16, adam)


@pytest.mark.parametrize("sizes", [(16, 16), (11, 14)])
def test_a_step_descends_the_hybrid_loss(sizes: tuple[int, int]) -> None:
    """Written out: (1 - a) MSE of RS_A(u, i) + a MSE of RS_B(X u, i), and the same of B by X^T."""
    a, b = (domain(n, seed) for seed, n in enumerate(sizes))
    learning = transfer(a, b)
    learning.map.copy_(torch.linalg.qr(torch.randn(3, 3)).Q)
    x = learning.map.clone().requires_grad_()
    parameters = [[p.requires_grad_() for p in learning.networks.parameters(k)] for k in (0, 1)]

    def error(network: int, users: torch.Tensor, of: Ratings) -> torch.Tensor:
        pairs = torch.cat([users, of.item_table], dim=1)
        rated = learning.networks.architecture(parameters[network], pairs[None])[0]
        return (rated - of.values).square().mean()

    own_a, own_b = error(0, a.user_table, a), error(1, b.user_table, b)
    crossed = error(1, a.user_table @ x.T, a) + error(0, b.user_table @ x, b)
    ((1 - ALPHA) * (own_a + own_b) + ALPHA * crossed).backward()
    losses = learning.epoch()
    assert_allclose(losses, [own_a.item(), own_b.item()], rtol=1e-5)
    assert learning.map.grad is not None
    assert x.grad is not None
    assert_allclose(learning.map.grad, x.grad, rtol=1e-4, atol=1e-6)
    for k in (0, 1):
        expected = torch.cat([p.grad.flatten() for p in parameters[k] if p.grad is not None])
        before = torch.cat([p.detach().flatten() for p in parameters[k]])
        after = torch.cat([p.flatten() for p in learning.networks.parameters(k)])
        # Adam's first step is as long as its rate, against the gradient's sign.
        sure = expected.abs() > 1e-4
        assert_allclose((after - before)[sure], -1e-3 * expected.sign()[sure], rtol=1e-2)


def test_the_longer_domain_is_rated_to_its_end() -> None:
    short, long = domain(5, 1), domain(50, 2)
    losses = transfer(short, long).epoch()
    assert all(np.isfinite(losses))
    changed = replace(long, values=long.values.clone())
    changed.values[-20:] += 1.0
    assert transfer(short, changed).epoch()[1] > losses[1]


def test_the_released_code_trains_two_networks_that_do_not_meet() -> None:
    a, b = domain(40, 1), domain(25, 2)
    other = domain(60, 3)
    together, apart = transfer(a, b, alpha=None), transfer(a, other, alpha=None)
    assert together.epoch()[0] == apart.epoch()[0]
    for ours, theirs in zip(
        together.networks.parameters(0), apart.networks.parameters(0), strict=True
    ):
        assert_array_equal(ours, theirs)
    assert_array_equal(together.map, np.eye(3))


def test_as_released_it_is_dml_without_dual_learning(
    data: TrainingData, task: Task, split: Split
) -> None:
    released = DDTCDR("as-released", epochs=1, dropout=0.0, autoencoder_steps=50)
    alone = DML(dual="off", epochs=1, dropout=0.0, autoencoder_steps=50)
    fitted = [model.fit(data, seed=1) for model in (released, alone)]
    for side in Side:
        pairs, _ = held_out(task, split, side)
        ours, theirs = (model.predict(pairs) for model in fitted)
        assert_allclose(ours, theirs, rtol=1e-4)


def mirrored_source(data: TrainingData) -> TrainingData:
    source = replace(data.source, ratings=sum(data.source.scale) - data.source.ratings)
    return replace(data, source=source)


@pytest.mark.parametrize("version", ["paper", "as-released"])
def test_the_sources_ratings_matter_only_as_the_paper_has_it(
    version: str, data: TrainingData, task: Task, split: Split
) -> None:
    pairs, _ = held_out(task, split, Side.TARGET)
    model = replace(SMALL, version=version)
    clean, poisoned = (
        replace(model).fit(d, seed=1).predict(pairs) for d in (data, mirrored_source(data))
    )
    assert (np.abs(clean - poisoned).max() > 1e-3) == (version == "paper")
    assert (clean == poisoned).all() == (version == "as-released")


def test_the_map_is_orthogonal_and_has_moved(data: TrainingData) -> None:
    model = SMALL.fit(data, seed=1)
    assert_allclose(model.map_ @ model.map_.T, np.eye(16), atol=1e-5)
    assert np.abs(model.map_ - np.eye(16)).max() > 0.01


def test_both_domains_are_predicted_better_than_by_their_means(
    data: TrainingData, task: Task, split: Split
) -> None:
    model = DDTCDR(epochs=10, autoencoder_steps=300).fit(data, seed=1)
    for side in Side:
        pairs, ratings = held_out(task, split, side)
        mean = task.side(side).ratings[split.side(side).rows(TRAIN)].mean()
        errors = [np.sqrt(np.mean((p - ratings) ** 2)) for p in (model.predict(pairs), mean)]
        assert errors[0] < 0.95 * errors[1]


def test_an_unknown_version_is_named_with_its_nearest() -> None:
    with pytest.raises(BenchError, match=r"ddtcdr: version = 'released' .* 'as-released'"):
        DDTCDR("released")  # type: ignore[arg-type]
