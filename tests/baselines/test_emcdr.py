"""Embedding and mapping against a map that is known, and against who is to be mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from baselines.cmf import CMF
from baselines.emcdr import EMCDR
from benchmark.data.splits import TEST, TRAIN, DomainSplit, Split, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import make_task
from benchmark.data.views import TrainingData, training_data
from benchmark.errors import NotApplicableError
from benchmark.recommender import Pairs

Training = Callable[..., TrainingData]
USERS, ITEMS = 14, 10
EVERY = Pairs(*np.divmod(np.arange(USERS * ITEMS), ITEMS))


def rows(seed: int, users: range = range(USERS)) -> list[tuple[int, int, float]]:
    rng = np.random.default_rng(seed)
    return [(u, i, float(rng.integers(1, 6))) for u in users for i in range(ITEMS)]


@pytest.fixture
def data(training: Training) -> TrainingData:
    """All users are shared but the first; the last one has no ratings in the target."""
    shared = [(USERS - u, u) for u in range(1, USERS)]
    return training(rows(1, range(USERS - 1)), rows(2), shared_users=shared, unseen=1)


@pytest.mark.parametrize("map_", ["mlp", "linear"])
def test_a_map_that_is_linear_is_found(map_: str) -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(4, 4))
    x, of = rng.normal(size=(300, 4)), rng.normal(size=(50, 4))
    model = EMCDR(l2_map=1e-6)
    fitted = model._mlp if map_ == "mlp" else model._linear
    images = fitted(x, x @ truth, of, seed=1)
    error = np.sqrt(np.mean((images - of @ truth) ** 2) / np.mean((of @ truth) ** 2))
    assert error < (0.2 if map_ == "mlp" else 1e-5)


def test_a_map_that_is_not_linear_takes_the_mlp() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 2))
    y = np.tanh(2 * x) ** 2
    errors = [
        np.mean((fitted(x, y, x, seed=1) - y) ** 2) / y.var()
        for fitted in (EMCDR(l2_map=0.0)._mlp, EMCDR(l2_map=0.0)._linear)
    ]
    assert errors[0] < 0.05 < 0.5 < errors[1]


def test_users_with_target_ratings_keep_their_own_vectors(data: TrainingData) -> None:
    """They get what a factorisation of the target alone gives them; CMF without sharing is one."""
    nobody = replace(data, shared_users=np.empty((0, 2), dtype=np.int64))
    alone = CMF(factors=3, l2=1.0, alpha=0.5, sweeps=7).fit(nobody, seed=4).predict(EVERY)
    model = EMCDR(factors=3, l2=2.0, sweeps=7).fit(data, seed=4)
    known = EVERY.users < USERS - 1
    assert_allclose(model.predict(EVERY)[known], alone[known])
    assert np.abs(model.predict(EVERY)[~known] - alone[~known]).min() > 1e-6
    assert model.facts_["users mapped"] == 1
    assert model.facts_["map fitted to"] == USERS - 2


def test_a_mapped_user_has_the_image_of_the_source_vector(data: TrainingData) -> None:
    """The regression is written anew on the vectors of two separate factorisations."""
    model = EMCDR(factors=3, l2=2.0, map="linear", l2_map=0.1).fit(data, seed=4)
    source, _ = model._factorised(data.source, [4, 0])
    target, _ = model._factorised(data.target, [4, 1])
    s, t = data.shared_users[:-1].T
    (x, y), new = (source[s], target[t]), source[data.shared_users[-1, 0]]
    penalty = np.sqrt(0.1 * len(x)) * x.std() * np.eye(4)
    truth = np.linalg.lstsq(np.vstack([x, penalty]), np.vstack([y, np.zeros((4, 4))]))[0]
    assert_allclose(model.users_[data.shared_users[-1, 1]], new @ truth)


def test_all_shared_users_may_be_mapped(data: TrainingData) -> None:
    new, shared = (EMCDR(factors=3, mapped=who).fit(data, seed=1) for who in ("new", "shared"))
    assert shared.facts_["users mapped"] == USERS - 1
    assert_array_equal(new.users_[0], shared.users_[0])
    assert (new.users_[1 : USERS - 1] != shared.users_[1 : USERS - 1]).any(axis=1).all()


def test_without_a_user_known_in_both_domains_it_does_not_apply(training: Training) -> None:
    data = training(rows(1, range(5)), rows(2, range(5, 10)), shared_users=[(5, 9), (0, 0)])
    with pytest.raises(NotApplicableError, match="no shared user"):
        EMCDR().fit(data, seed=1)


@pytest.mark.parametrize("map_", ["mlp", "linear"])
def test_users_without_target_ratings_are_known_from_the_source(map_: str) -> None:
    planted = Planted((400, 400), (60, 60), (25, 25), shared_users=400, noise=0.3)
    pair = planted_pair(planted)
    task = make_task("transferable", pair.source, pair.target)
    split = split_task(pair.source, pair.target, "80/10/10", seed=1)
    new = task.target.users < 80
    cold = Split(split.source, DomainSplit(np.where(new, TEST, TRAIN).astype(np.int8), "cold"))
    data = training_data(EMCDR, task, cold, text="summary")
    pairs = Pairs(task.target.users[new], task.target.items[new])
    model = EMCDR(factors=8, l2=1.0, map=map_).fit(data, seed=1)  # type: ignore[arg-type]
    nobody = replace(model)
    nobody.users_, nobody.items_, nobody.mean_ = 0 * model.users_, model.items_, model.mean_
    errors = [
        np.sqrt(np.mean((m.predict(pairs) - task.target.ratings[new]) ** 2))
        for m in (model, nobody)
    ]
    assert errors[0] < 0.85 * errors[1]
