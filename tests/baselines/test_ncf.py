"""NeuMF against its equations, its own history, and a pair with something to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from baselines.ncf import NCF
from baselines.neumf import NeuMF
from baselines.target_mean import TargetMean
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, training_data
from benchmark.recommender import FloatArray, Pairs, Recommender


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(task: Task, split: Split) -> TrainingData:
    return training_data(NCF, task, split, text="summary")


@pytest.fixture(scope="module")
def pairs(task: Task, split: Split) -> Pairs:
    rows = split.target.rows(TEST)
    return Pairs(task.target.users[rows], task.target.items[rows])


def test_the_network_is_that_of_the_authors_code() -> None:
    model = NeuMF(n_users=50, n_items=30, factors=8)
    widths = [tuple(p.shape) for p in model.tower.parameters() if p.dim() == 2]
    assert widths == [(32, 64), (16, 32), (8, 16)]
    assert model.output.weight.shape == (1, 16)
    assert model.users.weight.shape == (50, 8 + 32)
    assert model.items.weight.shape == (30, 8 + 32)


def test_scores_are_those_of_the_equations() -> None:
    torch.manual_seed(1)
    model = NeuMF(n_users=5, n_items=4, factors=2)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    users, items = (table.weight.detach().double().numpy() for table in (model.users, model.items))
    w1, b1, w2, b2, w3, b3 = (p.detach().double().numpy() for p in model.tower.parameters())
    h, b = (p.detach().double().numpy() for p in model.output.parameters())
    for u, i in ((0, 0), (4, 3), (2, 1)):
        gmf = users[u, :2] * items[i, :2]
        z = np.concatenate([users[u, 2:], items[i, 2:]])
        for w, shift in ((w1, b1), (w2, b2), (w3, b3)):
            z = np.maximum(w @ z + shift, 0)
        expected = h[0] @ np.concatenate([gmf, z]) + b[0]
        score = model(torch.tensor([u]), torch.tensor([i]))
        assert_allclose(score.item(), expected, rtol=1e-4)


def test_embeddings_start_small_and_the_rest_as_in_keras() -> None:
    torch.manual_seed(1)
    model = NeuMF(n_users=500, n_items=300, factors=8)
    assert_allclose(model.users.weight.std().item(), 0.01, rtol=0.05)
    first = next(model.tower.parameters())
    assert_allclose(first.abs().max().item(), np.sqrt(6 / (64 + 32)), rtol=0.05)
    assert model.output.weight.abs().max().item() <= np.sqrt(3 / 16)


def rmse(model: Recommender, task: Task, split: Split) -> float:
    fitted = model.fit(training_data(type(model), task, split, text="summary"), seed=1)
    rows = split.target.rows(TEST)
    predicted = fitted.predict(Pairs(task.target.users[rows], task.target.items[rows]))
    return float(np.sqrt(np.mean((predicted - task.target.ratings[rows]) ** 2)))


def test_it_beats_the_target_mean(task: Task, split: Split) -> None:
    assert rmse(NCF(), task, split) < rmse(TargetMean(), task, split) - 0.02


def test_the_best_epoch_is_kept(data: TrainingData, pairs: Pairs) -> None:
    model = NCF(lr=5e-3).fit(data, seed=1)
    best = 1 + int(np.argmin(model.history_["held-out RMSE"]))
    assert model.facts_ == {"best epoch": best, "epochs": best + model.patience}
    assert model.facts_["epochs"] < model.epochs
    # Stopped there, training ends with the same weights.
    short = NCF(lr=5e-3, epochs=best).fit(data, seed=1)
    assert_array_equal(short.predict(pairs), model.predict(pairs))


def test_it_stops_at_the_last_epoch(data: TrainingData) -> None:
    model = NCF(epochs=2).fit(data, seed=1)
    assert len(model.history_["loss"]) == model.facts_["epochs"] == 2


def test_ratings_on_twice_the_scale_are_predicted_twice_as_high(
    data: TrainingData, pairs: Pairs
) -> None:
    view = data.target
    doubled = replace(view, ratings=2 * view.ratings, scale=(2.0, 10.0))
    once, twice = (
        NCF(epochs=2).fit(replace(data, target=target), seed=1).predict(pairs)
        for target in (view, doubled)
    )
    assert_array_equal(twice, 2 * once)


def test_the_penalty_shrinks_the_embeddings(data: TrainingData) -> None:
    def size(l2: float) -> float:
        model = NCF(l2=l2, epochs=5, patience=5).fit(data, seed=1)
        return float(model.model_.users.weight.detach().norm())

    assert size(1e-2) < 0.8 * size(0.0)


@pytest.mark.parametrize("n", [1, 1023, 1024, 1025])
def test_a_rating_does_not_depend_on_how_many_are_asked_for(data: TrainingData, n: int) -> None:
    model = NCF(epochs=1).fit(data, seed=1)
    users, items = np.divmod(np.arange(2_000), 100)
    every: FloatArray = model.predict(Pairs(users, items))
    assert_array_equal(model.predict(Pairs(users[-n:], items[-n:])), every[-n:])
