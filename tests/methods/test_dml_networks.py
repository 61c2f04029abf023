"""The recommendation networks of Table 10: their gradients, and what they can tell apart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import Tensor

from benchmark.data.splits import Split
from benchmark.data.task import Task
from benchmark.data.views import training_data
from benchmark.recommender import Pairs
from methods.dml import DML
from methods.dml.networks import Architecture, Mlp, NetworkKind, network
from methods.dml.networks.adversarial import EPSILON
from methods.dml.pair import NetworkPair

D, HIDDEN = 4, 8
every_network = pytest.mark.parametrize("kind", get_args(NetworkKind))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(of: Architecture, n: int = 10) -> tuple[list[Tensor], Tensor, Tensor, Tensor, Tensor]:
    """Parameters, pairs, kept units, ratings and weights of two networks, in double precision."""
    draw = generator()
    both = zip(of.initial(draw), of.initial(draw), strict=True)
    kept = torch.rand(2, n, of.dropped, generator=draw).double()
    pairs = torch.empty(2, n, 2 * D).uniform_(-0.5, 0.5, generator=draw).double()
    ratings, weights = torch.rand(2, 2, n, generator=draw).double()
    return [torch.stack(each).double() for each in both], pairs, kept, ratings, weights


@every_network
def test_gradients_are_the_slopes_of_the_loss(kind: NetworkKind) -> None:
    of = network(kind, D, HIDDEN)
    parameters, pairs, kept, ratings, weights = batch(of)
    gradients, to_pairs = [torch.empty_like(p) for p in parameters], torch.empty_like(pairs)
    of.errors(parameters, pairs, kept, ratings, weights, gradients, to_pairs)
    moved = pairs
    if kind == "adversarial":
        uphill = torch.empty_like(pairs)
        Mlp(D, HIDDEN).errors(parameters, pairs, kept, ratings, weights, gradients, uphill)
        of.errors(parameters, pairs, kept, ratings, weights, gradients, to_pairs)
        moved = pairs + EPSILON * torch.nn.functional.normalize(uphill, dim=-1)

    def loss(shift: float, at: int, direction: Tensor) -> float:
        total = 0.0
        for where in (pairs, moved) if kind == "adversarial" else (pairs,):
            values = [*parameters, where]
            values[at] = values[at] + shift * direction
            network_ = Mlp(D, HIDDEN) if kind == "adversarial" else of
            places = [torch.empty_like(p) for p in parameters]
            errors = network_.errors(values[:-1], values[-1], kept, ratings, weights, places)
            total += float((errors.square() * weights).sum())
        return total

    for at, gradient in enumerate([*gradients, to_pairs]):
        direction = torch.randn(gradient.shape, generator=generator(at)).double()
        slope = (loss(1e-7, at, direction) - loss(-1e-7, at, direction)) / 2e-7
        assert_allclose((gradient * direction).sum(), slope, rtol=1e-4, atol=1e-7)


@every_network
def test_without_dropout_errors_are_ratings_less_the_truth(kind: NetworkKind) -> None:
    of = network(kind, D, HIDDEN)
    parameters, pairs, kept, ratings, weights = batch(of)
    gradients = [torch.empty_like(p) for p in parameters]
    errors = of.errors(parameters, pairs, torch.ones_like(kept), ratings, weights, gradients)
    assert_allclose(errors, of(parameters, pairs) - ratings)


@every_network
def test_two_networks_at_once_are_each_of_them_alone(kind: NetworkKind) -> None:
    of = network(kind, D, HIDDEN)
    parameters, pairs, *_ = batch(of)
    together = of(parameters, pairs)
    for k in (0, 1):
        alone = of([p[k : k + 1] for p in parameters], pairs[k : k + 1])
        assert_allclose(together[k : k + 1], alone)


@every_network
def test_a_network_learns_whether_user_and_item_match(kind: NetworkKind) -> None:
    """Ratings are products of user and item, which no sum of the two can tell."""
    of = network(kind, D, 32)
    pair = NetworkPair(of, [generator(1), generator(2)], partial(torch.optim.Adam, lr=2e-2))
    draw = generator(3)
    pairs = torch.empty(2, 256, 2 * D).uniform_(-0.7, 0.7, generator=draw)
    ratings = (pairs[..., :D] * pairs[..., D:]).sum(dim=-1)
    kept, weights = torch.ones(2, 256, of.dropped), torch.full((2, 256), 1 / 256)
    for _ in range(300):
        errors = pair.step((0, 1), pairs, kept, ratings, weights)
    assert errors.square().mean() < 0.4 * ratings.square().mean()


@every_network
def test_ratings_depend_on_nothing_but_the_pair(
    kind: NetworkKind, task: Task, split: Split
) -> None:
    data = training_data(DML, task, split, text="summary")
    model = DML(network=kind, epochs=1, autoencoder_steps=10).fit(data, seed=1)
    users, items = data.target.users, data.target.items
    order = np.random.default_rng(1).permutation(len(users))
    shuffled = model.predict(Pairs(users[order], items[order]))
    assert_array_equal(shuffled, model.predict(Pairs(users, items))[order])
    again = replace(model).fit(data, seed=1).predict(Pairs(users[order], items[order]))
    assert_array_equal(shuffled, again)
