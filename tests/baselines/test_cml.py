"""Collaborative metric learning against three points by hand, its ball, and planted likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from baselines.bias import Bias
from baselines.cml import CML, covariance_loss, ranking_loss
from benchmark.data.views import TrainingData
from benchmark.recommender import Pairs

Training = Callable[..., TrainingData]

USER, LIKE = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]])
# At squared distances 0.25, 0.5, 1 and 0.01 of the user; the first is the like itself.
ITEMS = torch.tensor([[0.5, 0.0], [0.5, 0.5], [0.6, 0.8], [0.0, 0.1]])


def loss(others: list[int], counts: list[bool] | None = None, margin: float = 0.5) -> float:
    drawn = torch.tensor([others])
    kept = torch.tensor([counts or [True] * len(others)])
    return ranking_loss(USER, LIKE, ITEMS, drawn, kept, margin).item()


def test_one_item_too_near_costs_its_hinge_times_the_log_of_its_rank() -> None:
    # 0.5 + 0.25 - 0.5 = 0.25 over; the one item drawn is nearer, so that all 4 are thought to be.
    assert loss([1]) == pytest.approx(np.log(5) * 0.25)


def test_an_item_beyond_the_margin_costs_nothing() -> None:
    assert loss([2]) == 0


def test_the_nearest_of_the_drawn_counts_and_their_share_is_the_rank() -> None:
    # Of three, one is nearer than the margin: rank 4/3.
    assert loss([2, 1, 2]) == pytest.approx(np.log(1 + 4 / 3) * 0.25)
    assert loss([2, 3, 1]) == pytest.approx(np.log(1 + 8 / 3) * 0.74)


def test_a_drawn_item_that_the_user_likes_does_not_count() -> None:
    assert loss([2, 3, 1], [True, False, True]) == pytest.approx(np.log(1 + 4 / 2) * 0.25)
    assert loss([3], [False]) == 0


def test_the_loss_pulls_the_like_and_pushes_the_nearest_impostor() -> None:
    """The gradient by hand: of w (m + |u - i|² - |u - k|²), with w a constant."""
    tables: list[Tensor] = [USER.clone(), LIKE.clone(), ITEMS.clone()]
    for table in tables:
        table.requires_grad_()
    user, like, items = tables
    others = torch.tensor([[2, 1]])
    ranking_loss(user, like, items, others, torch.ones(1, 2, dtype=torch.bool), 0.5).backward()
    weight = np.log(1 + 4 / 2)
    assert user.grad is not None
    assert like.grad is not None
    assert items.grad is not None
    assert_allclose(user.grad, 2 * weight * (ITEMS[1:2] - LIKE), rtol=1e-6)
    assert_allclose(like.grad, 2 * weight * LIKE, rtol=1e-6)
    assert_allclose(items.grad[1], -2 * weight * ITEMS[1], rtol=1e-6)
    assert not items.grad[[0, 2, 3]].any()


def test_the_covariance_loss_is_that_of_the_coordinates_with_each_other() -> None:
    places = torch.randn(30, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    c = np.cov(places.numpy().T, bias=True)
    expected = 2 * (c[0, 1] ** 2 + c[0, 2] ** 2 + c[1, 2] ** 2) / 30
    assert covariance_loss(places).item() == pytest.approx(expected)
    assert covariance_loss(torch.eye(2)[[0, 0, 1, 1]] * torch.tensor([1.0, 0.0])).item() == 0


def rated(seed: int, n_users: int = 60, n_items: int = 40) -> list[tuple[int, int, float]]:
    """Users like every other item, and rate what they do not like 1."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(n_users * n_items)[:1500]
    users, items = np.divmod(pairs, n_items)
    stars = np.where((users + items) % 2, rng.integers(4, 6, len(pairs)), 1)
    return list(zip(users.tolist(), items.tolist(), stars.astype(float).tolist(), strict=True))


def test_every_place_is_within_the_unit_ball_after_each_step(
    training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    norms: list[float] = []
    step = torch.optim.Adagrad.step

    def watched(self: torch.optim.Adagrad, closure: None = None) -> None:
        places = self.param_groups[0]["params"]
        norms.append(max(table.detach().norm(dim=1).max().item() for table in places))
        step(self, closure)

    monkeypatch.setattr(torch.optim.Adagrad, "step", watched)
    model = CML(factors=4, lr=1.0, batch_size=100, epochs=3).fit(training(rated(1)), seed=1)
    assert len(norms) > 10
    assert max(norms) <= 1 + 1e-6
    assert all(np.linalg.norm(table, axis=1).max() <= 1 + 1e-6 for table in model.places_)


def test_distances_tell_ratings_that_biases_do_not(training: Training) -> None:
    data = training(rated(1))
    asked = np.array([row for row in rated(2) if row[:2] not in {r[:2] for r in rated(1)}])
    pairs = Pairs(asked[:, 0].astype(np.int64), asked[:, 1].astype(np.int64))
    model = CML(factors=8, batch_size=100, patience=50).fit(data, seed=1)
    errors = [
        np.sqrt(np.mean((m.predict(pairs) - asked[:, 2]) ** 2))
        for m in (model, Bias().fit(data, seed=1))
    ]
    assert model.slope_ > 0.5  # stars
    assert errors[0] < 0.8 * errors[1]


def test_the_slope_is_that_of_least_squares_and_never_negative(training: Training) -> None:
    model = CML(factors=8, batch_size=100, epochs=5).fit(training(rated(1)), seed=1)
    pairs = Pairs(*np.divmod(np.arange(200), 40))
    squared, _ = model._squared(pairs)
    noise = np.random.default_rng(1).normal(size=200)
    slope = np.polyfit(squared, noise - 2 * squared, 1)[0]
    centre, stars = model._calibrated(pairs, noise - 2 * squared)
    assert stars == pytest.approx(-slope)
    assert centre == pytest.approx(squared.mean())
    assert model._calibrated(pairs, 2 * squared) == (centre, 0.0)


def test_the_unseen_get_what_the_biases_say(training: Training) -> None:
    data = training(rated(1), unseen=1)
    model = CML(factors=4, epochs=2).fit(data, seed=1)
    pairs = Pairs(np.array([60, 60, 3]), np.array([40, 3, 40]))
    assert_allclose(model.predict(pairs), Bias().fit(data, seed=1).predict(pairs))


def test_ratings_below_half_of_the_highest_are_no_likes(training: Training) -> None:
    data = training(rated(1))
    model = CML(factors=4, epochs=1, held_out=0.1).fit(data, seed=1)
    stricter = replace(model, liked=0.9).fit(data, seed=1)
    share = np.mean(data.target.ratings >= 2.5)
    assert model.facts_["likes"] / (0.9 * 1500) == pytest.approx(share, abs=0.02)
    assert stricter.facts_["likes"] < model.facts_["likes"]
